/*
 * worker - a process of the simulated estate: one router, some lanes, a barrier, as `baton run` wires
 * them, over the simulated ports. It starts, turns, crashes and starts again.
 */
#ifndef BATON_SIM_WORKER_H
#define BATON_SIM_WORKER_H

#include "engine/barrier.h"
#include "engine/lane.h"
#include "engine/router.h"
#include "sim/sim_broker.h"
#include "sim/sim_store.h"

#define WORKER_LANES_MAX 4

struct worker {
    struct sim_process process;
    struct sim_broker *world_broker;
    struct sim_store *world_store;
    struct settings settings;
    char static_name[SIM_NAME_BYTES];
    struct clock clock;
    struct broker broker;
    struct sleep_place place;
    struct limiter limiters[WORKER_LANES_MAX];
    struct barrier *barrier; /* NULL: not open (yet), like the others below. */
    struct router *router;
    struct lane *lanes[WORKER_LANES_MAX];
    uint32_t lane_count;
    bool is_up;
    bool is_standing; /* Paused inside a call: must not be touched. */
    bool is_turning;
    int64_t start_at_ms; /* When it comes (back) up. */
    int64_t barrier_at_ms;
    uint32_t starts;
    uint64_t first_crash_at; /* In its first life; 0: not planned. */
    bool is_noticed;         /* When it crashes the groups know at once. */
    int64_t down_ms;         /* How long it is down then; 0: some time. */
    struct error trouble;    /* What a part said last that was not OK; empty if nothing. */
};

/* Borrows all. `settings` is copied; with `named`, each worker has a name of its own. */
void worker_init(struct worker *worker, struct sim *sim, struct sim_broker *broker,
                 struct sim_store *store, const struct settings *settings, uint32_t number);
/* One round: start what is not up, a turn of each part. A crash ends it until start_at_ms. */
void worker_turn(struct worker *worker);
/* Gone without a word; it comes back some time later. */
void worker_kill(struct worker *worker);
/* Put all to sleep and leave the groups in good order; it comes back after `down_ms`. */
void worker_stop(struct worker *worker, int64_t down_ms);

#endif
