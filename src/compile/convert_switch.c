/* The cases of a switch, and jumps. */
#include "compile/checker.h"

static struct json *convert_case(struct checker *checker, const struct node *node,
                                 struct plan_case *into, bool is_last)
{
    const struct pair *block = node_pair(node, "do");
    const struct pair *then = node_pair(node, "then");
    struct json *out;

    *into = (struct plan_case){.node = node,
                               .first = STEP_NONE,
                               .conditional = node_pair(node, "when") != NULL,
                               .then = {.node = then == NULL ? NULL : then->value}};
    checker->list_first = STEP_NONE;
    out = convert_object(checker, OBJECT_CASE, node);
    if (node->kind != NODE_MAP) {
        return out;
    }
    into->first = block == NULL ? STEP_NONE : checker->list_first;
    if (block != NULL && then != NULL) {
        diagnostics_error(checker->diagnostics, "F107", node_place(then->key),
                          "two actions: 'do' and 'then'");
        diagnostics_note(checker->diagnostics, node_place(block->key), "the other one");
    } else if (block == NULL && then == NULL) {
        diagnostics_error(checker->diagnostics, "F106", node_place(node),
                          "case has no action: say 'do' or 'then'");
    }
    if (!into->conditional && !is_last) {
        diagnostics_error(checker->diagnostics, "F102", node_place(node),
                          "missing required 'when' in case: only the last may go without");
    }
    return out;
}

struct json *convert_cases(struct checker *checker, const struct field *field,
                           const struct node *node)
{
    uint32_t parent = checker->parent;
    uint32_t step = checker->step;
    struct plan_case *cases;
    struct json *list;

    (void)field;
    if (node->kind != NODE_LIST || node->count == 0) {
        return expected(checker, node, "a list of cases");
    }
    cases = arena_array(&checker->arena, node->count, sizeof(*cases));
    list = json_array();
    checker->parent = step;
    for (uint32_t i = 0; i < node->count; i++) {
        struct json *item = convert_case(checker, node->items[i], &cases[i], i + 1 == node->count);

        if (item != NULL) {
            json_push(list, item);
        }
    }
    checker->parent = parent;
    checker->plan.steps[step].cases = cases;
    checker->plan.steps[step].case_count = node->count;
    return list;
}

static struct text suggest_step(const struct checker *checker, uint32_t list, struct text name)
{
    struct text nearest = {0};
    uint32_t best = UINT32_MAX;

    for (uint32_t i = 0; i < checker->plan.count; i++) {
        const struct plan_step *step = &checker->plan.steps[i];

        if (step->list == list && step->name.bytes > 0 && fields_is_near(name, step->name, &best)) {
            nearest = step->name;
        }
    }
    return nearest;
}

static void resolve_then(struct checker *checker, uint32_t list, struct plan_then *then)
{
    uintptr_t elsewhere;

    then->kind = THEN_NEXT;
    then->step = STEP_NONE;
    if (then->node == NULL || then->node->kind != NODE_TEXT) {
        return;
    }
    if (text_is(then->node->text, "continue") || text_is(then->node->text, "end")) {
        then->kind = text_is(then->node->text, "end") ? THEN_END : THEN_CONTINUE;
        return;
    }
    then->kind = THEN_STEP;
    elsewhere = (uintptr_t)map_get(&checker->step_names, then->node->text);
    if (elsewhere == 0) {
        diagnostics_error(checker->diagnostics, "F204", node_place(then->node),
                          "'then: %.*s' names no step in this list%s", TEXT_ARG(then->node->text),
                          did_you_mean(checker, suggest_step(checker, list, then->node->text)));
        return;
    }
    if (checker->plan.steps[elsewhere - 1].list != list) {
        diagnostics_error(checker->diagnostics, "F205", node_place(then->node),
                          "'then: %.*s' leaves its list: a jump goes to a step of the same list",
                          TEXT_ARG(then->node->text));
        diagnostics_note(checker->diagnostics,
                         node_place(checker->plan.steps[elsewhere - 1].name_node),
                         "that step is here");
        return;
    }
    then->step = (uint32_t)(elsewhere - 1);
}

void resolve_jumps(struct checker *checker)
{
    for (uint32_t i = 0; i < checker->plan.count; i++) {
        struct plan_step *step = &checker->plan.steps[i];

        resolve_then(checker, step->list, &step->then);
        for (uint32_t k = 0; k < step->case_count; k++) {
            resolve_then(checker, step->list, &step->cases[k].then);
        }
    }
}
