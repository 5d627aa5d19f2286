#include "engine/lane_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/log.h"

#define REGISTRY_POLL_MS MS_PER_SECOND
#define SETTLE_WAIT_MS 5
#define REPLACED_WINDOW_MS MS_PER_MINUTE

static void name_lane(struct lane *lane)
{
    const struct settings *settings = lane->settings;

    if (settings->name.bytes > 0) {
        snprintf(lane->static_id, sizeof lane->static_id, "%.*s.%.*s.%u", TEXT_ARG(settings->app),
                 TEXT_ARG(settings->name), lane->options.index);
        memcpy(lane->transactional_id, lane->static_id, sizeof lane->static_id);
        return;
    }
    snprintf(lane->transactional_id, sizeof lane->transactional_id, "%.*s.%016" PRIx64 ".%u",
             TEXT_ARG(settings->app), lane->options.seed, lane->options.index);
}

static enum status join(struct lane *lane, struct error *err)
{
    const struct clock *clock = lane->options.clock;
    struct text inbox = text_of(lane->names.inbox);
    struct consumer_options group = {
        .group = text_of(lane->names.exec_group),
        .topics = &inbox,
        .topic_count = 1,
        .static_id = text_of(lane->static_id),
        .rebalance = lane_rebalance(lane),
    };
    enum status status = lane->broker->open_consumer(lane->broker->self, &group, &lane->consumer,
                                                     err);

    lane->has_consumer = status == STATUS_OK;
    lane->last_poll_ms = clock->monotonic_ms(clock->self);
    return status;
}

enum status lane_open(const struct lane_options *options, struct lane **out, struct error *err)
{
    struct lane *lane = calloc(1, sizeof *lane);
    enum status status;

    CHECK(lane != NULL);
    lane->options = *options;
    lane->broker = options->broker;
    lane->settings = options->settings;
    lane->partition_max = options->settings->partitions;
    lane->batch_max = options->settings->batch_records_max;
    if (options->stats == NULL) {
        lane->own_stats = calloc(1, sizeof *lane->own_stats);
        CHECK(lane->own_stats != NULL);
    }
    lane->stats = options->stats == NULL ? lane->own_stats : options->stats;
    lane->effects.arena = &lane->arena;
    lane->partitions = calloc((size_t)lane->partition_max, sizeof(struct partition *));
    lane->records = calloc(lane->batch_max, sizeof *lane->records);
    CHECK(lane->partitions != NULL && lane->records != NULL);
    lane->janitor = janitor_new();
    names_init(&lane->names, lane->settings->app);
    name_lane(lane);
    lane_end_turn(lane);
    status = flow_registry_open(lane->broker, text_of(lane->names.flows), &lane->registry, err);
    if (status == STATUS_OK) {
        stat_set(&lane->stats->revision, (uint64_t)flow_registry_revision(lane->registry));
        status = join(lane, err);
    }
    if (status != STATUS_OK) {
        lane_abandon(lane);
        return fail_in(err, status, "lane %u", options->index);
    }
    *out = lane;
    return STATUS_OK;
}

void lane_abandon(struct lane *lane)
{
    if (lane == NULL) {
        return;
    }
    lane_end_turn(lane);
    janitor_free(lane->janitor);
    permits_release(&lane->permits);
    for (int32_t i = 0; i < lane->partition_max; i++) {
        partition_free(lane->partitions[i]);
    }
    lane_clear_gauges(lane);
    if (lane->own_stats != NULL) {
        lane_stats_release(lane->own_stats);
        free(lane->own_stats);
    }
    flow_registry_close(lane->registry);
    arena_release(&lane->arena);
    effect_release(&lane->effects);
    buffer_release(&lane->scratch);
    buffer_release(&lane->scratch_key);
    buffer_release(&lane->scratch_delta);
    free(lane->outbox.items);
    free(lane->outbox.origins);
    free(lane->touched);
    free(lane->marks);
    free(lane->records);
    free(lane->partitions);
    free(lane);
}

void lane_close(struct lane *lane)
{
    if (lane == NULL) {
        return;
    }
    if (lane->has_producer) {
        lane->producer.close(lane->producer.self);
    }
    if (lane->has_consumer) {
        lane->consumer.close(lane->consumer.self);
    }
    lane_abandon(lane);
}

void lane_leave(struct lane *lane)
{
    if (lane != NULL && lane->consumer.leave != NULL) {
        lane->consumer.close = lane->consumer.leave;
    }
    lane_close(lane);
}

static void read_clocks(struct lane *lane)
{
    const struct clock *clock = lane->options.clock;

    lane->now_ms = clock->now_ms(clock->self);
    lane->monotonic_ms = clock->monotonic_ms(clock->self);
}

/* Follow baton.flows; a broker that does not answer is not the lane's end. */
static void follow_flows(struct lane *lane)
{
    struct error err;

    if (lane->monotonic_ms < lane->registry_poll_ms) {
        return;
    }
    lane->registry_poll_ms = lane->monotonic_ms + REGISTRY_POLL_MS;
    if (flow_registry_poll(lane->registry, 0, &err) != STATUS_OK) {
        log_again(&lane->gate, LOG_WARN, "flows-unreadable", "lane=%u reason=\"%s\"",
                  lane->options.index, err.text);
    }
    stat_set(&lane->stats->revision, (uint64_t)flow_registry_revision(lane->registry));
}

/* A poll found a position gone: break that partition, since nobody may jump over lost records. */
static void find_lost(struct lane *lane, const struct error *why)
{
    struct text inbox = text_of(lane->names.inbox);

    for (int32_t i = 0; i < lane->partition_max; i++) {
        struct partition *partition = lane->partitions[i];
        struct log_ends ends;
        struct error err;
        if (partition == NULL || partition->state != PARTITION_READY) {
            continue;
        }
        enum status known = lane->broker->ends(lane->broker->self, inbox, i, &ends, &err);
        if (known == STATUS_OK &&
            (partition->next_offset < ends.low || partition->next_offset > ends.high)) {
            lane_break(lane, partition, why);
        } else if (known != STATUS_OK ||
                   lane->consumer.start(lane->consumer.self, inbox, i, partition->next_offset,
                                        &err) != STATUS_OK) {
            /* Not known: it may be this one, and to start it again says so again. Refused: for a
             * moment only, and it would stay paused. */
            lane_hold(lane, partition, MS_PER_SECOND, 0, err.text);
        }
    }
}

/* Another member has our static id. It may be ourselves: when the answer to a join is lost, as with
 * a broker that restarts, the group takes the repeated join for a successor. So join anew; two
 * processes of one name replace one another again and again, until one of them gives up. */
static enum status leave_replaced(struct lane *lane, struct error *err)
{
    int64_t *times = lane->replaced_ms;

    log_event(LOG_WARN, "member-replaced", "lane=%u member=%s reason=\"%s\"", lane->options.index,
              lane->static_id, err->text);
    lane->consumer.close(lane->consumer.self);
    lane->has_consumer = false;
    janitor_close(lane->janitor);
    for (int32_t i = 0; i < lane->partition_max; i++) {
        partition_free(lane->partitions[i]);
        lane->partitions[i] = NULL;
    }
    lane_clear_gauges(lane);
    memmove(times, times + 1, sizeof lane->replaced_ms - sizeof *times);
    times[REPLACED_MAX - 1] = lane->monotonic_ms;
    if (times[0] != 0 && lane->monotonic_ms - times[0] < REPLACED_WINDOW_MS) {
        return fail(err, STATUS_FATAL,
                    "member '%s' was replaced %d times in a minute: two processes run under the "
                    "same name; give each its own `name`",
                    lane->static_id, REPLACED_MAX);
    }
    return STATUS_RETRY;
}

static enum status poll(struct lane *lane, int64_t wait_ms, struct error *err)
{
    uint32_t capacity = lane->batch_max < lane->settings->batch_records_max
                            ? lane->batch_max
                            : lane->settings->batch_records_max;

    lane->record_count = 0;
    enum status status = lane->consumer.poll(lane->consumer.self, wait_ms, lane->records, capacity,
                                             &lane->record_count, err);
    read_clocks(lane);
    lane->last_poll_ms = lane->monotonic_ms;
    if (status == STATUS_REJECT) {
        log_event(LOG_ERROR, "position-lost", "lane=%u reason=\"%s\"", lane->options.index,
                  err->text);
        find_lost(lane, err);
        return STATUS_OK;
    }
    if (status == STATUS_FENCED) {
        return leave_replaced(lane, err);
    }
    return status;
}

static bool has_work(const struct lane *lane)
{
    if (lane->outbox.count > 0) {
        return true;
    }
    for (int32_t i = 0; i < lane->partition_max; i++) {
        if (lane->partitions[i] != NULL && lane->partitions[i]->is_touched) {
            return true;
        }
    }
    return false;
}

static void checkpoint_all(struct lane *lane, bool everything)
{
    for (int32_t i = 0; i < lane->partition_max; i++) {
        struct partition *partition = lane->partitions[i];
        if (partition != NULL && partition->state == PARTITION_READY) {
            lane_checkpoint(lane, partition, everything);
        }
    }
}

/* Decide what was polled and what is due, and commit it as one. */
static enum status work(struct lane *lane, bool everything, struct error *err)
{
    const struct clock *clock = lane->options.clock;
    enum status status = STATUS_OK;
    uint32_t taken = lane->record_count;

    lane_take(lane);
    lane_tell_schedules(lane);
    lane_fire_timers(lane);
    checkpoint_all(lane, everything);
    if (!everything) {
        janitor_pass(lane);
        shorten_pass(lane);
    }
    lane_add_bare_marks(lane);
    if (has_work(lane)) {
        status = lane_commit(lane, err);
    }
    bool was_idle = taken == 0 && lane->events == 0;
    lane_end_turn(lane);
    stat_add(&lane->stats->turns, 1);
    if (!was_idle) {
        histogram_add(&lane->stats->turn_ms, HISTOGRAM_MS,
                      clock->monotonic_ms(clock->self) - lane->monotonic_ms);
    }
    return status;
}

enum status lane_turn(struct lane *lane, int64_t wait_ms, struct error *err)
{
    read_clocks(lane);
    if (!lane->has_consumer) {
        enum status joined = join(lane, err);
        return joined == STATUS_OK || joined == STATUS_FATAL ? joined : STATUS_RETRY;
    }
    follow_flows(lane);
    /* Before the poll: what starts to be fetched here has given out nothing older, and a slow step
     * of a take-over does not use up the time that the turn has until its commit. */
    lane_serve_partitions(lane);
    enum status status = poll(lane, lane_next_wake(lane, wait_ms), err);
    if (status != STATUS_OK) {
        lane_end_turn(lane);
        return status == STATUS_FATAL ? status : STATUS_RETRY;
    }
    lane_fault(lane, "after-poll");
    return work(lane, false, err);
}

static bool is_asleep(const struct lane *lane)
{
    for (int32_t i = 0; i < lane->partition_max; i++) {
        const struct partition *partition = lane->partitions[i];
        if (partition != NULL && partition->state == PARTITION_READY &&
            (partition->dirty.first != NULL || partition->pending_count > 0 ||
             partition->is_applying || partition->is_apply_due)) {
            return false;
        }
    }
    return true;
}

enum status lane_drain(struct lane *lane, int64_t wait_ms, struct error *err)
{
    enum status status = STATUS_OK;

    read_clocks(lane);
    for (int32_t i = 0; i < lane->partition_max && status == STATUS_OK; i++) {
        if (lane->partitions[i] != NULL) {
            status = lane->consumer.pause(lane->consumer.self, text_of(lane->names.inbox), i, err);
        }
    }
    int64_t until_ms = lane->monotonic_ms + wait_ms;
    while (status == STATUS_OK && !is_asleep(lane) && lane->monotonic_ms < until_ms) {
        /* The group is served, but nothing further is taken: what a poll still gives out is not
         * committed, and the next owner reads it. */
        status = poll(lane, SETTLE_WAIT_MS, err);
        lane->record_count = 0;
        if (status == STATUS_OK) {
            lane_serve_partitions(lane);
            status = work(lane, true, err);
        }
    }
    return status;
}

const struct lane_stats *lane_stats(const struct lane *lane)
{
    return lane->stats;
}

bool lane_is_ready(const struct lane *lane)
{
    for (int32_t i = 0; i < lane->partition_max; i++) {
        const struct partition *partition = lane->partitions[i];
        if (partition != NULL && partition->state == PARTITION_TAKING) {
            return false;
        }
    }
    return true;
}

void lane_each_instance(const struct lane *lane,
                        void (*visit)(void *self, int32_t partition,
                                      const struct instance *instance),
                        void *self)
{
    for (int32_t i = 0; i < lane->partition_max; i++) {
        const struct partition *partition = lane->partitions[i];
        size_t cursor = 0;
        struct text name;
        void *value;

        if (partition == NULL || partition->state != PARTITION_READY) {
            continue;
        }
        while (map_next(&partition->residents, &cursor, &name, &value)) {
            const struct resident *resident = value;
            if (resident->instance != NULL) {
                visit(self, i, resident->instance);
            }
        }
    }
}
