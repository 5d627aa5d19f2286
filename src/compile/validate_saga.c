/* Compensation and pivots. */
#include "compile/checker.h"

struct view {
    struct checker *checker;
    const struct plan *plan;
    struct plan_done done;
    bool **after;           /* What may run after a pivot; NULL for other steps. */
    bool any_undo;          /* Some step is undone. */
    const bool *after_undo; /* What may run after a step that is undone. */
};

static bool is_pivot(const struct plan_step *step)
{
    return json_is_true(json_member(step->json, "pivot"));
}

static const struct json *undo_of(const struct plan_step *step)
{
    return step->in_failure ? NULL : json_member(step->json, "compensate");
}

/* A pivot that may run before `index`, or STEP_NONE. */
static uint32_t pivot_before(const struct view *view, uint32_t index)
{
    for (uint32_t i = 0; i < view->plan->count; i++) {
        if (i != index && view->after[i] != NULL && view->after[i][index]) {
            return i;
        }
    }
    return STEP_NONE;
}

static uint32_t pivot_surely_before(const struct view *view, uint32_t index)
{
    for (uint32_t i = 0; i < view->plan->count; i++) {
        if (i != index && view->after[i] != NULL && view->after[i][index] &&
            plan_is_done(&view->done, index, i)) {
            return i;
        }
    }
    return STEP_NONE;
}

static void check_pivot(const struct view *view, uint32_t index)
{
    const struct plan_step *step = &view->plan->steps[index];
    struct diagnostics *diagnostics = view->checker->diagnostics;
    const struct pair *pair = node_pair(step->node, "pivot");
    struct text in_doubt = json_member_text(step->json, "inDoubt");
    uint32_t other = pivot_before(view, index);

    if (step->in_failure) {
        diagnostics_error(diagnostics, "F111", node_place(pair->key),
                          "'pivot' is not allowed in onFailure");
        return;
    }
    if (other != STEP_NONE) {
        diagnostics_error(diagnostics, "F503", node_place(pair->key),
                          "second pivot on a path: '%.*s' came before",
                          TEXT_ARG(view->plan->steps[other].name));
        diagnostics_note(diagnostics, node_place(view->plan->steps[other].name_node),
                         "the first pivot");
    }
    if (node_pair(step->node, "inDoubt") != NULL && in_doubt.bytes == 0) {
        return; /* It has a finding of its own. */
    }
    if (step->action == OBJECT_REQUEST && in_doubt.bytes == 0) {
        diagnostics_warn(diagnostics, "F511", node_place(step->name_node),
                         "pivot without 'inDoubt': no reply leaves the instance stuck, for an "
                         "operator to say done or failed");
    }
    if (undo_of(step) != NULL && !text_is(in_doubt, "compensate") && in_doubt.bytes > 0) {
        diagnostics_warn(diagnostics, "F502", node_place(node_pair(step->node, "compensate")->key),
                         "it never runs: what a pivot did is not undone, and in doubt it is "
                         "skipped");
    } else if (undo_of(step) != NULL && in_doubt.bytes == 0) {
        diagnostics_warn(diagnostics, "F502", node_place(node_pair(step->node, "compensate")->key),
                         "it never runs: what a pivot did is not undone, unless it says "
                         "'inDoubt: compensate'");
    }
}

/* F505: where a command and its undo go, they may overtake each other. */
static void check_order(const struct view *view, const struct plan_step *step)
{
    const struct json *undo = undo_of(step);
    const struct node *node = node_get(step->node, "compensate");
    const struct node *at = node_get(node, "request");
    const struct json *key = json_member(step->json, "key");
    const struct json *undo_key = json_member(undo, "key");
    bool same_key = key == undo_key ||
                    (key != NULL && undo_key != NULL && json_equal(key, undo_key));
    struct text places[2];

    for (int i = 0; i < 2; i++) {
        const struct json *call = i == 0 ? step->json : undo;
        const struct entry *service = entries_find(&view->checker->services,
                                                   json_member_text(call, "request"));

        places[i] = service != NULL ? json_member_text(service->json, "commands")
                                    : json_member_text(call, "emit");
    }
    at = at == NULL ? node_get(node, "emit") : at;
    if (at == NULL || places[0].bytes == 0 || places[1].bytes == 0) {
        return;
    }
    if (!text_equal(places[0], places[1])) {
        diagnostics_warn(view->checker->diagnostics, "F505", node_place(at),
                         "the undo goes to '%.*s', its command to '%.*s': it may overtake it",
                         TEXT_ARG(places[1]), TEXT_ARG(places[0]));
    } else if (!same_key) {
        diagnostics_warn(view->checker->diagnostics, "F505", node_place(at),
                         "the undo has another key than its command: it may overtake it");
    }
}

static void check_undo(const struct view *view, uint32_t index)
{
    const struct plan_step *step = &view->plan->steps[index];
    struct diagnostics *diagnostics = view->checker->diagnostics;
    const struct pair *pair = node_pair(step->node, "compensate");
    uint32_t pivot;

    if (step->in_failure) {
        diagnostics_error(diagnostics, "F509", node_place(pair->key),
                          "compensate inside onFailure: nothing is undone any more there");
        return;
    }
    if (undo_of(step) == NULL) {
        return;
    }
    pivot = is_pivot(step) ? STEP_NONE : pivot_surely_before(view, index);
    if (pivot != STEP_NONE) {
        diagnostics_warn(diagnostics, "F502", node_place(pair->key),
                         "it never runs: '%.*s' before it is a pivot",
                         TEXT_ARG(view->plan->steps[pivot].name));
    }
    check_order(view, step);
}

/* Some catch may take what the step raises. */
/* Caught, or kept beside the results of a loop. */
static bool is_caught(const struct plan *plan, uint32_t index)
{
    for (; index != STEP_NONE; index = plan->steps[index].parent) {
        const struct json *loop = json_member(plan->steps[index].json, "for");

        if (loop != NULL && text_is(json_member_text(loop, "onError"), "collect")) {
            return true;
        }
        if (json_member(plan->steps[index].json, "catch") != NULL ||
            node_pair(plan->steps[index].node, "catch") != NULL) {
            return true;
        }
    }
    return false;
}

/* F510 */
static void check_rollback(const struct view *view, const struct plan_step *step)
{
    const struct node *node = node_get(step->node, "rollback");
    struct diagnostics *diagnostics = view->checker->diagnostics;

    for (uint32_t i = 0; node->kind == NODE_LIST && i < node->count; i++) {
        const struct node *item = node->items[i];
        uintptr_t found = (uintptr_t)map_get(&view->checker->step_names, item->text);

        if (item->kind != NODE_TEXT) {
            continue;
        }
        if (found == 0) {
            diagnostics_error(diagnostics, "F510", node_place(item),
                              "rollback names no step: '%.*s'", TEXT_ARG(item->text));
        } else if (undo_of(&view->plan->steps[found - 1]) == NULL) {
            diagnostics_error(diagnostics, "F510", node_place(item),
                              "rollback names '%.*s', which has no 'compensate'",
                              TEXT_ARG(item->text));
        }
    }
}

static void check_request(const struct view *view, uint32_t index)
{
    const struct plan_step *step = &view->plan->steps[index];
    struct diagnostics *diagnostics = view->checker->diagnostics;
    bool sealed = is_pivot(step) || pivot_before(view, index) != STEP_NONE;

    if (step->in_failure || step->undo_of != STEP_NONE) {
        return;
    }
    if (view->any_undo && node_pair(step->node, "compensate") == NULL && !sealed) {
        diagnostics_warn(diagnostics, "F504", node_place(step->name_node),
                         "nothing undoes '%.*s' although other steps are undone ('compensate: "
                         "none' if intended)",
                         TEXT_ARG(step->name));
        diagnostics_step(diagnostics, step->name);
    }
    if (view->plan->failure == STEP_NONE && undo_of(step) == NULL && !view->after_undo[index] &&
        !is_caught(view->plan, index)) {
        diagnostics_warn(
            diagnostics, "F508", node_place(step->name_node),
            "a refusal of '%.*s' is neither caught nor undone nor handled in 'onFailure'",
            TEXT_ARG(step->name));
    }
}

void validate_saga(struct checker *checker)
{
    struct view view = {
        .checker = checker,
        .plan = &checker->plan,
        .done = plan_surely_done(&checker->plan, &checker->arena),
        .after = arena_array(&checker->arena, checker->plan.count + 1, sizeof(bool *)),
    };

    bool *undone = arena_array(&checker->arena, checker->plan.count + 1, sizeof(*undone));

    for (uint32_t i = 0; i < view.plan->count; i++) {
        undone[i] = undo_of(&view.plan->steps[i]) != NULL;
        view.any_undo = view.any_undo || undone[i];
        if (is_pivot(&view.plan->steps[i])) {
            view.after[i] = plan_reach_after(view.plan, &checker->arena, i);
        }
    }
    view.after_undo = plan_reach_after_any(view.plan, &checker->arena, undone);
    for (uint32_t i = 0; i < view.plan->count; i++) {
        const struct plan_step *step = &view.plan->steps[i];

        if (step->undo_of != STEP_NONE) {
            continue; /* See validate_undo_blocks(). */
        }
        if (is_pivot(step)) {
            check_pivot(&view, i);
        }
        if (node_pair(step->node, "compensate") != NULL) {
            check_undo(&view, i);
        }
        if (step->action == OBJECT_REQUEST) {
            check_request(&view, i);
        }
        if (step->action == OBJECT_ROLLBACK) {
            check_rollback(&view, step);
        }
    }
}
