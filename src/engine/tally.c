#include "engine/tally.h"

#include <string.h>

static void publish_spans(const struct tally_spans *spans, struct histogram *histogram)
{
    if (!spans->is_used) {
        return;
    }
    for (uint32_t i = 0; i <= HISTOGRAM_BUCKETS; i++) {
        stat_add(&histogram->buckets[i], spans->buckets[i]);
    }
    stat_add(&histogram->sum, spans->sum);
}

/* What the rows of a table have pending goes into their counters, or away. */
static void settle_table(struct stat_table *table, bool is_published)
{
    unsigned count = atomic_load_explicit(&table->count, memory_order_relaxed);

    for (unsigned i = 0; i < count; i++) {
        struct stat_row *row = table->rows[i];

        for (uint32_t k = 0; row->is_pending && is_published && k < STAT_VALUES; k++) {
            if (row->pending[k] > 0) {
                stat_add(&row->values[k], row->pending[k]);
            }
        }
        if (row->is_pending) {
            memset(row->pending, 0, sizeof row->pending);
            row->is_pending = false;
        }
    }
}

static void settle_tables(struct lane_stats *stats, bool is_published)
{
    settle_table(&stats->flows, is_published);
    settle_table(&stats->topics, is_published);
    settle_table(&stats->alerts, is_published);
}

void tally_clear(struct tally *tally, struct lane_stats *stats)
{
    *tally = (struct tally){0};
    settle_tables(stats, false);
}

void tally_publish(struct tally *tally, struct lane_stats *stats)
{
    for (uint32_t i = 0; i < OUTCOME_COUNT; i++) {
        stat_add(&stats->outcomes[i], tally->outcomes[i]);
    }
    for (uint32_t i = 0; i < TIMER_KIND_COUNT; i++) {
        stat_add(&stats->timers[i], tally->timers[i]);
        stat_add(&stats->timers_fired, tally->timers[i]);
    }
    stat_add(&stats->commands, tally->commands);
    stat_add(&stats->dead_letters, tally->dead_letters);
    publish_spans(&tally->late_delays, &stats->late_delay_ms);
    publish_spans(&tally->late_limits, &stats->late_limit_ms);
    settle_tables(stats, true);
    *tally = (struct tally){0};
}

void tally_outcome(struct tally *tally, enum outcome outcome)
{
    tally->outcomes[outcome]++;
}

void tally_fired(struct tally *tally, enum timer_kind kind, int64_t late_ms)
{
    struct tally_spans *spans = timer_is_deadline(kind) ? &tally->late_limits : &tally->late_delays;

    tally->timers[kind]++;
    spans->is_used = true;
    spans->buckets[histogram_bucket(HISTOGRAM_MS, late_ms)]++;
    spans->sum += late_ms < 0 ? 0 : (uint64_t)late_ms;
}

static void pend(struct stat_row *row, uint32_t value)
{
    row->pending[value]++;
    row->is_pending = true;
}

static bool has_started(const struct instance *instance)
{
    return instance->status != RUN_NONE && instance->status != RUN_EMBRYO &&
           instance->status != RUN_EXPIRED;
}

static enum flow_value end_value(enum run_status status)
{
    switch (status) {
    case RUN_COMPLETED:
        return FLOW_COMPLETED;
    case RUN_FAILED:
        return FLOW_FAILED;
    case RUN_CANCELLED:
        return FLOW_CANCELLED;
    case RUN_EXPIRED:
        return FLOW_EXPIRED;
    case RUN_NONE:
    case RUN_EMBRYO:
    case RUN_RUNNING:
    case RUN_COMPENSATING:
    case RUN_FINISHING:
    case RUN_HELD:
        break;
    }
    CHECK(!"a run that has not ended");
    return FLOW_FAILED;
}

void tally_run(struct lane_stats *stats, const struct flow *flow, const struct instance *before,
               const struct instance *after)
{
    bool starts = has_started(after) && !has_started(before);
    bool ends = instance_has_ended(after) && !instance_has_ended(before);

    if ((!starts && !ends) || instance_is_internal(after->name)) {
        return;
    }
    struct stat_row *row = stat_row(&stats->flows, flow->name);
    if (starts) {
        pend(row, FLOW_STARTED);
    }
    if (ends) {
        pend(row, end_value(after->status));
    }
}

void tally_message(struct tally *tally, struct lane_stats *stats, const struct effect *effect)
{
    struct stat_row *row = stat_row(&stats->topics, effect->topic);

    switch (effect->kind) {
    case EFFECT_COMMAND:
        tally->commands++;
        pend(row, effect->is_undo || effect->in_undo ? TOPIC_UNDOS : TOPIC_COMMANDS);
        if (effect->attempt > 1) {
            pend(row, TOPIC_RETRIES);
        }
        break;
    case EFFECT_EMIT:
        pend(row, TOPIC_EMITS);
        break;
    case EFFECT_CANCEL:
        pend(row, TOPIC_CANCELS);
        break;
    case EFFECT_TELL:
    case EFFECT_ALERT:
        break;
    }
}

void tally_alert(struct lane_stats *stats, const char *kind)
{
    pend(stat_row(&stats->alerts, text_of(kind)), 0);
}

void tally_commit(struct lane_stats *stats, int64_t span_ms, uint32_t records)
{
    stat_add(&stats->transactions, 1);
    histogram_add(&stats->commit_ms, HISTOGRAM_MS, span_ms);
    histogram_add(&stats->batch_records, HISTOGRAM_COUNT, records);
}

static enum flow_value open_value(const struct instance *instance)
{
    for (uint32_t i = 0; i < instance->frame_count; i++) {
        if (instance->frames[i].state == FRAME_STUCK) {
            return FLOW_STUCK;
        }
    }
    switch (instance->status) {
    case RUN_EMBRYO:
        return FLOW_EARLY;
    case RUN_COMPENSATING:
        return FLOW_COMPENSATING;
    case RUN_FINISHING:
        return FLOW_FINISHING;
    case RUN_NONE:
    case RUN_RUNNING:
    case RUN_HELD:
    case RUN_COMPLETED:
    case RUN_FAILED:
    case RUN_CANCELLED:
    case RUN_EXPIRED:
        return FLOW_RUNNING;
    }
    CHECK(!"unknown status of a run");
    return FLOW_RUNNING;
}

/* Gauges wrap below zero and come back: only their sum over the lanes means something. */
static void count_gauges(const struct resident *resident, uint64_t sign)
{
    stat_add(&resident->counted->values[resident->counted_state], sign);
    stat_add(&resident->counted->values[FLOW_TIMERS], sign * resident->counted_timers);
}

void resident_uncount(struct resident *resident)
{
    if (resident->counted != NULL) {
        count_gauges(resident, UINT64_MAX);
        resident->counted = NULL;
    }
}

void resident_count(struct lane_stats *stats, struct resident *resident)
{
    const struct instance *instance = resident->instance;
    struct stat_row *row = resident->counted;

    resident_uncount(resident);
    if (instance == NULL || instance_has_ended(instance)) {
        return;
    }
    resident->counted = row != NULL ? row
                                    : stat_row(&stats->flows,
                                               text_sub(instance->name, 0, instance->flow_bytes));
    resident->counted_state = open_value(instance);
    resident->counted_timers = instance->timer_count;
    count_gauges(resident, 1);
}
