/*
 * The order of undos (LANGUAGE.md section 5, rule 3), by what each record of the history changed on
 * the stack: what was done later is undone, and its undo answered, before what was done earlier.
 * Within a fork or for this holds of each list of steps alone. And what the losers of a fork did is
 * undone when their run completes.
 */
#include "sim/checker_parts.h"

static const struct undo *group_of(const struct instance *state, uint32_t activation)
{
    const struct undo *undo = instance_find_undo(state, activation);

    return undo != NULL && undo->state == UNDO_GROUP ? undo : NULL;
}

/* The group that `activation`, an entry or a block, lies in, or NULL: the root. What lies in a `do`
 * lies in what is around it, as its entries came one after the other with those. */
static const struct undo *group_around(const struct instance *state, const struct undo *entry)
{
    uint32_t at = entry->group;

    while (at != 0 && group_of(state, at) == NULL) {
        const struct frame *frame = instance_find_frame(state, at);

        at = frame == NULL ? 0 : frame->parent;
    }
    return at == 0 ? NULL : group_of(state, at);
}

/* `entry` itself or the group around it that lies right in `group`; NULL: it does not lie in it. */
static const struct undo *member_of(const struct instance *state, const struct undo *entry,
                                    const struct undo *group)
{
    while (entry != NULL && group_around(state, entry) != group) {
        entry = group_around(state, entry);
    }
    return entry;
}

/* Whether `entry` is `target`, or was done within it; 0: the run. */
static bool is_below(const struct instance *state, const struct undo *entry, uint32_t target)
{
    uint32_t at = entry->activation == target ? target : entry->group;

    while (at != target && at != 0) {
        const struct undo *group = group_of(state, at);
        const struct frame *frame = instance_find_frame(state, at);

        at = group != NULL ? group->group : frame == NULL ? 0 : frame->parent;
    }
    return at == target;
}

/* Of the entries that are undone with `target`: one right in `group` (or deeper) that came after
 * `entry` and is still to be undone. */
static const struct undo *later_in(const struct instance *after, const struct undo *group,
                                   const struct undo *entry, uint32_t target)
{
    for (uint32_t i = 0; i < after->undo_count; i++) {
        const struct undo *other = &after->stack[i];
        const struct undo *member;

        if ((other->state != UNDO_ARMED && other->state != UNDO_RUNNING) ||
            !is_below(after, other, target)) {
            continue;
        }
        member = member_of(after, other, group);
        if (member != NULL && member->activation > entry->activation) {
            return other;
        }
    }
    return NULL;
}

/* What is being undone and holds `undo`: the run, or what a block that waits for it names. False: all
 * of it was over with this record. */
static bool find_target(const struct instance *before, const struct instance *after,
                        const struct undo *undo, uint32_t *target)
{
    *target = 0;
    if (before->status == RUN_COMPENSATING || after->status == RUN_COMPENSATING) {
        return true;
    }
    for (uint32_t i = 0; i < after->frame_count; i++) {
        const struct json *targets = json_member(after->frames[i].local, "unwind");

        for (size_t k = 0; k < json_count(targets); k++) {
            int64_t activation = 0;

            (void)json_int64(json_at(targets, k), &activation);
            *target = (uint32_t)activation;
            if (is_below(before, undo, *target)) {
                return true;
            }
        }
    }
    return false;
}

/* `undo`, as it was on the stack, has been begun with the record that led to `after`. */
static void check_begun(struct checker *checker, const struct book *book,
                        const struct instance *before, const struct instance *after,
                        const struct undo *undo)
{
    const struct undo *entry = undo;
    uint32_t target;

    if (before->sealed) {
        checker_fail(checker, "undo: %s undoes step %u behind its pivot", book->key,
                     undo->activation);
        return;
    }
    while (entry != NULL && find_target(before, after, undo, &target)) {
        const struct undo *group = group_around(before, entry);
        const struct undo *now = group == NULL ? NULL : group_of(after, group->activation);
        const struct undo *later = group != NULL && (group->parallel || now == NULL)
                                       ? NULL
                                       : later_in(after, now, entry, target);

        if (later != NULL) {
            checker_fail(checker, "undo: %s seq %lld undoes step %u before step %u", book->key,
                         (long long)after->seq, undo->activation, later->activation);
            return;
        }
        entry = group;
    }
}

/* A rollback undoes the steps that it names, whatever came after them. */
static bool is_rolling_back(const struct instance *state)
{
    for (uint32_t i = 0; i < state->frame_count; i++) {
        if (state->frames[i].kind == FRAME_STEP && state->frames[i].state == FRAME_UNWINDING) {
            return true;
        }
    }
    return false;
}

/* An undo that awaits no reply is over with the record that sends it. */
static bool is_emit(const struct undo *undo)
{
    return undo->state == UNDO_ARMED && json_member(undo->message, "service") == NULL &&
           json_member(undo->message, "child") == NULL;
}

void check_undos(struct checker *checker, const struct book *book, const struct instance *before,
                 const struct instance *after)
{
    const struct flow *flow = checker_flow(checker, after->name);

    if (flow == NULL || flow->saga_order != SAGA_REVERSE || is_rolling_back(after) ||
        is_rolling_back(before)) {
        return;
    }
    for (uint32_t i = 0; i < before->undo_count; i++) {
        const struct undo *undo = &before->stack[i];
        const struct undo *now = instance_find_undo(after, undo->activation);
        bool is_begun = now != NULL && now->state == UNDO_RUNNING && undo->state != UNDO_RUNNING;
        bool is_sent = now == NULL && is_emit(undo) && !instance_has_ended(after);

        if (is_begun || is_sent) {
            check_begun(checker, book, before, after, undo);
        }
    }
}

/* ---- losers ---- */

/* The branch of `fork` that holds `step`, or NULL. */
static const struct branch *branch_of(const struct flow *flow, uint32_t fork, uint32_t step)
{
    const struct step *at = &flow->steps[fork];

    while (step != STEP_NONE && flow->steps[step].parent != fork) {
        step = flow->steps[step].parent;
    }
    for (uint32_t i = 0; i < at->branch_count && step != STEP_NONE; i++) {
        for (uint32_t k = at->branches[i].first_step; k != STEP_NONE; k = flow->steps[k].next) {
            if (k == step) {
                return &at->branches[i];
            }
        }
    }
    return NULL;
}

void check_losers(struct checker *checker, const struct book *book)
{
    const struct flow *flow = checker_flow(checker, text_of(book->instance));
    const struct instance *almost = book->almost;

    for (uint32_t i = 0; flow != NULL && i < flow->step_count; i++) {
        const struct step *fork = &flow->steps[i];
        const struct json *done = json_get(book->state->data, fork->as);
        struct text winner = json_member_text(done, "which");

        if (fork->kind != STEP_FORK || winner.bytes == 0) {
            continue;
        }
        for (uint32_t k = 0; almost != NULL && k < almost->undo_count; k++) {
            const struct undo *undo = &almost->stack[k];
            const struct branch *branch = branch_of(flow, i, undo->step);

            if (undo->state == UNDO_ARMED && branch != NULL && !text_equal(branch->name, winner)) {
                checker_fail(checker,
                             "whole: %s completed, but step %u of branch %.*s, which lost, "
                             "is not undone",
                             book->key, undo->activation, TEXT_ARG(branch->name));
            }
        }
    }
}
