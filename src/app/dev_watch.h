/*
 * dev_watch - reads what the lanes wrote: the history, alerts and dead letters of the estate in memory. It
 * has them printed, knows which instances are open and what they wait for, and counts how they end.
 */
#ifndef BATON_APP_DEV_WATCH_H
#define BATON_APP_DEV_WATCH_H

#include "app/dev_print.h"
#include "base/map.h"
#include "engine/settings.h"
#include "engine/wake_heap.h"
#include "sim/sim_broker.h"

#define WATCH_REASON_BYTES 160
#define WATCH_TALLIES_MAX 100

/* An instance that has not ended. */
struct watched {
    struct wake wake; /* First: of its earliest timer. */
    char *name;
    struct text flow; /* In `name`. */
    char place[WATCH_REASON_BYTES];
    char reason[WATCH_REASON_BYTES]; /* Why it fails; empty: it does not. */
    struct watched_timer {
        char id[64];
        int64_t due_ms;
    } * timers;
    uint32_t timer_count;
    uint32_t timer_capacity;
};

/* Instances that ended alike. */
struct end_tally {
    char flow[64];
    char state[16];
    char reason[WATCH_REASON_BYTES];
    uint64_t count;
};

/* Who is told what was read, besides the printer. Each may be NULL. */
struct watch_observer {
    void *self;
    void (*transition)(void *self, const struct history_record *record, const struct record *sent);
    void (*alert)(void *self, const struct alert_record *alert);
    void (*letter)(void *self, const struct record *letter);
};

struct watch {
    const struct dev_printer *printer;
    struct watch_observer observer;
    struct sim_broker *broker;
    struct names names;
    int32_t partitions;
    int64_t *history; /* Read up to here, by partition. */
    int64_t *alerts;
    int64_t *letters;
    struct sent_topic *own; /* Where flows have their alerts sent instead. */
    uint32_t own_count;
    struct map sent; /* Topics of commands and emits -> struct sent_topic. */
    struct map open; /* By instance. */
    struct wake_heap heap;
    struct end_tally tallies[WATCH_TALLIES_MAX];
    uint32_t tally_count;
    uint64_t ended;
    uint64_t transitions;
    uint64_t commands;
    uint64_t replies;
    uint64_t timers;
    uint64_t alert_count;
    uint64_t letter_count;
    struct arena arena; /* Of one record. */
};

/* Borrows printer and broker. */
void watch_init(struct watch *watch, const struct dev_printer *printer, struct sim_broker *broker,
                const struct settings *settings);
/* Take in the alerts of a flow that has a topic of its own for them as well. Empty: it has none. */
void watch_alerts_in(struct watch *watch, struct text topic);
/* Take in all that is new. False: there was nothing. */
bool watch_read(struct watch *watch);
/* When the earliest timer of an open instance is due, or INT64_MAX. */
int64_t watch_due_ms(const struct watch *watch);
/* Forget what was read: records of the topics that are read here alone may be cut. */
void watch_cut(struct watch *watch);
/* The table at the end. `real_ms` is how long it took. */
void watch_summary(const struct watch *watch, int64_t now_ms, int64_t real_ms);
void watch_release(struct watch *watch);

#endif
