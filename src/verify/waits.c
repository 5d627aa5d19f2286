/* Waits without an end. */
#include "verify/rules.h"

static bool has_deadline(const struct instance *after, const struct frame *frame)
{
    uint32_t around = frame->parent;

    if (instance_timer(after, TIMER_ATTEMPT, frame->activation) != NULL ||
        instance_timer(after, TIMER_HEARTBEAT, frame->activation) != NULL ||
        instance_timer(after, TIMER_LISTEN, frame->activation) != NULL ||
        instance_timer(after, TIMER_FLOW, 0) != NULL) {
        return true;
    }
    while (around != 0) {
        const struct frame *block = instance_find_frame(after, around);

        if (block == NULL) {
            return false;
        }
        if (instance_timer(after, TIMER_BLOCK, around) != NULL) {
            return true;
        }
        around = block->parent;
    }
    return false;
}

static bool lacks_timer(const struct instance *after, const struct frame *frame)
{
    switch (frame->state) {
    case FRAME_AWAITING_REPLY:
        return !has_deadline(after, frame);
    case FRAME_BACKING_OFF:
        return instance_timer(after, TIMER_BACKOFF, frame->activation) == NULL;
    case FRAME_SLEEPING:
        return instance_timer(after, TIMER_WAIT, frame->activation) == NULL;
    case FRAME_AWAITING_PERMIT:
        return instance_timer(after, TIMER_PERMIT, frame->activation) == NULL;
    case FRAME_AWAITING_CHILD:
    case FRAME_LISTENING:
    case FRAME_STUCK:
    case FRAME_OPEN:
    case FRAME_UNWINDING:
        return false;
    }
    CHECK(!"unknown frame state");
    return false;
}

static bool is_in_undo(const struct instance *after, const struct frame *frame)
{
    while (frame != NULL && frame->kind != FRAME_UNDO) {
        frame = frame->parent == 0 ? NULL : instance_find_frame(after, frame->parent);
    }
    return frame != NULL;
}

/* It listens without a limit, and nobody has said that this is meant. An undo may not even then: what
 * was done before it would never be undone. */
static bool lacks_limit(const struct trial *trial, const struct frame *frame)
{
    const struct instance *after = trial->after;

    return frame->state == FRAME_LISTENING &&
           (verify_lacks(trial->unsaid.limit, frame->step) ||
            (is_in_undo(after, frame) && !has_deadline(after, frame)));
}

struct verdict rules_judge_waits(const struct trial *trial)
{
    const struct instance *after = trial->after;

    for (uint32_t i = 0; i < after->frame_count; i++) {
        const struct frame *frame = &after->frames[i];

        if (lacks_timer(after, frame) || lacks_limit(trial, frame)) {
            return (struct verdict){
                .broken = VERIFY_WAITS, .step = frame->step, .is_undo = frame->kind == FRAME_UNDO};
        }
    }
    return (struct verdict){.broken = VERIFY_NOTHING, .step = STEP_NONE};
}
