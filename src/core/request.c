/* Commands of steps and undos, and what becomes of their attempts. */
#include "base/duration.h"
#include "core/known.h"
#include "core/undo_block.h"
#include "core/waiting.h"

const struct message_spec *request_spec(const struct decision *d, const struct frame *frame)
{
    const struct step *step = &d->flow->steps[frame->step];

    if (step->kind == STEP_RUN) {
        return NULL;
    }
    if (frame->kind == FRAME_UNDO) {
        return step_undo_message(step);
    }
    return step->kind == STEP_REQUEST ? &step->message : NULL;
}

const struct retry_policy *request_policy(const struct decision *d, const struct frame *frame)
{
    const struct step *step = &d->flow->steps[frame->step];

    if (frame->kind == FRAME_UNDO) {
        return step->compensate->retry != NULL ? step->compensate->retry : d->flow->saga_retry;
    }
    return step->retry != NULL ? step->retry : d->flow->services[step->message.service].retry;
}

bool request_repeats(const struct decision *d, const struct frame *frame, struct text type)
{
    const struct retry_policy *policy = request_policy(d, frame);

    if (policy == NULL || retry_excepts(policy, type)) {
        return false;
    }
    /* An undo must get through: a refusal is repeated too, until attempts or time are used up. */
    return frame->kind == FRAME_UNDO || retry_names(policy, type);
}

bool request_is_undecided_pivot(const struct decision *d, const struct frame *frame)
{
    const struct step *step = &d->flow->steps[frame->step];

    if (frame->kind != FRAME_STEP || !step->pivot || step->kind != STEP_REQUEST ||
        d->after->status != RUN_RUNNING || d->after->sealed) {
        return false;
    }
    if (frame->sent_seq == 0 || problem_is_answer(frame->error)) {
        return false;
    }
    switch (step->in_doubt) {
    case IN_DOUBT_UNSET:
        return true;
    case IN_DOUBT_COMPENSATE:
        return step->compensate == NULL;
    case IN_DOUBT_SKIP:
        return false;
    }
    CHECK(false && "unknown in_doubt");
    return true;
}

static const char *prefix_of(const struct frame *frame)
{
    return frame->kind == FRAME_UNDO ? "undo of " : "";
}

void request_open(struct decision *d, uint32_t scope, uint32_t step)
{
    const struct step *at = &d->flow->steps[step];
    struct sight sight = {.scope = scope, .step = at, .attempt = 1};
    uint32_t activation = d->after->activation_next++;
    uint32_t key = undo_block_key(d, scope, step, activation);
    struct frame *frame = instance_add_frame(d->after, activation);
    struct error err = {0};

    *frame = (struct frame){
        .activation = activation,
        .parent = scope,
        .kind = FRAME_STEP,
        .state = FRAME_AWAITING_REPLY,
        .step = step,
        .attempt = 1,
        .opened_ms = d->event->time_ms,
    };
    if (key != 0) {
        block_put(frame, "key", json_integer(key));
    }
    if (span_arm_warning(d, &at->warn_after, activation, &sight, &err) != STATUS_OK ||
        remind_arm(d, activation, &err) != STATUS_OK) {
        request_failed(d, activation, problem_expression(d, at, 1, &err));
        return;
    }
    request_send(d, activation);
}

enum status request_deadline(struct decision *d, const struct frame *frame,
                             const struct sight *sight, int64_t *due_ms, struct error *err)
{
    const struct step *step = &d->flow->steps[frame->step];
    const struct message_spec *spec = request_spec(d, frame);
    const struct timer *armed = instance_timer(d->after, TIMER_ATTEMPT, frame->activation);
    const struct span *span = frame->kind == FRAME_UNDO ? &step->compensate->timeout
                                                        : &step->timeout;
    const struct retry_policy *policy = request_policy(d, frame);
    int64_t ms;
    enum status status;

    if (armed != NULL) { /* It has begun while the attempt waited for a permit. */
        *due_ms = armed->due_ms;
        return STATUS_OK;
    }
    status = span_length(d, span, sight, &ms, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (span->kind == SPAN_UNSET) {
        ms = d->flow->services[spec->service].timeout_ms;
    }
    *due_ms = ms < 0 ? 0 : span_after(d->event->time_ms, ms);
    if (policy != NULL && policy->total_ms > 0) {
        int64_t end_ms = span_after(frame->opened_ms, policy->total_ms);

        *due_ms = *due_ms == 0 || end_ms < *due_ms ? end_ms : *due_ms;
    }
    return STATUS_OK;
}

/* Note in the frame that `effect` has gone out. */
static void sent(struct decision *d, struct frame *frame, struct effect *effect, int64_t due_ms)
{
    effect->attempt = frame->attempt;
    effect->deadline_ms = due_ms;
    json_free(frame->error);
    frame->error = NULL;
    frame->state = FRAME_AWAITING_REPLY;
    frame->attempt_ms = d->event->time_ms;
    frame->sent_seq = d->after->seq;
    if (due_ms > 0) {
        instance_arm(d->after, TIMER_ATTEMPT, frame->activation, due_ms);
    }
    effect_decide(d->effects, "%s%.*s: attempt %u sent", prefix_of(frame), TEXT_ARG(effect->step),
                  frame->attempt);
}

/* The time of silence that is allowed begins (anew). */
static enum status arm_heartbeat(struct decision *d, const struct frame *frame, struct error *err)
{
    const struct step *step = &d->flow->steps[frame->step];
    struct sight sight = {.scope = frame->parent, .step = step, .attempt = frame->attempt};
    int64_t ms;
    enum status status = span_length(d, &request_spec(d, frame)->heartbeat, &sight, &ms, err);

    if (status == STATUS_OK && ms >= 0) {
        instance_arm(d->after, TIMER_HEARTBEAT, frame->activation,
                     span_after(d->event->time_ms, ms));
    }
    return status;
}

enum status request_rearm(struct decision *d, uint32_t activation, struct error *err)
{
    const struct frame *frame = instance_find_frame(d->after, activation);
    const struct step *step = &d->flow->steps[frame->step];
    struct sight sight = {.scope = frame->parent, .step = step, .attempt = frame->attempt};
    int64_t due_ms = 0;
    enum status status;

    instance_disarm_owner(d->after, activation);
    status = request_deadline(d, frame, &sight, &due_ms, err);
    if (status == STATUS_OK && due_ms > 0) {
        instance_arm(d->after, TIMER_ATTEMPT, activation, due_ms);
    }
    if (status == STATUS_OK) {
        status = span_arm_warning(d, &step->warn_after, activation, &sight, err);
    }
    if (frame->state == FRAME_AWAITING_PERMIT) {
        instance_arm(d->after, TIMER_PERMIT, activation, d->event->time_ms);
    } else if (status == STATUS_OK) {
        status = arm_heartbeat(d, frame, err);
    }
    return status == STATUS_OK ? remind_arm(d, activation, err) : status;
}

void request_progress(struct decision *d, uint32_t activation, const struct json *payload)
{
    struct frame *frame = instance_frame(d->after, activation);
    const struct step *step = &d->flow->steps[frame->step];
    struct error err = {0};

    effect_decide(d->effects, "%s%.*s: progress", prefix_of(frame), TEXT_ARG(step->name));
    /* No later attempt of an undo reads it: its message is fixed. */
    if (frame->kind == FRAME_STEP && !result_fits(d->after, payload, 0)) {
        request_failed(d, activation,
                       problem_of_step(d, step, frame->attempt, "runtime",
                                       "the state of the run would be too large"));
        return;
    }
    if (frame->kind == FRAME_STEP) {
        block_put(frame, "progress", json_copy(payload));
    }
    if (frame->state == FRAME_AWAITING_REPLY && arm_heartbeat(d, frame, &err) != STATUS_OK) {
        request_failed(d, activation, problem_expression(d, step, frame->attempt, &err));
    }
}

static void send_step(struct decision *d, struct frame *frame)
{
    const struct step *step = &d->flow->steps[frame->step];
    struct sight sight = {.scope = frame->parent,
                          .step = step,
                          .attempt = frame->attempt,
                          .progress = block_get(frame, "progress")};
    struct rendered rendered;
    struct effect *effect;
    struct error err = {0};
    int64_t due_ms = 0;
    struct json *error = NULL;

    if (request_deadline(d, frame, &sight, &due_ms, &err) != STATUS_OK ||
        arm_heartbeat(d, frame, &err) != STATUS_OK) {
        error = problem_expression(d, step, frame->attempt, &err);
    } else {
        error = send_render(d, &step->message, &sight, &rendered);
    }
    if (error != NULL) {
        request_failed(d, frame->activation, error);
        return;
    }
    effect = send_effect(d, &step->message, frame->step, frame->activation, &rendered);
    effect->key_step = known_step(d, frame);
    undo_block_mark(d, frame->parent, undo_block_key_of(frame), effect);
    sent(d, frame, effect, due_ms);
    undo_push(d, frame);
}

/* Open undos send what the stack holds. */
bool undo_send(struct decision *d, uint32_t activation)
{
    struct frame *frame = instance_frame(d->after, activation);
    const struct step *step = &d->flow->steps[frame->step];
    const struct message_spec *spec = &step->compensate->message;
    const struct undo *undo = instance_undo(d->after, frame->undo_of);
    struct sight sight = {.step = step, .attempt = frame->attempt};
    struct rendered rendered = {0};
    struct effect *effect;
    struct json *error = NULL;
    struct error err = {0};
    int64_t due_ms = 0;

    CHECK(undo != NULL && undo->message != NULL);
    if (step_undo_is_block(step)) {
        undo_block_open(d, activation);
        return false;
    }
    if (json_member(undo->message, "topic") != NULL) {
        send_from_json(d, undo->message, &rendered);
        error = send_check(d, spec, &sight, &rendered);
    } else {
        /* Rendered only now, with the document of then: it reads $error. */
        sight.input = json_member(undo->message, "data");
        sight.data = sight.input;
        sight.loops = json_member(undo->message, "loops");
        sight.caught = unwind_error(d, undo);
        error = send_render(d, spec, &sight, &rendered);
    }
    if (error == NULL && spec->is_request &&
        (request_deadline(d, frame, &sight, &due_ms, &err) != STATUS_OK ||
         arm_heartbeat(d, frame, &err) != STATUS_OK)) {
        error = problem_expression(d, step, frame->attempt, &err);
    }
    if (error != NULL) {
        send_release(&rendered);
        undo_stick(d, activation, error);
        return false;
    }
    effect = send_effect(d, spec, frame->step, activation, &rendered);
    effect->is_undo = true;
    effect->undo_of = frame->undo_of;
    effect->undo_of_step = known_undone(d, frame);
    if (!spec->is_request) {
        return true;
    }
    sent(d, frame, effect, due_ms);
    return false;
}

void request_send(struct decision *d, uint32_t activation)
{
    if (permit_is_needed(d, instance_frame(d->after, activation))) {
        permit_wait(d, activation);
    } else {
        request_send_permitted(d, activation);
    }
}

void request_send_permitted(struct decision *d, uint32_t activation)
{
    struct frame *frame = instance_frame(d->after, activation);

    CHECK(frame != NULL);
    if (frame->kind == FRAME_STEP) {
        send_step(d, frame);
    } else if (undo_send(d, activation)) {
        undo_end(d, activation, "emitted");
    } else {
        unwind(d); /* If it stuck, the rest may go on. */
    }
}

void request_succeeded(struct decision *d, uint32_t activation, const struct json *payload)
{
    struct frame was = *instance_frame(d->after, activation);

    permit_end(d, &was, NULL);
    if (was.kind == FRAME_UNDO) {
        undo_end(d, activation, "done");
        return;
    }
    instance_disarm_owner(d->after, activation);
    instance_drop_frame(d->after, activation);
    advance_done(d, &was, payload);
}

/* Wait for the next attempt. */
static void back_off(struct decision *d, struct frame *frame, struct json *error, int64_t start_ms)
{
    char delay[TIME_TEXT_BYTES];

    duration_format(start_ms - d->event->time_ms, delay);
    effect_decide(d->effects, "%s%.*s: attempt %u failed: %s; next in %s", prefix_of(frame),
                  TEXT_ARG(d->flow->steps[frame->step].name), frame->attempt,
                  problem_text(d, error), delay);
    frame->state = FRAME_BACKING_OFF;
    json_free(frame->error);
    frame->error = error;
    instance_arm(d->after, TIMER_BACKOFF, frame->activation, start_ms);
}

void request_failed(struct decision *d, uint32_t activation, struct json *error)
{
    struct frame *frame = instance_frame(d->after, activation);
    const struct retry_policy *policy = request_policy(d, frame);
    uint32_t step = frame->step;
    int64_t start_ms;

    permit_end(d, frame, error);
    instance_disarm(d->after, TIMER_ATTEMPT, activation);
    instance_disarm(d->after, TIMER_HEARTBEAT, activation);
    instance_disarm(d->after, TIMER_BACKOFF, activation);
    instance_disarm(d->after, TIMER_PERMIT, activation);
    if (policy != NULL && request_repeats(d, frame, problem_type(error)) &&
        retry_next(d, policy, frame, &start_ms)) {
        back_off(d, frame, error, start_ms);
        return;
    }
    effect_decide(d->effects, "%s%.*s: failed: %s", prefix_of(frame),
                  TEXT_ARG(d->flow->steps[step].name), problem_text(d, error));
    /* The frame says from now on whether the outcome is known. */
    json_free(frame->error);
    frame->error = json_copy(error);
    if (frame->kind == FRAME_UNDO) {
        undo_stick(d, activation, error);
        unwind(d);
    } else if (request_is_undecided_pivot(d, frame)) {
        fail_stick(d, frame->parent, step, activation, error);
    } else {
        fail_step(d, frame->parent, step, activation, error);
    }
}
