/*
 * Folding the history from the checkpoint: the base of a run is its snapshot, records that the
 * snapshot holds are skipped, and the next must be the next in number and carry the hash of the one
 * before. Anything else is reported and the partition stops: a wrong state would be worse.
 */
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/limits.h"
#include "codec/records.h"
#include "core/fold.h"
#include "engine/takeover_state.h"

static int run_compare(struct run_id a, struct run_id b)
{
    if (a.generation != b.generation) {
        return a.generation < b.generation ? -1 : 1;
    }
    return a.offset < b.offset ? -1 : a.offset > b.offset;
}

static void raise_watermark(struct lane *lane, struct partition *partition,
                            const struct history_record *record)
{
    if (record->cause_offset < 0 || record->route.bytes == 0) {
        return;
    }
    buffer_clear(&lane->scratch_key);
    buffer_addf(&lane->scratch_key, "w/%.*s/%.*s#%d/%d", TEXT_ARG(record->route),
                TEXT_ARG(record->cause_topic), record->cause_generation, record->cause_partition);
    struct watermark *mark = partition_watermark(partition, buffer_text(&lane->scratch_key));
    if (record->cause_offset + 1 > mark->next) {
        mark->next = record->cause_offset + 1;
        mark->is_unsaved = true;
    }
}

static enum status contradiction(const struct lane *lane, const struct partition *partition,
                                 const struct history_record *record, int64_t offset,
                                 const char *what, struct error *err)
{
    char run[RUN_ID_BYTES];

    run_id_format(record->run, run);
    return fail(err, STATUS_REJECT,
                "'%s' partition %d offset %lld: instance '%.*s' run %s seq %lld %s; the partition "
                "stops here, nothing of it is decided any more",
                lane->names.history, partition->number, (long long)offset,
                TEXT_ARG(record->instance), run, (long long)record->seq, what);
}

static void note_orphan(struct takeover *takeover, const struct history_record *record)
{
    struct run_id *run = arena_alloc(&takeover->orphan_arena, sizeof *run);

    *run = record->run;
    map_put(&takeover->orphans, arena_text(&takeover->orphan_arena, record->instance), run);
}

/* A run that nobody knows and that does not begin here. It may have slept, woken and ended while
 * another run held the checkpoint back; then its end is still to come. */
static void follow_orphan(struct takeover *takeover, const struct history_record *record)
{
    if (record->kind == HISTORY_TERMINAL) {
        map_remove(&takeover->orphans, record->instance);
    } else {
        note_orphan(takeover, record);
    }
}

static enum status fold_into(struct lane *lane, struct partition *partition,
                             struct resident *resident, const struct history_record *record,
                             int64_t offset, struct error *err)
{
    const struct instance *base = resident->instance;
    struct json *delta = NULL;
    struct instance *after = NULL;

    if (base != NULL && !run_id_equal(base->run, record->run)) {
        base = NULL;
    }
    if (record->seq != (base == NULL ? 0 : base->seq) + 1) {
        return contradiction(lane, partition, record, offset, "does not follow the one before it",
                             err);
    }
    if (base != NULL && memcmp(resident->hash, record->previous, DIGEST_BYTES) != 0) {
        return contradiction(lane, partition, record, offset,
                             "does not carry the hash of the one before it", err);
    }
    enum status status = json_parse_within(record->delta, STATE_DEPTH_MAX, &delta, err);
    if (status == STATUS_OK) {
        status = instance_apply(base, delta, &after, err);
    }
    json_free(delta);
    if (status != STATUS_OK) {
        return contradiction(lane, partition, record, offset, err->text, err);
    }
    instance_free(resident->instance);
    resident->instance = after;
    memcpy(resident->hash, record->hash, DIGEST_BYTES);
    partition_mark_dirty(partition, resident, offset, lane->now_ms);
    if (instance_has_ended(after)) {
        partition_ended(partition, resident, lane_remember_until(lane, resident->instance));
    } else {
        resident_set_wake(partition, resident, lane->now_ms);
    }
    return STATUS_OK;
}

static enum status fold_one(struct lane *lane, struct partition *partition,
                            const struct history_record *record, int64_t offset, struct error *err)
{
    struct resident *resident = partition_find(partition, record->instance);
    const struct instance *base = resident == NULL ? NULL : resident->instance;

    raise_watermark(lane, partition, record);
    partition->takeover->folded++;
    if (record->inbox_offset + 1 > partition->takeover->inbox_seen) {
        partition->takeover->inbox_seen = record->inbox_offset + 1;
    }
    if (base != NULL) {
        int order = run_compare(record->run, base->run);
        if (order < 0 || (order == 0 && record->seq <= base->seq)) {
            return STATUS_OK; /* Held by the snapshot, or of an earlier life. */
        }
    } else if (record->seq > 1) {
        follow_orphan(partition->takeover, record);
        return STATUS_OK;
    }
    if (resident == NULL) {
        resident = partition_resident(partition, record->instance);
    }
    return fold_into(lane, partition, resident, record, offset, err);
}

/* The snapshots of the runs in this slice, where memory has none yet. */
static enum status load_bases(struct lane *lane, struct partition *partition,
                              const struct history_record *records, uint32_t count,
                              struct error *err)
{
    struct text *names = arena_array(&lane->arena, count, sizeof *names);
    uint32_t name_count = 0;

    for (uint32_t i = 0; i < count; i++) {
        bool is_repeat = i > 0 && text_equal(records[i].instance, records[i - 1].instance);
        if (!is_repeat && partition_find(partition, records[i].instance) == NULL) {
            names[name_count++] = records[i].instance;
        }
    }
    return lane_load(lane, partition, names, name_count, err);
}

static enum status decode_slice(struct lane *lane, const struct partition *partition,
                                const struct record *records, uint32_t count,
                                struct history_record *decoded, struct error *err)
{
    for (uint32_t i = 0; i < count; i++) {
        if (records[i].value.data == NULL) {
            decoded[i].seq = 0; /* A tombstone of the janitor, of a run that ended long ago. */
            continue;
        }
        enum status status = history_decode(records[i].value, &lane->arena, &decoded[i], err);
        if (status != STATUS_OK) {
            return fail_in(err, STATUS_REJECT, "'%s' partition %d offset %lld", lane->names.history,
                           partition->number, (long long)records[i].offset);
        }
    }
    return STATUS_OK;
}

/* All that is there is folded: nothing may be left over. */
static enum status finish(struct lane *lane, struct partition *partition, struct error *err)
{
    struct takeover *takeover = partition->takeover;
    size_t cursor = 0;
    struct text name;
    void *run;

    if (map_next(&takeover->orphans, &cursor, &name, &run)) {
        return fail(err, STATUS_REJECT,
                    "'%s' partition %d: %zu runs have history but neither a beginning nor a "
                    "snapshot nor an end, the first is '%.*s'; the partition stops here",
                    lane->names.history, partition->number, takeover->orphans.count,
                    TEXT_ARG(name));
    }
    partition->history_next = takeover->reader.position(takeover->reader.self);
    takeover_close_reader(takeover);
    takeover->stage = TAKEOVER_RESUME;
    return STATUS_OK;
}

enum status replay_history(struct lane *lane, struct partition *partition, struct error *err)
{
    struct takeover *takeover = partition->takeover;
    enum status status = STATUS_OK;
    uint32_t count = 0;
    bool at_end = false;

    if (lane_store_is_away(lane)) {
        return fail(err, STATUS_RETRY, "the store of sleeping runs does not answer");
    }
    if (!takeover->has_reader) {
        status = takeover_open_reader(lane, partition, lane->names.history, takeover->replay_from,
                                      err);
    }
    struct record *records = arena_array(&lane->arena, TAKEOVER_RECORDS_MAX, sizeof *records);
    struct history_record *decoded = arena_array(&lane->arena, TAKEOVER_RECORDS_MAX,
                                                 sizeof *decoded);
    if (status == STATUS_OK) {
        status = takeover->reader.poll(takeover->reader.self, 0, records, TAKEOVER_RECORDS_MAX,
                                       &count, &at_end, err);
    }
    if (status == STATUS_OK) {
        status = decode_slice(lane, partition, records, count, decoded, err);
    }
    if (status == STATUS_OK && count > 0) {
        status = load_bases(lane, partition, decoded, count, err);
        if (status == STATUS_RETRY) {
            takeover->replay_from = records[0].offset; /* This slice comes again. */
            takeover_close_reader(takeover);
        }
    }
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        if (decoded[i].seq > 0) {
            status = fold_one(lane, partition, &decoded[i], records[i].offset, err);
        }
    }
    if (status == STATUS_OK && at_end &&
        takeover->reader.position(takeover->reader.self) >= takeover->history_high) {
        return finish(lane, partition, err);
    }
    return status;
}
