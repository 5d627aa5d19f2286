#include "expr/expr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "expr/eval.h"
#include "expr/parse.h"
#include "expr/paths.h"
#include "expr/regex.h"

#define ARENA_BYTES 1024 /* Of one expression, to begin with: most take no more. */

static void set_problem(struct expr_problem *problem, size_t offset, size_t bytes, const char *text)
{
    problem->kind = EXPR_PROBLEM_SYNTAX;
    problem->offset = offset;
    problem->bytes = bytes;
    (void)snprintf(problem->text, sizeof(problem->text), "%s", text);
}

/* The longest part that is whole characters. */
static size_t valid_bytes(struct text source)
{
    size_t low = 0;
    size_t step;

    while (low < source.bytes) {
        for (step = 1; step <= 4 && low + step <= source.bytes; step++) {
            if (text_is_utf8(text_sub(source, low, step))) {
                break;
            }
        }
        if (step > 4 || low + step > source.bytes) {
            break;
        }
        low += step;
    }
    return low;
}

static bool check_source(struct text source, struct expr_problem *problem)
{
    if (source.bytes > EXPR_SOURCE_BYTES_MAX) {
        set_problem(problem, EXPR_SOURCE_BYTES_MAX, source.bytes - EXPR_SOURCE_BYTES_MAX,
                    "the expression is too long (16 KiB at most)");
        return false;
    }
    if (!text_is_utf8(source)) {
        set_problem(problem, valid_bytes(source), 1, "this is not UTF-8");
        return false;
    }
    return true;
}

enum status expr_compile(struct text source, const struct expr_scope *scope, struct expr **expr,
                         struct expr_problem *problem)
{
    struct parser parser = {.scope = scope, .problem = problem};
    struct expr *made;

    *expr = NULL;
    *problem = (struct expr_problem){.kind = EXPR_PROBLEM_SYNTAX};
    if (!check_source(source, problem)) {
        return STATUS_REJECT;
    }
    made = calloc(1, sizeof(*made));
    CHECK(made != NULL);
    made->arena.first_bytes = ARENA_BYTES;
    made->source = arena_text(&made->arena, source);
    made->null = json_null();
    parser.expr = made;
    made->root = parse_source(&parser);
    if (made->root == NULL) {
        CHECK(problem->bytes > 0);
        expr_free(made);
        return STATUS_REJECT;
    }
    paths_find(made);
    *expr = made;
    return STATUS_OK;
}

void expr_free(struct expr *expr)
{
    if (expr == NULL) {
        return;
    }
    for (struct node *node = expr->nodes; node != NULL; node = node->next) {
        json_free(node->value);
        regex_free(node->regex);
        for (uint32_t i = 0; i < node->step_count; i++) {
            json_free(node->steps[i].key);
        }
    }
    json_free(expr->null);
    arena_release(&expr->arena);
    free(expr);
}

struct text expr_source(const struct expr *expr)
{
    return expr->source;
}

uint64_t expr_variables(const struct expr *expr)
{
    return expr->variables;
}

uint32_t expr_paths(const struct expr *expr, const struct expr_path **paths)
{
    *paths = expr->paths;
    return expr->path_count;
}

/* Takes the one value of a stream; a second one is an error. */
struct single {
    struct sink sink;
    struct json *value;
    bool several;
};

static enum outcome take_single(struct sink *sink, struct evaluator *ev, struct json *value,
                                const struct trail *trail)
{
    struct single *single = (struct single *)sink;

    (void)ev;
    (void)trail;
    if (single->value != NULL) {
        json_free(value);
        single->several = true;
        return OUTCOME_STOP;
    }
    single->value = value;
    return OUTCOME_OK;
}

/* `.`; an absent one reads as null. */
static const struct json *input_of(const struct expr *expr, const struct expr_env *env)
{
    return env->input == NULL ? expr->null : env->input;
}

static enum outcome eval_single(struct evaluator *ev, const struct json *input, struct json **value)
{
    struct single single = {.sink = {take_single}};
    const struct node *root = ev->expr->root;
    enum outcome outcome;

    if (root->few) {
        return eval_one(ev, root, input, value);
    }
    outcome = eval_each(ev, root, input, &single.sink);
    if (outcome == OUTCOME_STOP && single.several) {
        outcome = eval_raise(ev, root,
                             "more than one value; put the expression in [ ] for an "
                             "array, or take first( ) of it");
    }
    if (outcome != OUTCOME_OK) {
        json_free(single.value);
        return outcome;
    }
    *value = single.value;
    return OUTCOME_OK;
}

/* What an expression builds is checked whole: parts may be shared many times over. */
static enum outcome check_size(struct evaluator *ev, const struct json *value)
{
    enum json_kind kind = json_kind(value);

    if (!ev->expr->root->builds || (kind != JSON_ARRAY && kind != JSON_OBJECT)) {
        return OUTCOME_OK;
    }
    if (json_size(value, EXPR_OUTPUT_BYTES_MAX) > EXPR_OUTPUT_BYTES_MAX) {
        return eval_exceed(ev, "a value of more than %d bytes", EXPR_OUTPUT_BYTES_MAX);
    }
    if (json_depth(value, JSON_DEPTH_MAX + 1) > JSON_DEPTH_MAX) {
        return eval_exceed(ev, "a value more than %d deep", JSON_DEPTH_MAX);
    }
    return OUTCOME_OK;
}

/* What the caller is told. */
static enum status conclude(struct evaluator *ev, enum outcome outcome, bool given)
{
    if (outcome == OUTCOME_OK && ev->fuel < 0) {
        outcome = OUTCOME_LIMIT;
    }
    if (outcome == OUTCOME_LIMIT && ev->fuel < 0) {
        (void)eval_exceed(ev, "the expression takes more than %d steps", EXPR_FUEL_MAX);
    } else if (outcome == OUTCOME_OK && !given) {
        outcome = eval_raise(ev, ev->expr->root,
                             "no value; give one for the case that there is "
                             "none, such as '// null'");
    }
    if (outcome == OUTCOME_OK) {
        if (ev->raised && ev->err != NULL) {
            ev->err->text[0] = '\0'; /* Of an error that `?` has hidden. */
        }
        return STATUS_OK;
    }
    return STATUS_REJECT;
}

/* Memory for the operands: on the stack for all but large expressions. */
struct slots {
    struct json *near[EVAL_SLOTS_INLINE];
    struct json **all;
};

static void slots_init(struct slots *slots, const struct expr *expr)
{
    slots->all = slots->near;
    if (expr->slot_count > EVAL_SLOTS_INLINE) {
        slots->all = calloc(expr->slot_count, sizeof(struct json *));
        CHECK(slots->all != NULL);
    } else if (expr->slot_count > 0) {
        memset(slots->near, 0, expr->slot_count * sizeof(struct json *));
    }
}

static void slots_release(struct slots *slots)
{
    if (slots->all != slots->near) {
        free(slots->all);
    }
}

enum status expr_eval(const struct expr *expr, const struct expr_env *env, struct json **value,
                      struct error *err)
{
    struct slots slots;
    struct evaluator ev = {.expr = expr, .env = env, .err = err, .fuel = EXPR_FUEL_MAX};
    struct json *made = NULL;
    enum outcome outcome;
    enum status status;

    slots_init(&slots, expr);
    ev.slots = slots.all;
    outcome = eval_single(&ev, input_of(expr, env), &made);
    if (outcome == OUTCOME_OK && made != NULL && ev.fuel >= 0) {
        outcome = check_size(&ev, made);
    }
    status = conclude(&ev, outcome, made != NULL);
    slots_release(&slots);
    if (status != STATUS_OK) {
        json_free(made);
        made = NULL;
    }
    *value = made;
    return status;
}

enum status expr_test(const struct expr *expr, const struct expr_env *env, bool *truth,
                      struct error *err)
{
    struct slots slots;
    struct evaluator ev = {.expr = expr, .env = env, .err = err, .fuel = EXPR_FUEL_MAX};
    struct json *value = NULL;
    enum outcome outcome;
    enum status status;
    bool given = false;

    *truth = false;
    slots_init(&slots, expr);
    ev.slots = slots.all;
    if (expr->root->few) {
        outcome = eval_truth(&ev, expr->root, input_of(expr, env), truth, &given);
    } else {
        outcome = eval_single(&ev, input_of(expr, env), &value);
        given = value != NULL;
        *truth = json_is_truthy(value);
        json_free(value);
    }
    status = conclude(&ev, outcome, given);
    slots_release(&slots);
    return status;
}
