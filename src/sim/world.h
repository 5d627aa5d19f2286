/*
 * world - a whole simulated estate, run from a seed: workers over the simulated ports, services, and
 * orders that come from outside. First with faults: calls fail, answers are lost, processes crash at
 * any port call or stand still past their session, the group rebalances, the store is flushed or
 * gone. Nothing wrong may happen. Then without: everything must finish.
 */
#ifndef BATON_SIM_WORLD_H
#define BATON_SIM_WORLD_H

#include "model/flow.h"
#include "sim/checker.h"

struct world_options {
    uint64_t seed;
    /* The first as workload.h says; the second may be another version of it, others are run by it.
     * Borrowed. */
    const struct flow *const *flows;
    uint32_t flow_count;
    uint32_t rules_off; /* See settings.h. */
    /* Not 0: nothing goes wrong but that the first worker crashes at this point of its first life. */
    uint64_t sweep_point;
    bool zombies; /* Processes that stand still for long are what mostly goes wrong. */
    void (*trace)(void *trace_self, const char *line); /* Or NULL. */
    void *trace_self;
};

struct world_result {
    char fault[CHECKER_FAULT_BYTES]; /* Empty: nothing was found. */
    int64_t simulated_ms;
    uint32_t runs;
    uint32_t crashes;
    uint32_t pauses;
    uint64_t steps;
};

/* Run one seed. */
void world_run(const struct world_options *options, struct world_result *result);

#endif
