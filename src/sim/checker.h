/*
 * checker - the invariants of DESIGN.md section 5, read from the simulated topics by somebody who
 * shares nothing with the engine but the record formats and the fold. The first contradiction is
 * kept as a text; after it nothing more is looked at.
 */
#ifndef BATON_SIM_CHECKER_H
#define BATON_SIM_CHECKER_H

#include "engine/lane.h"
#include "sim/sim_broker.h"
#include "sim/sim_services.h"
#include "sim/sim_store.h"

#define CHECKER_FAULT_BYTES 512

struct checker;

struct checker_options {
    struct sim *sim;
    struct sim_broker *broker;
    const struct sim_store *store;
    const struct sim_services *services;
    const struct settings *settings;
    const struct flow *const *flows; /* The first is the one that orders start. */
    uint32_t flow_count;
};

/* Borrows all that `options` points to, and watches the broker's commits. */
struct checker *checker_new(const struct checker_options *options);
void checker_free(struct checker *checker); /* Accepts NULL. */

/* NULL while nothing was found. */
const char *checker_fault(const struct checker *checker);

/* Take in what is new in the topics: call before every compaction and deletion. */
void checker_read(struct checker *checker);
/* What a lane holds in memory is the fold of the history it stands for. */
void checker_lane(struct checker *checker, const struct lane *lane);
/* Begin a look at all lanes; checker_lane() follows for each. */
void checker_look(struct checker *checker);
/* After all lanes, when nothing has moved for a while and every partition has an owner: each live
 * run is in memory or sleeps in the store, with the timers it has armed. */
void checker_asleep(struct checker *checker);
/* What the store holds is the fold of the snapshots up to its watermark. */
void checker_store(struct checker *checker);
/* At the end, when nothing moves any more: every order in `keys` has ended whole, and where each message
 * makes a run of its own, as often as it was sent. */
void checker_end(struct checker *checker, const struct text *keys, const uint32_t *sent,
                 size_t key_count);

/* How many records of histories and snapshots it has read. */
uint64_t checker_records(const struct checker *checker);
/* Runs that have not ended, as far as the history tells. */
uint32_t checker_open_runs(const struct checker *checker);
uint32_t checker_runs(const struct checker *checker);

#endif
