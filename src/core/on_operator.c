/* What people decide: cancel a run, or settle what is stuck. Always recorded, with who and why. */
#include "core/migrating.h"
#include "core/pause.h"
#include "core/told.h"
#include "core/waiting.h"

static enum transition_result refuse(struct decision *d, const char *why)
{
    effect_decide(d->effects, "operator %.*s: refused: %s", TEXT_ARG(d->event->actor), why);
    return TRANSITION_IGNORED;
}

static void decide(struct decision *d, const struct frame *frame, const char *what)
{
    effect_decide(d->effects, "operator %.*s: %s%.*s: %s%s%.*s", TEXT_ARG(d->event->actor),
                  frame->kind == FRAME_UNDO ? "undo of " : "",
                  TEXT_ARG(d->flow->steps[frame->step].name), what,
                  d->event->reason.bytes > 0 ? ": " : "", TEXT_ARG(d->event->reason));
}

/* NULL: it can be. */
static const char *why_not_cancelled(const struct decision *d)
{
    if (d->after->status != RUN_RUNNING) {
        return "only a running instance can be cancelled";
    }
    return d->after->sealed ? "the pivot has succeeded, the run can only go forward" : NULL;
}

/* A pause ends with it: what has come meanwhile is decided first. */
static enum transition_result cancel(struct decision *d)
{
    struct text title = d->event->reason;
    const char *why_not = why_not_cancelled(d);

    if (why_not != NULL) {
        return refuse(d, why_not);
    }
    pause_lift(d);
    why_not = why_not_cancelled(d);
    if (why_not != NULL) {
        (void)refuse(d, why_not);
        return TRANSITION_APPLIED;
    }
    effect_decide(d->effects, "operator %.*s: cancel", TEXT_ARG(d->event->actor));
    if (title.bytes == 0) {
        title = TEXT("cancelled by an operator");
    }
    fail_run(d, problem_new("cancelled", title, NULL), RUN_CANCELLED);
    return TRANSITION_APPLIED;
}

/* The end here and now. What was done stays done, what is open is abandoned. */
static enum transition_result terminate(struct decision *d)
{
    struct text title = d->event->reason;

    if (d->after->status == RUN_EMBRYO) {
        return refuse(d, "it has not started");
    }
    effect_decide(d->effects, "operator %.*s: terminate: nothing is undone",
                  TEXT_ARG(d->event->actor));
    if (title.bytes == 0) {
        title = TEXT("terminated by an operator");
    }
    json_free(d->after->error);
    d->after->error = problem_new("cancelled", title, NULL);
    run_terminate(d);
    pause_lift(d);
    return TRANSITION_APPLIED;
}

/* The stuck frame that is meant; activation 0 means the only one. */
static const struct frame *find_stuck(const struct decision *d)
{
    const struct frame *found = NULL;

    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        const struct frame *frame = &d->after->frames[i];

        if (frame->state != FRAME_STUCK) {
            continue;
        }
        if (frame->activation == d->event->activation ||
            (frame->kind == FRAME_UNDO && frame->undo_of == d->event->activation)) {
            return frame;
        }
        if (d->event->activation == 0) {
            if (found != NULL) {
                return NULL;
            }
            found = frame;
        }
    }
    return found;
}

static enum transition_result signal(struct decision *d)
{
    struct incoming incoming = incoming_event(d);

    effect_decide(d->effects, "signal %.*s of %.*s", TEXT_ARG(incoming.signal),
                  TEXT_ARG(d->event->actor));
    return message_deliver(d, &incoming);
}

/* What a block did keeps its place on the stack. */
static void drop(struct decision *d, uint32_t activation)
{
    if (instance_find_frame(d->after, activation)->kind == FRAME_BLOCK) {
        block_close(d, activation);
    } else {
        instance_drop_frame(d->after, activation);
    }
}

/* Nobody has said what became of it: beside a pivot in doubt it may still have to be undone. */
static void give_up(struct decision *d, uint32_t activation)
{
    if (instance_find_frame(d->after, activation)->kind == FRAME_BLOCK) {
        block_close(d, activation);
    } else {
        fail_abandon(d, activation);
    }
}

static void retry(struct decision *d, uint32_t activation)
{
    struct frame *frame = instance_frame(d->after, activation);
    uint32_t scope = frame->parent;
    uint32_t step = frame->step;

    if (frame->kind == FRAME_UNDO && d->flow->steps[step].kind == STEP_RUN) {
        child_unwind(d, activation);
        unwind(d); /* What was held up by it. */
        return;
    }
    if (frame->kind == FRAME_UNDO || d->flow->steps[step].kind == STEP_REQUEST) {
        /* A new series of attempts under the same idempotency key. */
        frame->attempt = 1;
        frame->opened_ms = d->event->time_ms;
        frame->state = FRAME_AWAITING_REPLY;
        request_send(d, activation);
        return;
    }
    give_up(d, activation);
    advance(d, scope, step);
}

static void go_on(struct decision *d, uint32_t activation, bool ran)
{
    struct frame was = *instance_frame(d->after, activation);
    enum step_kind kind = d->flow->steps[was.step].kind;
    struct json *nothing = kind == STEP_REQUEST || kind == STEP_LISTEN ? json_null() : NULL;

    if (ran) {
        remind_stop(d, activation);
        drop(d, activation);
        advance_done(d, &was, nothing);
    } else {
        give_up(d, activation);
        advance(d, was.parent, place_after(d->flow, was.step, false));
    }
    json_free(nothing);
}

/* The pivot did not take place: nothing of it is to be undone, all before it may be. */
static void pivot_failed(struct decision *d, uint32_t activation)
{
    const struct frame *frame = instance_find_frame(d->after, activation);
    struct position at = {frame->parent, frame->step};
    struct json *stuck = json_copy(frame->error);
    struct json *error = problem_of_step(d, &d->flow->steps[at.step], frame->attempt, "rejected",
                                         "did not take place");

    remind_stop(d, activation);
    instance_drop_undo(d->after, activation);
    instance_drop_frame(d->after, activation);
    fail_pivot(d, at, 0, stuck, error);
}

static enum transition_result settle_undo(struct decision *d, const struct frame *frame)
{
    uint32_t activation = frame->activation;

    switch (d->event->verb) {
    case OPERATOR_RETRY:
        decide(d, frame, "retry");
        retry(d, activation);
        return TRANSITION_APPLIED;
    case OPERATOR_SKIP:
        decide(d, frame, "skip");
        if (!problem_is_answer(frame->error)) {
            request_cancel(d, frame);
        }
        undo_end(d, activation, "skipped");
        return TRANSITION_APPLIED;
    case OPERATOR_DONE:
        decide(d, frame, "done by hand");
        undo_end(d, activation, "done by hand");
        return TRANSITION_APPLIED;
    case OPERATOR_FAILED:
    case OPERATOR_CANCEL:
    case OPERATOR_SIGNAL:
    case OPERATOR_TERMINATE:
    case OPERATOR_PAUSE:
    case OPERATOR_RESUME:
    case OPERATOR_MIGRATE:
        break;
    }
    return refuse(d, "an undo can be retried, skipped, or said to be done");
}

static enum transition_result settle_step(struct decision *d, const struct frame *frame)
{
    uint32_t activation = frame->activation;
    bool is_pivot = request_is_undecided_pivot(d, frame);

    switch (d->event->verb) {
    case OPERATOR_RETRY:
        decide(d, frame, "retry");
        retry(d, activation);
        return TRANSITION_APPLIED;
    case OPERATOR_SKIP:
        if (is_pivot) {
            return refuse(d, "a pivot in doubt is done or failed");
        }
        decide(d, frame, "skip");
        go_on(d, activation, false);
        return TRANSITION_APPLIED;
    case OPERATOR_DONE:
        decide(d, frame, "done");
        go_on(d, activation, true);
        return TRANSITION_APPLIED;
    case OPERATOR_FAILED:
        if (!is_pivot) {
            return refuse(d, "after the pivot a step is retried, skipped, or said to be done");
        }
        decide(d, frame, "failed");
        pivot_failed(d, activation);
        return TRANSITION_APPLIED;
    case OPERATOR_CANCEL:
    case OPERATOR_SIGNAL:
    case OPERATOR_TERMINATE:
    case OPERATOR_PAUSE:
    case OPERATOR_RESUME:
    case OPERATOR_MIGRATE:
        break;
    }
    CHECK(false && "these are no settlement");
    return TRANSITION_IGNORED;
}

/* Retry, skip, done or failed. */
static enum transition_result settle(struct decision *d)
{
    const struct frame *frame;

    if (d->event->verb == OPERATOR_MIGRATE) {
        return migrate_run(d);
    }
    if (d->after->paused != NULL) {
        return refuse(d, "it is paused; resume it first");
    }
    frame = find_stuck(d);
    if (frame == NULL) {
        return refuse(d, "nothing is stuck there");
    }
    return frame->kind == FRAME_UNDO ? settle_undo(d, frame) : settle_step(d, frame);
}

enum transition_result on_operator(struct decision *d)
{
    if (d->after->status == RUN_NONE || instance_has_ended(d->after)) {
        return TRANSITION_VOID;
    }
    switch (d->event->verb) {
    case OPERATOR_CANCEL:
        return cancel(d);
    case OPERATOR_SIGNAL:
        return signal(d);
    case OPERATOR_TERMINATE:
        return terminate(d);
    case OPERATOR_PAUSE:
        return pause_begin(d);
    case OPERATOR_RESUME:
        return pause_end(d);
    case OPERATOR_RETRY:
    case OPERATOR_SKIP:
    case OPERATOR_DONE:
    case OPERATOR_FAILED:
    case OPERATOR_MIGRATE:
        break;
    }
    return settle(d);
}
