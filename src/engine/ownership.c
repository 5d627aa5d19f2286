/*
 * Which partitions a lane owns, and how far each is: assigned, taken over step by step, ready, held
 * for a reason that passes, broken off, revoked.
 */
#include "base/duration.h"
#include "base/log.h"
#include "engine/lane_state.h"
#include "engine/takeover.h"

#define STORE_CLOSE_WAIT_MS 200

struct partition *lane_partition(const struct lane *lane, int32_t number)
{
    return number < 0 || number >= lane->partition_max ? NULL : lane->partitions[number];
}

static void assigned(void *self, const struct partition_offset *partitions, uint32_t count)
{
    struct lane *lane = self;

    lane->fenced_count = 0;
    lane->fencing_count = 0;
    janitor_close(lane->janitor);
    stat_add(&lane->stats->rebalances, 1);
    stat_set(&lane->stats->assigned, 1);
    for (uint32_t i = 0; i < count; i++) {
        int32_t number = partitions[i].partition;
        CHECK(number >= 0 && number < lane->partition_max);
        partition_free(lane->partitions[number]);
        lane->partitions[number] = partition_new(number);
        log_event(LOG_INFO, "partition-assigned", "lane=%u partition=%d", lane->options.index,
                  number);
    }
}

static void revoked(void *self, const struct partition_offset *partitions, uint32_t count,
                    bool lost)
{
    struct lane *lane = self;

    /* No turn is open while the group calls: polls happen between turns only. */
    lane->fenced_count = 0;
    janitor_close(lane->janitor);
    stat_set(&lane->stats->assigned, 0);
    if (RULE_OFF(lane, 7)) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        int32_t number = partitions[i].partition;
        if (lane_partition(lane, number) != NULL) {
            log_event(LOG_INFO, "partition-revoked", "lane=%u partition=%d lost=%d",
                      lane->options.index, number, lost);
            partition_free(lane->partitions[number]);
            lane->partitions[number] = NULL;
        }
    }
}

void lane_hold(struct lane *lane, struct partition *partition, int64_t wait_ms, int64_t revision,
               const char *why)
{
    struct error err;

    log_again(&partition->gate, LOG_WARN, "partition-held",
              "partition=%d offset=%lld reason=\"%s\"", partition->number,
              (long long)partition->next_offset, why);
    partition->state = PARTITION_HELD;
    partition->hold_until_ms = lane->monotonic_ms + wait_ms;
    partition->hold_revision = revision;
    if (lane->consumer.pause(lane->consumer.self, text_of(lane->names.inbox), partition->number,
                             &err) != STATUS_OK) {
        log_event(LOG_WARN, "pause-failed", "partition=%d reason=\"%s\"", partition->number,
                  err.text);
    }
}

void lane_take_over(struct lane *lane, struct partition *partition, const char *why)
{
    struct error err;

    log_again(&partition->gate, LOG_WARN, "take-over-again", "lane=%u partition=%d reason=\"%s\"",
              lane->options.index, partition->number, why);
    partition->state = PARTITION_TAKING;
    takeover_free(partition->takeover);
    partition->takeover = NULL; /* Memory is forgotten at its first step, between turns. */
    if (lane->consumer.pause(lane->consumer.self, text_of(lane->names.inbox), partition->number,
                             &err) != STATUS_OK) {
        log_event(LOG_WARN, "pause-failed", "partition=%d reason=\"%s\"", partition->number,
                  err.text);
    }
}

void lane_break(struct lane *lane, struct partition *partition, const struct error *err)
{
    struct error ignored;

    log_event(LOG_ERROR, "partition-broken", "lane=%u partition=%d reason=\"%s\"",
              lane->options.index, partition->number, err->text);
    partition->state = PARTITION_BROKEN;
    if (lane->consumer.pause(lane->consumer.self, text_of(lane->names.inbox), partition->number,
                             &ignored) != STATUS_OK) {
        log_event(LOG_WARN, "pause-failed", "partition=%d reason=\"%s\"", partition->number,
                  ignored.text);
    }
}

/* Begin or continue the take-over of a partition; once a turn, a bounded step. */
static void take_step(struct lane *lane, struct partition *partition)
{
    struct error err;

    if (partition->takeover == NULL) {
        bool done = !partition->is_applying;
        if (partition->is_applying) {
            (void)partition->store.settle(partition->store.self, STORE_CLOSE_WAIT_MS, &done, &err);
        }
        if (!done) {
            /* The answer to the last apply is still out: it borrows memory that goes now. */
            partition->store.close(partition->store.self);
            partition->store = (struct sleep_store){0};
        }
        partition_forget(partition);
        partition->takeover = takeover_new();
    }
    switch (takeover_step(lane, partition, &err)) {
    case STATUS_OK:
    case STATUS_RETRY:
    case STATUS_ABORT:
    case STATUS_FENCED:
        return; /* A fenced claim waits for the rebalance that must be coming. */
    case STATUS_STALE:
        lane_take_over(lane, partition, err.text);
        return;
    case STATUS_REJECT:
    case STATUS_FATAL:
        lane_break(lane, partition, &err);
        return;
    }
}

static void release_hold(struct lane *lane, struct partition *partition)
{
    struct error err;

    if (lane->monotonic_ms < partition->hold_until_ms ||
        flow_registry_revision(lane->registry) < partition->hold_revision) {
        return;
    }
    if (lane->consumer.start(lane->consumer.self, text_of(lane->names.inbox), partition->number,
                             partition->next_offset, &err) == STATUS_OK) {
        partition->state = PARTITION_READY;
        return;
    }
    partition->hold_until_ms = lane->monotonic_ms + MS_PER_SECOND;
    log_again(&partition->gate, LOG_WARN, "start-failed", "partition=%d reason=\"%s\"",
              partition->number, err.text);
}

/* The inbox keeps its records for ever as far as the broker is concerned: what is committed is in
 * the history, so the owner cuts it off. One that fails is tried again in its turn. */
static void trim_inbox(struct lane *lane, struct partition *partition)
{
    struct error err;

    if (partition->trim_ms == 0) {
        partition->trim_ms = lane->monotonic_ms + lane->settings->trim_every_ms;
    }
    if (lane->monotonic_ms < partition->trim_ms || partition->next_offset <= partition->trimmed) {
        return;
    }
    partition->trim_ms = lane->monotonic_ms + lane->settings->trim_every_ms;
    if (lane->broker->delete_records(lane->broker->self, text_of(lane->names.inbox),
                                     partition->number, partition->next_offset,
                                     &err) == STATUS_OK) {
        partition->trimmed = partition->next_offset;
    } else {
        log_event(LOG_WARN, "inbox-not-cut", "partition=%d reason=\"%s\"", partition->number,
                  err.text);
    }
}

/* What is shown of the partitions, counted anew each turn. */
struct gauges {
    uint64_t owned;
    uint64_t ready;
    uint64_t held;
    uint64_t broken;
    uint64_t resident;
    uint64_t sleeping;
    uint64_t sleeping_timers;
    uint64_t unapplied;
};

static void count_partition(struct lane *lane, const struct partition *partition,
                            struct gauges *gauges)
{
    gauges->owned++;
    gauges->ready += partition->state == PARTITION_READY;
    gauges->held += partition->state == PARTITION_HELD;
    gauges->broken += partition->state == PARTITION_BROKEN;
    gauges->resident += partition->residents.count;
    gauges->sleeping += partition->sleeping;
    gauges->sleeping_timers += partition->sleeping_timers;
    gauges->unapplied += partition->op_count;
    if (partition->number < STAT_PARTITIONS_MAX) {
        stat_set(&lane->stats->positions[partition->number], (uint64_t)partition->next_offset + 1);
    }
}

static void show_gauges(struct lane *lane, const struct gauges *gauges)
{
    struct lane_stats *stats = lane->stats;

    stat_set(&stats->partitions, gauges->owned);
    stat_set(&stats->ready, gauges->ready);
    stat_set(&stats->held, gauges->held);
    stat_set(&stats->broken, gauges->broken);
    stat_set(&stats->resident, gauges->resident);
    stat_set(&stats->sleeping, gauges->sleeping);
    stat_set(&stats->sleeping_timers, gauges->sleeping_timers);
    stat_set(&stats->unapplied, gauges->unapplied);
}

void lane_clear_gauges(struct lane *lane)
{
    struct gauges none = {0};

    show_gauges(lane, &none);
    stat_set(&lane->stats->assigned, 0);
    for (int32_t i = 0; i < lane->partition_max && i < STAT_PARTITIONS_MAX; i++) {
        stat_set(&lane->stats->positions[i], 0);
    }
}

static void serve_partition(struct lane *lane, struct partition *partition)
{
    if (partition->state == PARTITION_TAKING) {
        take_step(lane, partition);
    } else if (partition->state == PARTITION_HELD) {
        release_hold(lane, partition);
    }
    if (partition->state == PARTITION_READY || partition->state == PARTITION_HELD) {
        lane_serve_store(lane, partition, 0);
    }
    if (partition->state == PARTITION_READY && partition->is_apply_due &&
        partition->residents.count > lane->settings->resident_max) {
        lane_hold(lane, partition, MS_PER_SECOND, 0,
                  "the store of sleeping runs does not answer and memory is at its bound");
    }
    if (partition->state == PARTITION_READY) {
        trim_inbox(lane, partition);
    }
}

void lane_serve_partitions(struct lane *lane)
{
    struct gauges gauges = {0};

    for (int32_t i = 0; i < lane->partition_max; i++) {
        struct partition *partition = lane->partitions[i];
        if (partition != NULL) {
            serve_partition(lane, partition);
            count_partition(lane, partition, &gauges);
        } else if (i < STAT_PARTITIONS_MAX) {
            stat_set(&lane->stats->positions[i], 0);
        }
    }
    show_gauges(lane, &gauges);
}

struct rebalance lane_rebalance(struct lane *lane)
{
    return (struct rebalance){.self = lane, .assigned = assigned, .revoked = revoked};
}
