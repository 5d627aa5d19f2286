#include "model/flow.h"

#include <stdlib.h>

struct flow *flow_new(void)
{
    struct flow *flow = calloc(1, sizeof(*flow));

    CHECK(flow != NULL);
    return flow;
}

void flow_free(struct flow *flow)
{
    if (flow == NULL) {
        return;
    }
    for (uint32_t i = 0; i < flow->expr_count; i++) {
        expr_free(flow->exprs[i]);
    }
    for (uint32_t i = 0; i < flow->template_count; i++) {
        template_free(flow->templates[i]);
    }
    arena_release(&flow->arena);
    free(flow);
}

uint32_t flow_find_step(const struct flow *flow, struct text name)
{
    for (uint32_t i = 0; i < flow->step_count; i++) {
        if (text_equal(flow->steps[i].name, name)) {
            return i;
        }
    }
    return UINT32_MAX;
}

uint32_t flow_find_service(const struct flow *flow, struct text name)
{
    for (uint32_t i = 0; i < flow->service_count; i++) {
        if (text_equal(flow->services[i].name, name)) {
            return i;
        }
    }
    return UINT32_MAX;
}

uint32_t flow_find_topic(const struct flow *flow, struct text name)
{
    for (uint32_t i = 0; i < flow->topic_count; i++) {
        if (text_equal(flow->topics[i].name, name)) {
            return i;
        }
    }
    return UINT32_MAX;
}

const struct message_spec *step_undo_message(const struct step *step)
{
    return step->compensate == NULL || step->compensate->is_block ? NULL
                                                                  : &step->compensate->message;
}

bool step_undo_is_block(const struct step *step)
{
    return step->compensate != NULL && step->compensate->is_block;
}

bool flow_may_restart(const struct flow *flow)
{
    for (uint32_t i = 0; i < flow->start_count; i++) {
        if (flow->starts[i].after_done == AFTER_DONE_RESTART) {
            return true;
        }
    }
    return flow->manual != NULL && flow->manual->after_done == AFTER_DONE_RESTART;
}

const struct expr_scope *flow_scope(void)
{
    static const struct expr_scope scope = {
        .names =
            {
                [VARIABLE_FLOW] = {"flow", 4},
                [VARIABLE_INSTANCE] = {"instance", 8},
                [VARIABLE_STEP] = {"step", 4},
                [VARIABLE_MESSAGE] = {"message", 7},
                [VARIABLE_DATA] = {"data", 4},
                [VARIABLE_ERROR] = {"error", 5},
                [VARIABLE_COUNT] = {"count", 5},
                [VARIABLE_PROGRESS] = {"progress", 8},
                [VARIABLE_NOW] = {"now", 3},
            },
        .count = VARIABLE_FIXED_COUNT,
    };

    return &scope;
}

const char *step_kind_name(enum step_kind kind)
{
    switch (kind) {
    case STEP_REQUEST:
        return "request";
    case STEP_EMIT:
        return "emit";
    case STEP_LISTEN:
        return "listen";
    case STEP_WAIT:
        return "wait";
    case STEP_SET:
        return "set";
    case STEP_SWITCH:
        return "switch";
    case STEP_RAISE:
        return "raise";
    case STEP_END:
        return "end";
    case STEP_BLOCK:
        return "do";
    case STEP_FORK:
        return "fork";
    case STEP_FOR:
        return "for";
    case STEP_ROLLBACK:
        return "rollback";
    case STEP_RUN:
        return "run";
    }
    CHECK(false && "unknown step kind");
    return "";
}
