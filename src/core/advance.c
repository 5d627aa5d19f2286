/* Runs steps one after the other until one has to wait. */
#include "base/limits.h"
#include "core/decision.h"

enum move_kind {
    MOVE_DONE, /* The step has succeeded: go on after it. */
    MOVE_PAST, /* It did not run: go on after it, without its `then`. */
    MOVE_TO,   /* Go on at `step`; STEP_NONE: the end of the root list. */
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

static struct move enter_listen(struct decision *d, uint32_t step)
{
    struct json *result = NULL;
    bool waits = false;
    struct json *error = listen_open(d, step, &result, &waits);

    if (waits) {
        return (struct move){.kind = MOVE_STOP};
    }
    if (error == NULL) {
        error = result_keep(d, &d->flow->steps[step], 1, result);
    }
    json_free(result);
    return done_unless(error);
}

static struct move enter_wait(struct decision *d, uint32_t step)
{
    bool waits = false;
    struct json *error = wait_open(d, step, &waits);

    return waits ? (struct move){.kind = MOVE_STOP} : done_unless(error);
}

static struct move enter_set(struct decision *d, uint32_t step)
{
    const struct step *at = &d->flow->steps[step];
    struct sight sight = {.step = at, .attempt = 1};
    struct json *value = NULL;
    struct json *error = NULL;
    struct error err = {0};

    if (scope_render(d, at->set, &sight, &value, &err) != STATUS_OK) {
        return failed(problem_expression(d, at, 1, &err));
    }
    if (json_kind(value) == JSON_OBJECT) {
        error = result_put_data(d, at, json_merge(d->after->data, value), value);
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
        return (struct move){.kind = MOVE_TO, .step = STEP_NONE};
    case THEN_CONTINUE:
        return (struct move){.kind = MOVE_TO, .step = place_after(d->flow, step, false)};
    case THEN_NEXT:
        return (struct move){.kind = MOVE_DONE};
    }
    CHECK(false && "unknown then");
    return (struct move){.kind = MOVE_DONE};
}

static struct move enter_switch(struct decision *d, uint32_t step)
{
    const struct step *at = &d->flow->steps[step];
    struct sight sight = {.step = at, .attempt = 1};
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

static struct move enter_raise(struct decision *d, uint32_t step)
{
    const struct step *at = &d->flow->steps[step];
    struct sight sight = {.step = at, .attempt = 1};
    struct text type;
    struct text title;
    struct text detail;
    struct text status;
    struct json *error;
    struct error err = {0};
    int64_t number;

    if (at->raise.again && d->after->error != NULL) {
        return failed(json_copy(d->after->error));
    }
    if (text_of_template(d, at->raise.error, &sight, &type, &err) != STATUS_OK ||
        text_of_template(d, at->raise.title, &sight, &title, &err) != STATUS_OK ||
        text_of_template(d, at->raise.detail, &sight, &detail, &err) != STATUS_OK ||
        text_of_template(d, at->raise.status, &sight, &status, &err) != STATUS_OK) {
        return failed(problem_expression(d, at, 1, &err));
    }
    if (type.bytes == 0) {
        type = TEXT("runtime");
    }
    error = problem_new(type.data, title, detail.bytes > 0 ? detail.data : NULL);
    if (text_to_int64(status, &number)) {
        json_put_integer(error, "status", number);
    }
    json_put_text(error, "step", at->name);
    return failed(error);
}

static struct move enter_end(struct decision *d, uint32_t step)
{
    const struct step *at = &d->flow->steps[step];
    struct sight sight = {.step = at, .attempt = 1};
    struct text reason;
    struct json *error;
    struct error err = {0};
    bool is_failed = at->end.status == END_FAILED;

    if (text_of_template(d, at->end.reason, &sight, &reason, &err) != STATUS_OK) {
        return failed(problem_expression(d, at, 1, &err));
    }
    /* In onFailure it is settled how the run ends: only the rest is left out. */
    if (at->end.status == END_COMPLETED || d->after->status == RUN_FINISHING) {
        return (struct move){.kind = MOVE_TO, .step = STEP_NONE};
    }
    error = problem_new(is_failed ? "failed" : "cancelled", reason, NULL);
    json_put_text(error, "step", at->name);
    fail_by_author(d, error, is_failed ? RUN_FAILED : RUN_CANCELLED);
    return (struct move){.kind = MOVE_STOP};
}

static struct move enter(struct decision *d, uint32_t step)
{
    const struct step *at = &d->flow->steps[step];
    struct sight sight = {.step = at, .attempt = 1};
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
    switch (at->kind) {
    case STEP_REQUEST:
        request_open(d, step);
        return (struct move){.kind = MOVE_STOP};
    case STEP_EMIT:
        return done_unless(send_emit(d, step));
    case STEP_LISTEN:
        return enter_listen(d, step);
    case STEP_WAIT:
        return enter_wait(d, step);
    case STEP_SET:
        return enter_set(d, step);
    case STEP_SWITCH:
        return enter_switch(d, step);
    case STEP_RAISE:
        return enter_raise(d, step);
    case STEP_END:
        return enter_end(d, step);
    }
    CHECK(false && "unknown step kind");
    return (struct move){.kind = MOVE_STOP};
}

void advance(struct decision *d, uint32_t step)
{
    while (step != STEP_NONE) {
        const struct step *at = &d->flow->steps[step];
        struct move move;

        /* A loop that never waits would hold up everything else. */
        if (++d->inline_steps > INLINE_TRANSITIONS_MAX) {
            move = failed(problem_of_step(d, at, 0, "runtime", "too many steps without a wait"));
        } else {
            move = enter(d, step);
        }
        switch (move.kind) {
        case MOVE_DONE:
            result_passed(d, at, 1);
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
            fail_step(d, step, 0, move.error);
            return;
        }
    }
    run_close(d, d->after->status == RUN_FINISHING ? d->after->closing : RUN_COMPLETED);
}

void advance_done(struct decision *d, uint32_t step, uint32_t activation, uint32_t attempt,
                  const struct json *result)
{
    const struct step *at = &d->flow->steps[step];
    struct json *error = NULL;

    effect_decide(d->effects, "%.*s: done", TEXT_ARG(at->name));
    if (result != NULL) {
        error = result_keep(d, at, attempt, result);
    }
    /* Armed even if its result cannot be kept: the step has taken place. */
    undo_arm(d, activation, attempt, false);
    result_passed(d, at, attempt);
    if (error != NULL) {
        effect_decide(d->effects, "%.*s: failed: %s", TEXT_ARG(at->name), problem_text(d, error));
        /* Under its own activation: should an operator repeat it, the service knows it by that. */
        fail_step(d, step, activation, error);
        return;
    }
    advance(d, place_after(d->flow, step, true));
}
