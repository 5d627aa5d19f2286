/*
 * What is due: timers of runs in memory by a heap, timers of sleeping runs by asking the store now
 * and then for the next minute. Delays fire when due; deadlines only behind the barrier, so that a
 * reply that was in time is not beaten by its own deadline after an outage.
 */
#include <stdlib.h>

#include "base/log.h"
#include "engine/lane_state.h"
#include "engine/snapshot.h"

#define NEAR_MAX 10000
#define NEAR_LOAD_MAX 500
#define NEAR_RETRY_MS 500

static void follow_barrier(struct lane *lane, struct partition *partition)
{
    int64_t time_ms;
    int64_t end;

    if (partition->barrier_time_ms == 0) {
        if (!barrier_read(lane->options.barrier, partition->number, &time_ms, &end) ||
            time_ms <= partition->deadline_until_ms) {
            time_ms = 0;
        }
        if (time_ms != 0) {
            partition->barrier_time_ms = time_ms;
            partition->barrier_end = end;
        }
    }
    if (partition->barrier_time_ms != 0 &&
        lane_inbox_is_read(lane, partition, partition->barrier_end)) {
        partition->deadline_until_ms = partition->barrier_time_ms;
        partition->barrier_since_ms = lane->now_ms;
        partition->barrier_time_ms = 0;
        partition->barrier_alerted = false;
    }
    if (lane->now_ms - partition->barrier_since_ms > lane->settings->deadlines_grace_ms) {
        partition->deadline_until_ms = lane->now_ms;
        if (!partition->barrier_alerted) {
            partition->barrier_alerted = true;
            log_event(LOG_WARN, "deadlines-forced",
                      "partition=%d reason=\"the router has not caught up for longer than "
                      "deadlines.grace; deadlines fire although replies may be waiting\"",
                      partition->number);
        }
    }
}

static bool may_fire(const struct lane *lane, const struct partition *partition,
                     enum timer_kind kind, int64_t due_ms)
{
    return due_ms <= lane->now_ms &&
           (!timer_is_deadline(kind) || due_ms <= partition->deadline_until_ms);
}

static const struct timer *first_to_fire(struct lane *lane, struct partition *partition,
                                         struct resident *resident)
{
    const struct instance *instance = resident_state(resident);
    const struct timer *first = NULL;

    for (uint32_t i = 0; i < instance->timer_count; i++) {
        const struct timer *timer = &instance->timers[i];
        if (may_fire(lane, partition, timer->kind, timer->due_ms) &&
            (first == NULL || timer->due_ms < first->due_ms) &&
            (timer->kind != TIMER_PERMIT || lane_permit_speaks(lane, partition, resident, timer))) {
            first = timer;
        }
    }
    return first;
}

/* One after the other, oldest first, each on the state that the one before has left. */
static enum status fire_resident(struct lane *lane, struct partition *partition,
                                 struct resident *resident, struct error *err)
{
    resident->permit_ms = INT64_MAX;
    for (uint32_t guard = 0; guard < lane->batch_max; guard++) {
        const struct instance *state = resident_state(resident);
        const struct timer *timer = state == NULL || instance_has_ended(state)
                                        ? NULL
                                        : first_to_fire(lane, partition, resident);
        if (timer == NULL) {
            return STATUS_OK;
        }
        struct decision decision = {.partition = partition,
                                    .name = lane_keep(lane, resident->name),
                                    .inbox_offset = OFFSET_NONE,
                                    .event = {.kind = EVENT_TIMER,
                                              .timer = timer->kind,
                                              .activation = timer->owner,
                                              .timer_run = state->run}};
        int64_t due_ms = timer->due_ms;
        enum outcome outcome;
        if (timer->kind == TIMER_PERMIT) {
            lane_permit_event(lane, state, &decision.event);
        }
        enum status status = lane_decide(lane, &decision, &outcome, err);
        if (status != STATUS_OK) {
            return status;
        }
        if (outcome_is_recorded(outcome) && decision.event.kind == EVENT_TIMER) {
            tally_fired(&lane->tally, decision.event.timer, lane->now_ms - due_ms);
        }
        timer = instance_timer(resident_state(resident), decision.event.timer,
                               decision.event.activation);
        CHECK(timer == NULL || timer->due_ms != due_ms);
    }
    return STATUS_OK;
}

static void fire_heap(struct lane *lane, struct partition *partition, uint32_t events_max)
{
    struct error err;

    while (lane->events < events_max) {
        struct wake *wake = wake_heap_first(&partition->wakes);
        if (wake == NULL || wake->at_ms > lane->now_ms) {
            return;
        }
        struct resident *resident = (struct resident *)wake;
        uint32_t before = lane->events;
        enum status status = fire_resident(lane, partition, resident, &err);
        if (status == STATUS_RETRY) {
            /* It is due again as soon as the partition goes on. */
            lane_hold(lane, partition, HOLD_SCHEMA_MS, 0, err.text);
            return;
        }
        if (status != STATUS_OK) {
            lane_break(lane, partition, &err);
            return;
        }
        if (lane->events == before) {
            /* Nothing fired: blocked deadlines, or disarmed by a record of this turn. */
            resident_set_wake(partition, resident, lane->now_ms);
            if (resident->wake.at_ms <= lane->now_ms) {
                wake_heap_set(&partition->wakes, &resident->wake, lane->now_ms + 1);
            }
        } else {
            /* Set anew when the turn is committed or dropped. */
            wake_heap_set(&partition->wakes, &resident->wake, WAKE_NEVER);
        }
    }
}

/* How many sleep there is shown to people. It may go unanswered. */
static void ask_counts(struct partition *partition)
{
    struct sleep_stamp stamp;
    struct error err;

    if (partition->store.stamp(partition->store.self, &stamp, &err) == STATUS_OK) {
        partition->sleeping = (uint64_t)stamp.run_count;
        partition->sleeping_timers = (uint64_t)stamp.timer_count;
    }
}

/* Ask the store for what is due within the next minute. */
static void poll_near(struct lane *lane, struct partition *partition)
{
    struct error err;

    if (partition->snapshot_next == 0 || lane->monotonic_ms < partition->near_poll_ms ||
        lane_store_is_away(lane)) {
        return;
    }
    lane_serve_store(lane, partition, 0);
    if (partition->is_applying || partition->is_apply_due || partition->state != PARTITION_READY) {
        return;
    }
    partition->near_poll_ms = lane->monotonic_ms + NEAR_RETRY_MS;
    if (partition->near == NULL) {
        partition->near = calloc(NEAR_MAX, sizeof *partition->near);
        CHECK(partition->near != NULL);
    }
    partition->near_count = 0;
    partition->near_at = 0;
    arena_reset(&partition->near_arena);
    enum status status = partition->store.due(
        partition->store.self, partition->store_generation, partition->store_watermark,
        lane->now_ms + lane->settings->near_ms, partition->near, NEAR_MAX, &partition->near_count,
        &err);
    if (status == STATUS_STALE) {
        lane_take_over(lane, partition, err.text);
    }
    if (status != STATUS_OK) {
        lane_store_missed(lane);
        partition->near_count = 0;
        log_again(&partition->gate, LOG_WARN, "store-unreachable", "partition=%d reason=\"%s\"",
                  partition->number, err.text);
        return;
    }
    for (uint32_t i = 0; i < partition->near_count; i++) {
        struct sleep_due *due = &partition->near[i];
        due->name = arena_text(&partition->near_arena, due->name);
        due->id = arena_text(&partition->near_arena, due->id);
    }
    ask_counts(partition);
    /* When all places are taken there is more: come back as soon as these are used up. */
    partition->near_poll_ms = lane->monotonic_ms + (partition->near_count == NEAR_MAX
                                                        ? NEAR_RETRY_MS
                                                        : lane->settings->near_poll_ms);
}

static bool near_is_due(const struct lane *lane, const struct partition *partition,
                        const struct sleep_due *due)
{
    struct timer_ref ref;

    return due->due_ms <= lane->now_ms &&
           (!timer_ref_parse(due->id, &ref) || may_fire(lane, partition, ref.kind, due->due_ms));
}

/* Wake the sleeping runs whose timers are due; the heap then fires them. Blocked ones stay. One that
 * is in memory has its timer in the heap, and is not forgotten while that is due (resident_is_near),
 * not even by the answer of the store that is taken in on the way. */
static void wake_near(struct lane *lane, struct partition *partition)
{
    struct text *names = arena_array(&lane->arena, NEAR_LOAD_MAX, sizeof *names);
    uint32_t count = 0;
    uint32_t kept = 0;
    struct error err;

    if (partition->near_count == 0 || partition->near[0].due_ms > lane->now_ms) {
        return;
    }
    for (uint32_t i = 0; i < partition->near_count; i++) {
        struct sleep_due *due = &partition->near[i];
        if (count < NEAR_LOAD_MAX && near_is_due(lane, partition, due)) {
            if (partition_find(partition, due->name) == NULL) {
                names[count++] = due->name;
            }
        } else {
            partition->near[kept++] = *due;
        }
    }
    partition->near_count = kept;
    if (!lane_wake(lane, partition, names, count, &err)) {
        partition->near_count = 0;
        partition->near_poll_ms = lane->monotonic_ms + NEAR_RETRY_MS;
    }
}

void lane_fire_timers(struct lane *lane)
{
    /* As many again as records at the most: when every turn is full of records, timers fire too. */
    uint32_t events_max = lane->events + lane->batch_max;

    lane_hear_permits(lane);
    for (int32_t i = 0; i < lane->partition_max; i++) {
        struct partition *partition = lane->partitions[i];
        if (partition == NULL || partition->state != PARTITION_READY) {
            continue;
        }
        follow_barrier(lane, partition);
        poll_near(lane, partition);
        if (partition->state == PARTITION_READY) {
            wake_near(lane, partition);
        }
        if (partition->state == PARTITION_READY) {
            fire_heap(lane, partition, events_max);
        }
    }
    lane_ask_permits(lane);
}

static int64_t sooner(int64_t wait_ms, int64_t at_ms, int64_t now_ms)
{
    int64_t left_ms = at_ms <= now_ms ? 0 : at_ms - now_ms;

    return left_ms < wait_ms ? left_ms : wait_ms;
}

#define SETTLE_POLL_MS 5
#define PERMIT_POLL_MS 1
#define NEAR_POLL_MS 20
#define TAKING_POLL_MS 10

int64_t lane_next_wake(const struct lane *lane, int64_t wait_ms)
{
    if (lane->permits.flying_count > 0 && wait_ms > PERMIT_POLL_MS) {
        wait_ms = PERMIT_POLL_MS;
    }
    for (int32_t i = 0; i < lane->partition_max; i++) {
        const struct partition *partition = lane->partitions[i];
        if (partition == NULL) {
            continue;
        }
        const struct wake *wake = wake_heap_first(&partition->wakes);
        if (partition->state == PARTITION_READY && wake != NULL) {
            wait_ms = sooner(wait_ms, wake->at_ms, lane->now_ms);
        }
        if (partition->state == PARTITION_READY && partition->near_count > 0) {
            /* What is due there may be waiting for the barrier: look again soon, not at once. */
            int64_t near_ms = sooner(wait_ms, partition->near[0].due_ms, lane->now_ms);
            wait_ms = near_ms == 0 && wait_ms > NEAR_POLL_MS ? NEAR_POLL_MS : near_ms;
        }
        if (partition->tail.is_open && wait_ms > NEAR_POLL_MS) {
            wait_ms = NEAR_POLL_MS;
        }
        if (partition->state == PARTITION_TAKING && wait_ms > TAKING_POLL_MS) {
            wait_ms = TAKING_POLL_MS;
        }
        /* In the other states the store is not served: to look again soon would be to spin. */
        bool is_served = partition->state == PARTITION_READY || partition->state == PARTITION_HELD;
        if (is_served && partition->is_applying && wait_ms > SETTLE_POLL_MS) {
            wait_ms = SETTLE_POLL_MS;
        }
        if (is_served && partition->is_apply_due) {
            wait_ms = sooner(wait_ms, partition->apply_retry_ms, lane->monotonic_ms);
        }
        if (partition->state == PARTITION_HELD) {
            wait_ms = sooner(wait_ms, partition->hold_until_ms, lane->monotonic_ms);
        }
    }
    return wait_ms;
}
