/*
 * workload - what the outside does to a simulated estate of one of the flows of tests/sim/flows:
 * orders come, some twice, some too large; approvals come early, late, twice or never; some records
 * are no JSON or have no key. Of a flow with blocks an order has items and a mood besides, and people
 * cancel some and give some signals. Where it runs children they cancel some of those as well, and
 * where it has two versions they migrate orders from one to the other and back.
 */
#ifndef BATON_SIM_WORKLOAD_H
#define BATON_SIM_WORKLOAD_H

#include "engine/settings.h"
#include "sim/checker.h"
#include "sim/sim_broker.h"
#include "sim/sim_services.h"

#define WORKLOAD_ORDERS_MAX 64
#define WORKLOAD_ITEMS_MAX 7
#define WORKLOAD_MOODS 10
/* A command topic of the estate takes no more, so that a large order cannot be sent on. */
#define WORKLOAD_COMMAND_BYTES_MAX 2500

struct workload_event {
    int64_t at_ms;
    uint32_t order;
    enum {
        WORKLOAD_CREATED,
        WORKLOAD_APPROVED,
        WORKLOAD_POISON,
        WORKLOAD_UNKEYED,
        WORKLOAD_CANCEL,
        WORKLOAD_SIGNAL,
        WORKLOAD_MIGRATE
    } kind;
    const char *signal;                 /* SIGNAL: its name. */
    const char *plan;                   /* MIGRATE: without `from` and `to`. */
    bool is_back;                       /* MIGRATE: from the other version to the flow's. */
    const struct workload_child *child; /* CANCEL: of this one, not of the order itself; or NULL. */
};

/* A run that parents.yaml starts. */
struct workload_child {
    const char *flow;
    const char *path; /* Behind the key of the order. */
};

/* All is borrowed. */
struct workload_options {
    struct sim *sim;
    struct sim_broker *broker;
    const struct settings *settings;
    const struct flow *flow;
    const struct flow *second; /* Another version of it, or whatever else there is, or NULL. */
    uint32_t order_count;
    int64_t span_ms; /* The orders come within it. */
};

struct workload {
    struct workload_options options;
    bool has_blocks;
    bool has_children;
    bool has_versions;
    bool has_approvals;
    bool restarts; /* A message for a key that has run makes another run. */
    struct workload_order {
        char key[24];
        bool slow;
        bool approve;
        bool large;
        uint32_t item_count;
        uint32_t mood;
    } orders[WORKLOAD_ORDERS_MAX];
    struct text keys[WORKLOAD_ORDERS_MAX]; /* Of `orders`. */
    uint32_t sent[WORKLOAD_ORDERS_MAX];    /* How often each comes. */
    struct workload_event events[WORKLOAD_ORDERS_MAX * 14];
    uint32_t event_count;
    uint32_t next;
};

/* Draw what comes. The workload's address must not change. */
void workload_init(struct workload *workload, const struct workload_options *options);
/* Produce what is due. */
void workload_step(struct workload *workload);
bool workload_done(const struct workload *workload);
/* At the end: what became of the orders. */
void workload_end(const struct workload *workload, struct checker *checker);

/* The three services of `flow`, which misbehave. */
MUST_CHECK enum status workload_services(struct sim_services *services, struct sim *sim,
                                         const struct flow *flow, struct error *err);

#endif
