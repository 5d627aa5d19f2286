/*
 * router_kit - a router at work on a simulated estate.
 */
#ifndef BATON_TESTS_SUPPORT_ROUTER_KIT_H
#define BATON_TESTS_SUPPORT_ROUTER_KIT_H

#include "base/hash.h"
#include "engine/router.h"
#include "support/estate_kit.h"

static inline struct router *kit_router_of(struct kit *kit, const struct broker *port)
{
    struct router_options options = {
        .broker = port, .clock = &kit->clock, .settings = &kit->settings, .seed = 1};
    struct router *router = NULL;

    if (router_open(&options, &router, &kit->err) != STATUS_OK) {
        fail_msg("%s", kit->err.text);
    }
    return router;
}

static inline struct router *kit_router(struct kit *kit)
{
    return kit_router_of(kit, &kit->port);
}

/* So many turns, 250 ms apart: enough for all that is there, and for the commit after it. */
static inline void kit_turns(struct kit *kit, struct router *router, int count)
{
    for (int i = 0; i < count; i++) {
        enum status status;

        kit->sim.now_ms += 250;
        status = router_turn(router, 0, &kit->err);
        if (status != STATUS_OK && status != STATUS_RETRY) {
            fail_msg("%s: %s", status_name(status), kit->err.text);
        }
    }
}

#define KIT_SETTLE 8

/* Open a router, let it do all there is, close it. */
static inline void kit_route(struct kit *kit)
{
    struct router *router = kit_router(kit);

    kit_turns(kit, router, KIT_SETTLE);
    router_close(router);
}

static inline uint64_t kit_stat(const atomic_uint_fast64_t *stat)
{
    return atomic_load(stat);
}

#endif
