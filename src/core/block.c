/* Lists of steps within steps: the tree of frames. */
#include "core/undo_block.h"
#include "core/waiting.h"

struct frame *block_add(struct decision *d, uint32_t parent, uint32_t step, enum block_role role,
                        uint32_t index)
{
    struct frame *frame = instance_add_frame(d->after, d->after->activation_next++);

    frame->parent = parent;
    frame->kind = FRAME_BLOCK;
    frame->state = FRAME_OPEN;
    frame->role = role;
    frame->index = index;
    frame->step = step;
    frame->attempt = 1;
    frame->opened_ms = d->event->time_ms;
    if (role == BLOCK_BRANCH || role == BLOCK_ITERATION || role == BLOCK_UNDO) {
        block_put(frame, "added", json_object());
    }
    return frame;
}

void block_put(struct frame *frame, const char *key, struct json *value)
{
    struct json *local = frame->local == NULL ? json_object() : json_open_copy(frame->local);

    json_put(local, text_of(key), value);
    json_free(frame->local);
    frame->local = local;
}

const struct json *block_get(const struct frame *frame, const char *key)
{
    return json_member(frame->local, key);
}

uint32_t block_children(const struct decision *d, uint32_t activation)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        const struct frame *frame = &d->after->frames[i];

        count += frame->kind == FRAME_BLOCK && frame->parent == activation;
    }
    return count;
}

const struct frame *block_child(const struct decision *d, uint32_t activation)
{
    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        const struct frame *frame = &d->after->frames[i];

        if (frame->kind != FRAME_UNDO && frame->parent == activation) {
            return frame;
        }
    }
    return NULL;
}

struct json *block_arm(struct decision *d, uint32_t activation, enum timer_kind kind)
{
    const struct frame *frame = instance_find_frame(d->after, activation);
    const struct step *step = &d->flow->steps[frame->step];
    struct sight sight = {.scope = frame->parent, .step = step, .attempt = 1};
    struct error err = {0};
    int64_t ms;

    if (span_length(d, &step->timeout, &sight, &ms, &err) != STATUS_OK ||
        span_arm_warning(d, &step->warn_after, activation, &sight, &err) != STATUS_OK) {
        return problem_expression(d, step, 1, &err);
    }
    if (ms >= 0) {
        instance_arm(d->after, kind, activation, span_after(d->event->time_ms, ms));
    }
    return NULL;
}

struct json *block_open(struct decision *d, uint32_t scope, uint32_t step)
{
    uint32_t activation = block_add(d, scope, step, BLOCK_BODY, 0)->activation;
    struct json *error = block_arm(d, activation, TIMER_BLOCK);

    if (error != NULL) {
        block_close(d, activation);
        return error;
    }
    handle_open(d, activation);
    advance(d, activation, d->flow->steps[step].first_step);
    return NULL;
}

void block_close(struct decision *d, uint32_t activation)
{
    const struct frame *frame = instance_find_frame(d->after, activation);
    const struct undo *group = instance_find_undo(d->after, activation);

    scope_forget(d);
    if (group == NULL || group->state != UNDO_GROUP) {
        unwind_move(d, activation, frame->parent);
    } else {
        unwind_drop_empty(d, activation);
    }
    instance_disarm_owner(d->after, activation);
    instance_drop_frame(d->after, activation);
}

void block_clear(struct decision *d, uint32_t activation)
{
    const struct frame *child;

    while ((child = block_child(d, activation)) != NULL) {
        uint32_t inner = child->activation;

        if (child->kind == FRAME_BLOCK) {
            block_clear(d, inner); /* Bounded by BLOCK_DEPTH_MAX. */
            block_close(d, inner);
        } else {
            fail_abandon(d, inner);
        }
    }
}

/* `do` and `try`, or a catch, after which the step that it guards is complete. */
static void complete(struct decision *d, uint32_t activation)
{
    const struct frame *frame = instance_find_frame(d->after, activation);
    const struct step *step = &d->flow->steps[frame->step];
    uint32_t scope = frame->parent;
    uint32_t index = frame->step;

    effect_decide(d->effects, "%.*s: %s", TEXT_ARG(step->name),
                  frame->role == BLOCK_CATCH ? "caught" : "done");
    block_clear(d, activation); /* Its handlers. */
    block_close(d, activation);
    result_passed(d, scope, step, 1);
    advance(d, scope, place_after(d->flow, index, true));
}

void block_ended(struct decision *d, uint32_t activation)
{
    const struct frame *frame = instance_find_frame(d->after, activation);

    switch (frame->role) {
    case BLOCK_BODY:
    case BLOCK_CATCH:
        complete(d, activation);
        return;
    case BLOCK_BRANCH:
        fork_branch_done(d, activation);
        return;
    case BLOCK_ITERATION:
        loop_item_done(d, activation);
        return;
    case BLOCK_HANDLER:
        handle_done(d, activation);
        return;
    case BLOCK_REMIND:
        block_close(d, activation);
        return;
    case BLOCK_UNDO:
        undo_block_done(d, activation);
        return;
    case BLOCK_FORK:
    case BLOCK_LOOP:
    case BLOCK_WATCH:
        break;
    }
    CHECK(false && "a block without a list has none to end");
}

void block_unwound(struct decision *d, uint32_t activation)
{
    struct frame *frame = instance_frame(d->after, activation);
    const struct step *step = &d->flow->steps[frame->step];
    int64_t start_ms;

    if (frame->kind == FRAME_STEP) {
        struct frame was = *frame;

        instance_drop_frame(d->after, activation);
        was.error = NULL;
        was.local = NULL;
        advance_done(d, &was, NULL);
        return;
    }
    switch (frame->role) {
    case BLOCK_CATCH:
        frame->state = FRAME_OPEN;
        advance(d, activation, step->catchers[frame->index].first_step);
        return;
    case BLOCK_BODY:
        start_ms = json_member_int(frame->local, "retryAt", 0);
        frame->state = FRAME_BACKING_OFF;
        instance_arm(d->after, TIMER_BACKOFF, activation,
                     start_ms > d->event->time_ms ? start_ms : d->event->time_ms);
        return;
    case BLOCK_FORK:
    case BLOCK_LOOP:
        fork_unwound(d, activation);
        return;
    case BLOCK_BRANCH:
    case BLOCK_ITERATION:
    case BLOCK_WATCH:
    case BLOCK_HANDLER:
    case BLOCK_REMIND:
    case BLOCK_UNDO:
        break;
    }
    CHECK(false && "a block of this role does not wait for undos");
}

void block_retry(struct decision *d, uint32_t activation)
{
    struct frame *frame = instance_frame(d->after, activation);
    const struct step *step = &d->flow->steps[frame->step];

    frame->attempt++;
    frame->state = FRAME_OPEN;
    json_free(frame->error);
    frame->error = NULL;
    effect_decide(d->effects, "%.*s: attempt %u", TEXT_ARG(step->name), frame->attempt);
    handle_open(d, activation);
    advance(d, activation, step->first_step);
}

void block_lose(struct decision *d, uint32_t activation)
{
    struct frame *outer = instance_frame(d->after,
                                         instance_find_frame(d->after, activation)->parent);
    const struct json *old = block_get(outer, "lost");
    struct json *lost = old == NULL ? json_array() : json_open_copy(old);

    json_push(lost, json_integer(activation));
    block_put(outer, "lost", lost);
    block_clear(d, activation);
    block_close(d, activation);
}

/* The first block right below `activation` without a pivot in doubt, or NULL. */
static const struct frame *next_loser(const struct decision *d, uint32_t activation)
{
    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        const struct frame *frame = &d->after->frames[i];

        if (frame->kind == FRAME_BLOCK && frame->parent == activation &&
            !fail_has_undecided(d, frame->activation)) {
            return frame;
        }
    }
    return NULL;
}

static void say_given_up(struct decision *d, const struct frame *loser)
{
    effect_decide(d->effects, "%.*s: given up, it is decided without",
                  TEXT_ARG(d->flow->steps[loser->step].name));
}

/* Perhaps the pivot of a loser takes place. Nothing may be undone as long as that is not known, so its
 * list stands until its answer or its timeout, and goes on to its end if it has; see
 * block_is_settled(). */
static bool waits_for_pivot(struct decision *d, uint32_t activation)
{
    const struct frame *loser;

    if (!fail_has_undecided(d, activation)) {
        return false;
    }
    effect_decide(d->effects, "%.*s: decided, but a pivot in it is not",
                  TEXT_ARG(d->flow->steps[instance_find_frame(d->after, activation)->step].name));
    while ((loser = next_loser(d, activation)) != NULL) {
        say_given_up(d, loser);
        block_lose(d, loser->activation);
    }
    return true;
}

bool block_is_settled(const struct decision *d, uint32_t activation)
{
    return block_get(instance_find_frame(d->after, activation), "result") != NULL;
}

void block_settle(struct decision *d, uint32_t activation, struct json *result)
{
    struct json *targets;
    const struct frame *child;
    const struct json *lost;
    struct frame *frame = instance_frame(d->after, activation);

    if (result != NULL) {
        block_put(frame, "result", result);
    }
    instance_disarm(d->after, TIMER_PAUSE, activation);
    if (waits_for_pivot(d, activation)) {
        return;
    }
    targets = json_array();
    while ((child = block_child(d, activation)) != NULL) {
        uint32_t inner = child->activation;

        say_given_up(d, child);
        json_push(targets, json_integer(inner));
        block_clear(d, inner);
        block_close(d, inner);
    }
    frame = instance_frame(d->after, activation);
    lost = block_get(frame, "lost");
    for (size_t i = 0; i < json_count(lost); i++) {
        json_push(targets, json_copy(json_at(lost, i)));
    }
    unwind_begin(d, activation, targets);
    unwind(d);
}
