#include "app/flow_test_rename.h"

#include "json/json.h"

/* Members that hold templates or words, never a topic: what stands there is the author's. Names of topics
 * that are keys are looked at by rename_topics(). */
static bool is_opaque(struct text name)
{
    static const char *const names[] = {"value",  "headers", "set",  "input", "data", "keep",
                                        "result", "raise",   "note", "reply", "info", "topics"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (text_is(name, names[i])) {
            return true;
        }
    }
    return false;
}

static bool is_topic(struct text name)
{
    return text_is(name, "emit") || text_is(name, "topic") || text_is(name, "commands") ||
           text_is(name, "replies") || text_is(name, "alerts");
}

static struct json *prefixed(struct text prefix, struct text name)
{
    struct buffer out = {.data = NULL};
    struct json *value;

    buffer_add_text(&out, prefix);
    buffer_add_text(&out, name);
    value = json_text(buffer_text(&out));
    buffer_release(&out);
    return value;
}

/* A map whose keys are topics. */
static struct json *rename_keys(const struct json *map, struct text prefix)
{
    struct json *out = json_object();
    struct json_cursor cursor = {.started = false};
    const struct json *value;
    struct text name;

    while (json_next(map, &cursor, &name, &value)) {
        struct json *key = prefixed(prefix, name);

        json_put(out, json_text_of(key), json_copy(value));
        json_free(key);
    }
    return out;
}

/* `are_names`: the keys are names that the author gave, such as those of branches. */
static struct json *rename_all(const struct json *value, struct text prefix, bool are_names)
{
    struct json_cursor cursor = {.started = false};
    const struct json *member;
    struct json *out;
    struct text name;

    if (json_kind(value) == JSON_ARRAY) {
        out = json_array();
        for (size_t i = 0; i < json_count(value); i++) {
            json_push(out, rename_all(json_at(value, i), prefix, false));
        }
        return out;
    }
    if (json_kind(value) != JSON_OBJECT) {
        return json_copy(value);
    }
    out = json_object();
    while (json_next(value, &cursor, &name, &member)) {
        struct json *made;

        if (!are_names && is_opaque(name)) {
            made = json_copy(member);
        } else if (!are_names && is_topic(name) && json_kind(member) == JSON_TEXT) {
            made = prefixed(prefix, json_text_of(member));
        } else {
            made = rename_all(member, prefix,
                              !are_names &&
                                  (text_is(name, "branches") || text_is(name, "services")));
        }
        json_put(out, name, made);
    }
    return out;
}

static void rename_topics(struct json *flow, struct text prefix)
{
    const struct json *topics = json_member(flow, "topics");
    const struct json *info = json_member(flow, "info");
    const struct json *aliases = json_member(info, "aliases");

    if (topics != NULL) {
        json_put(flow, TEXT("topics"), rename_keys(topics, prefix));
    }
    if (aliases != NULL) {
        struct json *open = json_open_copy(info);

        json_put(open, TEXT("aliases"), rename_keys(aliases, prefix));
        json_put(flow, TEXT("info"), open);
    }
}

enum status flow_test_rename(struct text definition, struct text prefix, struct buffer *out,
                             struct error *err)
{
    struct json *flow = NULL;
    struct json *renamed;
    enum status status = json_parse(definition, &flow, err);

    if (status != STATUS_OK) {
        return status;
    }
    renamed = rename_all(flow, prefix, false);
    rename_topics(renamed, prefix);
    json_write_canonical(renamed, out);
    json_free(renamed);
    json_free(flow);
    return STATUS_OK;
}
