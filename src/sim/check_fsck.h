/*
 * check_fsck - `baton fsck` over a simulated estate, while its workers go on or when they are done:
 * it has to find nothing, as the checker does.
 */
#ifndef BATON_SIM_CHECK_FSCK_H
#define BATON_SIM_CHECK_FSCK_H

#include "engine/settings.h"
#include "sim/sim_broker.h"
#include "sim/sim_store.h"

struct check_fsck {
    struct sim *sim;
    struct sim_broker *broker;
    const struct sim_store *store;
    const struct settings *settings;
    void *self;
    void (*step)(void *self); /* Let the others go on for a moment. */
    char *fault;              /* CHECKER_FAULT_BYTES: what was found first; empty: nothing. */
};

/* Look at the estate. What the store has lost shows only when it is next asked, so it is not looked
 * at while there may be such a loss. Does nothing if a fault was found before. */
void check_fsck(const struct check_fsck *check, bool with_store);

#endif
