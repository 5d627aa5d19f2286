/* The ways a run ends: onFailure, always, the completion record. */
#include "core/told.h"
#include "core/undo_block.h"
#include "core/waiting.h"

static void drop_stack(struct decision *d)
{
    while (d->after->undo_count > 0) {
        const struct undo *undo = &d->after->stack[d->after->undo_count - 1];
        uint32_t activation = undo->activation;

        if (undo->in_doubt && undo->state == UNDO_ARMED) {
            effect_decide(d->effects, "%.*s: not undone, as the run ends",
                          TEXT_ARG(d->flow->steps[undo->step].name));
        }
        child_let_go(d, undo);
        instance_drop_undo(d->after, activation);
    }
}

void run_finish(struct decision *d)
{
    d->after->status = RUN_FINISHING;
    d->inline_steps = 0; /* A runaway loop must not take onFailure's steps away. */
    drop_stack(d);
    advance(d, 0, d->flow->failure_step);
}

/* Completed, but what it did may still be undone with its parent. */
static bool is_to_hold(const struct decision *d, enum run_status closing)
{
    bool has_undo = false;

    for (uint32_t i = 0; i < d->after->undo_count; i++) {
        has_undo = has_undo || d->after->stack[i].state == UNDO_ARMED;
    }
    return closing == RUN_COMPLETED && has_undo && !d->after->sealed && parent_holds(d);
}

static void clear_frames(struct decision *d)
{
    advance_stop(d);
    while (d->after->frame_count > 0) {
        const struct frame *frame = &d->after->frames[d->after->frame_count - 1];
        uint32_t activation = frame->activation;

        if (frame->kind == FRAME_BLOCK) {
            block_clear(d, activation);
            block_close(d, activation);
        } else {
            fail_abandon(d, activation);
        }
    }
}

static void clear_all(struct decision *d, enum run_status closing)
{
    clear_frames(d);
    if (!is_to_hold(d, closing)) {
        drop_stack(d);
    }
}

bool run_is_ending(const struct decision *d)
{
    return d->after->status == RUN_RUNNING && d->after->closing != RUN_NONE;
}

static bool is_undoing(const struct decision *d)
{
    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        if (d->after->frames[i].kind == FRAME_UNDO) {
            return true;
        }
    }
    return false;
}

void run_wait_to_end(struct decision *d, enum run_status closing)
{
    effect_decide(d->effects, "the end waits for %s",
                  fail_has_undecided(d, 0) ? "a pivot in doubt" : "what is being undone");
    d->after->closing = closing;
    instance_disarm(d->after, TIMER_FLOW, 0);
    fail_abandon_all(d);
}

bool run_end_if_due(struct decision *d)
{
    enum run_status closing = d->after->closing;
    struct json *error = d->after->error;

    if (!run_is_ending(d) || fail_has_undecided(d, 0) ||
        (closing == RUN_COMPLETED && is_undoing(d))) {
        return false;
    }
    if (closing == RUN_COMPLETED) {
        run_end(d);
        return true;
    }
    d->after->closing = RUN_NONE;
    d->after->error = NULL;
    fail_by_author(d, error, closing);
    return true;
}

void run_end(struct decision *d)
{
    bool was_running = d->after->status == RUN_RUNNING;
    enum run_status closing = was_running ? RUN_COMPLETED : d->after->closing;

    if (was_running && (is_undoing(d) || fail_has_undecided(d, 0))) {
        run_wait_to_end(d, RUN_COMPLETED);
        return;
    }

    if (d->flow->always_step == STEP_NONE || d->after->in_always) {
        run_close(d, closing);
        return;
    }
    clear_all(d, closing);
    instance_disarm(d->after, TIMER_FLOW, 0);
    d->after->status = RUN_FINISHING;
    d->after->closing = closing;
    d->after->in_always = true;
    d->inline_steps = 0;
    advance(d, 0, d->flow->always_step);
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
    bool is_held;

    clear_all(d, status);
    is_held = is_to_hold(d, status);
    if (status == RUN_COMPLETED && after->status != RUN_HELD) {
        after->result = completion_record(d);
    } else if (status == RUN_FAILED && d->flow->mode == FLOW_OBSERVE) {
        alert_add(d, ALERT_FAILED, NULL, after->error,
                  "what is observed did not go as the flow says");
    }
    tell_unread(d);
    while (after->timer_count > 0) {
        instance_disarm(after, after->timers[0].kind, after->timers[0].owner);
    }
    json_free(after->ids);
    after->ids = NULL;
    after->status = is_held ? RUN_HELD : status;
    after->closing = RUN_NONE;
    after->in_always = false;
    effect_decide(d->effects, "%s%s", run_status_name(status),
                  is_held ? ", held for its parent" : "");
    parent_tell_end(d);
    if (!is_held) {
        queue_tell(d);
    }
}

void run_terminate(struct decision *d)
{
    undo_block_end_all(d); /* While what their steps see is still there. */
    drop_stack(d);
    run_close(d, RUN_CANCELLED);
}
