/* A pivot whose outcome is open is not given up: LANGUAGE.md section 5, rule 5. */
#include "verify/rules.h"

/* Its command went out, nobody has said what became of it, and the flow does not say what to do then. */
static bool is_in_doubt(const struct trial *trial, const struct frame *frame)
{
    const struct instance *before = trial->before;
    const struct step *step = &trial->flow->steps[frame->step];

    return frame->kind == FRAME_STEP && step->kind == STEP_REQUEST && step->pivot &&
           before->status == RUN_RUNNING && !before->sealed && frame->sent_seq != 0 &&
           json_member(frame->error, "reply") == NULL &&
           (step->in_doubt == IN_DOUBT_UNSET ||
            (step->in_doubt == IN_DOUBT_COMPENSATE && step->compensate == NULL));
}

/* An answer, or the word of an operator, tells. */
static bool is_decided(const struct trial *trial, const struct frame *frame)
{
    const struct move *move = trial->move;

    switch ((enum move_kind)move->kind) {
    case MOVE_KEY_REPLY:
        return true;
    case MOVE_REPLY:
    case MOVE_OPERATOR:
        return move->activation == frame->activation;
    case MOVE_MESSAGE:
    case MOVE_TIMER:
    case MOVE_SIGNAL:
    case MOVE_BEGIN:
    case MOVE_REFUSED:
    case MOVE_CHILD:
    case MOVE_PARENT:
        break;
    }
    return false;
}

struct verdict rules_judge_pivots(const struct trial *trial)
{
    for (uint32_t i = 0; i < trial->before->frame_count; i++) {
        const struct frame *frame = &trial->before->frames[i];

        if (is_in_doubt(trial, frame) &&
            instance_find_frame(trial->after, frame->activation) == NULL &&
            !is_decided(trial, frame) && !trial->after->sealed) {
            return (struct verdict){.broken = VERIFY_PIVOT_LOST, .step = frame->step};
        }
    }
    return (struct verdict){.broken = VERIFY_NOTHING, .step = STEP_NONE};
}
