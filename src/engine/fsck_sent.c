/*
 * What the history tells of and what the topics hold, in the first pass: sums over classes of ids.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "engine/fsck_parts.h"

#define CUT_SLACK_MS 120000 /* A turn is over long before: between its decision and its records. */

/* ---- topics ---- */

bool fsck_sent_topics(const struct fsck *fsck, size_t *cursor, struct text *topic)
{
    if (*cursor >= fsck->topic_count) {
        return false;
    }
    *topic = fsck->topics[(*cursor)++].name;
    return true;
}

void fsck_sent_partitions(struct fsck *fsck, struct text name, int32_t partitions)
{
    struct fsck_topic *topic = fsck_topic_find(fsck, name);

    CHECK(topic != NULL && partitions >= 0);
    topic->partitions = partitions;
    topic->cut_ms = arena_array(&fsck->kept, (size_t)partitions, sizeof *topic->cut_ms);
    for (int32_t i = 0; i < partitions; i++) {
        topic->cut_ms[i] = OFFSET_NONE;
    }
}

void fsck_sent_cut(struct fsck *fsck, struct text name, int32_t partition, int64_t first_ms)
{
    struct fsck_topic *topic = fsck_topic_find(fsck, name);

    CHECK(topic != NULL && partition < topic->partitions);
    topic->cut_ms[partition] = first_ms;
}

int64_t fsck_sent_cut_until(int64_t first_ms)
{
    return first_ms > INT64_MAX - 2 * CUT_SLACK_MS ? INT64_MAX : first_ms + 2 * CUT_SLACK_MS;
}

/* ---- sums ---- */

uint32_t fsck_class_of(struct text key, uint64_t *hash)
{
    *hash = hash64(key, UINT64_C(0x6673636b));
    return (uint32_t)(*hash % FSCK_CLASSES);
}

bool fsck_class_differs(const struct fsck_class *class)
{
    return class->told != class->sent || class->told_count != class->sent_count;
}

void fsck_told(struct fsck *fsck, const struct history_record *history, int64_t offset)
{
    (void)offset;
    for (uint32_t i = 0; i < history->command_count; i++) {
        const struct history_command *command = &history->commands[i];
        struct text key = fsck_told_key(fsck, history, command);
        uint64_t hash;

        fsck->counts.commands++;
        if (key.data == NULL) {
            fsck->counts.commands_unchecked++;
            continue;
        }
        struct fsck_early *early = map_get(&fsck->early, key);
        if (early != NULL) {
            early->told++;
            continue;
        }
        const struct fsck_topic *topic = fsck_topic_find(fsck, command->topic);
        int64_t cut_ms = topic->cut_ms[kafka_partition(command->key, topic->partitions)];
        if (cut_ms != OFFSET_NONE &&
            history->time_ms < fsck_sent_cut_until(cut_ms) - CUT_SLACK_MS) {
            fsck->counts.commands_unchecked++; /* Its topic has forgotten it. */
            continue;
        }
        struct fsck_class *class = &fsck->classes[fsck_class_of(key, &hash)];
        class->told += hash;
        class->told_count++;
    }
}

void fsck_sent_early(struct fsck *fsck, const struct record *record, bool is_settled)
{
    struct fsck_early *early;
    struct text key;

    arena_reset(&fsck->arena);
    if (fsck->is_again) {
        fsck_again_sent(fsck, record, true);
        return;
    }
    key = fsck_sent_key(fsck, record);
    if (key.data == NULL) {
        return;
    }
    early = map_get(&fsck->early, key);
    if (early == NULL) {
        early = calloc(1, sizeof *early);
        CHECK(early != NULL);
        early->key = text_dup(key);
        map_put(&fsck->early, (struct text){early->key, key.bytes}, early);
    }
    early->sent++;
    early->is_settled = early->is_settled || is_settled;
}

void fsck_sent(struct fsck *fsck, const struct record *record)
{
    struct fsck_class *class;
    struct text key;
    uint64_t hash;

    arena_reset(&fsck->arena);
    if (fsck->is_again) {
        fsck_again_sent(fsck, record, false);
        return;
    }
    key = fsck_sent_key(fsck, record);
    if (key.data == NULL) {
        return;
    }
    class = &fsck->classes[fsck_class_of(key, &hash)];
    class->sent += hash;
    class->sent_count++;
}

static bool early_differs(const struct fsck_early *early)
{
    return early->sent != 1 || early->told > 1 || (early->told == 0 && early->is_settled);
}

bool fsck_sent_differs(const struct fsck *fsck)
{
    size_t cursor = 0;
    struct text key;
    void *early;

    for (uint32_t i = 0; i < FSCK_CLASSES; i++) {
        if (fsck_class_differs(&fsck->classes[i])) {
            return true;
        }
    }
    while (map_next(&fsck->early, &cursor, &key, &early)) {
        if (early_differs(early)) {
            return true;
        }
    }
    return false;
}

void fsck_sent_release(struct fsck *fsck)
{
    size_t cursor = 0;
    struct text key;
    void *early;

    while (map_next(&fsck->early, &cursor, &key, &early)) {
        free(((struct fsck_early *)early)->key);
        free(early);
    }
    map_release(&fsck->early);
    free(fsck->topics);
    fsck->topics = NULL;
    fsck->topic_count = 0;
}
