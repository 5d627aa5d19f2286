/* Steps: which action a step has, and its place in the plan. */
#include "compile/checker.h"

#include "base/limits.h"
#include "compile/grow.h"

static unsigned action_bit(enum object action)
{
    return action < OBJECT_ACTIONS_END ? 1u << (action - OBJECT_REQUEST) : 0;
}

uint32_t checker_add_step(struct checker *checker, const struct node *node, uint32_t list)
{
    struct plan *plan = &checker->plan;

    plan->steps = grow(&checker->arena, plan->steps, plan->count, &plan->capacity,
                       sizeof(*plan->steps));
    plan->steps[plan->count] = (struct plan_step){
        .node = node,
        .name_node = node,
        .action = OBJECT_COUNT,
        .list = list,
        .parent = checker->parent,
        .next = STEP_NONE,
        .in_failure = checker->in_failure,
        .aside = checker->list_aside,
        .undo_of = checker->undo_owner,
        .conditional = node_pair(node, "if") != NULL,
        .then = {.node = node_get(node, "then")},
    };
    return plan->count++;
}

/* A misspelt action, so that its finding is the only one. */
static bool is_action_misspelt(const struct node *node)
{
    for (uint32_t i = 0; i < node->count; i++) {
        struct text key = node->pairs[i].key->text;

        if (!node_is_scalar(node->pairs[i].key) || fields_find(OBJECT_STEP, key) != NULL) {
            continue;
        }
        for (enum object action = OBJECT_REQUEST; action < OBJECT_ACTIONS_END; action++) {
            const char *near = fields_suggest(action, key);

            if (near != NULL && fields_action(text_of(near)) == action) {
                return true;
            }
        }
    }
    return false;
}

/* The pair that says what the step does, or NULL after a finding. */
static const struct pair *find_action(struct checker *checker, const struct node *node)
{
    bool is_loop = node_pair(node, "for") != NULL; /* Its steps stand under `do`. */
    const struct pair *first = NULL;
    const struct pair *second = NULL;

    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        enum object action = pair->repeated || !node_is_scalar(pair->key)
                                 ? OBJECT_COUNT
                                 : fields_action(pair->key->text);

        if (action == OBJECT_DO && is_loop) {
            continue;
        }
        if (action < OBJECT_ACTIONS_END) {
            second = first != NULL && second == NULL ? pair : second;
            first = first == NULL ? pair : first;
        }
    }
    if (first == NULL && !is_action_misspelt(node)) {
        diagnostics_error(checker->diagnostics, "F106", node_place(node),
                          "step has no action: say one of request, emit, listen, wait, set, "
                          "switch, do, try, fork, for, raise, run, rollback, end");
    }
    if (second != NULL) {
        diagnostics_error(checker->diagnostics, "F107", node_place(second->key),
                          "two actions: '%.*s' and '%.*s'", TEXT_ARG(first->key->text),
                          TEXT_ARG(second->key->text));
        diagnostics_note(checker->diagnostics, node_place(first->key), "the other one");
    }
    return first;
}

void checker_name_step(struct checker *checker, uint32_t index, const struct node *node,
                       struct text name)
{
    struct plan_step *step = &checker->plan.steps[index];
    uintptr_t other = (uintptr_t)map_get(&checker->step_names, name);

    step->name_node = node;
    if (other != 0) {
        diagnostics_error(checker->diagnostics, "F109", node_place(node),
                          "duplicate step name '%.*s'", TEXT_ARG(name));
        diagnostics_note(checker->diagnostics, node_place(checker->plan.steps[other - 1].name_node),
                         "first here");
        return;
    }
    step->name = name;
    map_put(&checker->step_names, name, (void *)((uintptr_t)index + 1));
}

static void keep_name(struct checker *checker, uint32_t index)
{
    const struct node *node = node_get(checker->plan.steps[index].node, "step");
    static const struct field field = {.key = "step", .shape = SHAPE_STEP_NAME};
    struct json *name = node == NULL ? NULL : convert_name(checker, &field, node);

    if (name == NULL) {
        return;
    }
    json_free(name);
    checker_name_step(checker, index, node, node->text);
}

/* A key that no step of this action has: of another action, or of none. */
static void report_foreign_key(struct checker *checker, enum object action, const struct node *key)
{
    struct text nearest = {0};
    uint32_t best = UINT32_MAX;

    for (enum object other = OBJECT_STEP; other < OBJECT_ACTIONS_END; other++) {
        const struct field *field = fields_find(other, key->text);
        const char *near = fields_suggest(other, key->text);

        if (field != NULL) {
            if ((field->flags & FIELD_ACTION) == 0 && action != OBJECT_COUNT) {
                diagnostics_error(checker->diagnostics, "F111", node_place(key),
                                  "'%.*s' is not allowed on '%s'", TEXT_ARG(key->text),
                                  fields_of(action)->name);
            }
            return;
        }
        if (near != NULL && (other == OBJECT_STEP || action == OBJECT_COUNT || other == action) &&
            (fields_meant(key->text) != NULL || fields_is_near(key->text, text_of(near), &best))) {
            nearest = text_of(near);
        }
    }
    diagnostics_error(checker->diagnostics, "F101", node_place(key), "unknown key '%.*s' in %s%s",
                      TEXT_ARG(key->text), "step", did_you_mean(checker, nearest));
}

/* What to say instead of a key that the action does not have. */
static const char *way_out(enum object action, struct text key)
{
    bool can_fail = action == OBJECT_RUN_STEP || action == OBJECT_FORK_STEP ||
                    action == OBJECT_FOR_STEP || action == OBJECT_LISTEN_STEP;

    return can_fail && text_is(key, "retry") ? ": put it into a 'try', which can be repeated" : "";
}

static void convert_key(struct checker *checker, enum object action, const struct pair *pair,
                        struct json *out)
{
    const struct field *common = fields_find(OBJECT_STEP, pair->key->text);
    bool refused = common != NULL && action < OBJECT_ACTIONS_END &&
                   (common->actions & action_bit(action)) == 0;

    if (refused && text_is(pair->key->text, "compensate")) {
        diagnostics_error(checker->diagnostics, "F501", node_place(pair->key),
                          "there is nothing to undo on '%s'", fields_of(action)->name);
        return;
    }
    if (refused) {
        diagnostics_error(checker->diagnostics, "F111", node_place(pair->key),
                          "'%.*s' is not allowed on '%s'%s", TEXT_ARG(pair->key->text),
                          fields_of(action)->name, way_out(action, pair->key->text));
        return;
    }
    if (checker->standard && text_is(pair->key->text, "replace")) {
        json_put_bool(out, "replace", true);
        return;
    }
    if (checker->standard && text_is(pair->key->text, "reference")) {
        json_put_text(out, "reference", pair->value->text);
        return;
    }
    if (common != NULL && text_is(pair->key->text, "step")) {
        return; /* Was read with the step's place in the plan. */
    }
    if (convert_pair(checker, OBJECT_STEP, pair, out) ||
        (action != OBJECT_COUNT && convert_pair(checker, action, pair, out))) {
        return;
    }
    report_foreign_key(checker, action, pair->key);
}

static void drop_defaults(struct json *out)
{
    if (!json_is_true(json_member(out, "pivot"))) {
        json_drop(out, TEXT("pivot"));
    }
    if (text_is(json_member_text(out, "warnAfter"), "none")) {
        json_drop(out, TEXT("warnAfter"));
    }
}

static bool gives_result(const struct plan_step *step, const struct json *out)
{
    return step->action == OBJECT_REQUEST || step->action == OBJECT_LISTEN_STEP ||
           step->action == OBJECT_FORK_STEP || step->action == OBJECT_FOR_STEP ||
           (step->action == OBJECT_RUN_STEP && json_is_true(json_member(out, "await")));
}

static void finish_step(struct checker *checker, uint32_t index, struct json *out)
{
    struct plan_step *step = &checker->plan.steps[index];
    const struct json *as = json_member(out, "as");

    if (step->name.bytes > 0) {
        json_put_text(out, "step", step->name);
    }
    drop_defaults(out);
    if (step->action == OBJECT_REQUEST) {
        resolve_request(checker, out, INHERIT_ALL);
    }
    if (step->action == OBJECT_TRY && json_member(out, "try") != NULL) {
        json_put(out, TEXT("do"), json_copy(json_member(out, "try")));
        json_drop(out, TEXT("try"));
    }
    if (step->action == OBJECT_RUN_STEP) {
        convert_rest(checker, OBJECT_RUN_STEP, step->node, out);
    }
    if (gives_result(step, out)) {
        if (as == NULL) {
            json_put_text(out, "as", step->name);
            step->result = step->name;
        } else {
            step->result = arena_text(&checker->arena, json_text_of(as));
        }
    }
    step->json = json_copy(out);
}

static struct json *convert_step(struct checker *checker, uint32_t index)
{
    const struct node *node = checker->plan.steps[index].node;
    const struct pair *pair = find_action(checker, node);
    enum object action = pair == NULL ? OBJECT_COUNT : fields_action(pair->key->text);
    uint32_t around = checker->step;
    struct json *out = json_object();

    checker->plan.steps[index].action = action;
    checker->step = index;
    keep_name(checker, index);
    for (uint32_t i = 0; i < node->count; i++) {
        if (node->pairs[i].repeated) {
            continue;
        }
        if (!node_is_scalar(node->pairs[i].key)) {
            expected(checker, node->pairs[i].key, "a key");
        } else {
            convert_key(checker, action, &node->pairs[i], out);
        }
    }
    convert_rest(checker, OBJECT_STEP, node, out);
    finish_step(checker, index, out);
    checker->step = around;
    return out;
}

/* False if the list is too deep or the flow too long: a finding was made. */
static bool is_within_limits(struct checker *checker, const struct node *node)
{
    if (checker->depth > BLOCK_DEPTH_MAX) {
        diagnostics_error(checker->diagnostics, "F701", node_place(node),
                          "blocks are nested more than %d deep", BLOCK_DEPTH_MAX);
        return false;
    }
    if (checker->plan.count + node->count > STEPS_MAX) {
        diagnostics_error(checker->diagnostics, "F701", node_place(node),
                          "more than %d steps in a flow", STEPS_MAX);
        return false;
    }
    return true;
}

static void convert_items(struct checker *checker, const struct node *node, struct json *list)
{
    uint32_t number = checker->plan.lists++;
    uint32_t previous = STEP_NONE;
    uint32_t first = STEP_NONE;
    bool aside = checker->reading_aside;

    checker->reading_aside = false;

    for (uint32_t i = 0; i < node->count; i++) {
        uint32_t index;

        if (node->items[i]->kind != NODE_MAP) {
            expected(checker, node->items[i], "a step, that is a map");
            continue;
        }
        checker->list_aside = aside;
        index = checker_add_step(checker, node->items[i], number);
        checker->list_aside = false;
        if (previous == STEP_NONE) {
            first = index;
        } else {
            checker->plan.steps[previous].next = index;
        }
        previous = index;
        json_push(list, convert_step(checker, index));
    }
    checker->list_first = first;
}

struct json *convert_steps(struct checker *checker, const struct field *field,
                           const struct node *node)
{
    enum context context = checker->context;
    bool always = text_is(text_of(field->key), "always");
    bool failure = always || text_is(text_of(field->key), "onFailure");
    bool nested = checker->parent != STEP_NONE;
    struct json *list;

    if (node->kind != NODE_LIST || (node->count == 0 && !failure && !checker->empty_allowed)) {
        return expected(checker, node, "a list of steps");
    }
    checker->depth++;
    if (!is_within_limits(checker, node)) {
        checker->depth--;
        return NULL;
    }
    checker->empty_allowed = false;
    checker->context = CONTEXT_STEP;
    checker->in_failure = checker->in_failure || failure;
    list = json_array();
    convert_items(checker, node, list);
    if (failure) {
        *(always ? &checker->plan.always : &checker->plan.failure) = checker->list_first;
        checker->in_failure = false;
    } else if (!nested) {
        checker->plan.first = checker->list_first;
    }
    checker->context = context;
    checker->depth--;
    return list;
}
