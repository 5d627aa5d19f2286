#include "base/duration.h"
#include "engine/lane_state.h"

#define BLOCKED_WAIT_MS 200 /* How soon a deadline that waits for the barrier is looked at again. */

/* The earliest time at which one of its timers may fire. A deadline that is due but not yet behind
 * the barrier is looked at again a little later. */
void resident_set_wake(struct partition *partition, struct resident *resident, int64_t now_ms)
{
    const struct instance *instance = resident->instance;
    int64_t wake_ms = WAKE_NEVER;

    for (uint32_t i = 0; instance != NULL && i < instance->timer_count; i++) {
        const struct timer *timer = &instance->timers[i];
        bool is_blocked = timer_is_deadline(timer->kind) && timer->due_ms <= now_ms &&
                          timer->due_ms > partition->deadline_until_ms;
        int64_t at_ms = is_blocked ? now_ms + BLOCKED_WAIT_MS : timer->due_ms;
        if (timer->kind == TIMER_PERMIT && at_ms < resident->permit_ms) {
            at_ms = resident->permit_ms;
        }
        if (at_ms < wake_ms) {
            wake_ms = at_ms;
        }
    }
    wake_heap_set(&partition->wakes, &resident->wake, wake_ms);
}

bool resident_is_near(const struct lane *lane, const struct resident *resident)
{
    return resident->instance != NULL && resident->wake.place != WAKE_OUTSIDE &&
           resident->wake.at_ms <= lane->now_ms + lane->settings->near_poll_ms;
}

/* Until when an ended key is remembered. One whose start never came is not: it may still start.
 * Neither is what is no run of a flow. */
uint32_t lane_remember_until(const struct lane *lane, const struct instance *instance)
{
    const struct flow *flow = flow_registry_by_hash(lane->registry, text_of(instance->flow_hash));
    int64_t remember_ms = flow == NULL ? MS_PER_DAY : flow->remember_ms;

    return instance->status == RUN_EXPIRED || instance_is_internal(instance->name)
               ? 0
               : (uint32_t)((instance->time_ms + remember_ms) / MS_PER_SECOND);
}

/* The run that memory held has ended in this turn, and another one of its key has begun since. */
static void adopt_end(struct partition *partition, struct resident *resident)
{
    if (resident->instance != NULL &&
        !run_id_equal(resident->instance->run, resident->overlay->run)) {
        shorten_ended(partition, resident->instance);
    }
}

static void adopt_resident(struct lane *lane, const struct touched *touched)
{
    struct partition *partition = touched->partition;
    struct resident *resident = touched->resident;

    adopt_end(partition, resident);
    instance_free(resident->instance);
    resident->instance = resident->overlay;
    resident->overlay = NULL;
    resident->permit_ms = 0;
    for (int i = 0; i < DIGEST_BYTES; i++) {
        resident->hash[i] = resident->overlay_hash[i];
    }
    partition_mark_dirty(partition, resident, resident->overlay_offset, lane->now_ms);
    if (resident->overlay_offset > partition->overlay_history) {
        partition->overlay_history = resident->overlay_offset;
    }
    if (resident->overlay_until > 0) {
        partition_remember(partition, resident, resident->overlay_until);
        resident->overlay_until = 0;
    }
    if (instance_has_ended(resident->instance)) {
        shorten_ended(partition, resident->instance);
        partition_ended(partition, resident, lane_remember_until(lane, resident->instance));
    } else {
        resident_count(lane->stats, resident);
        resident_set_wake(partition, resident, lane->now_ms);
    }
}

void lane_batch_went_well(struct lane *lane)
{
    lane->failures = 0;
    if (lane->calm_wanted > 0) {
        lane->calm_wanted--;
    } else if (lane->batch_max < lane->settings->batch_records_max) {
        lane->batch_max *= 2;
    }
}

void lane_adopt(struct lane *lane)
{
    tally_publish(&lane->tally, lane->stats);
    shorten_committed(lane);
    lane_tell_permits(lane);
    for (uint32_t i = 0; i < lane->touched_count; i++) {
        adopt_resident(lane, &lane->touched[i]);
    }
    for (uint32_t i = 0; i < lane->mark_count; i++) {
        struct watermark *mark = lane->marks[i];
        mark->next = mark->overlay_next;
        mark->is_touched = false;
        mark->is_unsaved = !mark->needs_record;
    }
    for (int32_t i = 0; i < lane->partition_max; i++) {
        struct partition *partition = lane->partitions[i];
        if (partition == NULL || !partition->is_touched) {
            continue;
        }
        partition->is_touched = false;
        partition->next_offset = partition->overlay_next;
        partition->checkpoint = partition->overlay_checkpoint;
        partition->scheduled = partition->overlay_scheduled;
        if (partition->overlay_history >= partition->history_next) {
            partition->history_next = partition->overlay_history + 1;
        }
        lane_checkpoint_committed(lane, partition);
    }
    janitor_committed(lane->janitor);
    lane->touched_count = 0;
    lane->mark_count = 0;
}
