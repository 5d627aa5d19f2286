#include "verify/rules.h"

static const struct verdict fine = {.broken = VERIFY_NOTHING, .step = STEP_NONE};

static struct verdict breaks(enum verify_break broken, uint32_t step)
{
    return (struct verdict){.broken = broken, .step = step};
}

static bool is_reply(const struct trial *trial)
{
    return trial->move->kind == MOVE_REPLY || trial->move->kind == MOVE_KEY_REPLY;
}

static bool is_to(const struct trial *trial, uint32_t activation)
{
    return trial->move->kind == MOVE_KEY_REPLY || trial->move->activation == activation;
}

/* The reply says yes. Without a rule for success, what is no failure says so. */
static bool says_yes(const struct trial *trial, const struct message_spec *spec)
{
    const struct choices *choices = trial->choices;

    if (!is_reply(trial)) {
        return false;
    }
    return spec->reply.success != NULL ? choices_said(choices, ROLE_SUCCESS, OUTCOME_TRUE)
                                       : choices_said(choices, ROLE_FAILURE, OUTCOME_FALSE);
}

static bool says_no(const struct trial *trial, const struct message_spec *spec)
{
    const struct choices *choices = trial->choices;

    if (!is_reply(trial)) {
        return false;
    }
    return spec->reply.failure != NULL ? choices_said(choices, ROLE_FAILURE, OUTCOME_TRUE)
                                       : choices_said(choices, ROLE_SUCCESS, OUTCOME_FALSE);
}

/* What was done stays: the run has come through, or is past its pivot. */
static bool is_kept(const struct trial *trial)
{
    const struct instance *after = trial->after;

    if (trial->move->kind == MOVE_PARENT && trial->move->word != PARENT_RELEASES &&
        trial->before->status == RUN_HELD) {
        return false; /* It came through, and is wanted undone all the same. */
    }
    return after->sealed || after->status == RUN_COMPLETED ||
           (after->status == RUN_FINISHING && after->closing == RUN_COMPLETED);
}

static bool is_undone_at_once(const struct trial *trial, uint32_t activation)
{
    for (uint32_t i = 0; i < trial->effects->count; i++) {
        const struct effect *effect = &trial->effects->items[i];

        if (effect->kind == EFFECT_EMIT && effect->is_undo && effect->undo_of == activation) {
            return true;
        }
    }
    return false;
}

bool rules_say_done(const struct effect_list *effects, const char *what, struct text name)
{
    struct text said = arena_printf(effects->arena, "%s%.*s: done", what, TEXT_ARG(name));

    for (uint32_t i = 0; i < effects->decided_count; i++) {
        if (text_equal(effects->decided[i], said)) {
            return true;
        }
    }
    return false;
}

/* Its undo was answered, or an operator has settled it. */
static bool is_undone(const struct trial *trial, const struct undo *undo)
{
    const struct step *step = &trial->flow->steps[undo->step];

    for (uint32_t i = 0; i < trial->before->frame_count; i++) {
        const struct frame *frame = &trial->before->frames[i];

        if (frame->kind != FRAME_UNDO || frame->undo_of != undo->activation) {
            continue;
        }
        if (trial->move->kind == MOVE_OPERATOR) {
            return trial->move->activation == frame->activation;
        }
        if (step->kind == STEP_RUN) {
            return trial->move->kind == MOVE_CHILD && trial->move->activation == frame->activation;
        }
        if (step_undo_is_block(step)) {
            return true; /* Its list has come to its end: what fails leaves the frame. */
        }
        return is_to(trial, frame->activation) && says_yes(trial, &step->compensate->message);
    }
    /* A block that waits for nothing is done with the record that begins it, which says so. */
    return step_undo_is_block(step) && rules_say_done(trial->effects, "undo of ", step->name);
}

static bool is_answer(const struct json *error)
{
    return error != NULL && json_member(error, "reply") != NULL;
}

/* The service has said, now or before, that there is nothing to undo. */
static bool is_refused(const struct trial *trial, const struct undo *undo)
{
    const struct frame *frame = instance_find_frame(trial->before, undo->activation);

    if (trial->flow->steps[undo->step].kind == STEP_RUN) {
        /* The child holds nothing that may be undone. */
        return trial->move->kind == MOVE_CHILD && trial->move->word != CHILD_HELD &&
               trial->move->activation == undo->activation;
    }
    if (trial->move->kind == MOVE_OPERATOR && trial->move->word == OPERATOR_FAILED &&
        trial->move->activation == undo->activation) {
        return true;
    }
    if (frame != NULL && is_answer(frame->error)) {
        return true;
    }
    return (undo->state == UNDO_PENDING || undo->in_doubt) && is_to(trial, undo->activation) &&
           says_no(trial, &trial->flow->steps[undo->step].message);
}

static bool is_skipped(const struct trial *trial, uint32_t step)
{
    enum in_doubt rule = trial->flow->steps[step].in_doubt;

    return (rule == IN_DOUBT_UNSET ? trial->flow->saga_in_doubt : rule) == IN_DOUBT_SKIP;
}

static struct verdict judge_lost(const struct trial *trial)
{
    for (uint32_t i = 0; i < trial->before->undo_count; i++) {
        const struct undo *undo = &trial->before->stack[i];

        /* What is under way is kept by nothing: it is waited for. */
        if (undo->state == UNDO_GROUP ||
            instance_find_undo(trial->after, undo->activation) != NULL ||
            (is_kept(trial) && undo->state != UNDO_RUNNING) ||
            is_undone_at_once(trial, undo->activation) || is_undone(trial, undo) ||
            is_refused(trial, undo) ||
            (undo->state == UNDO_PENDING && is_skipped(trial, undo->step))) {
            continue;
        }
        return breaks(VERIFY_UNDO_LOST, undo->step);
    }
    return fine;
}

/* What has just been sent, or emitted, has its undo on the stack. */
static struct verdict judge_missing(const struct trial *trial)
{
    const struct instance *after = trial->after;

    for (uint32_t i = 0; i < trial->effects->count; i++) {
        const struct effect *effect = &trial->effects->items[i];

        if ((effect->kind != EFFECT_COMMAND && effect->kind != EFFECT_EMIT) || effect->is_undo ||
            trial->flow->steps[effect->step_index].compensate == NULL || is_kept(trial) ||
            instance_find_undo(after, effect->activation) != NULL ||
            is_undone_at_once(trial, effect->activation) ||
            (effect->kind == EFFECT_COMMAND && is_skipped(trial, effect->step_index))) {
            continue;
        }
        return breaks(VERIFY_UNDO_MISSING, effect->step_index);
    }
    return fine;
}

/* A child that is waited for can be undone, unless it is abandoned with its parent. */
static struct verdict judge_children(const struct trial *trial)
{
    const struct instance *after = trial->after;

    for (uint32_t i = 0; i < after->frame_count; i++) {
        const struct frame *frame = &after->frames[i];

        if (frame->kind == FRAME_STEP && frame->state == FRAME_AWAITING_CHILD &&
            after->status == RUN_RUNNING && !after->sealed &&
            !trial->flow->steps[frame->step].run.abandons &&
            instance_find_undo(after, frame->activation) == NULL) {
            return breaks(VERIFY_UNDO_MISSING, frame->step);
        }
    }
    return fine;
}

/* While an outcome is open the step is. */
static struct verdict judge_aside(const struct instance *after)
{
    for (uint32_t i = 0; i < after->undo_count; i++) {
        const struct undo *undo = &after->stack[i];

        if (undo->state == UNDO_PENDING && instance_find_frame(after, undo->activation) == NULL) {
            return breaks(VERIFY_UNDO_ASIDE, undo->step);
        }
    }
    return fine;
}

static bool is_stuck_undo(const struct instance *after, uint32_t activation)
{
    for (uint32_t i = 0; i < after->frame_count; i++) {
        if (after->frames[i].kind == FRAME_UNDO && after->frames[i].undo_of == activation) {
            return after->frames[i].state == FRAME_STUCK;
        }
    }
    return false;
}

/* Its undo is sent for the first time. */
static bool begins(const struct trial *trial, uint32_t activation)
{
    const struct undo *was = instance_find_undo(trial->before, activation);

    return was == NULL || was->state != UNDO_RUNNING;
}

/* Within one list, with the whole run unwinding in reverse. */
static struct verdict judge_order(const struct trial *trial)
{
    const struct instance *after = trial->after;

    if (after->status != RUN_COMPENSATING || trial->flow->saga_order != SAGA_REVERSE) {
        return fine;
    }
    for (uint32_t i = 0; i < trial->effects->count; i++) {
        const struct effect *effect = &trial->effects->items[i];
        const struct undo *undo = instance_find_undo(after, effect->undo_of);
        const struct undo *group;

        if ((!effect->is_undo && !effect->in_undo) || undo == NULL ||
            !begins(trial, undo->activation)) {
            continue;
        }
        group = instance_find_undo(after, undo->group);
        for (uint32_t k = 0; k < after->undo_count; k++) {
            const struct undo *later = &after->stack[k];

            if (later->group == undo->group && later->activation > undo->activation &&
                (later->state == UNDO_ARMED || later->state == UNDO_RUNNING) &&
                (group == NULL || !group->parallel) && !is_stuck_undo(after, later->activation)) {
                return breaks(VERIFY_UNDO_ORDER, undo->step);
            }
        }
    }
    return fine;
}

static bool is_pivot_done(const struct trial *trial, uint32_t *step)
{
    const struct frame *frame = instance_find_frame(trial->before, trial->move->activation);

    if (frame == NULL || trial->move->kind != MOVE_REPLY || frame->kind != FRAME_STEP) {
        return false;
    }
    *step = frame->step;
    return trial->flow->steps[*step].pivot && trial->flow->steps[*step].kind == STEP_REQUEST &&
           trial->before->status == RUN_RUNNING && trial->result == TRANSITION_APPLIED &&
           says_yes(trial, &trial->flow->steps[*step].message);
}

/* What another branch had begun to undo is waited for. */
static bool waits_for_undos_alone(const struct instance *after)
{
    for (uint32_t i = 0; i < after->undo_count; i++) {
        if (after->stack[i].state == UNDO_ARMED || after->stack[i].state == UNDO_PENDING) {
            return false;
        }
    }
    return true;
}

static struct verdict judge_seal(const struct trial *trial)
{
    const struct instance *after = trial->after;
    uint32_t step = STEP_NONE;

    if (is_pivot_done(trial, &step) && !after->sealed) {
        return breaks(VERIFY_UNSEALED, step);
    }
    if (!trial->before->sealed) {
        return fine;
    }
    if (!after->sealed || (after->status == RUN_COMPENSATING && !waits_for_undos_alone(after))) {
        return breaks(VERIFY_UNSEALED, STEP_NONE);
    }
    for (uint32_t i = 0; i < trial->effects->count; i++) {
        const struct effect *effect = &trial->effects->items[i];

        if ((effect->is_undo || effect->in_undo) && begins(trial, effect->undo_of)) {
            return breaks(VERIFY_UNSEALED, trial->effects->items[i].step_index);
        }
    }
    return fine;
}

/* Of a run that has ended. */
static struct verdict judge_open(const struct instance *after)
{
    if (after->frame_count > 0 || after->timer_count > 0 || after->undo_count > 0) {
        return breaks(VERIFY_LEFT_OPEN, after->frame_count > 0 ? after->frames[0].step : STEP_NONE);
    }
    return fine;
}

static struct verdict judge_end(const struct trial *trial)
{
    const struct instance *after = trial->after;

    if (!instance_has_ended(after)) {
        return fine;
    }
    if (trial->left != STEP_NONE && !after->sealed &&
        (after->status == RUN_FAILED || after->status == RUN_CANCELLED)) {
        return breaks(VERIFY_NOT_UNDONE, trial->left);
    }
    return judge_open(after);
}

/* It has ended, whatever was under way. */
static struct verdict judge_terminated(const struct trial *trial)
{
    return instance_has_ended(trial->after) ? judge_open(trial->after)
                                            : breaks(VERIFY_LEFT_OPEN, STEP_NONE);
}

struct verdict rules_judge(const struct trial *trial)
{
    struct verdict verdict = fine;

    if (move_terminates(trial->move)) {
        return judge_terminated(trial);
    }
    if (trial->choices->circle) {
        return breaks(VERIFY_CIRCLE, STEP_NONE);
    }
    if ((trial->result == TRANSITION_IGNORED || trial->move->is_late) && !trial->is_same) {
        return breaks(VERIFY_LATE_COUNTS, STEP_NONE);
    }
    verdict = judge_seal(trial);
    if (verdict.broken == VERIFY_NOTHING) {
        verdict = rules_judge_pivots(trial);
    }
    if (verdict.broken == VERIFY_NOTHING) {
        verdict = judge_lost(trial);
    }
    if (verdict.broken == VERIFY_NOTHING) {
        verdict = judge_missing(trial);
    }
    if (verdict.broken == VERIFY_NOTHING) {
        verdict = judge_children(trial);
    }
    if (verdict.broken == VERIFY_NOTHING) {
        verdict = judge_aside(trial->after);
    }
    if (verdict.broken == VERIFY_NOTHING) {
        verdict = judge_order(trial);
    }
    if (verdict.broken == VERIFY_NOTHING) {
        verdict = judge_end(trial);
    }
    return verdict.broken == VERIFY_NOTHING ? rules_judge_waits(trial) : verdict;
}
