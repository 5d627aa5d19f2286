/*
 * settings - what an estate's configuration says to routers and lanes. Milliseconds and counts.
 */
#ifndef BATON_ENGINE_SETTINGS_H
#define BATON_ENGINE_SETTINGS_H

#include "base/text.h"

#define RULE_CLOCK 17

struct settings {
    struct text app;  /* Prefix of topics, groups, transactional ids and Redis keys. */
    struct text name; /* Static membership; empty: dynamic. */
    int32_t partitions;
    uint32_t batch_records_max;
    int64_t checkpoint_idle_ms;
    int64_t checkpoint_max_ms;
    uint32_t remember_max; /* Ended entries a partition. */
    uint32_t history_max;  /* Records that are kept of a run that goes on; see shorten.h. */
    uint32_t resident_max; /* Runs in memory a partition while Redis is away. */
    int64_t deadlines_grace_ms;
    int64_t session_timeout_ms;
    int64_t fence_grace_ms;   /* How long a dead owner's transaction may block a take-over. */
    int64_t store_stale_ms;   /* A store last applied longer ago than this is rebuilt. */
    int64_t near_ms;          /* How far ahead sleeping timers are fetched, */
    int64_t near_poll_ms;     /* and how often. */
    int64_t trim_every_ms;    /* How often the inbox is cut below the committed offset. */
    int64_t sweep_every_ms;   /* How often the history is looked through for what is old. */
    int64_t barrier_every_ms; /* How often the barrier begins a round; see barrier.h. */
    /* Bit n switches rule n of DESIGN.md section 5 off, RULE_CLOCK the look at the clock of rule 7
     * alone: the simulator's proof that each rule is needed. 0 in the program. */
    uint32_t rules_off;
};

/* The defaults; `app` is "baton". */
struct settings settings_default(void);

/* Names made from `app`, NUL-terminated, for the life of the struct. */
#define NAME_BYTES 272
struct names {
    char inbox[NAME_BYTES];
    char history[NAME_BYTES];
    char snapshot[NAME_BYTES];
    char checkpoint[NAME_BYTES];
    char flows[NAME_BYTES];
    char dlq[NAME_BYTES];
    char alerts[NAME_BYTES];
    char router_group[NAME_BYTES];
    char exec_group[NAME_BYTES];
};
void names_init(struct names *names, struct text app);

#endif
