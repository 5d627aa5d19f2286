/* Entries of the compensation stack: LANGUAGE.md section 5, rules 1 and 2. */
#include "core/known.h"
#include "core/told.h"

/* Within a fork or for the stack is a tree: an entry for the block itself and one for each list. */
static void ensure_groups(struct decision *d, uint32_t scope)
{
    while (scope != 0) {
        const struct frame *frame = instance_find_frame(d->after, scope);

        if (frame->role != BLOCK_BODY && frame->role != BLOCK_CATCH &&
            frame->role != BLOCK_HANDLER && frame->role != BLOCK_REMIND) {
            struct undo *group;

            if (instance_find_undo(d->after, scope) != NULL) {
                return;
            }
            group = instance_add_undo(d->after, scope);
            group->group = frame->parent;
            group->step = frame->step;
            group->state = UNDO_GROUP;
            group->parallel = frame->role == BLOCK_FORK || frame->role == BLOCK_LOOP;
        }
        scope = frame->parent;
    }
}

static void push(struct decision *d, const struct frame *frame)
{
    struct undo *undo;

    /* After the pivot nothing is ever undone; in onFailure there is nothing left to undo it. */
    if (d->after->sealed || d->after->status != RUN_RUNNING ||
        instance_find_undo(d->after, frame->activation) != NULL) {
        return;
    }
    ensure_groups(d, frame->parent);
    undo = instance_add_undo(d->after, frame->activation);
    undo->group = frame->parent;
    undo->step = frame->step;
    undo->state = UNDO_PENDING;
    if (json_member(frame->local, "name") != NULL) {
        known_keep_undo(undo, json_member_text(frame->local, "name"));
    }
}

void undo_push(struct decision *d, const struct frame *frame)
{
    if (d->flow->steps[frame->step].compensate != NULL) {
        push(d, frame);
    }
}

void undo_push_child(struct decision *d, const struct frame *frame, const struct json *child)
{
    struct undo *undo;

    if (d->flow->steps[frame->step].run.abandons) {
        return;
    }
    push(d, frame);
    undo = instance_undo(d->after, frame->activation);
    if (undo != NULL) {
        undo->message = json_object();
        json_put(undo->message, TEXT("child"), json_copy(child));
    }
}

/* For what is rendered only when it is sent, and for blocks: what the step sees now. */
static struct json *snapshot_of(struct decision *d, uint32_t scope)
{
    struct json *message = json_object();
    struct json *loops = scope_loops(d, scope);

    json_put(message, TEXT("data"), json_copy(scope_data(d, scope)));
    if (loops != NULL) {
        json_put(message, TEXT("loops"), loops);
    }
    return message;
}

/* Takes `message` over. Counted, never refused: what a step adds next is. */
static void keep_message(struct decision *d, struct undo *undo, struct json *message)
{
    struct text name = json_member_text(undo->message, "name");

    if (name.bytes > 0) {
        json_put_text(message, "name", name);
    }
    json_free(undo->message);
    undo->message = message;
    (void)result_fits(d->after, message, 0);
}

void undo_arm(struct decision *d, const struct frame *frame, bool in_doubt)
{
    struct undo *undo = instance_undo(d->after, frame->activation);
    struct sight sight = {.scope = frame->parent, .attempt = frame->attempt};
    const struct step *step;
    struct rendered rendered;
    struct json *error;

    if (undo == NULL || undo->state == UNDO_GROUP) {
        return;
    }
    step = &d->flow->steps[undo->step];
    sight.step = step;
    undo->state = UNDO_ARMED;
    undo->in_doubt = in_doubt;
    if (step->kind == STEP_RUN) {
        return; /* It names the child, and is never rendered. */
    }
    if (step_undo_is_block(step)) {
        struct json *snapshot = snapshot_of(d, frame->parent);

        json_put_bool(snapshot, "block", true);
        keep_message(d, undo, snapshot);
        return;
    }
    if (d->after->error == NULL &&
        (send_variables(&step->compensate->message) >> VARIABLE_ERROR & 1u) != 0) {
        keep_message(d, undo, snapshot_of(d, frame->parent));
        return;
    }
    error = send_render(d, &step->compensate->message, &sight, &rendered);
    if (error != NULL) {
        /* The step has taken place, so its undo stays: it is rendered again when it is due, and
         * sticks if that fails too. */
        alert_add(d, ALERT_DATA, step, error, "the undo cannot be rendered");
        json_free(error);
        keep_message(d, undo, snapshot_of(d, frame->parent));
        return;
    }
    keep_message(d, undo, send_to_json(d, &step->compensate->message, &rendered));
    send_release(&rendered);
}

void undo_settle(struct decision *d, const struct frame *frame)
{
    const struct step *step = &d->flow->steps[frame->step];
    enum in_doubt rule = step->in_doubt == IN_DOUBT_UNSET ? d->flow->saga_in_doubt : step->in_doubt;

    if (frame->kind != FRAME_STEP || instance_undo(d->after, frame->activation) == NULL) {
        return;
    }
    if (step->kind == STEP_RUN) {
        effect_decide(d->effects, "%.*s: given up, its child is cancelled", TEXT_ARG(step->name));
        undo_arm(d, frame, true);
        return;
    }
    if (problem_is_answer(frame->error)) {
        instance_drop_undo(d->after, frame->activation);
        effect_decide(d->effects, "%.*s: refused, nothing to undo", TEXT_ARG(step->name));
    } else if (rule == IN_DOUBT_SKIP) {
        instance_drop_undo(d->after, frame->activation);
        effect_decide(d->effects, "%.*s: outcome unknown, not undone (inDoubt: skip)",
                      TEXT_ARG(step->name));
    } else {
        effect_decide(d->effects, "%.*s: outcome unknown, will be undone", TEXT_ARG(step->name));
        undo_arm(d, frame, true);
    }
}

void undo_start(struct decision *d, uint32_t activation)
{
    struct undo *undo = instance_undo(d->after, activation);
    uint32_t step = undo->step;
    struct frame *frame = instance_add_frame(d->after, d->after->activation_next++);
    uint32_t own = frame->activation;

    frame->kind = FRAME_UNDO;
    frame->state = FRAME_AWAITING_REPLY;
    frame->step = step;
    frame->undo_of = activation;
    frame->attempt = 1;
    frame->opened_ms = d->event->time_ms;
    undo->state = UNDO_RUNNING;
    if (d->flow->steps[step].kind == STEP_RUN) {
        child_unwind(d, own);
        return;
    }
    if (permit_is_needed(d, frame)) {
        permit_wait(d, own);
        return;
    }
    if (undo_send(d, own)) {
        effect_decide(d->effects, "undo of %.*s: emitted", TEXT_ARG(d->flow->steps[step].name));
        instance_drop_frame(d->after, own);
        instance_drop_undo(d->after, activation);
    }
}

void undo_end(struct decision *d, uint32_t activation, const char *how)
{
    const struct frame *frame = instance_frame(d->after, activation);
    uint32_t undo_of = frame->undo_of;

    effect_decide(d->effects, "undo of %.*s: %s", TEXT_ARG(d->flow->steps[frame->step].name), how);
    instance_disarm_owner(d->after, activation);
    instance_drop_frame(d->after, activation);
    instance_drop_undo(d->after, undo_of);
    unwind(d);
}

void undo_stick(struct decision *d, uint32_t activation, struct json *error)
{
    struct frame *frame = instance_frame(d->after, activation);
    const struct step *step = &d->flow->steps[frame->step];
    struct text detail = arena_printf(d->effects->arena,
                                      "the undo of '%.*s' does not get through; retry or skip it",
                                      TEXT_ARG(step->name));

    instance_disarm_owner(d->after, activation);
    frame->state = FRAME_STUCK;
    json_free(frame->error);
    frame->error = error;
    alert_add(d, ALERT_STUCK, step, error, detail.data);
}
