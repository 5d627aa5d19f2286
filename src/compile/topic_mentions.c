#include "compile/topic_mentions.h"

#include "compile/checker.h"
#include "compile/grow.h"

static void add(struct topic_mentions *mentions, const struct node *node)
{
    struct place place;

    if (node == NULL || node->kind != NODE_TEXT) {
        return;
    }
    place = node_place(node);
    place.file = arena_text(&mentions->arena, place.file);
    mentions->items = grow(&mentions->arena, mentions->items, mentions->count, &mentions->capacity,
                           sizeof(*mentions->items));
    mentions->items[mentions->count++] = (struct topic_mention){
        .name = arena_text(&mentions->arena, node->text), .place = place};
}

void mention_topics(const struct checker *checker, bool all, struct topic_mentions *mentions)
{
    for (uint32_t i = 0; i < checker->topics.count; i++) {
        const struct entry *entry = checker->topics.items[i];
        const struct node *value = entry->pair->value;

        if (entry->json != NULL && (all || entry->used)) {
            add(mentions, value->kind == NODE_MAP ? node_get(value, "name") : value);
        }
    }
    for (uint32_t i = 0; i < checker->services.count; i++) {
        const struct entry *entry = checker->services.items[i];

        if (entry->json != NULL && (all || entry->used)) {
            add(mentions, node_get(entry->pair->value, "commands"));
            add(mentions, node_get(entry->pair->value, "replies"));
        }
    }
}

void topic_mentions_release(struct topic_mentions *mentions)
{
    arena_release(&mentions->arena);
    *mentions = (struct topic_mentions){.count = 0};
}
