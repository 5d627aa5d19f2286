/* Errors that nothing retries: the nearest catch, or the end of the run. */
#include "core/told.h"
#include "core/undo_block.h"
#include "core/waiting.h"

static void stick_frame(struct decision *d, struct frame *frame, struct json *error)
{
    const struct step *step = &d->flow->steps[frame->step];
    struct text detail;

    instance_disarm_owner(d->after, frame->activation);
    frame->state = FRAME_STUCK;
    json_free(frame->error);
    frame->error = error;
    if (!d->after->sealed && !step->pivot) {
        detail = arena_printf(d->effects->arena,
                              "'%.*s' failed while a pivot is in doubt; decide that, then retry or "
                              "skip this, or say done",
                              TEXT_ARG(step->name));
    } else if (d->after->sealed) {
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

static bool is_below(const struct decision *d, const struct frame *frame, uint32_t activation)
{
    while (frame != NULL && frame->activation != activation) {
        frame = frame->parent == 0 ? NULL : instance_find_frame(d->after, frame->parent);
    }
    return frame != NULL;
}

static bool is_undecided(const struct decision *d, const struct frame *frame, uint32_t activation)
{
    return request_is_undecided_pivot(d, frame) &&
           (activation == 0 || is_below(d, frame, activation));
}

bool fail_has_undecided(const struct decision *d, uint32_t activation)
{
    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        if (is_undecided(d, &d->after->frames[i], activation)) {
            return true;
        }
    }
    return false;
}

void fail_stick(struct decision *d, uint32_t scope, uint32_t step, uint32_t activation,
                struct json *error)
{
    struct frame *frame = activation == 0 ? NULL : instance_frame(d->after, activation);

    if (frame == NULL) {
        frame = instance_add_frame(d->after,
                                   activation == 0 ? d->after->activation_next++ : activation);
        frame->kind = FRAME_STEP;
        frame->parent = scope;
        frame->step = step;
        frame->attempt = 1;
        frame->opened_ms = d->event->time_ms;
    } else if (frame->kind == FRAME_BLOCK && fail_has_undecided(d, activation)) {
        /* It goes on or fails as soon as the pivot in it is decided: see fail_pivot(). */
        json_free(error);
        return;
    } else if (frame->kind == FRAME_BLOCK) {
        /* An operator has it done again from its beginning. */
        block_clear(d, activation);
        frame = instance_frame(d->after, activation);
    }
    stick_frame(d, frame, error);
}

void fail_abandon(struct decision *d, uint32_t activation)
{
    const struct frame *frame;

    remind_stop(d, activation);
    frame = instance_frame(d->after, activation);

    if (!problem_is_answer(frame->error)) {
        child_abandon(d, frame);
        request_cancel(d, frame);
        frame = instance_frame(d->after, activation);
    }
    undo_settle(d, frame);
    instance_disarm_owner(d->after, activation);
    instance_drop_frame(d->after, activation);
}

/* All errors of a sealed run stick: whatever is open waits for an operator. */
static void stick_all(struct decision *d, struct json *error)
{
    bool is_any = false;

    undo_block_end_all(d); /* An operator has the undo begin anew. */
    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        struct frame *frame = &d->after->frames[i];

        if (frame->state != FRAME_STUCK && frame->kind != FRAME_BLOCK) {
            stick_frame(d, frame, json_copy(error));
            is_any = true;
        }
    }
    if (!is_any) {
        /* As in the pause of a loop: there is no step that could stick, and no way but forward. */
        alert_add(d, ALERT_LATE, NULL, error, "past its pivot the run goes on all the same");
    }
    json_free(error);
}

/* An open frame that is no undo, stands in none, and holds no pivot in doubt; or NULL. */
static const struct frame *next_to_abandon(const struct decision *d)
{
    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        const struct frame *frame = &d->after->frames[i];

        if (frame->kind != FRAME_UNDO && undo_block_around(d, frame->activation) == NULL &&
            !fail_has_undecided(d, frame->activation)) {
            return frame;
        }
    }
    return NULL;
}

void fail_abandon_all(struct decision *d)
{
    const struct frame *frame;

    advance_stop(d);
    while ((frame = next_to_abandon(d)) != NULL) {
        uint32_t activation = frame->activation;

        if (frame->kind == FRAME_BLOCK) {
            block_clear(d, activation);
            block_close(d, activation);
        } else {
            fail_abandon(d, activation);
        }
    }
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
    fail_abandon_all(d);
}

void fail_run(struct decision *d, struct json *error, enum run_status closing)
{
    CHECK(d->after->status == RUN_RUNNING);
    if (d->after->sealed) {
        stick_all(d, error);
        return;
    }
    if (fail_stick_undecided(d, 0, error)) {
        json_free(error);
        return;
    }
    begin_unwinding(d, error, closing);
    unwind(d);
}

/* The error is the run's own: a cancel, or its timeout. */
static bool is_of_run(const struct json *error)
{
    return json_member(error, "step") == NULL;
}

/* The block around `scope` that has failed as a whole, as when it was too late; or NULL. */
static const struct frame *block_of(const struct decision *d, uint32_t scope,
                                    const struct json *error)
{
    struct text name = json_member_text(error, "step");

    while (scope != 0) {
        const struct frame *frame = instance_find_frame(d->after, scope);

        if ((frame->role == BLOCK_BODY || frame->role == BLOCK_FORK || frame->role == BLOCK_LOOP) &&
            text_equal(d->flow->steps[frame->step].name, name)) {
            return frame;
        }
        scope = frame->parent;
    }
    return NULL;
}

/* What an error that leaves a pivot in doubt is to end if that did not take place: 0 the run, else an
 * activation, of a block around it or its own. What lies further out has a smaller number. */
static uint32_t ends(const struct decision *d, const struct frame *pivot, const struct json *error)
{
    const struct frame *block;

    if (is_of_run(error)) {
        return 0;
    }
    block = block_of(d, pivot->parent, error);
    return block == NULL ? pivot->activation : block->activation;
}

bool fail_stick_undecided(struct decision *d, uint32_t activation, const struct json *error)
{
    bool is_any = false;

    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        struct frame *frame = &d->after->frames[i];
        struct json *why;

        if (!is_undecided(d, frame, activation)) {
            continue;
        }
        is_any = true;
        why = json_open_copy(error);
        json_drop(why, TEXT("reply")); /* Not an answer to the pivot. */
        if (frame->state != FRAME_STUCK) {
            stick_frame(d, frame, why);
        } else if (ends(d, frame, why) < ends(d, frame, frame->error)) {
            effect_decide(d->effects, "%s: the pivot '%.*s' is in doubt and decides",
                          problem_text(d, why), TEXT_ARG(d->flow->steps[frame->step].name));
            json_free(frame->error);
            frame->error = why;
        } else {
            json_free(why);
        }
    }
    return is_any;
}

void fail_pivot(struct decision *d, struct position at, uint32_t activation, struct json *stuck,
                struct json *error)
{
    const struct frame *block = block_of(d, at.scope, stuck);
    bool is_whole = is_of_run(stuck);

    /* Another pivot is in doubt there, and decides the rest. */
    if ((is_whole && fail_has_undecided(d, 0)) ||
        (block != NULL && fail_has_undecided(d, block->activation))) {
        is_whole = false;
        block = NULL;
    }
    if (is_whole) {
        json_free(error);
        fail_run(d, stuck, text_is(problem_type(stuck), "cancelled") ? RUN_CANCELLED : RUN_FAILED);
    } else if (block != NULL) {
        json_free(error);
        fail_block(d, block->activation, stuck);
    } else {
        json_free(stuck);
        fail_step(d, at.scope, at.step, activation, error);
    }
}

void fail_root(struct decision *d, uint32_t scope, uint32_t step, uint32_t activation,
               struct json *error)
{
    const struct step *at = &d->flow->steps[step];

    if (d->after->status == RUN_FINISHING) {
        alert_add(d, ALERT_DATA, at, error,
                  arena_printf(d->effects->arena, "'%.*s' in %s failed, the rest is left out",
                               TEXT_ARG(at->name), d->after->in_always ? "always" : "onFailure")
                      .data);
        json_free(error);
        run_end(d);
    } else if (d->after->sealed) {
        fail_stick(d, scope, step, activation, error);
    } else {
        fail_run(d, error, RUN_FAILED);
    }
}

static void drop_armed(struct decision *d)
{
    for (uint32_t i = d->after->undo_count; i > 0; i--) {
        const struct undo *undo = &d->after->stack[i - 1];

        if (undo->state == UNDO_ARMED || undo->state == UNDO_PENDING) {
            uint32_t activation = undo->activation;

            child_let_go(d, undo);
            instance_drop_undo(d->after, activation);
        }
    }
}

void fail_by_author(struct decision *d, struct json *error, enum run_status closing)
{
    if (fail_has_undecided(d, 0)) {
        json_free(d->after->error);
        d->after->error = error;
        (void)result_fits(d->after, error, 0);
        run_wait_to_end(d, closing);
        return;
    }
    if (!d->after->sealed) {
        fail_run(d, error, closing);
        return;
    }
    /* The author ends the run after its pivot: there is nothing to retry, and what is sealed is
     * never undone. What another branch has begun to undo is waited for. */
    effect_decide(d->effects, "sealed by the pivot: nothing is undone");
    begin_unwinding(d, error, closing);
    drop_armed(d);
    unwind(d);
}
