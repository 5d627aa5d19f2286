/*
 * The order in which the stack is undone: LANGUAGE.md section 5, rules 3 and 4. The entries form a
 * tree: what was pushed within a fork or for hangs below groups, of which those of branches and
 * items are undone in reverse, each on its own, side by side with their siblings.
 */
#include "core/decision.h"

static uint32_t group_above(const struct decision *d, uint32_t activation)
{
    const struct frame *frame = instance_find_frame(d->after, activation);
    const struct undo *undo = instance_find_undo(d->after, activation);

    if (undo != NULL && undo->state == UNDO_GROUP) {
        return undo->group;
    }
    return frame == NULL ? 0 : frame->parent;
}

const struct json *unwind_error(const struct decision *d, const struct undo *undo)
{
    uint32_t group = undo->group;

    while (group != 0) {
        const struct frame *frame = instance_find_frame(d->after, group);

        if (frame != NULL && frame->role == BLOCK_CATCH) {
            return block_get(frame, "error");
        }
        if (frame != NULL && frame->state == FRAME_UNWINDING && frame->error != NULL) {
            return frame->error;
        }
        group = group_above(d, group);
    }
    return d->after->error;
}

/* 0 is above everything. */
static bool is_below(const struct decision *d, const struct undo *undo, uint32_t target)
{
    uint32_t group = undo->group;

    if (target == 0 || undo->activation == target) {
        return true;
    }
    while (group != 0 && group != target) {
        group = group_above(d, group);
    }
    return group == target;
}

/* The nearest group entry above `undo` that is itself below `target`, or 0. */
static uint32_t group_within(const struct decision *d, const struct undo *undo, uint32_t target)
{
    uint32_t group = undo->activation == target ? 0 : undo->group;

    while (group != 0) {
        const struct undo *entry = instance_find_undo(d->after, group);

        if (entry != NULL && entry->state == UNDO_GROUP) {
            return is_below(d, entry, target) ? group : 0;
        }
        if (group == target) {
            return 0;
        }
        group = group_above(d, group);
    }
    return 0;
}

/* What another branch had begun to undo when the pivot succeeded is waited for; nothing else begins. */
static bool is_due(const struct decision *d, const struct undo *undo)
{
    return undo->state == UNDO_RUNNING || (undo->state == UNDO_ARMED && !d->after->sealed);
}

bool unwind_has(const struct decision *d, uint32_t target)
{
    for (uint32_t i = 0; i < d->after->undo_count; i++) {
        if (is_due(d, &d->after->stack[i]) && is_below(d, &d->after->stack[i], target)) {
            return true;
        }
    }
    return false;
}

static bool is_stuck(const struct decision *d, uint32_t undo_of)
{
    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        const struct frame *frame = &d->after->frames[i];

        if (frame->kind == FRAME_UNDO && frame->undo_of == undo_of) {
            return frame->state == FRAME_STUCK;
        }
    }
    return false;
}

static bool holds(const struct decision *d)
{
    return d->flow->when_stuck == STUCK_HOLD && instance_is_stuck(d->after);
}

static bool unwind_group(struct decision *d, uint32_t target, uint32_t group, bool parallel);

/* True while the entry is being undone, so that what was done before it has to wait. */
static bool unwind_entry(struct decision *d, uint32_t target, uint32_t activation)
{
    const struct undo *undo = instance_find_undo(d->after, activation);

    switch (undo->state) {
    case UNDO_PENDING:
        return false;
    case UNDO_ARMED:
        if (!is_due(d, undo)) {
            return false;
        }
        undo_start(d, activation);
        undo = instance_find_undo(d->after, activation);
        return undo != NULL && !is_stuck(d, activation);
    case UNDO_RUNNING:
        return !is_stuck(d, activation);
    case UNDO_GROUP:
        break;
    }
    return unwind_group(d, target, activation,
                        undo->parallel || d->flow->saga_order == SAGA_PARALLEL);
}

/* Start what may be started right below `group` (0: right below the target), the latest first.
 * Recursion is bounded by BLOCK_DEPTH_MAX. True while something is being undone. */
static bool unwind_group(struct decision *d, uint32_t target, uint32_t group, bool parallel)
{
    uint32_t above = UINT32_MAX;
    bool busy = false;

    while (!holds(d)) {
        uint32_t next = 0;

        for (uint32_t i = d->after->undo_count; i > 0 && next == 0; i--) {
            const struct undo *undo = &d->after->stack[i - 1];

            if (undo->activation < above && is_below(d, undo, target) &&
                group_within(d, undo, target) == group && undo->activation != group) {
                next = undo->activation;
            }
        }
        if (next == 0) {
            return busy;
        }
        above = next;
        busy = unwind_entry(d, target, next) || busy;
        if (busy && !parallel) {
            return true;
        }
    }
    return true;
}

void unwind_move(struct decision *d, uint32_t from, uint32_t to)
{
    for (uint32_t i = 0; i < d->after->undo_count; i++) {
        if (d->after->stack[i].group == from) {
            d->after->stack[i].group = to;
        }
    }
}

void unwind_drop_empty(struct decision *d, uint32_t group)
{
    for (uint32_t i = 0; i < d->after->undo_count; i++) {
        if (d->after->stack[i].group == group) {
            return;
        }
    }
    instance_drop_undo(d->after, group);
}

void unwind_begin(struct decision *d, uint32_t activation, struct json *targets)
{
    struct frame *frame = instance_frame(d->after, activation);

    frame->state = FRAME_UNWINDING;
    block_put(frame, "unwind", targets);
}

/* True when nothing is left below the targets of the frame. */
static bool unwind_frame(struct decision *d, uint32_t activation)
{
    bool parallel = d->flow->saga_order == SAGA_PARALLEL;
    struct json *targets = json_copy(block_get(instance_frame(d->after, activation), "unwind"));
    bool in_turn = !parallel && instance_frame(d->after, activation)->kind == FRAME_STEP;
    bool is_left = false;

    for (size_t i = 0; i < json_count(targets); i++) {
        int64_t target = 0;

        (void)json_int64(json_at(targets, i), &target);
        if (unwind_has(d, (uint32_t)target)) {
            (void)unwind_group(d, (uint32_t)target, 0, parallel);
            is_left = unwind_has(d, (uint32_t)target) || is_left;
        }
        /* The steps that a rollback names go one after the other; losers side by side. */
        if (is_left && in_turn) {
            break;
        }
    }
    json_free(targets);
    return !is_left;
}

/* The first unwinding frame from `from` on, or 0. */
static uint32_t next_unwinding(const struct decision *d, uint32_t from)
{
    for (uint32_t i = 0; i < d->after->frame_count; i++) {
        const struct frame *frame = &d->after->frames[i];

        if (frame->activation >= from && frame->state == FRAME_UNWINDING) {
            return frame->activation;
        }
    }
    return 0;
}

/* While the whole run is undone, only blocks within undos wait themselves. */
void unwind(struct decision *d)
{
    uint32_t at = 0;

    while ((at = next_unwinding(d, at)) != 0) {
        if (unwind_frame(d, at)) {
            block_unwound(d, at);
        }
        at++;
    }
    if (d->after->status == RUN_COMPENSATING) {
        (void)unwind_group(d, 0, 0, d->flow->saga_order == SAGA_PARALLEL);
        if (d->after->frame_count == 0 && !unwind_has(d, 0)) {
            run_finish(d);
        }
    }
}

void unwind_held(struct decision *d)
{
    if (next_unwinding(d, 0) != 0) {
        unwind(d);
    }
}

static bool is_named(const struct decision *d, const struct step *step, const struct undo *undo)
{
    if (step->rollback.all) {
        return true;
    }
    for (uint32_t i = 0; i < step->rollback.step_count; i++) {
        if (text_equal(d->flow->steps[undo->step].name, step->rollback.steps[i])) {
            return true;
        }
    }
    return false;
}

bool unwind_rollback(struct decision *d, uint32_t scope, uint32_t step)
{
    const struct step *at = &d->flow->steps[step];
    struct json *targets = json_array();
    struct frame *frame;

    if (d->after->sealed) {
        effect_decide(d->effects, "%.*s: sealed by the pivot, nothing is undone",
                      TEXT_ARG(at->name));
    }
    if (at->rollback.all) {
        json_push(targets, json_integer(0));
    }
    for (uint32_t i = d->after->undo_count; i > 0 && !at->rollback.all; i--) {
        const struct undo *undo = &d->after->stack[i - 1];

        if (is_due(d, undo) && is_named(d, at, undo)) {
            json_push(targets, json_integer(undo->activation));
        }
    }
    if (json_count(targets) == 0 || (at->rollback.all && !unwind_has(d, 0))) {
        json_free(targets);
        return false;
    }
    frame = instance_add_frame(d->after, d->after->activation_next++);
    frame->parent = scope;
    frame->kind = FRAME_STEP;
    frame->step = step;
    frame->attempt = 1;
    frame->opened_ms = d->event->time_ms;
    unwind_begin(d, frame->activation, targets);
    effect_decide(d->effects, "%.*s: undoing", TEXT_ARG(at->name));
    unwind(d);
    return true;
}
