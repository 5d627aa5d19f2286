/*
 * sleep_store - the port to where the runs of one partition sleep. What it holds is the fold of
 * committed snapshot records up to a watermark (an offset of the snapshot topic); losing it costs a
 * rebuild, never a run. Times are milliseconds since the epoch.
 */
#ifndef BATON_ENGINE_SLEEP_STORE_H
#define BATON_ENGINE_SLEEP_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "base/text.h"

struct sleep_timer {
    struct text id; /* "<kind>/<owner>/<run>" */
    int64_t due_ms;
};

/* Replaces the whole run of `name`. */
struct sleep_op {
    struct text name;
    struct text state; /* data NULL: the run is gone; the rest is empty. */
    const struct sleep_timer *timers;
    uint32_t timer_count;
    const struct text *stack; /* The compensation stack, bottom first. */
    uint32_t stack_count;
};

/* Where the store stands. */
struct sleep_stamp {
    bool present; /* False: nothing there (new, flushed); the rest is zero. */
    int32_t format;
    char topic_id[48];  /* Of the snapshot topic it was built from; may be empty. */
    int64_t generation; /* Random, drawn by reset; never 0. */
    int64_t watermark;
    int64_t applied_ms;
    int64_t run_count; /* As counted by apply. */
    int64_t timer_count;
    int64_t run_count_seen; /* As they are there now: another count means something is missing. */
    int64_t timer_count_seen;
};

#define SLEEP_FORMAT 1

/* A run that was loaded; the texts are borrowed until the next call on the store. */
struct sleep_run {
    struct text state; /* data NULL: none sleeps under this name. */
    const struct text *stack;
    uint32_t stack_count;
};

struct sleep_due {
    struct text name; /* Borrowed until the next call on the store. */
    struct text id;
    int64_t due_ms;
};

/* RETRY from any call: the store did not answer; nothing is known to have changed. */
struct sleep_store {
    void *self;
    enum status (*stamp)(void *self, struct sleep_stamp *stamp, struct error *err);
    /* Start a new, empty generation at watermark 0 and forget the others. */
    enum status (*reset)(void *self, int64_t generation, struct text topic_id, struct error *err);
    /* Hand over the change from watermark `from` to `to`; one at a time. Returns without waiting
     * for the answer, which settle() gives. The ops are borrowed until it is there. Repeating is
     * harmless. */
    enum status (*apply)(void *self, int64_t generation, int64_t from, int64_t to, int64_t now_ms,
                         const struct sleep_op *ops, uint32_t op_count, struct error *err);
    /* Wait up to `wait_ms` for the answer to apply. *done tells whether it is there; then OK: the
     * store stands at `to`; STALE: it stood elsewhere and nothing was changed; RETRY: not known. */
    enum status (*settle)(void *self, int64_t wait_ms, bool *done, struct error *err);
    /* Load the run of each name. One round trip. STALE: not this generation and watermark, or the
     * counts differ. */
    enum status (*load)(void *self, int64_t generation, int64_t watermark, const struct text *names,
                        uint32_t name_count, struct sleep_run *runs, struct error *err);
    /* Timers due at or before `until_ms`, oldest first, up to `capacity`. STALE as load. */
    enum status (*due)(void *self, int64_t generation, int64_t watermark, int64_t until_ms,
                       struct sleep_due *due, uint32_t capacity, uint32_t *count,
                       struct error *err);
    void (*close)(void *self);
};

/* The factory: one link a lane, a store for each of its partitions. */
struct sleep_place {
    void *self;
    enum status (*open)(void *self, int32_t partition, struct sleep_store *store,
                        struct error *err);
};

#endif
