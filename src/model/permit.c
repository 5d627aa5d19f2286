#include "model/permit.h"

bool permit_of(const struct frame *frame, struct permit *permit)
{
    const struct json *json = frame->kind == FRAME_BLOCK || frame->local == NULL
                                  ? NULL
                                  : json_member(frame->local, "permit");

    /* Left from the attempt before, once that is over. */
    if (json == NULL ||
        (frame->state != FRAME_AWAITING_PERMIT && frame->state != FRAME_AWAITING_REPLY)) {
        return false;
    }
    *permit = (struct permit){
        .activation = frame->activation,
        .seq = json_member_int(json, "seq", 0),
        .since_ms = json_member_int(json, "since", 0),
        .span_ms = json_member_int(json, "span", -1),
        .key = json_member_text(json, "key"),
        .is_waiting = frame->state == FRAME_AWAITING_PERMIT,
        .is_patient = frame->kind == FRAME_UNDO,
    };
    return true;
}

void permit_id(const struct instance *instance, const struct permit *permit, struct buffer *out)
{
    char run[RUN_ID_BYTES];

    run_id_format(instance->run, run);
    buffer_add_text(out, instance->name);
    buffer_addf(out, "/%s/%u/%lld", run, permit->activation, (long long)permit->seq);
}

const struct service *permit_service(const struct flow *flow, const struct frame *frame)
{
    const struct step *step = &flow->steps[frame->step];
    const struct message_spec *spec = NULL;

    if (frame->kind == FRAME_UNDO) {
        spec = step_undo_message(step);
    } else if (frame->kind == FRAME_STEP && step->kind == STEP_REQUEST) {
        spec = &step->message;
    }
    if (spec == NULL || !spec->is_request || !limits_any(&flow->services[spec->service].limits)) {
        return NULL;
    }
    return &flow->services[spec->service];
}
