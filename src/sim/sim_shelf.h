/*
 * sim_shelf - the inside of the simulated store, shared by its files alone. A shelf is what it holds
 * of one partition. Runs are counted and never changed, so that a copy of a shelf costs nothing.
 */
#ifndef BATON_SIM_SIM_SHELF_H
#define BATON_SIM_SIM_SHELF_H

#include "sim/sim_limits.h"
#include "sim/sim_store.h"

struct sim_shelf {
    struct sleep_stamp stamp; /* Without the counts seen. */
    struct sim_sleeper **runs;
    size_t count;
    size_t capacity;
};

struct sim_sleeper *sim_sleeper_new(const struct sleep_op *op);
struct sim_sleeper *sim_sleeper_hold(struct sim_sleeper *run); /* Gives `run`. */
void sim_sleeper_drop(struct sim_sleeper *run);                /* Accepts NULL. */

/* SIZE_MAX if it is not there. */
size_t sim_shelf_find(const struct sim_shelf *shelf, struct text name);
/* Replace, add, or (state NULL) remove the run of `run->name`. */
void sim_shelf_put(struct sim_shelf *shelf, struct sim_sleeper *run);
struct sleep_stamp sim_shelf_stamp(const struct sim_shelf *shelf);
void sim_shelf_copy(const struct sim_shelf *from, struct sim_shelf *to);
void sim_shelf_clear(struct sim_shelf *shelf);
void sim_shelf_release(struct sim_shelf *shelf);

/* An apply on its way. It arrives even if its sender is dead by then. */
struct sim_letter {
    int32_t partition;
    int64_t generation;
    int64_t from;
    int64_t to;
    int64_t now_ms;
    int64_t arrives_ms;
    bool lost;
    bool arrived;
    bool awaited; /* Its sender still wants the answer. */
    enum status answer;
    struct sim_sleeper **runs;
    uint32_t run_count;
};

struct sim_shelf_handle {
    struct sim_store *store;
    struct sim_process *process;
    int32_t partition;       /* -1: the factory's own. */
    struct sim_letter *sent; /* The apply whose answer is not yet there, or NULL. */
    struct sim_sleeper **held;
    size_t held_count;
    size_t held_capacity;
};

struct sim_store {
    struct sim *sim;
    int32_t partitions;
    struct sim_shelf *shelves;
    struct sim_shelf *copies;
    int64_t gone_until_ms;
    int64_t slow_ms;           /* How much later every apply arrives. */
    struct sim_limits *limits; /* On the same server, so it shares its fate. */
    struct sim_letter **letters;
    size_t letter_count;
    size_t letter_capacity;
    struct sim_shelf_handle **handles;
    size_t handle_count;
    size_t handle_capacity;
};

bool sim_store_is_gone(const struct sim_store *store);
/* What is sent with an apply, on its way. */
struct sim_letter *sim_letter_new(struct sim_store *store, const struct sleep_op *ops,
                                  uint32_t op_count);
void sim_store_take_back(struct sim_shelf_handle *handle);
void sim_store_handle_free(struct sim_shelf_handle *handle);

#endif
