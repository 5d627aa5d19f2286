/*
 * What a new owner reads before the history: the checkpoint topic, whole; and the store of sleeping
 * runs, brought to the end of the snapshot topic or built anew from it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/rng.h"
#include "codec/records.h"
#include "engine/takeover_state.h"

static void restore_ended(struct partition *partition, struct text key,
                          const struct checkpoint_record *record)
{
    size_t slash = text_find_last(key, '/');
    int64_t minute;
    int64_t number;

    if (slash == SIZE_MAX || slash < 2 || !text_to_int64(text_sub(key, 2, slash - 2), &minute) ||
        !text_to_int64(text_sub(key, slash + 1, key.bytes), &number)) {
        return;
    }
    if (record == NULL) {
        ended_drop_chunk(&partition->ended, minute, number);
    } else {
        ended_add_chunk(&partition->ended, minute, number, record->ended, record->ended_count);
    }
}

static enum status restore_one(struct lane *lane, struct partition *partition,
                               const struct record *record, struct error *err)
{
    struct checkpoint_record value;
    struct takeover *takeover = partition->takeover;

    if (record->value.data == NULL) {
        if (text_starts(record->key, TEXT("e/"))) {
            restore_ended(partition, record->key, NULL);
        } else if (shorten_is_key(record->key)) {
            shorten_restore(partition, record->key, 0);
        }
        return STATUS_OK;
    }
    enum status status = checkpoint_decode(record->value, &lane->arena, &value, err);
    if (status != STATUS_OK) {
        return fail_in(err, STATUS_REJECT, "'%s' partition %d offset %lld", lane->names.checkpoint,
                       partition->number, (long long)record->offset);
    }
    switch (value.kind) {
    case CHECKPOINT_WATERMARK: {
        int64_t keep_ms;
        if (sweep_key_parse(record->key, &keep_ms)) {
            struct sweep *sweep = partition_sweep(partition, keep_ms);
            sweep->position = value.watermark;
            sweep->saved = value.watermark;
            break;
        }
        if (shorten_is_key(record->key)) {
            shorten_restore(partition, record->key, value.watermark);
            break;
        }
        struct watermark *mark = partition_watermark(partition, record->key);
        if (value.watermark > mark->next) {
            mark->next = value.watermark;
        }
        break;
    }
    case CHECKPOINT_ENDED:
        restore_ended(partition, record->key, &value);
        break;
    case CHECKPOINT_OFFSETS:
        if (takeover->offset == OFFSET_NONE && value.history_offset > takeover->checkpoint) {
            takeover->checkpoint = value.history_offset;
        }
        if (value.inbox_offset > takeover->inbox_seen) {
            takeover->inbox_seen = value.inbox_offset;
        }
        break;
    }
    return STATUS_OK;
}

enum status restore_checkpoint(struct lane *lane, struct partition *partition, struct error *err)
{
    struct takeover *takeover = partition->takeover;
    enum status status = STATUS_OK;
    uint32_t count = 0;
    bool at_end = false;

    if (!takeover->has_reader) {
        status = takeover_open_reader(lane, partition, lane->names.checkpoint, 0, err);
    }
    struct record *records = arena_array(&lane->arena, TAKEOVER_RECORDS_MAX, sizeof *records);
    if (status == STATUS_OK) {
        status = takeover->reader.poll(takeover->reader.self, 0, records, TAKEOVER_RECORDS_MAX,
                                       &count, &at_end, err);
    }
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        status = restore_one(lane, partition, &records[i], err);
    }
    if (status == STATUS_OK && at_end &&
        takeover->reader.position(takeover->reader.self) >= takeover->checkpoint_high) {
        takeover_close_reader(takeover);
        takeover->stage = TAKEOVER_STORE;
    }
    return status;
}

/* Why the store cannot be used as it is, or NULL. */
static const char *distrust(const struct lane *lane, const struct takeover *takeover,
                            const struct sleep_stamp *stamp)
{
    if (!stamp->present) {
        return "it is empty";
    }
    if (stamp->format != SLEEP_FORMAT) {
        return "it is of another format";
    }
    if (strcmp(stamp->topic_id, takeover->topic_id) != 0) {
        return "it was built from another topic";
    }
    if (stamp->watermark > takeover->snapshot_high) {
        return "it is ahead of the snapshot topic";
    }
    if (stamp->run_count != stamp->run_count_seen ||
        stamp->timer_count != stamp->timer_count_seen) {
        return "something in it is missing";
    }
    if (lane->now_ms - stamp->applied_ms > lane->settings->store_stale_ms &&
        stamp->watermark < takeover->snapshot_high) {
        return "it is so old that tombstones may be gone";
    }
    return NULL;
}

static enum status open_store(struct lane *lane, struct partition *partition, struct error *err)
{
    const struct sleep_place *place = lane->options.place;

    return partition->store.self != NULL
               ? STATUS_OK
               : place->open(place->self, partition->number, &partition->store, err);
}

static enum status reset_store(struct lane *lane, struct partition *partition, const char *why,
                               struct error *err)
{
    struct rng rng = {lane->options.seed ^ (++lane->draws << 32)};
    int64_t generation = (int64_t)(rng_next(&rng) >> 1) | 1;

    log_event(LOG_INFO, "store-rebuild", "partition=%d reason=\"%s\"", partition->number, why);
    enum status status = partition->store.reset(partition->store.self, generation,
                                                text_of(partition->takeover->topic_id), err);
    if (status == STATUS_OK) {
        partition->store_generation = generation;
        partition->store_watermark = 0;
        stat_add(&lane->stats->rebuilds, 1);
        partition->was_distrusted = partition->distrusts_store;
        partition->distrusts_store = false;
    }
    return status;
}

enum status restore_stamp(struct lane *lane, struct partition *partition, struct error *err)
{
    struct takeover *takeover = partition->takeover;
    struct sleep_stamp stamp = {0};
    struct topic_info info;

    if (lane_store_is_away(lane)) {
        return fail(err, STATUS_RETRY, "the store of sleeping runs does not answer");
    }
    enum status status = lane->broker->topic(lane->broker->self, text_of(lane->names.snapshot),
                                             &info, err);

    if (status == STATUS_OK) {
        memcpy(takeover->topic_id, info.id, sizeof takeover->topic_id);
        status = open_store(lane, partition, err);
    }
    if (status == STATUS_OK) {
        status = partition->store.stamp(partition->store.self, &stamp, err);
        if (status == STATUS_RETRY) {
            lane_store_missed(lane);
        }
    }
    if (status != STATUS_OK) {
        return status;
    }
    const char *why = partition->distrusts_store ? "what it held could not be read"
                                                 : distrust(lane, takeover, &stamp);
    if (why != NULL) {
        status = reset_store(lane, partition, why, err);
    } else {
        partition->store_generation = stamp.generation;
        partition->store_watermark = stamp.watermark;
    }
    if (status == STATUS_OK) {
        takeover->stage = TAKEOVER_SNAPSHOT;
    }
    return status;
}

/* A snapshot record as the store keeps it: without the stack, which is a list of its own. */
static enum status make_op(struct takeover *takeover, const struct record *record,
                           struct sleep_op *op, struct error *err)
{
    struct arena *arena = &takeover->ops_arena;
    struct snapshot_record snapshot;
    struct buffer state = {0};

    *op = (struct sleep_op){.name = arena_text(arena, record->key)};
    if (record->value.data == NULL) {
        return STATUS_OK;
    }
    struct text value = arena_text(arena, record->value);
    enum status status = snapshot_decode(value, arena, &snapshot, err);
    if (status != STATUS_OK) {
        return status;
    }
    struct sleep_timer *timers = arena_array(arena, snapshot.timer_count, sizeof *timers);
    for (uint32_t i = 0; i < snapshot.timer_count; i++) {
        timers[i] = (struct sleep_timer){snapshot.timers[i].id, snapshot.timers[i].due_ms};
    }
    op->timers = timers;
    op->timer_count = snapshot.timer_count;
    op->stack = snapshot.stack;
    op->stack_count = snapshot.stack_count;
    snapshot.stack_count = 0;
    snapshot_encode(&snapshot, &state);
    op->state = arena_text(arena, buffer_text(&state));
    buffer_release(&state);
    return STATUS_OK;
}

static enum status settle_slice(struct partition *partition, struct error *err)
{
    struct takeover *takeover = partition->takeover;
    bool done = false;
    enum status status = partition->store.settle(partition->store.self, MS_PER_SECOND, &done, err);

    if (!done) {
        return fail(err, STATUS_RETRY, "the store does not answer");
    }
    takeover->is_applying = false;
    if (status == STATUS_OK) {
        partition->store_watermark = takeover->apply_to;
    } else {
        /* Read on from where the store really stands. */
        takeover_close_reader(takeover);
        takeover->stage = TAKEOVER_STORE;
    }
    return status == STATUS_STALE ? STATUS_RETRY : status;
}

static enum status apply_slice(struct lane *lane, struct partition *partition,
                               const struct record *records, uint32_t count, struct error *err)
{
    struct takeover *takeover = partition->takeover;
    struct sleep_op *ops = arena_array(&takeover->ops_arena, count, sizeof *ops);
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        status = make_op(takeover, &records[i], &ops[i], err);
        if (status != STATUS_OK) {
            return fail_in(err, STATUS_REJECT, "'%s' partition %d offset %lld",
                           lane->names.snapshot, partition->number, (long long)records[i].offset);
        }
    }
    takeover->apply_to = records[count - 1].offset + 1;
    status = partition->store.apply(partition->store.self, partition->store_generation,
                                    partition->store_watermark, takeover->apply_to, lane->now_ms,
                                    ops, count, err);
    if (status != STATUS_OK) {
        takeover_close_reader(takeover);
        takeover->stage = TAKEOVER_STORE;
        return status;
    }
    takeover->is_applying = true;
    return settle_slice(partition, err);
}

enum status restore_snapshots(struct lane *lane, struct partition *partition, struct error *err)
{
    struct takeover *takeover = partition->takeover;
    enum status status = STATUS_OK;
    uint32_t count = 0;
    bool at_end = false;

    if (takeover->is_applying) {
        return settle_slice(partition, err);
    }
    if (!takeover->has_reader) {
        status = takeover_open_reader(lane, partition, lane->names.snapshot,
                                      partition->store_watermark, err);
    }
    arena_reset(&takeover->ops_arena);
    struct record *records = arena_array(&lane->arena, TAKEOVER_RECORDS_MAX, sizeof *records);
    if (status == STATUS_OK) {
        status = takeover->reader.poll(takeover->reader.self, 0, records, TAKEOVER_RECORDS_MAX,
                                       &count, &at_end, err);
    }
    if (status == STATUS_OK && count > 0) {
        status = apply_slice(lane, partition, records, count, err);
    }
    if (status == STATUS_OK && at_end && !takeover->is_applying && takeover->has_reader &&
        takeover->reader.position(takeover->reader.self) >= takeover->snapshot_high) {
        partition->snapshot_next = partition->store_watermark;
        takeover_close_reader(takeover);
        takeover->replay_from = takeover->checkpoint;
        takeover->stage = TAKEOVER_HISTORY;
    }
    return status;
}
