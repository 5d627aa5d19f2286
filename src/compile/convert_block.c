/* Lists of steps within steps: blocks, catches, branches, items of a for. */
#include "base/limits.h"
#include "compile/checker.h"
#include "compile/grow.h"

void checker_keep_block(struct checker *checker, bool is_catch)
{
    struct plan_step *step = &checker->plan.steps[checker->step];

    step->blocks = grow(&checker->arena, step->blocks, step->block_count, &step->block_capacity,
                        sizeof(*step->blocks));
    step->blocks[step->block_count++] = (struct plan_block){checker->list_first, is_catch};
}

/* A list of the step that is being read. */
static struct json *convert_list_of_step(struct checker *checker, const struct node *node,
                                         bool is_catch)
{
    static const struct field field = {.key = "do", .shape = SHAPE_STEPS};
    uint32_t around = checker->parent;
    struct json *list;

    checker->parent = checker->step;
    checker->list_first = STEP_NONE;
    checker->empty_allowed = is_catch;
    list = convert_steps(checker, &field, node);
    checker->empty_allowed = false;
    checker->parent = around;
    checker_keep_block(checker, is_catch);
    if (json_count(list) == 0) {
        json_free(list); /* A catch that only goes on. */
        list = NULL;
    }
    return list;
}

/* The variables of the for that is being read become known; gives how many were before. */
static uint32_t enter_loop(struct checker *checker)
{
    static const char *const keys[] = {"each", "at"};
    const struct node *node = node_get(checker->plan.steps[checker->step].node, "for");
    uint32_t count = checker->scope.count;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const struct node *name = node_get(node, keys[i]);

        if (name != NULL && name->kind == NODE_TEXT && is_identifier(name->text) &&
            checker->scope.count < EXPR_VARIABLES_MAX) {
            checker->scope.names[checker->scope.count++] = name->text;
        }
    }
    return count;
}

struct json *convert_body(struct checker *checker, const struct field *field,
                          const struct node *node)
{
    bool is_catch = checker->reading_catch;
    bool is_loop = !is_catch && checker->plan.steps[checker->step].action == OBJECT_FOR_STEP;
    uint32_t names = is_loop ? enter_loop(checker) : checker->scope.count;
    bool around = checker->in_catch;
    struct json *list;

    (void)field;
    checker->reading_catch = false;
    checker->in_catch = around || is_catch;
    list = convert_list_of_step(checker, node, is_catch);
    checker->in_catch = around;
    checker->reading_catch = is_catch;
    checker->scope.count = names;
    return list;
}

struct json *convert_catches(struct checker *checker, const struct field *field,
                             const struct node *node)
{
    uint32_t count = node->kind == NODE_MAP ? 1 : node->count;
    bool around = checker->in_catch;
    struct json *list;

    if ((node->kind != NODE_MAP && node->kind != NODE_LIST) || count == 0) {
        return expected(checker, node, "a catch, that is a map, or a list of them");
    }
    list = json_array();
    checker->reading_catch = true;
    checker->in_catch = true; /* Its `when` sees $error too. */
    for (uint32_t i = 0; i < count; i++) {
        const struct node *item = node->kind == NODE_MAP ? node : node->items[i];
        struct json *catcher = convert_object(checker, field->object, item);

        if (node_get(item, "do") == NULL) {
            checker->list_first = STEP_NONE; /* It only goes on. */
            checker_keep_block(checker, true);
        }
        if (catcher != NULL) {
            json_push(list, catcher);
        }
    }
    checker->reading_catch = false;
    checker->in_catch = around;
    return list;
}

static bool is_branch_name(struct checker *checker, const struct node *node)
{
    if (node_is_scalar(node) && is_identifier(node->text)) {
        return true;
    }
    if (!node_is_scalar(node)) {
        expected(checker, node, "the name of a branch");
        return false;
    }
    diagnostics_error(checker->diagnostics, "F108", node_place(node),
                      "bad name '%.*s': a branch is named [A-Za-z_][A-Za-z0-9_]*",
                      TEXT_ARG(node->text));
    return false;
}

struct json *convert_branches(struct checker *checker, const struct field *field,
                              const struct node *node)
{
    struct json *list;

    (void)field;
    if (node->kind != NODE_MAP || node->count == 0) {
        return expected(checker, node, "a map from the names of branches to their steps");
    }
    list = json_array();
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        struct json *branch;
        struct json *steps;

        if (pair->repeated || !is_branch_name(checker, pair->key)) {
            continue;
        }
        steps = convert_list_of_step(checker, pair->value, false);
        if (steps == NULL) {
            continue;
        }
        branch = json_object();
        json_put_text(branch, "name", pair->key->text);
        json_put(branch, TEXT("do"), steps);
        json_push(list, branch);
    }
    return list;
}

struct json *convert_for(struct checker *checker, const struct field *field,
                         const struct node *node)
{
    struct json *out;

    if (node->kind != NODE_MAP) {
        return expected(checker, node, "a map");
    }
    out = json_object();
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        uint32_t names = checker->scope.count;

        if (pair->repeated) {
            continue;
        }
        if (!node_is_scalar(pair->key)) {
            expected(checker, pair->key, "a key");
            continue;
        }
        if (text_is(pair->key->text, "while") || text_is(pair->key->text, "result")) {
            names = enter_loop(checker);
        }
        if (!convert_pair(checker, field->object, pair, out)) {
            report_unknown_key(checker, field->object, pair->key);
        }
        checker->scope.count = names;
    }
    convert_rest(checker, field->object, node, out);
    return out;
}

struct json *convert_join(struct checker *checker, const struct field *field,
                          const struct node *node)
{
    int64_t count;

    (void)field;
    if (node->kind == NODE_TEXT && (text_is(node->text, "all") || text_is(node->text, "first") ||
                                    text_is(node->text, "race"))) {
        return json_text(node->text);
    }
    if (node->kind == NODE_NUMBER && text_to_int64(node->text, &count) && count >= 1 &&
        count <= LOOP_ITEMS_MAX) {
        return json_integer(count);
    }
    return expected(checker, node, "all, first, race, or how many must succeed");
}

struct json *convert_version(struct checker *checker, const struct field *field,
                             const struct node *node)
{
    int64_t version;

    (void)field;
    if (node->kind == NODE_TEXT && text_is(node->text, "latest")) {
        return json_string("latest");
    }
    if (node->kind == NODE_NUMBER && text_to_int64(node->text, &version) && version >= 1 &&
        version <= INT32_MAX) {
        return json_integer(version);
    }
    return expected(checker, node, "latest, or the number of a version");
}

struct json *convert_rollback(struct checker *checker, const struct field *field,
                              const struct node *node)
{
    struct json *list;

    (void)field;
    if (node->kind == NODE_TEXT && text_is(node->text, "all")) {
        return json_string("all");
    }
    if (node->kind != NODE_LIST || node->count == 0) {
        return expected(checker, node, "all, or a list of steps");
    }
    list = json_array();
    for (uint32_t i = 0; i < node->count; i++) {
        if (node->items[i]->kind != NODE_TEXT) {
            expected(checker, node->items[i], "the name of a step");
        } else {
            json_push(list, json_text(node->items[i]->text));
        }
    }
    return list;
}

struct json *convert_variable(struct checker *checker, const struct field *field,
                              const struct node *node)
{
    const struct node *each;

    if (node->kind != NODE_TEXT) {
        return expected(checker, node, "the name of a variable, without '$'");
    }
    if (!is_identifier(node->text)) {
        diagnostics_error(checker->diagnostics, "F108", node_place(node),
                          "bad name '%.*s': a variable is named [A-Za-z_][A-Za-z0-9_]*",
                          TEXT_ARG(node->text));
        return NULL;
    }
    each = node_get(node_get(checker->plan.steps[checker->step].node, "for"), "each");
    if (text_is(text_of(field->key), "at") && each != NULL && text_equal(each->text, node->text)) {
        diagnostics_error(checker->diagnostics, "F108", node_place(node),
                          "bad name '%.*s': 'each' has it", TEXT_ARG(node->text));
        return NULL;
    }
    for (uint32_t i = 0; i < checker->scope.count; i++) {
        if (text_equal(checker->scope.names[i], node->text)) {
            diagnostics_error(checker->diagnostics, "F108", node_place(node),
                              "bad name '%.*s': '$%.*s' has a meaning already",
                              TEXT_ARG(node->text), TEXT_ARG(node->text));
            return NULL;
        }
    }
    if (checker->scope.count + 2 > EXPR_VARIABLES_MAX) {
        diagnostics_error(checker->diagnostics, "F701", node_place(node),
                          "too many loops within loops: no room for another variable");
        return NULL;
    }
    return json_text(node->text);
}
