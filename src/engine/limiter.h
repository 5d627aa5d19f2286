/*
 * limiter - the port to who counts what limited services let through, for all workers of an app. What
 * it knows may be lost at any time, and then all is full and closed again. Times are spans in
 * milliseconds: the limiter has a clock of its own.
 *
 * The rules, whoever keeps them:
 * - A permit has an id; asking for one again gives the same answer as before, never a second one.
 * - An open breaker refuses. After its time, as many permits as it has probes are given; one failure
 *   of them opens it again, success of all closes it.
 * - A place (`concurrency`) is given to who asked first; places are leased, and free when the lease
 *   ends or the permit is given back.
 * - A token (`rate`) is reserved: the answer then says how long until it is there, and the place is
 *   held meanwhile. None is reserved beyond the time for which the asker waits.
 */
#ifndef BATON_ENGINE_LIMITER_H
#define BATON_ENGINE_LIMITER_H

#include "base/status.h"
#include "model/limits.h"

#define LIMIT_DAY_MS INT64_C(86400000)

struct limit_question {
    struct text service;
    const struct limits *limits;
    struct text id;
    struct text key;     /* Of the bucket. */
    int64_t lease_ms;    /* From when it may go, how long it is held at most; up to LIMIT_DAY_MS. */
    int64_t patience_ms; /* How long the asker waits; -1: as long as it takes. */
};

enum limit_verdict {
    LIMIT_GRANTED,
    LIMIT_QUEUED,   /* No place is free; ask again in `wait_ms`. */
    LIMIT_RESERVED, /* It may go in `wait_ms`; ask again then. */
    LIMIT_REFUSED,  /* The breaker is open, for `wait_ms` more at least. */
};

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_PROBING };

struct limit_answer {
    enum limit_verdict verdict;
    int64_t wait_ms;
    enum breaker_state breaker;
};

enum limit_outcome { LIMIT_UNKNOWN, LIMIT_SUCCESS, LIMIT_FAILURE };

/* A permit is over: given back, or not wanted any more. */
struct limit_report {
    struct text service;
    const struct limits *limits;
    struct text id;
    enum limit_outcome outcome;
};

/* RETRY from any call: it does not answer; nothing is known to have changed. */
struct limiter {
    void *self;
    /* Hand over questions, one batch at a time; does not wait. Nothing is borrowed afterwards. */
    enum status (*ask)(void *self, const struct limit_question *questions, uint32_t count,
                       struct error *err);
    /* The answers to the batch, in its order, if they are there; does not wait. */
    enum status (*answers)(void *self, bool *done, struct limit_answer *answers, uint32_t count,
                           struct error *err);
    /* Hand over reports; nobody hears what became of them. */
    enum status (*tell)(void *self, const struct limit_report *reports, uint32_t count,
                        struct error *err);
};

#endif
