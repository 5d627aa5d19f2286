/* The compensation stack: LANGUAGE.md section 5, rules 1 to 4. */
#include "core/decision.h"

void undo_push(struct decision *d, uint32_t step, uint32_t activation)
{
    struct undo *undo;

    /* After the pivot nothing is ever undone; in onFailure there is nothing left to undo it. */
    if (d->flow->steps[step].compensate == NULL || d->after->sealed ||
        d->after->status != RUN_RUNNING || instance_undo(d->after, activation) != NULL) {
        return;
    }
    undo = instance_add_undo(d->after);
    *undo = (struct undo){.activation = activation, .step = step, .state = UNDO_PENDING};
}

/* To be rendered when it is sent: the document as it is now. */
static struct json *snapshot_of(const struct decision *d)
{
    struct json *message = json_object();

    json_put(message, TEXT("data"), json_copy(d->after->data));
    return message;
}

/* Takes `message` over. Counted, never refused: what a step adds next is. */
static void keep_message(struct decision *d, struct undo *undo, struct json *message)
{
    undo->message = message;
    (void)result_fits(d->after, message, 0);
}

void undo_arm(struct decision *d, uint32_t activation, uint32_t attempt, bool in_doubt)
{
    struct undo *undo = instance_undo(d->after, activation);
    const struct step *step;
    struct sight sight = {.attempt = attempt};
    struct rendered rendered;
    struct json *error;

    if (undo == NULL) {
        return;
    }
    step = &d->flow->steps[undo->step];
    sight.step = step;
    undo->state = UNDO_ARMED;
    undo->in_doubt = in_doubt;
    if (d->after->error == NULL &&
        (send_variables(&step->compensate->message) >> VARIABLE_ERROR & 1u) != 0) {
        keep_message(d, undo, snapshot_of(d));
        return;
    }
    error = send_render(d, &step->compensate->message, &sight, &rendered);
    if (error != NULL) {
        /* The step has taken place, so its undo stays: it is rendered again when it is due, and
         * sticks if that fails too. */
        alert_add(d, ALERT_DATA, step, error, "the undo cannot be rendered");
        json_free(error);
        keep_message(d, undo, snapshot_of(d));
        return;
    }
    keep_message(d, undo, send_to_json(d, &step->compensate->message, &rendered));
    send_release(&rendered);
}

void undo_settle(struct decision *d, const struct frame *frame)
{
    const struct step *step = &d->flow->steps[frame->step];
    enum in_doubt rule = step->in_doubt == IN_DOUBT_UNSET ? d->flow->saga_in_doubt : step->in_doubt;

    if (instance_undo(d->after, frame->activation) == NULL) {
        return;
    }
    if (problem_is_answer(frame->error)) {
        instance_drop_undo(d->after, frame->activation);
        effect_decide(d->effects, "%.*s: refused, nothing to undo", TEXT_ARG(step->name));
    } else if (rule == IN_DOUBT_SKIP) {
        instance_drop_undo(d->after, frame->activation);
        effect_decide(d->effects, "%.*s: outcome unknown, not undone (inDoubt: skip)",
                      TEXT_ARG(step->name));
    } else {
        effect_decide(d->effects, "%.*s: outcome unknown, will be undone", TEXT_ARG(step->name));
        undo_arm(d, frame->activation, frame->attempt, true);
    }
}

static uint32_t open_undos(const struct instance *instance)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < instance->frame_count; i++) {
        const struct frame *frame = &instance->frames[i];

        count += frame->kind == FRAME_UNDO && frame->state != FRAME_STUCK;
    }
    return count;
}

/* The latest entry that is armed, or NULL. */
static struct undo *next_undo(struct instance *instance)
{
    for (uint32_t i = instance->undo_count; i > 0; i--) {
        if (instance->stack[i - 1].state == UNDO_ARMED) {
            return &instance->stack[i - 1];
        }
    }
    return NULL;
}

/* Open a frame for the undo and send it. */
static void start_undo(struct decision *d, struct undo *undo)
{
    struct frame *frame = instance_add_frame(d->after);
    uint32_t activation = d->after->activation_next++;
    uint32_t undo_of = undo->activation;
    uint32_t step = undo->step;

    *frame = (struct frame){
        .activation = activation,
        .kind = FRAME_UNDO,
        .state = FRAME_AWAITING_REPLY,
        .step = step,
        .undo_of = undo_of,
        .attempt = 1,
        .opened_ms = d->event->time_ms,
    };
    undo->state = UNDO_RUNNING;
    if (undo_send(d, activation)) {
        effect_decide(d->effects, "undo of %.*s: emitted", TEXT_ARG(d->flow->steps[step].name));
        instance_drop_frame(d->after, activation);
        instance_drop_undo(d->after, undo_of);
    }
}

void unwind(struct decision *d)
{
    for (;;) {
        struct undo *undo;

        if (d->flow->when_stuck == STUCK_HOLD && instance_is_stuck(d->after)) {
            return;
        }
        if (d->flow->saga_order == SAGA_REVERSE && open_undos(d->after) > 0) {
            return;
        }
        undo = next_undo(d->after);
        if (undo == NULL) {
            break;
        }
        start_undo(d, undo);
    }
    if (d->after->frame_count == 0) {
        run_finish(d);
    }
}

void undo_end(struct decision *d, uint32_t activation, const char *how)
{
    const struct frame *frame = instance_frame(d->after, activation);
    uint32_t undo_of = frame->undo_of;

    effect_decide(d->effects, "undo of %.*s: %s", TEXT_ARG(d->flow->steps[frame->step].name), how);
    instance_disarm_owner(d->after, activation);
    instance_drop_frame(d->after, activation);
    instance_drop_undo(d->after, undo_of);
    unwind(d);
}

void undo_stick(struct decision *d, uint32_t activation, struct json *error)
{
    struct frame *frame = instance_frame(d->after, activation);
    const struct step *step = &d->flow->steps[frame->step];
    struct text detail = arena_printf(d->effects->arena,
                                      "the undo of '%.*s' does not get through; retry or skip it",
                                      TEXT_ARG(step->name));

    instance_disarm_owner(d->after, activation);
    frame->state = FRAME_STUCK;
    json_free(frame->error);
    frame->error = error;
    alert_add(d, ALERT_STUCK, step, error, detail.data);
}
