/* The resolved definition; its form is described in docs/formats/definition.md. */
#include "compile/checker.h"

static bool is_of(const struct json *service, struct text topic)
{
    return text_equal(json_member_text(service, "commands"), topic) ||
           text_equal(json_member_text(service, "replies"), topic);
}

/* True if the flow is another one without it: it is used, or says what a service's records are. */
static bool is_kept(const struct checker *checker, const struct entry *topic)
{
    struct text name = json_member_text(topic->json, "name");
    bool kept = topic->used;

    for (uint32_t i = 0; i < checker->services.count && topic->of_service; i++) {
        const struct entry *service = checker->services.items[i];

        kept = kept || (service->used && is_of(service->json, name));
    }
    return kept;
}

static struct json *resolve_topics(const struct checker *checker, const struct json *key)
{
    struct json *topics = json_object();

    for (uint32_t i = 0; i < checker->topics.count; i++) {
        const struct entry *entry = checker->topics.items[i];
        struct json *topic;
        struct text name;

        if (!is_kept(checker, entry)) {
            continue;
        }
        topic = json_open_copy(entry->json);
        name = json_member_text(entry->json, "name");
        json_drop(topic, TEXT("name"));
        if (key != NULL && json_member(topic, "key") == NULL) {
            json_put(topic, TEXT("key"), json_copy(key));
        }
        json_put(topics, name, topic);
    }
    return topics;
}

static struct json *resolve_services(const struct checker *checker)
{
    struct json *services = json_object();

    for (uint32_t i = 0; i < checker->services.count; i++) {
        const struct entry *entry = checker->services.items[i];

        if (entry->used) {
            json_put(services, entry->name, json_copy(entry->json));
        }
    }
    return services;
}

/* What people see but does not make another flow: see FIELD_INFO. */
static struct json *take_info(const struct checker *checker, struct json *flow)
{
    const struct fields *fields = fields_of(OBJECT_FLOW);
    struct json *aliases = json_object();
    struct json *lines = json_object();
    struct json *info = json_object();

    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->items[i];
        const struct json *value = json_member(flow, field->key);

        if ((field->flags & FIELD_INFO) != 0 && value != NULL) {
            json_put(info, text_of(field->key), json_copy(value));
            json_drop(flow, text_of(field->key));
        }
    }
    for (uint32_t i = 0; i < checker->topics.count; i++) {
        const struct entry *entry = checker->topics.items[i];
        struct text name = json_member_text(entry->json, "name");

        if (is_kept(checker, entry) && json_get(aliases, name) == NULL) {
            json_put(aliases, name, json_text(entry->name));
        }
    }
    for (uint32_t i = 0; i < checker->plan.count; i++) {
        const struct plan_step *step = &checker->plan.steps[i];

        json_put(lines, step->name, json_integer(step->node->line));
    }
    json_put(info, TEXT("aliases"), aliases);
    json_put(info, TEXT("lines"), lines);
    return info;
}

static void resolve_saga(struct checker *checker, struct json *flow)
{
    struct json *saga = json_open_copy(json_member(flow, "saga"));

    if (json_member(saga, "retry") == NULL) {
        struct json *retry = json_object();

        convert_rest(checker, OBJECT_SAGA_POLICY, NULL, retry);
        json_put(saga, TEXT("retry"), retry);
    }
    json_put(flow, TEXT("saga"), saga);
}

struct json *resolve(struct checker *checker, struct json *flow)
{
    struct json *out = json_open_copy(flow);
    struct json *info = take_info(checker, out);

    json_free(flow);
    resolve_saga(checker, out);
    if (text_is(json_member_text(out, "warnAfter"), "none")) {
        json_drop(out, TEXT("warnAfter"));
    }
    if (json_count(json_member(out, "onFailure")) == 0) {
        json_drop(out, TEXT("onFailure"));
    }
    json_put_integer(out, "format", DEFINITION_FORMAT);
    json_put(out, TEXT("topics"), resolve_topics(checker, json_member(out, "key")));
    json_put(out, TEXT("services"), resolve_services(checker));
    json_put(out, TEXT("info"), info);
    return out;
}
