/* What can run, and what surely ran before it. */
#include "compile/checker.h"

static bool *reach_handlers(struct checker *checker)
{
    const struct plan *plan = &checker->plan;
    bool *all = arena_array(&checker->arena, plan->count + 1, sizeof(*all));

    for (uint32_t i = 0; i < plan->handler_count; i++) {
        const bool *one = plan_reach(plan, &checker->arena, plan->handlers[i]);

        for (uint32_t k = 0; k < plan->count; k++) {
            all[k] = all[k] || one[k];
        }
    }
    return all;
}

static void check_reachable(struct checker *checker)
{
    const struct plan *plan = &checker->plan;
    const bool *reached = plan_reach(plan, &checker->arena, plan->first);
    const bool *failure = plan_reach(plan, &checker->arena, plan->failure);
    const bool *always = plan_reach(plan, &checker->arena, plan->always);
    bool *handled = reach_handlers(checker);
    bool *said = arena_array(&checker->arena, plan->count + 1, sizeof(*said));

    for (uint32_t i = 0; i < plan->count; i++) {
        const struct plan_step *step = &plan->steps[i];
        bool known = step->parent != STEP_NONE && said[step->parent];

        if (reached[i] || failure[i] || always[i] || handled[i]) {
            continue;
        }
        /* One finding for a run of steps: what follows an unreachable step is no news. */
        for (uint32_t k = 0; k < i && !known; k++) {
            known = plan->steps[k].next == i && said[k];
        }
        said[i] = true;
        if (!known) {
            diagnostics_warn(checker->diagnostics, "F206", node_place(step->name_node),
                             "unreachable step '%.*s'", TEXT_ARG(step->name));
        }
    }
}

static bool is_set_by(const struct plan_step *step, struct text root)
{
    return json_get(json_member(step->json, "set"), root) != NULL;
}

/* The outermost fork or for whose branch or item keeps what `step` leaves to itself, seen from the step
 * `reader`; or STEP_NONE. */
static uint32_t hidden_in(const struct plan *plan, uint32_t step, uint32_t reader)
{
    uint32_t found = STEP_NONE;

    for (uint32_t at = plan->steps[step].parent; at != STEP_NONE; at = plan->steps[at].parent) {
        enum object action = plan->steps[at].action;

        if ((action == OBJECT_FORK_STEP || action == OBJECT_FOR_STEP) &&
            plan_list_within(plan, at, step) != plan_list_within(plan, at, reader)) {
            found = at;
        }
    }
    return found;
}

static void report_hidden(struct checker *checker, const struct read *read, uint32_t around)
{
    const struct plan_step *step = &checker->plan.steps[around];
    bool is_fork = step->action == OBJECT_FORK_STEP;
    struct place place = node_place_in(read->node, read->offset, read->bytes);

    if (read->step != STEP_NONE &&
        plan_list_within(&checker->plan, around, read->step) != UINT32_MAX) {
        diagnostics_warn(checker->diagnostics, "F306", place,
                         "'.%.*s' is not seen here: it stays within its %s of '%.*s'",
                         TEXT_ARG(read->root), is_fork ? "branch" : "item", TEXT_ARG(step->name));
    } else if (step->result.bytes == 0) {
        diagnostics_warn(checker->diagnostics, "F306", place,
                         "'.%.*s' is not seen here: what the %s of '%.*s' leave is dropped "
                         "('as: false')",
                         TEXT_ARG(read->root), is_fork ? "branches" : "items",
                         TEXT_ARG(step->name));
    } else {
        diagnostics_warn(checker->diagnostics, "F306", place,
                         "'.%.*s' is not seen here: what the %s of '%.*s' leave is kept %s '.%.*s'",
                         TEXT_ARG(read->root), is_fork ? "branches" : "items", TEXT_ARG(step->name),
                         is_fork ? "under" : "in the list", TEXT_ARG(step->result));
    }
}

static void check_read(struct checker *checker, const struct plan_done *done,
                       const struct json *data, const struct read *read)
{
    const struct plan *plan = &checker->plan;
    uint32_t row = read->step == STEP_NONE ? plan->count : read->step;
    uint32_t undone = read->step == STEP_NONE ? STEP_NONE : plan->steps[row].undo_of;
    /* A step that reads its own name means what was there before: mostly the start message's. */
    bool own = (read->step != STEP_NONE && text_equal(plan->steps[row].result, read->root)) ||
               (undone != STEP_NONE && text_equal(plan->steps[undone].result, read->root));
    uint32_t hidden = STEP_NONE;
    bool is_result = false;

    for (uint32_t i = 0; i < plan->count; i++) {
        const struct plan_step *step = &plan->steps[i];
        bool result = text_equal(step->result, read->root);
        uint32_t around;

        if (!result && !is_set_by(step, read->root)) {
            continue;
        }
        around = hidden_in(plan, i, read->step);
        if (around == STEP_NONE && plan_is_done(done, row, i)) {
            return;
        }
        is_result = is_result || (result && around == STEP_NONE);
        hidden = result && around != STEP_NONE ? around : hidden;
    }
    if (own || json_get(data, read->root) != NULL) {
        return;
    }
    if (is_result) {
        diagnostics_warn(checker->diagnostics, "F306",
                         node_place_in(read->node, read->offset, read->bytes),
                         "'.%.*s' may not exist yet on this path: say what then, as in "
                         "'.%.*s // null'",
                         TEXT_ARG(read->root), TEXT_ARG(read->root));
    } else if (hidden != STEP_NONE) {
        report_hidden(checker, read, hidden);
    }
}

static void check_doubt(struct checker *checker, const struct json *flow, const struct read *read)
{
    uint32_t undone = checker->plan.steps[read->step].undo_of;
    const struct plan_step *step = &checker->plan.steps[undone == STEP_NONE ? read->step : undone];
    struct text in_doubt = json_member_text(step->json, "inDoubt");

    if (in_doubt.bytes == 0) {
        in_doubt = json_member_text(json_member(flow, "saga"), "inDoubt");
    }
    if (step->action == OBJECT_REQUEST && text_equal(step->result, read->root) &&
        !text_is(in_doubt, "skip")) {
        diagnostics_warn(checker->diagnostics, "F507",
                         node_place_in(read->node, read->offset, read->bytes),
                         "'.%.*s' is null when the outcome of the step is in doubt: say '// null'",
                         TEXT_ARG(read->root));
    }
}

void validate_paths(struct checker *checker, const struct json *flow)
{
    struct plan_done done = plan_surely_there(&checker->plan, &checker->arena);

    check_reachable(checker);
    for (uint32_t i = 0; i < checker->read_count; i++) {
        const struct read *read = &checker->reads[i];

        if (read->guarded) {
            continue;
        }
        check_read(checker, &done, json_member(flow, "data"), read);
        if (read->at == READ_UNDO) {
            check_doubt(checker, flow, read);
        }
    }
}
