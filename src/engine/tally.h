/*
 * tally - what an open turn counts. Plain numbers: they go into the lane's counters when the turn is
 * committed and are dropped with it otherwise, so a batch that is taken again counts once.
 *
 * The gauges of runs in memory do not wait: they follow the residents as they come, change and go.
 */
#ifndef BATON_ENGINE_TALLY_H
#define BATON_ENGINE_TALLY_H

#include "core/transition.h"
#include "engine/partition.h"
#include "engine/stats.h"

/* A histogram that one thread alone sees. */
struct tally_spans {
    uint32_t buckets[HISTOGRAM_BUCKETS + 1];
    uint64_t sum;
    bool is_used;
};

struct tally {
    uint32_t outcomes[OUTCOME_COUNT];
    uint32_t timers[TIMER_KIND_COUNT];
    uint32_t commands;
    uint32_t dead_letters;
    struct tally_spans late_delays;
    struct tally_spans late_limits;
};

/* The turn is over: what was not published is dropped. */
void tally_clear(struct tally *tally, struct lane_stats *stats);
/* The turn is committed. */
void tally_publish(struct tally *tally, struct lane_stats *stats);

void tally_outcome(struct tally *tally, enum outcome outcome);
/* A timer has fired `late_ms` after it was due. */
void tally_fired(struct tally *tally, enum timer_kind kind, int64_t late_ms);
/* A run begins or ends with this transition; nothing otherwise. */
void tally_run(struct lane_stats *stats, const struct flow *flow, const struct instance *before,
               const struct instance *after);
/* A command, a cancellation or an emitted record. */
void tally_message(struct tally *tally, struct lane_stats *stats, const struct effect *effect);
void tally_alert(struct lane_stats *stats, const char *kind);

/* A transaction is committed; of so many inbox records, after `span_ms`. */
void tally_commit(struct lane_stats *stats, int64_t span_ms, uint32_t records);

/* Count the resident as what it now is, among the runs in memory; or no longer. */
void resident_count(struct lane_stats *stats, struct resident *resident);
void resident_uncount(struct resident *resident);

#endif
