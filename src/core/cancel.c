/* What a service is told about a command that nobody waits for any more. */
#include "core/known.h"
#include "core/undo_block.h"

void request_cancel(struct decision *d, const struct frame *frame)
{
    const struct message_spec *spec = request_spec(d, frame);
    const struct step *step = &d->flow->steps[frame->step];
    struct sight sight = {.scope = frame->parent,
                          .step = step,
                          .attempt = frame->attempt,
                          .progress = block_get(frame, "progress")};
    uint32_t key = undo_block_key_of(frame);
    struct message_spec cancel;
    struct rendered rendered;
    struct effect *effect;
    struct json *error;
    uint32_t abandoned = key == 0 ? frame->activation : key;
    uint32_t attempt = frame->attempt;
    bool is_undo = frame->kind == FRAME_UNDO;
    struct text known = is_undo ? known_undone(d, frame) : known_step(d, frame);

    if (frame->kind == FRAME_BLOCK || spec == NULL || frame->sent_seq == 0 ||
        (spec->cancel_type == NULL && spec->cancel_value == NULL)) {
        return;
    }
    cancel = *spec;
    cancel.type = spec->cancel_type;
    cancel.value = spec->cancel_value;
    cancel.headers = NULL;
    error = send_render(d, &cancel, &sight, &rendered);
    if (error != NULL) {
        /* Best effort: what cannot be said is told to people, and the run goes on. */
        alert_add(d, ALERT_DATA, step, error, "the cancel message cannot be rendered");
        json_free(error);
        return;
    }
    effect = send_effect(d, &cancel, frame->step, d->after->activation_next++, &rendered);
    effect->kind = EFFECT_CANCEL;
    effect->attempt = attempt;
    effect->undo_of = abandoned;
    effect->undo_of_step = known;
    effect->cancels_undo = is_undo;
    effect_decide(d->effects, "%s%.*s: the service is told to cancel", is_undo ? "undo of " : "",
                  TEXT_ARG(step->name));
}
