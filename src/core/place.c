/* The map of the flow, and where an instance stands on it. */
#include "core/decision.h"

uint32_t place_after(const struct flow *flow, uint32_t step, bool ran)
{
    while (step != STEP_NONE) {
        const struct step *at = &flow->steps[step];

        if (ran && at->then.kind == THEN_STEP) {
            return at->then.step;
        }
        if (ran && at->then.kind == THEN_END) {
            return STEP_NONE;
        }
        if (at->next != STEP_NONE) {
            return at->next;
        }
        /* The list has ended, so the step around it is complete. */
        step = at->parent;
        ran = true;
    }
    return STEP_NONE;
}

static void add_frame(const struct flow *flow, const struct frame *frame, struct buffer *out)
{
    const char *prefix = frame->kind == FRAME_UNDO ? "undo of " : "";
    const char *suffix = frame->state == FRAME_STUCK ? " (stuck)" : "";

    if (frame->step >= flow->step_count) {
        buffer_addf(out, "%sstep %u%s", prefix, frame->step, suffix);
        return;
    }
    buffer_addf(out, "%s%.*s%s", prefix, TEXT_ARG(flow->steps[frame->step].name), suffix);
}

void instance_place(const struct flow *flow, const struct instance *instance, struct buffer *out)
{
    if (instance->frame_count == 0) {
        buffer_addf(out, "%s", run_status_name(instance->status));
        return;
    }
    for (uint32_t i = 0; i < instance->frame_count; i++) {
        if (i > 0) {
            buffer_addf(out, ", ");
        }
        add_frame(flow, &instance->frames[i], out);
    }
}
