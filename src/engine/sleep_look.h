/*
 * sleep_look - the port through which the sleeping place is looked at, and never changed. Every
 * answer is of one moment and says at which watermark that was.
 */
#ifndef BATON_ENGINE_SLEEP_LOOK_H
#define BATON_ENGINE_SLEEP_LOOK_H

#include "engine/sleep_store.h"

/* A run, and the timers that it should have. */
struct sleep_ask {
    struct text name;
    const struct text *timers; /* "<kind>/<owner>/<run>" */
    uint32_t timer_count;
};

#define SLEEP_NOT_DUE INT64_MIN /* The timer is not armed. */

/* What is there of it. Borrowed until the next call. */
struct sleep_seen {
    struct text state;        /* data NULL: none sleeps under this name. */
    const struct text *noted; /* The timers that its state notes. */
    uint32_t noted_count;
    const struct text *stack;
    uint32_t stack_count;
    const int64_t *due; /* Beside the timers asked for. */
};

/* A name that is there: of a run, or (timer not empty) of a timer's run. */
struct sleep_name {
    struct text name;
    struct text timer;
};

/* RETRY from any call: the store did not answer. */
struct sleep_look {
    void *self;
    /* Where it stands, and what it holds of `asks`. `seen` has room for `count`. */
    enum status (*look)(void *self, int32_t partition, const struct sleep_ask *asks, uint32_t count,
                        struct sleep_stamp *stamp, struct sleep_seen *seen, struct error *err);
    /* The names that are there, some a call: start with *cursor = 0, it is 0 again at the end. Some
     * may come twice. Borrowed until the next call. */
    enum status (*names)(void *self, int32_t partition, uint64_t *cursor,
                         const struct sleep_name **names, uint32_t *count, struct error *err);
};

#endif
