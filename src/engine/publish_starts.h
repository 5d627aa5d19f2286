/*
 * publish_starts - where the reading of a flow's topics begins, as offsets that are recorded when a
 * version is activated. Used by publish.c alone.
 */
#ifndef BATON_ENGINE_PUBLISH_STARTS_H
#define BATON_ENGINE_PUBLISH_STARTS_H

#include "codec/records.h"
#include "engine/broker.h"
#include "engine/flow_registry.h"
#include "model/flow.h"

/* What all flows of one publication share. */
struct start_resolver {
    const struct broker *broker;
    const struct flow_registry *registry;
    struct text router_group;
    int64_t revision; /* Of baton.flows, read before. */
    struct arena *arena;
};

/*
 * Make the state of `flow` as the active version: the starts of `former` (NULL: none), and new ones
 * for topics that it has none for. STATUS_REJECT: topics are missing; err names them.
 */
MUST_CHECK enum status resolve_starts(const struct start_resolver *resolver,
                                      const struct flow *flow, const struct flow_state *former,
                                      struct flow_state *state, struct error *err);

#endif
