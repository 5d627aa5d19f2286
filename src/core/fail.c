/* Errors that nothing retries, and the ways a run ends. */
#include "core/decision.h"

static void stick_frame(struct decision *d, struct frame *frame, struct json *error)
{
    const struct step *step = &d->flow->steps[frame->step];
    struct text detail;

    instance_disarm_owner(d->after, frame->activation);
    frame->state = FRAME_STUCK;
    json_free(frame->error);
    frame->error = error;
    if (d->after->sealed) {
        detail = arena_printf(d->effects->arena,
                              "'%.*s' failed after the pivot; retry or skip it, or say done",
                              TEXT_ARG(step->name));
    } else {
        detail = arena_printf(
            d->effects->arena,
            "the pivot '%.*s' ended without a reply; say done or failed, or retry",
            TEXT_ARG(step->name));
    }
    alert_add(d, ALERT_STUCK, step, error, detail.data);
}

void fail_stick(struct decision *d, uint32_t step, uint32_t activation, struct json *error)
{
    struct frame *frame = activation == 0 ? NULL : instance_frame(d->after, activation);

    if (frame == NULL) {
        frame = instance_add_frame(d->after);
        *frame = (struct frame){
            .activation = activation == 0 ? d->after->activation_next++ : activation,
            .kind = FRAME_STEP,
            .step = step,
            .attempt = 1,
            .opened_ms = d->event->time_ms,
        };
    }
    stick_frame(d, frame, error);
}

/* Close an open step whose outcome no longer matters to the flow, only to its undo. */
static void abandon(struct decision *d, uint32_t activation)
{
    const struct frame *frame = instance_frame(d->after, activation);

    if (!problem_is_answer(frame->error)) {
        request_cancel(d, frame);
    }
    undo_settle(d, frame);
    instance_disarm_owner(d->after, activation);
    instance_drop_frame(d->after, activation);
}

/* All errors of a sealed run stick: whatever is open waits for an operator. */
static void stick_all(struct decision *d, struct json *error)
{
    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        if (d->after->frames[i].state != FRAME_STUCK) {
            stick_frame(d, &d->after->frames[i], json_copy(error));
        }
    }
    json_free(error);
}

/* Nothing may be unwound while it is unknown whether the pivot took place. */
static bool stick_undecided(struct decision *d, struct json *error)
{
    bool is_undecided = false;

    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        struct frame *frame = &d->after->frames[i];

        if (request_is_undecided_pivot(d, frame)) {
            is_undecided = true;
            if (frame->state != FRAME_STUCK) {
                stick_frame(d, frame, json_copy(error));
            }
        }
    }
    return is_undecided;
}

static void begin_unwinding(struct decision *d, struct json *error, enum run_status closing)
{
    if (closing == RUN_CANCELLED) {
        effect_decide(d->effects, "the run is cancelled: %.*s",
                      TEXT_ARG(json_member_text(error, "title")));
    } else {
        effect_decide(d->effects, "the run fails: %s", problem_text(d, error));
    }
    d->after->status = RUN_COMPENSATING;
    d->after->closing = closing;
    json_free(d->after->error);
    d->after->error = error;
    (void)result_fits(d->after, error, 0);
    instance_disarm(d->after, TIMER_FLOW, 0);
    while (d->after->frame_count > 0) {
        abandon(d, d->after->frames[d->after->frame_count - 1].activation);
    }
}

void fail_run(struct decision *d, struct json *error, enum run_status closing)
{
    CHECK(d->after->status == RUN_RUNNING);
    if (d->after->sealed) {
        stick_all(d, error);
        return;
    }
    if (stick_undecided(d, error)) {
        json_free(error);
        return;
    }
    begin_unwinding(d, error, closing);
    unwind(d);
}

void fail_step(struct decision *d, uint32_t step, uint32_t activation, struct json *error)
{
    const struct step *at = &d->flow->steps[step];

    if (d->after->status == RUN_FINISHING) {
        alert_add(d, ALERT_DATA, at, error,
                  arena_printf(d->effects->arena,
                               "'%.*s' in onFailure failed, the rest is left out",
                               TEXT_ARG(at->name))
                      .data);
        json_free(error);
        run_close(d, d->after->closing);
    } else if (d->after->sealed) {
        fail_stick(d, step, activation, error);
    } else {
        fail_run(d, error, RUN_FAILED);
    }
}

void fail_by_author(struct decision *d, struct json *error, enum run_status closing)
{
    if (!d->after->sealed) {
        fail_run(d, error, closing);
        return;
    }
    /* The author ends the run after its pivot: there is nothing to retry, and what is sealed is
     * never undone. */
    effect_decide(d->effects, "sealed by the pivot: nothing is undone");
    begin_unwinding(d, error, closing);
    run_finish(d);
}

void run_finish(struct decision *d)
{
    d->after->status = RUN_FINISHING;
    d->inline_steps = 0; /* A runaway loop must not take onFailure's steps away. */
    while (d->after->undo_count > 0) {
        instance_drop_undo(d->after, d->after->stack[d->after->undo_count - 1].activation);
    }
    advance(d, d->flow->failure_step);
}

static void tell_unread(struct decision *d)
{
    while (d->after->mail_count > 0) {
        struct incoming incoming = listen_mail(&d->after->mailbox[0]);

        alert_message(d, ALERT_UNMATCHED, &incoming, "the run ended before a step listened for it");
        instance_drop_mail(d->after, d->after->mailbox[0].number);
    }
}

static struct json *completion_record(struct decision *d)
{
    struct sight sight = {0};
    struct json *result = NULL;
    struct error err = {0};

    if (d->flow->result == NULL) {
        return json_copy(d->after->data);
    }
    if (scope_render(d, d->flow->result, &sight, &result, &err) != STATUS_OK) {
        /* All is done; only the record about it cannot be written. */
        alert_add(d, ALERT_DATA, NULL, NULL,
                  arena_printf(d->effects->arena, "result: %s", err.text).data);
        return json_null();
    }
    return result;
}

void run_close(struct decision *d, enum run_status status)
{
    struct instance *after = d->after;

    while (after->frame_count > 0) {
        abandon(d, after->frames[after->frame_count - 1].activation);
    }
    if (status == RUN_COMPLETED) {
        after->result = completion_record(d);
    }
    tell_unread(d);
    while (after->timer_count > 0) {
        instance_disarm(after, after->timers[0].kind, after->timers[0].owner);
    }
    while (after->undo_count > 0) {
        instance_drop_undo(after, after->stack[after->undo_count - 1].activation);
    }
    json_free(after->ids);
    after->ids = NULL;
    after->status = status;
    after->closing = RUN_NONE;
    effect_decide(d->effects, "%s", run_status_name(status));
}
