/*
 * sim_limits_parts - the inside of the simulated limiter: the port (sim_limits.c) and the rules
 * (sim_permits.c).
 */
#ifndef BATON_SIM_SIM_LIMITS_PARTS_H
#define BATON_SIM_SIM_LIMITS_PARTS_H

#include "sim/sim_limits.h"

/* What is known of one id; a time of 0 says that it is not so. */
struct sim_permit {
    char *id;
    int64_t held_until_ms; /* It has a place, and its lease. */
    int64_t go_ms;         /* Of these: its token is reserved for then. */
    int64_t queued_ms;     /* It waits for a place, since then, */
    int64_t alive_ms;      /* and is given up if nobody asks again. */
    int64_t probe_until_ms;
};

struct sim_bucket {
    char *key;
    double full_ms; /* When it will be full again. */
};

struct sim_failure {
    uint64_t id_hash; /* However often it is told, it is one. */
    int64_t at_ms;
};

struct sim_limited {
    char *name;
    struct sim_permit *items;
    size_t count;
    size_t capacity;
    struct sim_bucket *buckets;
    size_t bucket_count;
    size_t bucket_capacity;
    struct sim_failure *failures;
    size_t failure_count;
    size_t failure_capacity;
    int64_t until_ms; /* The breaker is open, and probing after it; 0: closed. */
    uint32_t done;    /* Probes that succeeded. */
};

struct sim_limits_handle {
    struct sim_limits *limits;
    struct sim_process *process;
    struct limit_answer *answers; /* Of the batch that was asked; NULL: none. */
    uint32_t count;
};

struct sim_limits {
    struct sim *sim;
    struct sim_limited **services;
    size_t count;
    size_t capacity;
    struct sim_limits_handle **handles;
    size_t handle_count;
    size_t handle_capacity;
    int64_t gone_until_ms;
};

struct limit_answer sim_permit_ask(struct sim_limited *service,
                                   const struct limit_question *question, int64_t now_ms);
void sim_permit_tell(struct sim_limited *service, const struct limit_report *report,
                     int64_t now_ms);
uint32_t sim_permits_held(const struct sim_limited *service, int64_t now_ms);
/* Forget all of it. */
void sim_permit_drop(struct sim_limited *service, struct sim_permit *permit);

#endif
