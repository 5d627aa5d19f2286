/*
 * stats - what a lane and a router count. Written by their thread, read by any.
 */
#ifndef BATON_ENGINE_STATS_H
#define BATON_ENGINE_STATS_H

#include <stdatomic.h>
#include <stdint.h>

/* Where an inbound record ended; exactly one each (DESIGN.md section 3). */
enum outcome {
    OUTCOME_APPLIED,
    OUTCOME_IGNORED,
    OUTCOME_UNMATCHED, /* To the alerts: late, finished, no run. */
    OUTCOME_DEAD,      /* To the dead letters. */
    OUTCOME_REPEAT,    /* Below the watermark. */
};
#define OUTCOME_COUNT 5

struct lane_stats {
    atomic_uint_fast64_t turns;
    atomic_uint_fast64_t transactions;
    atomic_uint_fast64_t outcomes[OUTCOME_COUNT];
    atomic_uint_fast64_t commands;
    atomic_uint_fast64_t timers_fired;
    atomic_uint_fast64_t started;
    atomic_uint_fast64_t ended;
    atomic_uint_fast64_t snapshots;
    atomic_uint_fast64_t take_overs;
    atomic_uint_fast64_t resident;   /* Runs in memory now. */
    atomic_uint_fast64_t partitions; /* Owned now. */
    atomic_uint_fast64_t ready;      /* Of these, taken over. */
    atomic_uint_fast64_t aborts;     /* Batches taken again. */
};

struct router_stats {
    atomic_uint_fast64_t read;
    atomic_uint_fast64_t forwarded;
    atomic_uint_fast64_t foreign;    /* Replies that are not ours. */
    atomic_uint_fast64_t tombstones; /* Skipped. */
    atomic_uint_fast64_t poison;
    atomic_uint_fast64_t unkeyed;
    atomic_uint_fast64_t oversize;
    atomic_uint_fast64_t unrouted; /* Of a topic that no flow takes this record from. */
    atomic_uint_fast64_t sessions;
};

#endif
