/*
 * dev_world - a worker and an estate in memory: router, lane, core and barrier as `baton run` has them, over
 * the simulator's broker and store, with simulated services. One thread, one partition a topic, so that a
 * run with a seed repeats itself.
 */
#ifndef BATON_APP_DEV_WORLD_H
#define BATON_APP_DEV_WORLD_H

#include "app/dev_calls.h"
#include "app/dev_example.h"
#include "app/dev_watch.h"
#include "engine/publish.h"
#include "sim/worker.h"

struct dev_world {
    struct sim sim;
    struct settings settings;
    struct names names;
    struct sim_broker *broker;
    struct sim_store *store;
    struct sim_services *services;
    struct worker worker;
    struct dev_calls calls;
    struct dev_printer *printer; /* Borrowed. */
    struct watch watch;
    struct flow *const *flows; /* Borrowed. */
    uint32_t flow_count;
    size_t kept_most;      /* Records, when the cleaner ran last. */
    int64_t history_floor; /* What is before it is in no run that memory holds. */
    bool is_mirror;
};

struct dev_world_options {
    struct flow *const *flows;
    const struct publish_definition *definitions; /* Of the flows, in their order. */
    uint32_t flow_count;
    uint64_t seed;
    int64_t now_ms;
    struct dev_printer *printer;
    bool is_exact;   /* Deadlines fire at their time, not up to a second later as in the program. */
    struct text app; /* Prefix of the engine's topics; empty: its default. */
    bool is_mirror;  /* The worker is elsewhere; the broker in memory only shows what it does. */
};

/*
 * Make the topics, deploy the flows, bring the worker up, some seconds before the time given. `calls` is taken over; its `sim`
 * and hooks are set. Its address must not change.
 *
 * STATUS_REJECT: the flows do not go together; err says why. End it with dev_world_close() either way.
 */
MUST_CHECK enum status dev_world_open(struct dev_world *world,
                                      const struct dev_world_options *options,
                                      struct dev_calls *calls, struct error *err);
void dev_world_close(struct dev_world *world);

/* Send a message from outside, and end it. STATUS_REJECT: it cannot be written; err says why. */
MUST_CHECK enum status dev_world_send(struct dev_world *world, struct example_message *message,
                                      struct error *err);
/* Start a run of `flow` by hand, as `baton start` does; takes `input` over. As dev_world_send(). */
MUST_CHECK enum status dev_world_start(struct dev_world *world, const struct flow *flow,
                                       struct text key, struct json *input, struct error *err);
/* One turn of everything at the present time. True if something happened. */
bool dev_world_step(struct dev_world *world);
/* The worker has taken over its partition. */
bool dev_world_is_up(const struct dev_world *world);
/* Everything that was sent has been taken, by the worker and by the services. */
bool dev_world_is_settled(const struct dev_world *world);
/* Records that wait for the router. */
int64_t dev_world_waiting(const struct dev_world *world);
/* When something is due: an answer, a timer. INT64_MAX: nothing is. */
int64_t dev_world_due_ms(const struct dev_world *world);
/* The worker dies in the middle of what it does next, and comes back a second later. */
void dev_world_kill(struct dev_world *world);
/* Drop what nobody will read again. Call now and then. */
void dev_world_trim(struct dev_world *world);

#endif
