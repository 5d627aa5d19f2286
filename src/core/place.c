/* The map of the flow, and where an instance stands on it. */
#include "core/decision.h"
#include "model/permit.h"

uint32_t place_after(const struct flow *flow, uint32_t step, bool ran)
{
    while (step != STEP_NONE) {
        const struct step *at = &flow->steps[step];

        if (ran && at->then.kind == THEN_STEP) {
            return at->then.step;
        }
        if (ran && at->then.kind == THEN_END) {
            return PLACE_RUN_END;
        }
        if (at->next != STEP_NONE) {
            return at->next;
        }
        /* The list has ended. The switch around it is no block: it is complete with its case. */
        step = at->parent;
        if (step != STEP_NONE && flow->steps[step].kind != STEP_SWITCH) {
            return STEP_NONE;
        }
        ran = true;
    }
    return STEP_NONE;
}

static void add_frame(const struct flow *flow, const struct frame *frame, struct buffer *out)
{
    const char *prefix = frame->kind == FRAME_UNDO ? "undo of " : "";
    const char *suffix = frame->state == FRAME_STUCK ? " (stuck)" : "";
    const struct service *service;

    if (frame->step >= flow->step_count) {
        buffer_addf(out, "%sstep %u%s", prefix, frame->step, suffix);
        return;
    }
    buffer_add_text(out, text_of(prefix));
    buffer_add_text(out, flow->steps[frame->step].name);
    buffer_add_text(out, text_of(suffix));
    service = frame->state == FRAME_AWAITING_PERMIT ? permit_service(flow, frame) : NULL;
    if (service != NULL) {
        buffer_addf(out, " (waiting for a permit of %.*s)", TEXT_ARG(service->name));
    }
}

/* A for between two items. */
static bool is_pausing(const struct instance *instance, const struct frame *frame)
{
    return instance_timer(instance, TIMER_PAUSE, frame->activation) != NULL;
}

void instance_place(const struct flow *flow, const struct instance *instance, struct buffer *out)
{
    bool any = false;

    for (uint32_t i = 0; i < instance->frame_count; i++) {
        const struct frame *frame = &instance->frames[i];

        /* Of blocks, only those that wait themselves: else it is their steps that do. */
        if (frame->kind == FRAME_BLOCK && frame->state == FRAME_OPEN &&
            !is_pausing(instance, frame)) {
            continue;
        }
        buffer_add_text(out, any ? TEXT(", ") : TEXT(""));
        add_frame(flow, frame, out);
        any = true;
    }
    if (!any) {
        buffer_add_text(out, text_of(run_status_name(instance->status)));
    }
}
