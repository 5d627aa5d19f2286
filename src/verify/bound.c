/* A flow whose retries end soon, after so many attempts whatever the time, and whose listens collect
 * few messages. */
#include "verify/explore.h"

static const struct retry_policy *cut(struct flow *flow, const struct retry_policy *policy,
                                      const struct verify_bounds *bounds)
{
    struct retry_policy *copy;

    if (policy == NULL) {
        return NULL;
    }
    copy = arena_alloc(&flow->arena, sizeof(*copy));
    *copy = *policy;
    /* Repeated for ever stays for ever: later attempts are one state. */
    if (copy->attempts != UINT32_MAX || copy->total_ms > 0) {
        copy->attempts = copy->attempts < bounds->attempts ? copy->attempts : bounds->attempts;
    }
    copy->total_ms = 0;
    return copy;
}

static void cut_listen(struct listen *listen, const struct verify_bounds *bounds)
{
    if (listen->count > bounds->items) {
        listen->count = bounds->items > 0 ? bounds->items : 1;
    }
}

/* As often as it comes stays so. */
static void cut_handlers(struct handler *handlers, uint32_t count,
                         const struct verify_bounds *bounds)
{
    for (uint32_t i = 0; i < count; i++) {
        cut_listen(&handlers[i].listen, bounds);
        if (handlers[i].times != UINT32_MAX && handlers[i].times > bounds->rounds) {
            handlers[i].times = bounds->rounds;
        }
    }
}

void bound_flow(struct flow *flow, const struct verify_bounds *bounds)
{
    cut_handlers(flow->handlers, flow->handler_count, bounds);
    flow->saga_retry = cut(flow, flow->saga_retry, bounds);
    for (uint32_t i = 0; i < flow->service_count; i++) {
        flow->services[i].retry = cut(flow, flow->services[i].retry, bounds);
    }
    for (uint32_t i = 0; i < flow->step_count; i++) {
        struct step *step = &flow->steps[i];

        if (step->remind != NULL && step->remind->max > 1) {
            step->remind->max = 1;
        }

        step->retry = cut(flow, step->retry, bounds);
        if (step->compensate != NULL) {
            step->compensate->retry = cut(flow, step->compensate->retry, bounds);
        }
        cut_listen(&step->listen, bounds);
        cut_handlers(step->handlers, step->handler_count, bounds);
        if (step->loop != NULL && step->loop->batch > 1) {
            step->loop->batch = 1;
        }
    }
}
