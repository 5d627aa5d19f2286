/*
 * sim_store - the sleeping place in memory, behind the port of engine/sleep_store.h. It keeps what
 * the real one keeps, and refuses what the real one refuses. A call never waits; what arrives within
 * the time that settle may take is there at once, and no time has passed. What goes wrong with it is
 * asked for by the functions below, and by the faults of `struct sim`.
 */
#ifndef BATON_SIM_SIM_STORE_H
#define BATON_SIM_SIM_STORE_H

#include "engine/limiter.h"
#include "engine/sleep_store.h"
#include "sim/sim.h"

struct sim_store;

/* Borrows `sim`. Free with sim_store_free(). */
struct sim_store *sim_store_new(struct sim *sim, int32_t partitions);
void sim_store_free(struct sim_store *store); /* Accepts NULL. */

/* The port as `process` sees it. Valid until either ends. */
struct sleep_place sim_store_port(struct sim_store *store, struct sim_process *process);
/* The limiter, for one lane; valid until either ends, or the process is forgotten. */
struct limiter sim_store_limiter(struct sim_store *store, struct sim_process *process);
/* Free the handles that a process left open. An apply that was sent may still arrive. */
void sim_store_forget(struct sim_store *store, struct sim_process *process);
/* Let what was sent arrive. Every port call does it as well. */
void sim_store_tick(struct sim_store *store);

/* ---- trouble ---- */

void sim_store_flush(struct sim_store *store); /* FLUSHALL. */
/* Keep a copy of all; restore goes back to it, as a server does whose last writes were not on its
 * disk. Without a copy restore flushes. */
void sim_store_save(struct sim_store *store);
void sim_store_restore(struct sim_store *store);
/* No answer to anything until then. */
void sim_store_gone(struct sim_store *store, int64_t until_ms);
/* From now on every apply arrives so much later; one that is waited for so long arrives then. */
void sim_store_slow(struct sim_store *store, int64_t ms);
/* One sleeping run vanishes, as by eviction. */
void sim_store_lose_one(struct sim_store *store);

/* ---- for checkers ---- */

struct sim_sleeper {
    uint32_t refs;
    struct text name;
    struct text state;
    struct sleep_timer *timers;
    uint32_t timer_count;
    struct text *stack;
    uint32_t stack_count;
};

void sim_store_stamp(const struct sim_store *store, int32_t partition, struct sleep_stamp *stamp);
/* The runs that sleep in a partition, by index, or NULL past the last. Borrowed. */
const struct sim_sleeper *sim_store_at(const struct sim_store *store, int32_t partition,
                                       size_t index);

#endif
