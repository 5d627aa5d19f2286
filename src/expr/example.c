#include "expr/example.h"

#include <string.h>

#include "expr/builtin.h"
#include "expr/place.h"

#define NESTING_MAX 32

struct solver {
    struct json *value;    /* As found so far. */
    struct json *variable; /* The same of the variable that way.variable names. */
    struct way way;        /* Where `.` of the node that is looked at stands. */
    uint32_t depth;
};

struct json *expr_put(const struct expr *expr, const struct json *into, struct json *value)
{
    struct way way = {.count = 0};
    struct json *made = NULL;

    if (place_follow(expr->root, &way)) {
        made = place_put(into, &way, value);
    }
    json_free(value);
    return made;
}

/* ---- values ---- */

static struct json **side_of(struct solver *solver, const struct way *way)
{
    return way->is_variable ? &solver->variable : &solver->value;
}

static const struct json *look(struct solver *solver, const struct way *way)
{
    return place_look(*side_of(solver, way), way);
}

static void settle(struct solver *solver, const struct way *way, struct json *value)
{
    struct json **side = side_of(solver, way);
    struct json *made = place_put(*side, way, value);

    json_free(value);
    json_free(*side);
    *side = made;
}

static bool sounds_bad(struct text word)
{
    static const char *const parts[] = {"fail", "reject", "declin", "error", "refus", "den", "no"};
    char small[64];
    size_t bytes = word.bytes < sizeof(small) ? word.bytes : sizeof(small) - 1;

    for (size_t i = 0; i < bytes; i++) {
        char c = word.data[i];

        small[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    small[bytes] = '\0';
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strstr(small, parts[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* A value that is not `constant`; of words one that a reader takes for its opposite. */
static struct json *another(const struct json *constant)
{
    switch (json_kind(constant)) {
    case JSON_TEXT:
        return json_string(sounds_bad(json_text_of(constant)) ? "OK" : "FAILED");
    case JSON_NUMBER:
        return json_number(json_double(constant) + 1);
    case JSON_BOOL:
        return json_bool(!json_is_true(constant));
    case JSON_NULL:
        return json_string("OK");
    case JSON_ARRAY:
    case JSON_OBJECT:
        return json_null();
    }
    CHECK(!"unknown kind of value");
    return NULL;
}

/* What holds where `op` does not. */
static enum op opposite(enum op op)
{
    static const enum op of[] = {
        [OP_EQUAL] = OP_UNEQUAL,      [OP_UNEQUAL] = OP_EQUAL,      [OP_LESS] = OP_GREATER_EQUAL,
        [OP_LESS_EQUAL] = OP_GREATER, [OP_GREATER] = OP_LESS_EQUAL, [OP_GREATER_EQUAL] = OP_LESS};

    return of[op];
}

/* The same with its sides exchanged. */
static enum op turned(enum op op)
{
    static const enum op of[] = {[OP_EQUAL] = OP_EQUAL,  [OP_UNEQUAL] = OP_UNEQUAL,
                                 [OP_LESS] = OP_GREATER, [OP_LESS_EQUAL] = OP_GREATER_EQUAL,
                                 [OP_GREATER] = OP_LESS, [OP_GREATER_EQUAL] = OP_LESS_EQUAL};

    return of[op];
}

static bool holds(enum op op, const struct json *value, const struct json *constant)
{
    int order = json_compare(value, constant);

    if (order == 0) {
        return op == OP_EQUAL || op == OP_LESS_EQUAL || op == OP_GREATER_EQUAL;
    }
    return op == OP_UNEQUAL || (order < 0 ? op == OP_LESS || op == OP_LESS_EQUAL
                                          : op == OP_GREATER || op == OP_GREATER_EQUAL);
}

static bool solve_compare(struct solver *solver, const struct way *way, enum op op,
                          const struct json *constant)
{
    const struct json *there = look(solver, way);
    struct json *wanted = NULL;

    if (there != NULL && holds(op, there, constant)) {
        return true;
    }
    if (op == OP_EQUAL || op == OP_LESS_EQUAL || op == OP_GREATER_EQUAL) {
        wanted = json_copy(constant);
    } else if (op == OP_UNEQUAL) {
        wanted = another(constant);
    } else if (json_kind(constant) == JSON_NUMBER) {
        wanted = json_number(json_double(constant) + (op == OP_LESS ? -1 : 1));
    }
    if (wanted == NULL) {
        return false;
    }
    settle(solver, way, wanted);
    return true;
}

static bool solve(struct solver *solver, const struct node *node, bool truth);

/* `.a == "x"`, either way round. */
static bool solve_binary(struct solver *solver, const struct node *node, bool truth)
{
    const struct node *left = node->items[0];
    const struct node *right = node->items[1];
    struct way way = solver->way;
    enum op op = node->op;

    if (!op_compares(op)) {
        return false;
    }
    if (left->kind == NODE_LITERAL) {
        const struct node *kept = left;

        left = right;
        right = kept;
        op = turned(op);
    }
    if (right->kind != NODE_LITERAL || !place_follow(left, &way)) {
        return false;
    }
    if (!truth && op == OP_EQUAL) {
        const struct json *there = look(solver, &way);

        if (there == NULL || json_equal(there, right->value)) {
            settle(solver, &way, another(right->value));
        }
        return true;
    }
    return solve_compare(solver, &way, truth ? op : opposite(op), right->value);
}

static bool solve_place(struct solver *solver, const struct node *node, bool truth)
{
    struct way way = solver->way;

    if (!place_follow(node, &way)) {
        return false;
    }
    const struct json *there = look(solver, &way);
    if (there == NULL || json_is_truthy(there) != truth) {
        settle(solver, &way, json_bool(truth));
    }
    return true;
}

/* Of the first `count` parts of a pipe. */
static bool solve_pipe(struct solver *solver, const struct node *node, uint32_t count, bool truth)
{
    const struct node *last = node->items[count - 1];
    struct way outer = solver->way;
    bool found = true;

    if (count == 1) {
        return solve(solver, last, truth);
    }
    if (last->kind == NODE_CALL && last->builtin->call == builtin_not) {
        return solve_pipe(solver, node, count - 1, !truth);
    }
    for (uint32_t i = 0; i + 1 < count && found; i++) {
        found = place_follow(node->items[i], &solver->way);
    }
    found = found && solve(solver, last, truth);
    solver->way = outer;
    return found;
}

static bool solve_call(struct solver *solver, const struct node *node, bool truth)
{
    builtin_call *call = node->builtin->call;
    const struct json *constant = node->item_count == 1 && node->items[0]->kind == NODE_LITERAL
                                      ? node->items[0]->value
                                      : NULL;

    if (call == builtin_not) {
        struct way way = solver->way;

        settle(solver, &way, json_bool(!truth));
        return true;
    }
    if (constant == NULL || (call != builtin_startswith && call != builtin_endswith &&
                             call != builtin_contains && call != builtin_test)) {
        return solve_place(solver, node, truth);
    }
    settle(solver, &solver->way, truth ? json_copy(constant) : another(constant));
    return true;
}

static bool solve_both(struct solver *solver, const struct node *node, bool truth)
{
    return solve(solver, node->items[0], truth) && solve(solver, node->items[1], truth);
}

static bool solve_kind(struct solver *solver, const struct node *node, bool truth)
{
    switch (node->kind) {
    case NODE_LITERAL:
        return json_is_truthy(node->value) == truth;
    case NODE_AND:
        return truth ? solve_both(solver, node, true) : solve(solver, node->items[0], false);
    case NODE_OR:
        return truth ? solve(solver, node->items[0], true) : solve_both(solver, node, false);
    case NODE_BINARY:
        return solve_binary(solver, node, truth);
    case NODE_PIPE:
        return solve_pipe(solver, node, node->item_count, truth);
    case NODE_CALL:
        return solve_call(solver, node, truth);
    case NODE_IDENTITY:
    case NODE_PATH:
    case NODE_TRY:
    case NODE_ALTERNATIVE:
        return solve_place(solver, node, truth);
    case NODE_VARIABLE:
    case NODE_COMMA:
    case NODE_NEGATE:
    case NODE_IF:
    case NODE_ARRAY:
    case NODE_OBJECT:
    case NODE_INTERPOLATE:
    case NODE_EMPTY:
    case NODE_FIRST:
    case NODE_LAST:
    case NODE_RANGE:
    case NODE_ANY:
    case NODE_ALL:
    case NODE_BY:
    case NODE_DELETE:
        return false;
    }
    CHECK(!"unknown kind of node");
    return false;
}

static bool solve(struct solver *solver, const struct node *node, bool truth)
{
    bool found;

    if (solver->depth == NESTING_MAX) {
        return false;
    }
    solver->depth++;
    found = solve_kind(solver, node, truth);
    solver->depth--;
    return found;
}

/* Whether `expr` says of the values what is wanted. Other variables are null. */
static bool is_right(const struct expr *expr, const struct solver *solver, bool truth)
{
    const struct json *variables[EXPR_VARIABLES_MAX] = {NULL};
    struct expr_env env = {
        .input = solver->value, .variables = variables, .variable_count = EXPR_VARIABLES_MAX};
    bool answer = !truth;

    if (solver->way.variable != NULL) {
        variables[*solver->way.variable] = solver->variable;
    }
    return expr_test(expr, &env, &answer, NULL) == STATUS_OK && answer == truth;
}

static void solver_release(struct solver *solver)
{
    json_free(solver->value);
    json_free(solver->variable);
}

/* False: what it began with is what there is. */
static bool find(const struct expr *expr, bool truth, const struct solver *first,
                 struct solver *solver)
{
    *solver = *first;
    solver->value = json_copy(first->value);
    solver->variable = json_copy(first->variable);
    (void)solve(solver, expr->root, truth);
    if (is_right(expr, solver, truth)) {
        return true;
    }
    solver_release(solver);
    return false;
}

/* `variable` NULL: none may be made. */
static struct json *example_of(const struct expr *expr, const struct json *seed, bool truth,
                               const uint32_t *variable, struct json **made)
{
    struct solver first = {.value = seed == NULL ? json_object() : json_copy(seed),
                           .variable = json_copy(*made),
                           .way = {.variable = variable}};
    struct json *value = NULL;
    struct solver found;

    if (find(expr, truth, &first, &found)) {
        json_free(*made);
        *made = found.variable;
        value = found.value;
    } else if (is_right(expr, &first, truth)) {
        value = json_copy(first.value);
    }
    solver_release(&first);
    return value;
}

struct json *expr_example_with(const struct expr *expr, const struct json *seed, bool truth,
                               uint32_t variable, struct json **made)
{
    CHECK(variable < EXPR_VARIABLES_MAX);
    return example_of(expr, seed, truth, &variable, made);
}

struct json *expr_example(const struct expr *expr, const struct json *seed, bool truth)
{
    struct json *none = NULL;

    return example_of(expr, seed, truth, NULL, &none);
}
