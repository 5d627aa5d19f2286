/* The checkpoint topic, the committed offsets and the inbox: nothing goes back, nothing is skipped,
 * and what has ended is remembered. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/duration.h"
#include "engine/fsck_parts.h"
#include "engine/lane_state.h"
#include "engine/shorten.h"

#define CLOCKS_MS 60000 /* How far the clocks of two hosts may be apart. */

void fsck_marks_release(struct fsck *fsck)
{
    size_t cursor = 0;
    struct text key;
    void *mark;

    while (map_next(&fsck->marks, &cursor, &key, &mark)) {
        free((char *)(uintptr_t)key.data);
        free(mark);
    }
    map_clear(&fsck->marks);
}

static struct fsck_mark *mark_of(struct fsck *fsck, struct text key)
{
    struct fsck_mark *mark = map_get(&fsck->marks, key);

    if (mark == NULL) {
        mark = calloc(1, sizeof *mark);
        CHECK(mark != NULL);
        mark->key = (struct text){text_dup(key), key.bytes};
        map_put(&fsck->marks, mark->key, mark);
    }
    return mark;
}

static struct text mark_key(struct fsck *fsck, struct text route, struct text topic,
                            int32_t generation, int32_t partition)
{
    return arena_printf(&fsck->arena, "w/%.*s/%.*s#%d/%d", TEXT_ARG(route), TEXT_ARG(topic),
                        generation, partition);
}

/* ---- the checkpoint topic ---- */

static struct fsck_about about(enum fsck_id id, const char *topic, int64_t offset)
{
    return (struct fsck_about){.id = id, .topic = topic, .offset = offset};
}

static void take_chunk(struct fsck *fsck, const struct record *record,
                       const struct checkpoint_record *chunk)
{
    size_t slash = text_find_last(record->key, '/');
    int64_t minute;
    int64_t number;

    if (slash == SIZE_MAX || slash < 2 ||
        !text_to_int64(text_sub(record->key, 2, slash - 2), &minute) ||
        !text_to_int64(text_sub(record->key, slash + 1, record->key.bytes), &number)) {
        fsck_tell(fsck, about(FSCK_CHECKPOINT_UNREADABLE, fsck->names.checkpoint, record->offset),
                  "'%.*s' is no key of ended entries", TEXT_ARG(record->key));
    } else if (chunk == NULL) {
        ended_drop_chunk(&fsck->ended, minute, number);
    } else {
        ended_add_chunk(&fsck->ended, minute, number, chunk->ended, chunk->ended_count);
    }
}

static void take_watermark(struct fsck *fsck, const struct record *record, int64_t next)
{
    struct fsck_mark *mark = mark_of(fsck, record->key);

    if (next < mark->kept) {
        fsck_tell(fsck, about(FSCK_WATERMARK_BACK, fsck->names.checkpoint, record->offset),
                  "'%.*s' goes back from %lld to %lld", TEXT_ARG(record->key),
                  (long long)mark->kept, (long long)next);
    } else {
        mark->kept = next;
    }
}

static void take_offsets(struct fsck *fsck, const struct record *record,
                         const struct checkpoint_record *value)
{
    if (value->history_offset < fsck->kept_history || value->inbox_offset < fsck->kept_inbox) {
        fsck_tell(fsck, about(FSCK_CHECKPOINT_BACK, fsck->names.checkpoint, record->offset),
                  "the checkpoint goes back from history %lld, inbox %lld to history %lld, inbox "
                  "%lld",
                  (long long)fsck->kept_history, (long long)fsck->kept_inbox,
                  (long long)value->history_offset, (long long)value->inbox_offset);
    }
    fsck->kept_history = value->history_offset;
    fsck->kept_inbox = value->inbox_offset;
}

void fsck_checkpoint(struct fsck *fsck, const struct record *record)
{
    struct checkpoint_record value;
    struct error err;
    bool is_chunk = text_starts(record->key, TEXT("e/"));

    if (fsck->is_again) {
        return;
    }
    arena_reset(&fsck->arena);
    if (record->value.data == NULL) {
        if (is_chunk) {
            take_chunk(fsck, record, NULL);
            return;
        }
        if (shorten_is_key(record->key)) {
            return; /* All of that run is gone. */
        }
        fsck_tell(fsck, about(FSCK_WATERMARK_BACK, fsck->names.checkpoint, record->offset),
                  "a tombstone for '%.*s', which is never taken away", TEXT_ARG(record->key));
        return;
    }
    if (checkpoint_decode(record->value, &fsck->arena, &value, &err) != STATUS_OK) {
        fsck_tell(fsck, about(FSCK_CHECKPOINT_UNREADABLE, fsck->names.checkpoint, record->offset),
                  "'%.*s': %s", TEXT_ARG(record->key), err.text);
        return;
    }
    switch (value.kind) {
    case CHECKPOINT_WATERMARK:
        take_watermark(fsck, record, value.watermark);
        break;
    case CHECKPOINT_ENDED:
        take_chunk(fsck, record, &value);
        break;
    case CHECKPOINT_OFFSETS:
        take_offsets(fsck, record, &value);
        break;
    }
}

/* ---- what the history tells ---- */

void fsck_check_cause(struct fsck *fsck, const struct history_record *history, int64_t offset)
{
    struct fsck_about place = {.id = FSCK_CAUSE_REPEAT,
                               .topic = fsck->names.history,
                               .offset = offset,
                               .instance = history->instance,
                               .run = &history->run,
                               .seq = history->seq};
    struct fsck_mark *mark;

    if (history->inbox_offset >= 0 && history->inbox_offset <= fsck->inbox_seen) {
        fsck_tell(fsck, place, "inbox record %lld was decided before, the latest was %lld",
                  (long long)history->inbox_offset, (long long)fsck->inbox_seen);
    } else if (history->inbox_offset >= 0) {
        fsck->inbox_seen = history->inbox_offset;
    }
    if (history->cause_offset < 0 || history->route.bytes == 0) {
        return;
    }
    mark = mark_of(fsck, mark_key(fsck, history->route, history->cause_topic,
                                  history->cause_generation, history->cause_partition));
    if (history->cause_offset < mark->told) {
        fsck_tell(fsck, place,
                  "it takes record %lld of '%.*s' partition %d for '%.*s' after %lld was taken",
                  (long long)history->cause_offset, TEXT_ARG(history->cause_topic),
                  history->cause_partition, TEXT_ARG(history->route), (long long)mark->told - 1);
    } else {
        mark->told = history->cause_offset + 1;
    }
}

bool fsck_is_remembered(struct fsck *fsck, const struct fsck_run *run,
                        const struct history_record *history)
{
    const struct flow *flow = flow_registry_by_hash(fsck->options.registry, history->flow_hash);
    int64_t until_ms = history->time_ms + (flow == NULL ? MS_PER_DAY : flow->remember_ms);

    if (run->state == NULL || run->state->status == RUN_EXPIRED ||
        instance_is_internal(run->name) || until_ms < fsck->options.now_ms + CLOCKS_MS ||
        /* At the bound the oldest are forgotten early. */
        fsck->ended.entry_count >= fsck->options.settings->remember_max / 10 * 9) {
        return true;
    }
    return ended_has(&fsck->ended, run->name, (until_ms / MS_PER_SECOND - 1) * MS_PER_SECOND);
}

/* ---- committed offsets ---- */

static void tell_offset(struct fsck *fsck, enum fsck_id id, int64_t offset, const char *what,
                        int64_t other)
{
    fsck_tell(fsck, about(id, fsck->names.inbox, offset), "group '%s' has committed %lld, %s %lld",
              fsck->names.exec_group, (long long)offset, what, (long long)other);
}

void fsck_check_offsets(struct fsck *fsck)
{
    const struct fsck_bounds *bounds = &fsck->bounds;
    int64_t late = bounds->late.offset;
    struct metadata metadata;

    if (late == OFFSET_NONE) {
        return; /* It may be that there never was one: fsck_offsets_end() knows. */
    }
    if (late < bounds->early.offset) {
        tell_offset(fsck, FSCK_OFFSET_BACK, late, "a moment ago it was", bounds->early.offset);
    }
    if (late > bounds->inbox_high) {
        tell_offset(fsck, FSCK_OFFSET_AHEAD, late, "but the inbox ends at", bounds->inbox_high);
    }
    if (late < bounds->inbox_low) {
        tell_offset(fsck, FSCK_OFFSET_BACK, late, "but the inbox begins at", bounds->inbox_low);
    }
    if (!metadata_parse(bounds->late.metadata, &metadata)) {
        fsck_tell(fsck, about(FSCK_OFFSET_FOREIGN, fsck->names.inbox, late),
                  "group '%s' has committed with metadata \"%.80s\" that is not baton's",
                  fsck->names.exec_group, bounds->late.metadata);
    }
    /* The late one may speak of history that came after its end was read. */
    if (metadata_parse(bounds->early.metadata, &metadata) &&
        metadata.checkpoint > bounds->history_end) {
        tell_offset(fsck, FSCK_OFFSET_AHEAD, metadata.checkpoint,
                    "as checkpoint, but the history ends at", bounds->history_end);
    }
}

void fsck_offsets_end(struct fsck *fsck)
{
    int64_t late = fsck->bounds.late.offset;
    struct metadata metadata;

    if (fsck->options.instance.bytes > 0) {
        return; /* One instance tells nothing of the partition. */
    }
    if (late == OFFSET_NONE) {
        if (fsck->inbox_seen != OFFSET_NONE || fsck->kept_inbox > 0) {
            fsck_tell(fsck, about(FSCK_OFFSET_MISSING, fsck->names.inbox, OFFSET_NONE),
                      "group '%s' has no committed offset, but the history knows inbox record %lld",
                      fsck->names.exec_group, (long long)fsck->inbox_seen);
        }
        return;
    }
    if (fsck->inbox_seen >= late) {
        tell_offset(fsck, FSCK_OFFSET_BACK, late, "but the history has decided inbox record",
                    fsck->inbox_seen);
    } else if (fsck->kept_inbox > late) {
        tell_offset(fsck, FSCK_OFFSET_BACK, late, "but the checkpoint topic knows",
                    fsck->kept_inbox);
    }
    if (metadata_parse(fsck->bounds.late.metadata, &metadata) &&
        metadata.checkpoint < fsck->kept_history) {
        fsck_tell(fsck, about(FSCK_CHECKPOINT_BACK, fsck->names.inbox, late),
                  "group '%s' has committed checkpoint %lld, but the checkpoint topic knows %lld",
                  fsck->names.exec_group, (long long)metadata.checkpoint,
                  (long long)fsck->kept_history);
    }
}

/* ---- the inbox ---- */

/* What lies below the committed offset was taken, so its watermark is above it. */
void fsck_inbox(struct fsck *fsck, const struct record *record)
{
    struct inbox_record inbox;
    struct error err;

    arena_reset(&fsck->arena);
    if (fsck->is_again || record->offset >= fsck->bounds.early.offset ||
        inbox_decode(record->value, &fsck->arena, &inbox, &err) != STATUS_OK ||
        !inbox_has_source(&inbox)) {
        return;
    }
    const struct fsck_mark *mark = map_get(
        &fsck->marks,
        mark_key(fsck, inbox.route, inbox.topic, inbox.topic_generation, inbox.partition));
    if (mark != NULL && (mark->told > inbox.offset || mark->kept > inbox.offset)) {
        return;
    }
    fsck_tell(fsck,
              (struct fsck_about){.id = FSCK_INBOX_SKIPPED,
                                  .topic = fsck->names.inbox,
                                  .offset = record->offset,
                                  .instance = record->key},
              "it lies below the committed offset %lld, but record %lld of '%.*s' partition %d was "
              "not taken for '%.*s'",
              (long long)fsck->bounds.early.offset, (long long)inbox.offset, TEXT_ARG(inbox.topic),
              inbox.partition, TEXT_ARG(inbox.route));
}
