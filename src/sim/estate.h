/*
 * estate - the topics of a simulated estate and the flows deployed to it.
 */
#ifndef BATON_SIM_ESTATE_H
#define BATON_SIM_ESTATE_H

#include "engine/settings.h"
#include "model/flow.h"
#include "sim/sim_broker.h"

/* Create the internal topics and those that `flow` names, as estate_deploy() does, and no more. */
void estate_create(struct sim_broker *broker, const struct settings *settings,
                   const struct flow *flow, int32_t source_partitions, int32_t command_bytes_max);

/* Create the internal topics and those that `flow` names (with `source_partitions` each; command
 * topics take `command_bytes_max`, 0: 1 MiB), publish the flow and make it active from the
 * beginning of its sources. */
MUST_CHECK enum status estate_deploy(struct sim_broker *broker, const struct settings *settings,
                                     const struct flow *flow, int32_t source_partitions,
                                     int32_t command_bytes_max, struct error *err);
/* The same, but it starts nothing: only runs that are migrated to it go by it. */
MUST_CHECK enum status estate_define(struct sim_broker *broker, const struct settings *settings,
                                     const struct flow *flow, int32_t source_partitions,
                                     int32_t command_bytes_max, struct error *err);
/* Deploy all; define what has the name of the first: another version of it. */
MUST_CHECK enum status estate_deploy_all(struct sim_broker *broker, const struct settings *settings,
                                         const struct flow *const *flows, uint32_t flow_count,
                                         int32_t source_partitions, int32_t command_bytes_max,
                                         struct error *err);

#endif
