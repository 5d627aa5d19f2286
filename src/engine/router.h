/*
 * router - forwards records of the estate's topics to the inbox: decodes, finds flow and key,
 * produces without transactions and without gaps. Stateless: it may forward a record twice, and the
 * lanes drop the repeat by their watermarks. Driven by router_turn(), like a lane.
 */
#ifndef BATON_ENGINE_ROUTER_H
#define BATON_ENGINE_ROUTER_H

#include "engine/avro_port.h"
#include "engine/broker.h"
#include "engine/clock.h"
#include "engine/settings.h"
#include "engine/stats.h"

struct router;

struct router_options {
    const struct broker *broker;
    const struct clock *clock;
    const struct avro_port *avro; /* NULL: payloads of format avro are JSON text, as in a
                                     simulated estate. */
    const struct settings *settings;
    uint64_t seed;
    struct router_stats *stats; /* Borrowed, as in lane_options; NULL: its own. */
    void (*fault)(void *fault_self, const char *point); /* As in lane_options. */
    void *fault_self;
};

MUST_CHECK enum status router_open(const struct router_options *options, struct router **router,
                                   struct error *err);
/* STATUS_OK: done or idle. RETRY: trouble, call again. FATAL: cannot go on. */
MUST_CHECK enum status router_turn(struct router *router, int64_t wait_ms, struct error *err);
void router_close(struct router *router);
void router_abandon(struct router *router);
const struct router_stats *router_stats(const struct router *router);

#endif
