/*
 * stats - what lanes, routers and their links count. Each is written by the one thread that owns it
 * and read by any: relaxed atomics, so that counting costs a store. What a turn counts is published
 * when the turn is committed (tally.h), so that a batch which is taken again counts once.
 *
 * Zeroed they are valid; give back what they hold with their release function.
 */
#ifndef BATON_ENGINE_STATS_H
#define BATON_ENGINE_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/map.h"
#include "model/instance.h"

/* Where an inbound record ended; exactly one each (DESIGN.md section 3). */
enum outcome {
    OUTCOME_APPLIED,
    OUTCOME_IGNORED,
    OUTCOME_EARLY,     /* Kept in the mailbox of a key whose start has not come. */
    OUTCOME_LATE,      /* To the alerts: the run has ended, or is another one. */
    OUTCOME_UNMATCHED, /* To the alerts: no run, and none may begin. */
    OUTCOME_UNWANTED,  /* No start by its type or `when`, or a start that is remembered: nothing. */
    OUTCOME_REPEAT,    /* Below the watermark. */
    OUTCOME_POISON,    /* To the dead letters, as what follows: cannot be decoded, */
    OUTCOME_UNKEYED,   /* no key is found in it, */
    OUTCOME_OVERSIZE,  /* it is too large, */
    OUTCOME_DEAD,      /* what it leads to cannot be carried out. */
};
#define OUTCOME_COUNT 11

const char *outcome_name(enum outcome outcome); /* "applied" ... */
/* It made a history record, which carries the watermark. */
bool outcome_is_recorded(enum outcome outcome);

/* ---- histograms ---- */

#define HISTOGRAM_BUCKETS 16

/* Of counts or of milliseconds, by the bounds of its kind. */
struct histogram {
    atomic_uint_fast64_t buckets[HISTOGRAM_BUCKETS + 1]; /* Each for itself; the last: above all. */
    atomic_uint_fast64_t sum;
};

enum histogram_kind { HISTOGRAM_COUNT, HISTOGRAM_MS };

/* HISTOGRAM_BUCKETS upper bounds, rising; a value belongs to the first that is not below it. */
const uint32_t *histogram_bounds(enum histogram_kind kind);
/* Index of the bucket of a value; one below 0 counts as 0. */
uint32_t histogram_bucket(enum histogram_kind kind, int64_t value);
void histogram_add(struct histogram *histogram, enum histogram_kind kind, int64_t value);

/* ---- counters by a name that the estate gives: flows, topics, kinds of alerts ---- */

#define STAT_ROWS_MAX 200 /* Further names share one row, STAT_REST. */
#define STAT_VALUES 12
#define STAT_REST "~rest"

struct stat_row {
    struct text name; /* Owned; never changes. */
    atomic_uint_fast64_t values[STAT_VALUES];
    uint32_t pending[STAT_VALUES]; /* Of the open turn; the writer's. */
    bool is_pending;
};

struct stat_table {
    struct stat_row *rows[STAT_ROWS_MAX + 1]; /* The first `count` are set and stay. */
    atomic_uint count;
    struct map index; /* The writer's. */
};

/* The row of `name`, made if it is new. The writer's. */
struct stat_row *stat_row(struct stat_table *table, struct text name);
void stat_table_release(struct stat_table *table);

/* Of a flow. The first are counters, from FLOW_EARLY on gauges: what is in memory now. */
enum flow_value {
    FLOW_STARTED,
    FLOW_COMPLETED,
    FLOW_FAILED,
    FLOW_CANCELLED,
    FLOW_EXPIRED,
    FLOW_EARLY,
    FLOW_RUNNING,
    FLOW_COMPENSATING,
    FLOW_FINISHING,
    FLOW_STUCK,
    FLOW_TIMERS,
};

/* Of a topic that is produced to. RETRIES are counted among COMMANDS and UNDOS as well. */
enum topic_value { TOPIC_COMMANDS, TOPIC_UNDOS, TOPIC_RETRIES, TOPIC_EMITS, TOPIC_CANCELS };

/* Of a limited service: permits, and as what this lane last saw its breaker (1 or 0). UNASKED are
 * given without asking, since the limiter did not answer. */
enum service_value {
    SERVICE_GRANTED,
    SERVICE_DELAYED,
    SERVICE_REFUSED,
    SERVICE_UNASKED,
    SERVICE_CLOSED,
    SERVICE_OPEN,
    SERVICE_PROBING,
};

/* ---- a lane ---- */

#define STAT_PARTITIONS_MAX 1000

struct lane_stats {
    atomic_uint_fast64_t turns;
    atomic_uint_fast64_t transactions;
    atomic_uint_fast64_t outcomes[OUTCOME_COUNT];
    atomic_uint_fast64_t commands;
    atomic_uint_fast64_t timers_fired;
    atomic_uint_fast64_t timers[TIMER_KIND_COUNT]; /* The same, by kind. */
    atomic_uint_fast64_t started;
    atomic_uint_fast64_t ended;
    atomic_uint_fast64_t dead_letters;
    atomic_uint_fast64_t snapshots;
    atomic_uint_fast64_t take_overs;
    atomic_uint_fast64_t rebuilds;        /* Of the store, into a new generation. */
    atomic_uint_fast64_t rebalances;      /* Assignments by the group. */
    atomic_uint_fast64_t assigned;        /* 1: the group has said what is ours, if anything. */
    atomic_uint_fast64_t resident;        /* Runs in memory now. */
    atomic_uint_fast64_t partitions;      /* Owned now. */
    atomic_uint_fast64_t ready;           /* Of these: taken over, */
    atomic_uint_fast64_t held;            /* stopped for a reason that passes, */
    atomic_uint_fast64_t broken;          /* stopped until an operator decides. */
    atomic_uint_fast64_t aborts;          /* Batches taken again. */
    atomic_uint_fast64_t fenced;          /* Of these: because another producer took the id. */
    atomic_uint_fast64_t reopened;        /* Openings of the producer after the first. */
    atomic_uint_fast64_t sleeping;        /* Runs in the store, of the partitions owned, */
    atomic_uint_fast64_t sleeping_timers; /* and their timers, when it was asked last. */
    atomic_uint_fast64_t unapplied;       /* Runs whose snapshot the store has not acknowledged. */
    atomic_uint_fast64_t revision;        /* Read of baton.flows. */
    /* The next inbox offset to be decided, plus one; 0: not ours. By partition. */
    atomic_uint_fast64_t positions[STAT_PARTITIONS_MAX];
    struct histogram turn_ms;       /* From the end of the poll, of turns that did something. */
    struct histogram commit_ms;     /* Begin to commit. */
    struct histogram batch_records; /* Of a transaction. */
    struct histogram late_delay_ms; /* Timers: how long after they were due they fired; waits, */
    struct histogram late_limit_ms; /* and deadlines, which wait for the barrier. */
    struct stat_table flows;
    struct stat_table topics;
    struct stat_table services;
    struct stat_table alerts; /* By kind; the one value is a counter. */
};
void lane_stats_release(struct lane_stats *stats);

/* ---- a router ---- */

struct router_stats {
    atomic_uint_fast64_t read;
    atomic_uint_fast64_t forwarded;
    atomic_uint_fast64_t foreign;    /* Replies that are not ours. */
    atomic_uint_fast64_t tombstones; /* Skipped. */
    atomic_uint_fast64_t poison;
    atomic_uint_fast64_t unkeyed;
    atomic_uint_fast64_t oversize;
    atomic_uint_fast64_t unrouted; /* Of a topic that no flow takes this record from. */
    atomic_uint_fast64_t matched;  /* Records of which something was forwarded. */
    atomic_uint_fast64_t sessions;
    atomic_uint_fast64_t assigned; /* 1: in the session, the group has said what is ours. */
    atomic_uint_fast64_t idle;     /* 1: no flow reads any topic, so there is no session. */
    atomic_uint_fast64_t places;   /* Partitions of source topics that are ours. */
    atomic_uint_fast64_t starting; /* Of these: where to begin is being found out, */
    atomic_uint_fast64_t stopped;  /* what comes next is gone: an operator decides. */
    atomic_uint_fast64_t held;     /* what comes next is of a schema that is not there yet. */
    atomic_uint_fast64_t revision; /* Read of baton.flows. */
    struct histogram batch_records;
};

/* ---- the schema registry ---- */

struct schema_stats {
    atomic_uint_fast64_t fetched; /* Schemas asked of the registry, and got; */
    atomic_uint_fast64_t unknown; /* there is none, or none that can be used; */
    atomic_uint_fast64_t failed;  /* no answer that says anything about the schema. */
    atomic_uint_fast64_t held;    /* Schemas at hand. */
};

/* ---- a link to the store of sleeping runs ---- */

struct store_stats {
    atomic_uint_fast64_t connected; /* 1 or 0. */
    atomic_uint_fast64_t calls;     /* Commands sent. */
    atomic_uint_fast64_t errors;    /* Broken links and error replies. */
    atomic_uint_fast64_t connects;
};

/* ---- writing and reading ---- */

static inline void stat_add(atomic_uint_fast64_t *stat, uint64_t count)
{
    /* Written by one thread only: no read-modify-write is needed. */
    atomic_store_explicit(stat, atomic_load_explicit(stat, memory_order_relaxed) + count,
                          memory_order_relaxed);
}

static inline void stat_set(atomic_uint_fast64_t *stat, uint64_t value)
{
    atomic_store_explicit(stat, value, memory_order_relaxed);
}

static inline uint64_t stat_get(const atomic_uint_fast64_t *stat)
{
    return atomic_load_explicit(stat, memory_order_relaxed);
}

#endif
