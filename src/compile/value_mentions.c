#include "compile/value_mentions.h"

#include "compile/checker.h"
#include "compile/grow.h"

/* The topic of the broker that `call` sends to, if it is of format avro. */
static struct text avro_topic(const struct checker *checker, const struct json *call)
{
    struct text service = json_member_text(call, "request");
    struct text topic = json_member_text(call, "emit");
    const struct entry *entry = NULL;

    if (service.bytes > 0) {
        entry = entries_find(&checker->services, service);
    } else if (topic.bytes > 0) {
        entry = checker_topic_named(checker, topic);
    }
    if (entry == NULL || entry->json == NULL ||
        !text_is(json_member_text(entry->json, "format"), "avro")) {
        return TEXT("");
    }
    return service.bytes > 0 ? json_member_text(entry->json, "commands") : topic;
}

static void add(const struct checker *checker, const struct json *call, const struct node *node,
                struct value_mentions *mentions)
{
    struct text topic = avro_topic(checker, call);
    const struct json *value = json_member(call, "value");
    const struct node *where = node == NULL ? NULL : node_get(node, "value");
    struct place place;

    if (topic.bytes == 0 || value == NULL || where == NULL) {
        return;
    }
    place = node_place(where);
    place.file = arena_text(&mentions->arena, place.file);
    mentions->items = grow(&mentions->arena, mentions->items, mentions->count, &mentions->capacity,
                           sizeof(*mentions->items));
    mentions->items[mentions->count++] = (struct value_mention){
        .topic = arena_text(&mentions->arena, topic), .value = json_copy(value), .place = place};
}

void mention_values(const struct checker *checker, struct value_mentions *mentions)
{
    for (uint32_t i = 0; i < checker->plan.count; i++) {
        const struct plan_step *step = &checker->plan.steps[i];

        add(checker, step->json, step->node, mentions);
        add(checker, json_member(step->json, "compensate"), node_get(step->node, "compensate"),
            mentions);
    }
}

void value_mentions_release(struct value_mentions *mentions)
{
    for (uint32_t i = 0; i < mentions->count; i++) {
        json_free(mentions->items[i].value);
    }
    arena_release(&mentions->arena);
    *mentions = (struct value_mentions){.count = 0};
}
