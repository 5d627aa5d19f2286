#include "base/log.h"
#include "engine/lane_state.h"
#include "engine/snapshot.h"

#define SETTLE_WAIT_MS 1000
#define APPLY_RETRY_MS 500
#define AWAY_MS 500

static int64_t monotonic(const struct lane *lane)
{
    return lane->options.clock->monotonic_ms(lane->options.clock->self);
}

bool lane_store_is_away(const struct lane *lane)
{
    return monotonic(lane) < lane->store_away_ms;
}

void lane_store_missed(struct lane *lane)
{
    lane->store_away_ms = monotonic(lane) + AWAY_MS;
}

/* A sleeping run becomes a clean resident. */
static enum status wake_one(struct lane *lane, struct partition *partition, struct text name,
                            const struct sleep_run *run, struct error *err)
{
    struct snapshot_record record;
    struct instance *instance;
    enum status status = snapshot_decode(run->state, &lane->arena, &record, err);

    if (status == STATUS_OK) {
        record.stack = run->stack;
        record.stack_count = run->stack_count;
        status = snapshot_to_instance(&record, &instance, err);
    }
    if (status != STATUS_OK) {
        if (partition->was_distrusted) {
            /* It was built anew from the snapshot topic and reads no better. */
            return fail_in(err, STATUS_REJECT, "the snapshot topic's '%.*s'", TEXT_ARG(name));
        }
        partition->distrusts_store = true;
        return fail_in(err, STATUS_STALE, "the store's '%.*s'", TEXT_ARG(name));
    }
    struct resident *resident = partition_resident(partition, name);
    resident->instance = instance;
    resident->has_snapshot = true;
    for (int i = 0; i < DIGEST_BYTES; i++) {
        resident->hash[i] = record.hash[i];
    }
    partition_touch_idle(partition, resident, lane->now_ms);
    resident_count(lane->stats, resident);
    resident_set_wake(partition, resident, lane->now_ms);
    return STATUS_OK;
}

enum status lane_load(struct lane *lane, struct partition *partition, const struct text *names,
                      uint32_t name_count, struct error *err)
{
    /* Nothing ever slept here: no need to ask. */
    if (name_count == 0 || partition->snapshot_next == 0) {
        return STATUS_OK;
    }
    if (lane_store_is_away(lane)) {
        return fail(err, STATUS_RETRY, "the store of sleeping runs does not answer");
    }
    enum partition_state before = partition->state;
    lane_serve_store(lane, partition, SETTLE_WAIT_MS);
    if (partition->state != before) {
        return fail(err, STATUS_STALE, "the store refused what was to be applied");
    }
    if (partition->is_applying || partition->is_apply_due) {
        lane_store_missed(lane);
        return fail(err, STATUS_RETRY, "the store of sleeping runs does not answer");
    }
    struct sleep_run *runs = arena_array(&lane->arena, name_count, sizeof *runs);
    enum status status = partition->store.load(partition->store.self, partition->store_generation,
                                               partition->store_watermark, names, name_count, runs,
                                               err);
    if (status == STATUS_RETRY) {
        lane_store_missed(lane);
    }
    for (uint32_t i = 0; i < name_count && status == STATUS_OK; i++) {
        if (runs[i].state.data != NULL && partition_find(partition, names[i]) == NULL) {
            status = wake_one(lane, partition, names[i], &runs[i], err);
        }
    }
    return status;
}

bool lane_wake(struct lane *lane, struct partition *partition, const struct text *names,
               uint32_t name_count, struct error *err)
{
    enum status status = lane_load(lane, partition, names, name_count, err);

    if (status == STATUS_STALE) {
        lane_take_over(lane, partition, err->text);
    } else if (status == STATUS_REJECT) {
        lane_break(lane, partition, err);
    }
    return status == STATUS_OK;
}

static void acknowledged(struct lane *lane, struct partition *partition)
{
    partition->store_watermark = partition->snapshot_next;
    for (uint32_t i = 0; i < partition->op_count; i++) {
        struct resident *resident = partition->saved[i];
        resident->is_saving = false;
        if (resident->first_offset == OFFSET_NONE && resident->overlay == NULL &&
            !resident_is_near(lane, resident)) {
            partition_evict(partition, resident);
        }
    }
    stat_add(&lane->stats->snapshots, partition->op_count);
    partition->op_count = 0;
    arena_reset(&partition->sleep_arena);
    lane_fault(lane, "after-apply");
}

static void hand_over(struct lane *lane, struct partition *partition)
{
    struct error err;

    lane_fault(lane, "before-apply");
    enum status status = partition->store.apply(
        partition->store.self, partition->store_generation, partition->store_watermark,
        partition->snapshot_next, lane->options.clock->now_ms(lane->options.clock->self),
        partition->ops, partition->op_count, &err);
    if (status == STATUS_OK) {
        partition->is_apply_due = false;
        partition->is_applying = true;
        lane_fault(lane, "during-apply");
        return;
    }
    partition->apply_retry_ms = monotonic(lane) + APPLY_RETRY_MS;
    log_again(&partition->gate, LOG_WARN, "store-unreachable", "partition=%d reason=\"%s\"",
              partition->number, err.text);
}

void lane_serve_store(struct lane *lane, struct partition *partition, int64_t wait_ms)
{
    struct error err;

    if (partition->is_apply_due && monotonic(lane) >= partition->apply_retry_ms) {
        hand_over(lane, partition);
    }
    if (!partition->is_applying) {
        return;
    }
    bool done = false;
    enum status status = partition->store.settle(partition->store.self, wait_ms, &done, &err);
    if (!done) {
        return;
    }
    partition->is_applying = false;
    if (status == STATUS_OK) {
        acknowledged(lane, partition);
    } else if (status == STATUS_STALE) {
        lane_take_over(lane, partition, err.text);
    } else {
        /* Not known whether it was applied; repeating it is harmless. */
        partition->is_apply_due = true;
        partition->apply_retry_ms = monotonic(lane) + APPLY_RETRY_MS;
        log_again(&partition->gate, LOG_WARN, "store-unreachable", "partition=%d reason=\"%s\"",
                  partition->number, err.text);
    }
}
