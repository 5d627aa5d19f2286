/*
 * The checkpoint: runs that have been idle are written to the snapshot topic and then to the store,
 * keys that ended to chunks of the checkpoint topic (checkpoint_ended.c), watermarks beside them;
 * and the point from which a new owner has to fold the history moves up to what memory still needs.
 */
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/log.h"
#include "codec/records.h"
#include "engine/lane_state.h"
#include "engine/snapshot.h"

#define PASS_EVERY_MS MS_PER_SECOND
#define PASS_RUNS_MAX 1000

struct outgoing *checkpoint_add(struct lane *lane, const struct partition *partition,
                                const struct checkpoint_record *record)
{
    struct outgoing *out = outbox_add(lane, lane->names.checkpoint, partition->number);

    if (record != NULL) {
        struct record_header *header = arena_alloc(&lane->arena, sizeof *header);
        buffer_clear(&lane->scratch);
        checkpoint_encode(record, &lane->scratch);
        out->value = lane_keep(lane, buffer_text(&lane->scratch));
        *header = (struct record_header){TEXT("baton-schema"), schema_fingerprint("checkpoint")};
        out->headers = header;
        out->header_count = 1;
    }
    return out;
}

static void add_watermark(struct lane *lane, const struct partition *partition, struct text key,
                          int64_t next)
{
    struct checkpoint_record record = {.kind = CHECKPOINT_WATERMARK, .watermark = next};

    checkpoint_add(lane, partition, &record)->key = lane_keep(lane, key);
}

/* A turn whose highest record of a source made no history record says so here: nothing else in the
 * transaction carries that watermark. */
void lane_add_bare_marks(struct lane *lane)
{
    for (uint32_t i = 0; i < lane->mark_count; i++) {
        const struct watermark *mark = lane->marks[i];
        for (int32_t n = 0; mark->needs_record && n < lane->partition_max; n++) {
            struct partition *partition = lane->partitions[n];
            if (partition != NULL && partition->is_touched &&
                map_get(&partition->watermarks, mark->key) == mark) {
                lane->outbox.origin = (struct origin){partition, OFFSET_NONE};
                add_watermark(lane, partition, mark->key, mark->overlay_next);
                break;
            }
        }
    }
}

/* What the history carries and the checkpoint is about to pass. */
static void add_unsaved_marks(struct lane *lane, const struct partition *partition)
{
    size_t cursor = 0;
    struct text key;
    void *value;

    while (map_next(&partition->watermarks, &cursor, &key, &value)) {
        const struct watermark *mark = value;
        if (mark->is_touched && !mark->needs_record) {
            add_watermark(lane, partition, key, mark->overlay_next);
        } else if (!mark->is_touched && mark->is_unsaved) {
            add_watermark(lane, partition, key, mark->next);
        }
    }
}

static void fill_op(struct partition *partition, const struct snapshot_record *record,
                    struct sleep_op *op)
{
    struct arena *arena = &partition->sleep_arena;
    struct sleep_timer *timers = arena_array(arena, record->timer_count, sizeof *timers);
    struct snapshot_record apart = *record;
    struct buffer state = {0};

    for (uint32_t i = 0; i < record->timer_count; i++) {
        timers[i] = (struct sleep_timer){record->timers[i].id, record->timers[i].due_ms};
    }
    /* In the store the stack is a list of its own; depth and hash in the state hold it to it. */
    apart.stack_count = 0;
    snapshot_encode(&apart, &state);
    *op = (struct sleep_op){.name = arena_text(arena, record->instance),
                            .state = arena_text(arena, buffer_text(&state)),
                            .timers = timers,
                            .timer_count = record->timer_count,
                            .stack = record->stack,
                            .stack_count = record->stack_count};
    buffer_release(&state);
}

static void add_snapshot(struct lane *lane, struct partition *partition, struct resident *resident)
{
    const struct instance *state = resident_state(resident);
    struct outgoing *out = outbox_add(lane, lane->names.snapshot, partition->number);
    struct sleep_op *op = &partition->ops[partition->op_count];

    out->key = lane_keep(lane, resident->name);
    out->offset = &partition->overlay_snapshot;
    if (state == NULL) {
        *op = (struct sleep_op){.name = arena_text(&partition->sleep_arena, resident->name)};
    } else {
        struct snapshot_record record;
        struct record_header *header = arena_alloc(&lane->arena, sizeof *header);
        snapshot_of(state, resident->overlay != NULL ? resident->overlay_hash : resident->hash,
                    &partition->sleep_arena, &record);
        buffer_clear(&lane->scratch);
        snapshot_encode(&record, &lane->scratch);
        out->value = lane_keep(lane, buffer_text(&lane->scratch));
        *header = (struct record_header){TEXT("baton-schema"), schema_fingerprint("snapshot")};
        out->headers = header;
        out->header_count = 1;
        fill_op(partition, &record, op);
    }
    resident->is_saving = true;
    partition->saved[partition->op_count++] = resident;
}

/* It changes in this very turn, as perhaps in each: it is written as this turn leaves it, or there
 * would never be a snapshot of it. */
static bool never_rests(const struct lane *lane, const struct resident *resident)
{
    return resident->instance != NULL &&
           run_id_equal(resident->instance->run, resident->overlay->run) &&
           !instance_has_ended(resident->overlay) &&
           resident->dirty_ms + lane->settings->checkpoint_max_ms <= lane->now_ms;
}

/* Runs that nothing has happened to for a while; those that never rest, after a longer while; and
 * those that slept and have ended. Clean ones that were only looked at are simply forgotten. */
static bool wants_sleep(const struct lane *lane, const struct resident *resident, bool everything)
{
    const struct settings *settings = lane->settings;

    if (resident->is_saving || resident->first_offset == OFFSET_NONE) {
        return false;
    }
    if (resident->overlay != NULL) {
        return never_rests(lane, resident);
    }
    return everything || resident->instance == NULL ||
           resident->changed_ms + settings->checkpoint_idle_ms <= lane->now_ms ||
           resident->dirty_ms + settings->checkpoint_max_ms <= lane->now_ms;
}

static void evict_clean(struct lane *lane, struct partition *partition)
{
    struct resident *resident = partition->idle.first;

    while (resident != NULL &&
           resident->changed_ms + lane->settings->checkpoint_idle_ms <= lane->now_ms) {
        struct resident *next = resident->idle.next;
        if (resident->first_offset == OFFSET_NONE && !resident->is_saving &&
            resident->overlay == NULL && !resident_is_near(lane, resident)) {
            partition_evict(partition, resident);
        }
        resident = next;
    }
}

static void add_sleepers(struct lane *lane, struct partition *partition, bool everything)
{
    uint32_t looked = 0;

    if (partition->is_applying || partition->is_apply_due) {
        return;
    }
    evict_clean(lane, partition);
    arena_reset(&partition->sleep_arena);
    partition->op_count = 0;
    partition->ops = arena_array(&partition->sleep_arena, PASS_RUNS_MAX, sizeof *partition->ops);
    partition->saved = arena_array(&partition->sleep_arena, PASS_RUNS_MAX,
                                   sizeof(struct resident *));
    /* The idle list is in the order of the last change, so what is idle stands in front. A run that
     * never rests is found by the dirty list, whose head is the longest dirty. */
    for (struct resident *resident = partition->idle.first;
         resident != NULL && partition->op_count < PASS_RUNS_MAX && looked < 2 * PASS_RUNS_MAX;
         resident = resident->idle.next, looked++) {
        if (wants_sleep(lane, resident, everything)) {
            add_snapshot(lane, partition, resident);
        } else if (resident->changed_ms + lane->settings->checkpoint_idle_ms > lane->now_ms) {
            break;
        }
    }
    for (struct resident *resident = partition->dirty.first;
         resident != NULL && partition->op_count < PASS_RUNS_MAX; resident = resident->dirty.next) {
        if (wants_sleep(lane, resident, everything)) {
            add_snapshot(lane, partition, resident);
        } else if (!resident->is_saving && resident->overlay == NULL &&
                   resident->instance != NULL) {
            break;
        }
    }
    partition->is_pass_saving = partition->op_count > 0;
}

/* What the history is still needed for once this turn is committed. Records of this very turn lie
 * at history_next or above. */
static int64_t checkpoint_after(const struct partition *partition)
{
    const struct resident *resident = partition->dirty.first;

    /* Only those that this very pass saves: one that became dirty again while an earlier pass waits
     * for the store is in no snapshot. */
    while (resident != NULL && partition->is_pass_saving && resident->is_saving) {
        resident = resident->dirty.next;
    }
    return resident != NULL && resident->first_offset < partition->history_next
               ? resident->first_offset
               : partition->history_next;
}

static bool has_reason(const struct lane *lane, const struct partition *partition, bool everything)
{
    const struct resident *idle = partition->idle.first;
    const struct resident *dirty = partition->dirty.first;
    const struct settings *settings = lane->settings;
    struct ended_chunk due;

    return everything || partition->pending_count > 0 ||
           (idle != NULL && idle->changed_ms + settings->checkpoint_idle_ms <= lane->now_ms) ||
           (dirty != NULL && dirty->dirty_ms + settings->checkpoint_max_ms <= lane->now_ms) ||
           ended_due(&partition->ended, lane->now_ms, settings->remember_max, &due, 1) > 0 ||
           checkpoint_after(partition) != partition->checkpoint;
}

void lane_checkpoint(struct lane *lane, struct partition *partition, bool everything)
{
    uint32_t before = lane->outbox.count;
    bool was_touched = partition->is_touched;

    if (!everything && lane->monotonic_ms < partition->checkpoint_pass_ms + PASS_EVERY_MS) {
        return;
    }
    partition->checkpoint_pass_ms = lane->monotonic_ms;
    if (!has_reason(lane, partition, everything)) {
        return;
    }
    lane_touch_partition(lane, partition);
    lane->outbox.origin = (struct origin){partition, OFFSET_NONE};
    partition->is_pass_open = true;
    checkpoint_add_ended(lane, partition);
    add_sleepers(lane, partition, everything);
    add_unsaved_marks(lane, partition);
    partition->overlay_checkpoint = checkpoint_after(partition);
    if (lane->outbox.count == before && partition->pass_pending == 0 &&
        partition->overlay_checkpoint == partition->checkpoint) {
        partition->is_pass_open = false;
        partition->is_touched = was_touched;
        return;
    }
    struct checkpoint_record record = {.kind = CHECKPOINT_OFFSETS,
                                       .history_offset = partition->overlay_checkpoint,
                                       .inbox_offset = partition->overlay_next};
    checkpoint_add(lane, partition, &record)->key = TEXT("c");
}

static void forget_pass(struct partition *partition)
{
    partition->is_pass_open = false;
    partition->is_pass_saving = false;
    partition->pass_drops = NULL;
    partition->pass_drop_count = 0;
    partition->pass_pending = 0;
    partition->pass_chunks = NULL;
    partition->pass_chunk_count = 0;
}

void lane_checkpoint_dropped(struct partition *partition)
{
    if (partition->is_pass_saving) {
        for (uint32_t i = 0; i < partition->op_count; i++) {
            partition->saved[i]->is_saving = false;
        }
        partition->op_count = 0;
    }
    forget_pass(partition);
}

static void marks_saved(struct partition *partition)
{
    size_t cursor = 0;
    struct text key;
    void *value;

    while (map_next(&partition->watermarks, &cursor, &key, &value)) {
        ((struct watermark *)value)->is_unsaved = false;
    }
}

void lane_checkpoint_committed(struct lane *lane, struct partition *partition)
{
    if (!partition->is_pass_open) {
        return;
    }
    checkpoint_ended_committed(lane, partition);
    if (partition->is_pass_saving) {
        for (uint32_t i = 0; i < partition->op_count; i++) {
            struct resident *saved = partition->saved[i];
            partition_mark_clean(partition, saved);
            saved->has_snapshot = saved->instance != NULL;
            if (saved->has_snapshot) {
                shorten_saved(lane, partition, saved->instance);
            }
        }
        partition->snapshot_next = partition->overlay_snapshot + 1;
        partition->is_apply_due = true;
    }
    marks_saved(partition);
    forget_pass(partition);
}
