/* The way of an error up through the blocks, until a catch takes it: LANGUAGE.md section 5, rule 6. */
#include "core/undo_block.h"
#include "core/waiting.h"

#define CATCHER_NONE UINT32_MAX

static bool names(const struct catcher *catcher, struct text type)
{
    for (uint32_t i = 0; i < catcher->error_count; i++) {
        if (text_equal(catcher->errors[i], type)) {
            return true;
        }
        /* A cancel is no error to get over, and what cannot be undone is for people. */
        if (text_is(catcher->errors[i], "any") && !text_is(type, "cancelled") &&
            !text_is(type, "compensation-failed")) {
            return true;
        }
    }
    return false;
}

/* The first catch of the step that takes the error. A `when` that cannot be evaluated does not. */
static uint32_t find_catcher(struct decision *d, uint32_t scope, const struct step *step,
                             const struct json *error)
{
    for (uint32_t i = 0; i < step->catcher_count; i++) {
        const struct catcher *catcher = &step->catchers[i];
        struct sight sight = {.scope = scope, .step = step, .attempt = 1, .caught = error};
        struct error err = {0};
        bool truth = true;

        if (!names(catcher, problem_type(error))) {
            continue;
        }
        if (catcher->when != NULL &&
            scope_test(d, catcher->when, &sight, &truth, &err) != STATUS_OK) {
            alert_add(d, ALERT_DATA, step, error,
                      arena_printf(d->effects->arena, "catch when: %s", err.text).data);
            truth = false;
        }
        if (truth) {
            return i;
        }
    }
    return CATCHER_NONE;
}

/* Close the guarded step; what it did, and what was done within it, passes to the block `to`. */
static void hand_over(struct decision *d, uint32_t guard, uint32_t to)
{
    const struct frame *frame = instance_find_frame(d->after, guard);
    struct undo *undo;

    if (frame->kind == FRAME_BLOCK) {
        block_clear(d, guard);
        if (instance_find_undo(d->after, guard) == NULL) {
            unwind_move(d, guard, to);
        }
        block_close(d, guard);
    } else {
        fail_abandon(d, guard);
    }
    undo = instance_undo(d->after, guard);
    if (undo != NULL) {
        undo->group = to;
    }
}

/* `guard`: activation of the guarded step, 0 if it has no frame. Takes `error` over, but when it is
 * false: a pivot within is in doubt, so nothing may be undone yet. */
static bool begin(struct decision *d, struct position at, uint32_t guard, uint32_t index,
                  struct json *error)
{
    const struct catcher *catcher = &d->flow->steps[at.step].catchers[index];
    bool undoes = catcher->rollback && !d->after->sealed;
    struct frame *frame;
    uint32_t activation;

    if (guard != 0 && instance_find_frame(d->after, guard) != NULL &&
        fail_stick_undecided(d, guard, error)) {
        return false;
    }
    effect_decide(d->effects, "%.*s: caught: %s", TEXT_ARG(d->flow->steps[at.step].name),
                  problem_text(d, error));
    frame = block_add(d, at.scope, at.step, BLOCK_CATCH, index);
    activation = frame->activation;
    block_put(frame, "error", error);
    (void)result_fits(d->after, error, 0);
    if (guard != 0 && instance_find_frame(d->after, guard) != NULL) {
        hand_over(d, guard, undoes ? activation : at.scope);
    } else if (guard != 0 && instance_undo(d->after, guard) != NULL) {
        instance_undo(d->after, guard)->group = undoes ? activation : at.scope;
    }
    if (undoes && unwind_has(d, activation)) {
        struct json *targets = json_array();

        json_push(targets, json_integer(activation));
        unwind_begin(d, activation, targets);
        unwind(d);
        return true;
    }
    advance(d, activation, catcher->first_step);
    return true;
}

/* The step waits for an operator, beside the pivot whose outcome is open. Takes `error` over. */
static void wait_for_pivot(struct decision *d, struct position at, uint32_t guard,
                           struct json *error)
{
    const struct frame *frame = guard == 0 ? NULL : instance_find_frame(d->after, guard);

    if (frame != NULL && frame->state == FRAME_STUCK) {
        json_free(error);
        return;
    }
    fail_stick(d, at.scope, at.step, guard, error);
}

/* Is a `try` to be done again? Then it is undone first. */
static bool retries(struct decision *d, uint32_t activation, const struct json *error)
{
    struct frame *frame = instance_frame(d->after, activation);
    const struct step *step = &d->flow->steps[frame->step];
    struct json *targets;
    int64_t start_ms;

    if (step->retry == NULL || frame->role != BLOCK_BODY ||
        retry_excepts(step->retry, problem_type(error)) ||
        !retry_names(step->retry, problem_type(error)) ||
        !retry_next(d, step->retry, frame, &start_ms) ||
        fail_stick_undecided(d, activation, error)) {
        return false;
    }
    effect_decide(d->effects, "%.*s: attempt %u failed: %s; it is repeated", TEXT_ARG(step->name),
                  frame->attempt, problem_text(d, error));
    block_clear(d, activation);
    frame = instance_frame(d->after, activation);
    json_free(frame->error);
    frame->error = json_copy(error);
    block_put(frame, "retryAt", json_integer(start_ms));
    targets = json_array();
    json_push(targets, json_integer(activation));
    unwind_begin(d, activation, targets);
    unwind(d);
    return true;
}

static bool passes(enum block_role role)
{
    return role == BLOCK_CATCH || role == BLOCK_HANDLER;
}

/* Up from a step in `at.scope` that failed. */
static void pass_up(struct decision *d, struct position at, uint32_t guard, struct json *error,
                    bool may_retry)
{
    struct position origin = at;
    uint32_t origin_guard = guard;

    for (;;) {
        const struct frame *frame = guard == 0 ? NULL : instance_find_frame(d->after, guard);
        const struct frame *around;
        uint32_t index;

        if (may_retry && frame != NULL && frame->kind == FRAME_BLOCK && retries(d, guard, error)) {
            json_free(error);
            return;
        }
        index = find_catcher(d, at.scope, &d->flow->steps[at.step], error);
        if (index != CATCHER_NONE) {
            if (!begin(d, at, guard, index, error)) {
                wait_for_pivot(d, origin, origin_guard, error);
            }
            return;
        }
        /* A catch does not guard itself; a handler fails the block that it belongs to. */
        while (at.scope != 0 && passes(instance_find_frame(d->after, at.scope)->role)) {
            at.scope = instance_find_frame(d->after, at.scope)->parent;
        }
        if (at.scope == 0) {
            if (d->after->status == RUN_RUNNING && !d->after->sealed &&
                fail_stick_undecided(d, 0, error)) {
                wait_for_pivot(d, origin, origin_guard, error);
            } else {
                fail_root(d, origin.scope, origin.step, origin_guard, error);
            }
            return;
        }
        around = instance_find_frame(d->after, at.scope);
        if (around->role == BLOCK_UNDO) {
            undo_block_failed(d, at.scope, error);
            return;
        }
        if (around->role == BLOCK_BRANCH || around->role == BLOCK_ITERATION) {
            uint32_t outer = around->parent;

            error = around->role == BLOCK_BRANCH ? fork_branch_failed(d, at.scope, error)
                                                 : loop_item_failed(d, at.scope, error);
            if (error == NULL) {
                return;
            }
            around = instance_find_frame(d->after, outer);
        }
        /* What fails in a reminder fails the step that waits. */
        guard = around->role == BLOCK_REMIND ? around->index : around->activation;
        at = (struct position){around->parent, around->step};
        may_retry = true;
    }
}

/* The run has come to its end, and only waits to be told what became of a pivot or an undo. */
static bool is_over(const struct decision *d, uint32_t scope)
{
    return run_is_ending(d) && undo_block_around(d, scope) == NULL;
}

void fail_step(struct decision *d, uint32_t scope, uint32_t step, uint32_t activation,
               struct json *error)
{
    if (is_over(d, scope)) {
        const struct frame *frame = instance_find_frame(d->after, activation);

        if (frame != NULL && frame->kind == FRAME_STEP) {
            fail_abandon(d, activation);
        }
        json_free(error);
        return;
    }
    pass_up(d, (struct position){scope, step}, activation, error, true);
}

void fail_block(struct decision *d, uint32_t activation, struct json *error)
{
    const struct frame *frame = instance_find_frame(d->after, activation);

    if (is_over(d, frame->parent)) {
        json_free(error);
        return;
    }
    pass_up(d, (struct position){frame->parent, frame->step}, activation, error, false);
}

void fail_block_late(struct decision *d, uint32_t activation)
{
    const struct frame *frame = instance_find_frame(d->after, activation);
    const struct step *step = &d->flow->steps[frame->step];
    struct json *error = problem_of_step(d, step, 0, "timeout", "it did not end in time");

    if (frame->role == BLOCK_UNDO) {
        undo_block_failed(d, activation, error);
        return;
    }
    effect_decide(d->effects, "%.*s: failed: %s", TEXT_ARG(step->name), problem_text(d, error));
    fail_block(d, activation, error); /* The limit is that of all attempts. */
}
