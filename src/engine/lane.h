/*
 * lane - one executor thread's world: a consumer of the inbox, a transactional producer, a link to
 * the store of sleeping runs, and the partitions it owns. Lanes share nothing. A lane has no thread
 * of its own: somebody calls lane_turn() in a loop, a thread in the program, the simulator's world
 * in tests.
 */
#ifndef BATON_ENGINE_LANE_H
#define BATON_ENGINE_LANE_H

#include "engine/avro_port.h"
#include "engine/barrier.h"
#include "engine/broker.h"
#include "engine/clock.h"
#include "engine/limiter.h"
#include "engine/settings.h"
#include "engine/sleep_store.h"
#include "engine/stats.h"
#include "model/instance.h"

struct lane;

struct lane_options {
    const struct broker *broker;
    const struct sleep_place *place;
    const struct limiter *limiter; /* NULL: nothing is limited. */
    const struct clock *clock;
    const struct avro_port *avro; /* NULL: as in router_options. */
    const struct barrier *barrier;
    const struct settings *settings;
    uint32_t index;           /* Of the lane in its process. */
    uint64_t seed;            /* Random per process start: ids of batches and of dynamic members. */
    struct lane_stats *stats; /* Borrowed; counts on over lanes opened after each other. NULL: its
                                 own. */
    /* Called at named points of a turn; a test build dies there. NULL in the program. */
    void (*fault)(void *fault_self, const char *point);
    void *fault_self;
};

/* Join the group. Borrows everything in `options`. */
MUST_CHECK enum status lane_open(const struct lane_options *options, struct lane **lane,
                                 struct error *err);

/*
 * One turn: wait up to `wait_ms` for something to do, decide it, commit it.
 *
 * STATUS_OK:    the turn is done, or nothing was to do.
 * STATUS_RETRY: the broker or the store is in trouble; nothing is lost, call again.
 * STATUS_FATAL: the lane cannot go on (two processes of one name; a dead client); err says why.
 */
MUST_CHECK enum status lane_turn(struct lane *lane, int64_t wait_ms, struct error *err);

/* Put all runs in memory to sleep as far as possible within `wait_ms`; before a graceful stop. */
MUST_CHECK enum status lane_drain(struct lane *lane, int64_t wait_ms, struct error *err);

/* Leaves the group, or as a static member keeps its place until the session times out. Accepts NULL. */
void lane_close(struct lane *lane);
void lane_leave(struct lane *lane);   /* As lane_close(), and gives up such a place as well. */
void lane_abandon(struct lane *lane); /* Frees memory, tells nobody: as after a crash. */

/* What it counts; may be read from another thread. */
const struct lane_stats *lane_stats(const struct lane *lane);

/* True if every partition it owns has been taken over. */
bool lane_is_ready(const struct lane *lane);

/* When what waits for a permit is looked at next, as far as memory knows; INT64_MAX: nothing waits. A
 * time that has passed: at the next turn. For who lets time pass himself. */
int64_t lane_permit_due_ms(const struct lane *lane);

/* What memory holds as committed; for tests. */
void lane_each_instance(const struct lane *lane,
                        void (*visit)(void *self, int32_t partition,
                                      const struct instance *instance),
                        void *self);

#endif
