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

void bound_flow(struct flow *flow, const struct verify_bounds *bounds)
{
    flow->saga_retry = cut(flow, flow->saga_retry, bounds);
    for (uint32_t i = 0; i < flow->service_count; i++) {
        flow->services[i].retry = cut(flow, flow->services[i].retry, bounds);
    }
    for (uint32_t i = 0; i < flow->step_count; i++) {
        struct step *step = &flow->steps[i];

        step->retry = cut(flow, step->retry, bounds);
        if (step->compensate != NULL) {
            step->compensate->retry = cut(flow, step->compensate->retry, bounds);
        }
        if (step->kind == STEP_LISTEN && step->listen.count > bounds->items) {
            step->listen.count = bounds->items > 0 ? bounds->items : 1;
        }
        if (step->loop != NULL && step->loop->batch > 1) {
            step->loop->batch = 1;
        }
    }
}
