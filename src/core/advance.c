/* Runs steps one after the other until one has to wait. */
#include "base/limits.h"
#include "core/told.h"
#include "core/undo_block.h"
#include "core/waiting.h"

enum move_kind {
    MOVE_DONE, /* The step has succeeded: go on after it. */
    MOVE_PAST, /* It did not run: go on after it, without its `then`. */
    MOVE_TO,   /* Go on at `step`, as place_after() gives it. */
    MOVE_STOP, /* It waits, or the run has taken another way. */
    MOVE_FAIL,
};

struct move {
    enum move_kind kind;
    uint32_t step;
    struct json *error;
};

static struct move failed(struct json *error)
{
    return (struct move){.kind = MOVE_FAIL, .error = error};
}

static struct move done_unless(struct json *error)
{
    return error == NULL ? (struct move){.kind = MOVE_DONE} : failed(error);
}

static struct move stop_unless(struct json *error)
{
    return error == NULL ? (struct move){.kind = MOVE_STOP} : failed(error);
}

static struct move enter_listen(struct decision *d, uint32_t scope, uint32_t step)
{
    struct json *result = NULL;
    bool waits = false;
    struct json *error = listen_open(d, scope, step, &result, &waits);

    if (waits) {
        return (struct move){.kind = MOVE_STOP};
    }
    if (error == NULL) {
        error = result_keep(d, scope, &d->flow->steps[step], 1, result);
    }
    json_free(result);
    return done_unless(error);
}

static struct move enter_wait(struct decision *d, uint32_t scope, uint32_t step)
{
    bool waits = false;
    struct json *error = wait_open(d, scope, step, &waits);

    return waits ? (struct move){.kind = MOVE_STOP} : done_unless(error);
}

static struct move enter_set(struct decision *d, uint32_t scope, uint32_t step)
{
    const struct step *at = &d->flow->steps[step];
    struct sight sight = {.scope = scope, .step = at, .attempt = 1};
    struct json *value = NULL;
    struct json *error = NULL;
    struct error err = {0};

    if (scope_render(d, at->set, &sight, &value, &err) != STATUS_OK) {
        return failed(problem_expression(d, at, 1, &err));
    }
    if (json_kind(value) == JSON_OBJECT) {
        error = at->replaces ? result_replace(d, scope, at, value)
                             : result_merge(d, scope, at, value);
    } else {
        error = problem_of_step(d, at, 0, "expression", "set needs an object");
    }
    json_free(value);
    return done_unless(error);
}

static struct move take_case(struct decision *d, uint32_t step, const struct switch_case *at)
{
    if (at->first_step != STEP_NONE) {
        return (struct move){.kind = MOVE_TO, .step = at->first_step};
    }
    switch (at->then.kind) {
    case THEN_STEP:
        return (struct move){.kind = MOVE_TO, .step = at->then.step};
    case THEN_END:
        return (struct move){.kind = MOVE_TO, .step = PLACE_RUN_END};
    case THEN_CONTINUE:
        return (struct move){.kind = MOVE_TO, .step = place_after(d->flow, step, false)};
    case THEN_NEXT:
        return (struct move){.kind = MOVE_DONE};
    }
    CHECK(false && "unknown then");
    return (struct move){.kind = MOVE_DONE};
}

static struct move enter_switch(struct decision *d, uint32_t scope, uint32_t step)
{
    const struct step *at = &d->flow->steps[step];
    struct sight sight = {.scope = scope, .step = at, .attempt = 1};
    struct error err = {0};

    for (uint32_t i = 0; i < at->choice.case_count; i++) {
        const struct switch_case *choice = &at->choice.cases[i];
        bool truth = true;

        if (choice->when != NULL &&
            scope_test(d, choice->when, &sight, &truth, &err) != STATUS_OK) {
            return failed(problem_expression(d, at, 1, &err));
        }
        if (truth) {
            effect_decide(d->effects, "%.*s: case %u", TEXT_ARG(at->name), i + 1);
            return take_case(d, step, choice);
        }
    }
    effect_decide(d->effects, "%.*s: no case", TEXT_ARG(at->name));
    return (struct move){.kind = MOVE_DONE};
}

/* A template's text; a missing one is empty. */
static enum status text_of_template(struct decision *d, const struct template *template,
                                    const struct sight *sight, struct text *text, struct error *err)
{
    *text = (struct text){0};
    return template == NULL ? STATUS_OK : scope_render_text(d, template, sight, text, err);
}

static struct move enter_raise(struct decision *d, uint32_t scope, uint32_t step)
{
    const struct step *at = &d->flow->steps[step];
    struct sight sight = {.scope = scope, .step = at, .attempt = 1};
    struct text type;
    struct text title;
    struct text status;
    struct json *detail = NULL;
    struct json *error;
    struct error err = {0};
    int64_t number;

    if (at->raise.again && scope_error(d, scope) != NULL) {
        return failed(json_copy(scope_error(d, scope)));
    }
    if (text_of_template(d, at->raise.error, &sight, &type, &err) != STATUS_OK ||
        text_of_template(d, at->raise.title, &sight, &title, &err) != STATUS_OK ||
        text_of_template(d, at->raise.status, &sight, &status, &err) != STATUS_OK ||
        (at->raise.detail != NULL &&
         scope_render(d, at->raise.detail, &sight, &detail, &err) != STATUS_OK)) {
        return failed(problem_expression(d, at, 1, &err));
    }
    if (type.bytes == 0) {
        type = TEXT("runtime");
    }
    error = problem_new(type.data, title, NULL);
    if (detail != NULL && json_kind(detail) != JSON_NULL) {
        json_put(error, TEXT("detail"), json_copy(detail));
    }
    json_free(detail);
    if (status.bytes > 0 && !text_to_int64(status, &number)) {
        json_free(error);
        (void)fail(&err, STATUS_REJECT, "status: '%.*s' is no whole number", TEXT_ARG(status));
        return failed(problem_expression(d, at, 1, &err));
    }
    if (status.bytes > 0) {
        json_put_integer(error, "status", number);
    }
    problem_put_step(error, at);
    return failed(error);
}

static struct move enter_end(struct decision *d, uint32_t scope, uint32_t step)
{
    const struct step *at = &d->flow->steps[step];
    struct sight sight = {.scope = scope, .step = at, .attempt = 1};
    struct text reason;
    struct json *error;
    struct error err = {0};
    bool is_failed = at->end.status == END_FAILED;

    if (text_of_template(d, at->end.reason, &sight, &reason, &err) != STATUS_OK) {
        return failed(problem_expression(d, at, 1, &err));
    }
    /* In onFailure it is settled how the run ends: only the rest is left out. */
    if (at->end.status == END_COMPLETED || d->after->status == RUN_FINISHING) {
        return (struct move){.kind = MOVE_TO, .step = PLACE_RUN_END};
    }
    error = problem_new(is_failed ? "failed" : "cancelled", reason, NULL);
    problem_put_step(error, at);
    fail_by_author(d, error, is_failed ? RUN_FAILED : RUN_CANCELLED);
    return (struct move){.kind = MOVE_STOP};
}

static struct move enter_rollback(struct decision *d, uint32_t scope, uint32_t step)
{
    return (struct move){.kind = unwind_rollback(d, scope, step) ? MOVE_STOP : MOVE_DONE};
}

static struct move enter_run(struct decision *d, uint32_t scope, uint32_t step)
{
    bool waits = false;
    struct json *error = child_open(d, scope, step, &waits);

    return waits ? (struct move){.kind = MOVE_STOP} : done_unless(error);
}

static struct move enter_action(struct decision *d, uint32_t scope, uint32_t step)
{
    if (d->judge != NULL) {
        d->judge->enter(d->judge->self, step);
    }
    switch (d->flow->steps[step].kind) {
    case STEP_REQUEST:
        request_open(d, scope, step);
        return (struct move){.kind = MOVE_STOP};
    case STEP_EMIT:
        return done_unless(send_emit(d, scope, step));
    case STEP_LISTEN:
        return enter_listen(d, scope, step);
    case STEP_WAIT:
        return enter_wait(d, scope, step);
    case STEP_SET:
        return enter_set(d, scope, step);
    case STEP_SWITCH:
        return enter_switch(d, scope, step);
    case STEP_RAISE:
        return enter_raise(d, scope, step);
    case STEP_END:
        return enter_end(d, scope, step);
    case STEP_BLOCK:
        return stop_unless(block_open(d, scope, step));
    case STEP_FORK:
        return stop_unless(fork_open(d, scope, step));
    case STEP_FOR:
        return stop_unless(loop_open(d, scope, step));
    case STEP_ROLLBACK:
        return enter_rollback(d, scope, step);
    case STEP_RUN:
        return enter_run(d, scope, step);
    }
    CHECK(false && "unknown step kind");
    return (struct move){.kind = MOVE_STOP};
}

static struct move enter(struct decision *d, uint32_t scope, uint32_t step)
{
    const struct step *at = &d->flow->steps[step];
    struct sight sight = {.scope = scope, .step = at, .attempt = 1};
    struct error err = {0};
    bool truth = true;

    if (at->condition != NULL) {
        if (scope_test(d, at->condition, &sight, &truth, &err) != STATUS_OK) {
            return failed(problem_expression(d, at, 1, &err));
        }
        if (!truth) {
            effect_decide(d->effects, "%.*s: skipped by its if", TEXT_ARG(at->name));
            return (struct move){.kind = MOVE_PAST};
        }
    }
    return enter_action(d, scope, step);
}

/* One list, until it waits or comes to its end. */
static void run_list(struct decision *d, uint32_t scope, uint32_t step)
{
    while (step != STEP_NONE && step != PLACE_RUN_END) {
        const struct step *at = &d->flow->steps[step];
        struct move move;

        /* A loop that never waits would hold up everything else. */
        if (++d->inline_steps > INLINE_TRANSITIONS_MAX) {
            move = failed(problem_of_step(d, at, 0, "runtime", "too many steps without a wait"));
        } else {
            move = enter(d, scope, step);
        }
        switch (move.kind) {
        case MOVE_DONE:
            result_passed(d, scope, at, 1);
            step = place_after(d->flow, step, true);
            break;
        case MOVE_PAST:
            step = place_after(d->flow, step, false);
            break;
        case MOVE_TO:
            step = move.step;
            break;
        case MOVE_STOP:
            return;
        case MOVE_FAIL:
            effect_decide(d->effects, "%.*s: failed: %s", TEXT_ARG(at->name),
                          problem_text(d, move.error));
            fail_step(d, scope, step, 0, move.error);
            return;
        }
    }
    if (step == PLACE_RUN_END || scope == 0) {
        run_end(d);
    } else {
        block_ended(d, scope);
    }
}

/* The list may have been given up since it was said to go on. */
static bool is_live(const struct decision *d, uint32_t scope)
{
    const struct frame *frame = scope == 0 ? NULL : instance_find_frame(d->after, scope);

    if (run_is_ending(d) && undo_block_around(d, scope) == NULL) {
        return false;
    }
    if (scope == 0) {
        return d->after->status == RUN_RUNNING || d->after->status == RUN_FINISHING;
    }
    return frame != NULL && frame->state == FRAME_OPEN;
}

void advance(struct decision *d, uint32_t scope, uint32_t step)
{
    if (d->ready_count == d->ready_capacity) {
        uint32_t capacity = d->ready_capacity == 0 ? 8 : d->ready_capacity * 2;
        struct position *ready = arena_array(d->effects->arena, capacity, sizeof(*ready));

        for (uint32_t i = 0; i < d->ready_count; i++) {
            ready[i] = d->ready[i];
        }
        d->ready = ready;
        d->ready_capacity = capacity;
    }
    d->ready[d->ready_count++] = (struct position){scope, step};
}

void advance_run(struct decision *d)
{
    do {
        while (d->ready_next < d->ready_count) {
            struct position at = d->ready[d->ready_next++];

            if (is_live(d, at.scope) && !handle_holds(d, at)) {
                run_list(d, at.scope, at.step);
            }
        }
        unwind_held(d);
    } while (d->ready_next < d->ready_count || run_end_if_due(d));
}

void advance_stop(struct decision *d)
{
    uint32_t kept = d->ready_next;

    /* What is being undone goes on, whatever becomes of the rest. */
    for (uint32_t i = d->ready_next; i < d->ready_count; i++) {
        if (undo_block_around(d, d->ready[i].scope) != NULL) {
            d->ready[kept++] = d->ready[i];
        }
    }
    d->ready_count = kept;
}

void advance_done(struct decision *d, const struct frame *frame, const struct json *result)
{
    const struct step *at = &d->flow->steps[frame->step];
    struct json *error = NULL;

    remind_stop(d, frame->activation);

    effect_decide(d->effects, "%.*s: done", TEXT_ARG(at->name));
    if (result != NULL) {
        error = result_keep(d, frame->parent, at, frame->attempt, result);
    }
    /* Armed even if its result cannot be kept: the step has taken place. */
    undo_arm(d, frame, false);
    result_passed(d, frame->parent, at, frame->attempt);
    if (error != NULL) {
        effect_decide(d->effects, "%.*s: failed: %s", TEXT_ARG(at->name), problem_text(d, error));
        /* Under its own activation: should an operator repeat it, the service knows it by that. */
        fail_step(d, frame->parent, frame->step, frame->activation, error);
        return;
    }
    advance(d, frame->parent, place_after(d->flow, frame->step, true));
}
