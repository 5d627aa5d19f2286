/*
 * sim_ledger - what the simulated services did, by idempotency key. Internal to sim_services.
 */
#ifndef BATON_SIM_SIM_LEDGER_H
#define BATON_SIM_SIM_LEDGER_H

#include "base/map.h"
#include "sim/sim_services.h"

/* A zeroed one is valid and empty. */
struct sim_ledger {
    struct sim_deed **deeds; /* Oldest first. */
    size_t count;
    size_t capacity;
    size_t most; /* 0: all are kept; else the oldest are forgotten. */
    struct map by_key;
    uint32_t order; /* Of doing, of the last that was done. */
};

/* The deed of the command's idempotency key, made if it is new. */
struct sim_deed *sim_ledger_deed(struct sim_ledger *ledger, const struct sim_command *command);
/* Whether the work is done by this command. What is said again is what was said before, so the verdict may
 * become another. */
void sim_ledger_settle(struct sim_ledger *ledger, struct sim_deed *deed, bool refuses_anew,
                       struct sim_answer *answer);
void sim_ledger_release(struct sim_ledger *ledger);

#endif
