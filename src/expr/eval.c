#include "expr/eval.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/limits.h"
#include "expr/builtin.h"

enum outcome eval_raise(struct evaluator *ev, const struct node *node, const char *format, ...)
{
    struct text source = node_source(ev->expr, node);
    size_t used;
    int written;
    va_list arguments;

    if (ev->err == NULL) {
        return OUTCOME_ERROR;
    }
    ev->raised = true;
    va_start(arguments, format);
    written = vsnprintf(ev->err->text, sizeof(ev->err->text), format, arguments);
    va_end(arguments);
    used = written > 0 ? (size_t)written : 0;
    if (used < sizeof(ev->err->text) && source.bytes > 0) {
        (void)snprintf(ev->err->text + used, sizeof(ev->err->text) - used, ", in '%.*s'",
                       TEXT_ARG(source));
    }
    return OUTCOME_ERROR;
}

enum outcome eval_exceed(struct evaluator *ev, const char *format, ...)
{
    va_list arguments;

    if (ev->err != NULL) {
        ev->raised = true;
        va_start(arguments, format);
        (void)vsnprintf(ev->err->text, sizeof(ev->err->text), format, arguments);
        va_end(arguments);
    }
    return OUTCOME_LIMIT;
}

static enum outcome collect(struct sink *sink, struct evaluator *ev, struct json *value,
                            const struct trail *trail)
{
    struct collector *collector = (struct collector *)sink;

    (void)trail;
    json_push(collector->array, value);
    return eval_spend(ev, 1) ? OUTCOME_OK : OUTCOME_LIMIT;
}

struct collector collector_of(void)
{
    return (struct collector){.sink = {collect}, .array = json_array()};
}

static const struct json *variable_value(const struct evaluator *ev, const struct node *node)
{
    const struct json *value = NULL;

    if (node->variable < ev->env->variable_count) {
        value = ev->env->variables[node->variable];
    }
    return value == NULL ? ev->expr->null : value;
}

static enum outcome pipe_one(struct evaluator *ev, const struct node *node,
                             const struct json *input, struct json **value)
{
    struct json *held = NULL;
    enum outcome outcome = OUTCOME_OK;

    for (uint32_t i = 0; i < node->item_count; i++) {
        struct json *next = NULL;
        outcome = eval_one(ev, node->items[i], i == 0 ? input : held, &next);
        json_free(held);
        held = next;
        if (outcome != OUTCOME_OK || held == NULL) {
            break;
        }
    }
    *value = held;
    return outcome;
}

static enum outcome alternative_one(struct evaluator *ev, const struct node *node,
                                    const struct json *input, struct json **value)
{
    enum outcome outcome = eval_one(ev, node->items[0], input, value);

    if (outcome != OUTCOME_OK || json_is_truthy(*value)) {
        return outcome;
    }
    json_free(*value);
    *value = NULL;
    return eval_one(ev, node->items[1], input, value);
}

static enum outcome if_one(struct evaluator *ev, const struct node *node, const struct json *input,
                           struct json **value)
{
    bool given;
    bool truth;
    enum outcome outcome = eval_truth(ev, node->items[0], input, &truth, &given);

    if (outcome != OUTCOME_OK || !given) {
        return outcome;
    }
    return eval_one(ev, node->items[truth ? 1 : 2], input, value);
}

static enum outcome try_one(struct evaluator *ev, const struct node *node, const struct json *input,
                            struct json **value)
{
    enum outcome outcome = eval_one(ev, node->items[0], input, value);

    return outcome == OUTCOME_ERROR ? OUTCOME_OK : outcome;
}

static enum outcome array_one(struct evaluator *ev, const struct node *node,
                              const struct json *input, struct json **value)
{
    struct collector collector = collector_of();
    enum outcome outcome = OUTCOME_OK;

    if (node->item_count > 0) {
        outcome = eval_each(ev, node->items[0], input, &collector.sink);
    }
    if (outcome != OUTCOME_OK) {
        json_free(collector.array);
        return outcome;
    }
    *value = collector.array;
    return OUTCOME_OK;
}

static enum outcome make_object(struct evaluator *ev, const struct node *node,
                                struct json *const *operands, struct json **value)
{
    struct json *object = json_object();

    for (uint32_t i = 0; i < node->item_count; i += 2) {
        if (json_kind(operands[i]) != JSON_TEXT) {
            json_free(object);
            return eval_raise(ev, node->items[i], "a key must be a string, not %s",
                              kind_name(operands[i]));
        }
        json_put(object, json_text_of(operands[i]), json_copy(operands[i + 1]));
    }
    *value = object;
    /* Even an empty one takes some hundred bytes. */
    return eval_spend(ev, 4 + node->item_count) ? OUTCOME_OK : OUTCOME_LIMIT;
}

static enum outcome make_text(struct evaluator *ev, const struct node *node,
                              struct json *const *operands, struct json **value)
{
    struct buffer text = {.bytes_max = EXPR_OUTPUT_BYTES_MAX};
    enum outcome outcome;

    for (uint32_t i = 0; i < node->item_count; i++) {
        buffer_add_text(&text, json_text_of(operands[i]));
    }
    outcome = text.full ? eval_exceed(ev, "a text of more than %d bytes", EXPR_OUTPUT_BYTES_MAX)
                        : eval_text(ev, buffer_text(&text), value);
    buffer_release(&text);
    return outcome;
}

enum outcome eval_apply(struct evaluator *ev, const struct node *node, const struct json *input,
                        struct json *const *operands, struct json **value)
{
    if (node->kind == NODE_CALL) {
        return node->builtin->call(ev, node, input, operands, value);
    }
    if (node->kind == NODE_OBJECT) {
        return make_object(ev, node, operands, value);
    }
    if (node->kind == NODE_INTERPOLATE) {
        return make_text(ev, node, operands, value);
    }
    if (node->kind == NODE_NEGATE) {
        return op_negate(ev, node, operands[0], value);
    }
    CHECK(node->kind == NODE_BINARY);
    return op_apply(ev, node, node->op, operands[0], operands[1], value);
}

uint32_t eval_operand_at(const struct node *node, uint32_t turn)
{
    bool forward = node->kind == NODE_OBJECT || node->kind == NODE_RANGE;

    return forward ? turn : node->item_count - 1 - turn;
}

static enum outcome operate_one(struct evaluator *ev, const struct node *node,
                                const struct json *input, struct json **value)
{
    struct json **operands = &ev->slots[node->slot];
    enum outcome outcome = OUTCOME_OK;
    bool whole = true;

    for (uint32_t i = 0; i < node->item_count && whole && outcome == OUTCOME_OK; i++) {
        uint32_t item = eval_operand_at(node, i);
        outcome = eval_one(ev, node->items[item], input, &operands[item]);
        whole = operands[item] != NULL;
    }
    if (outcome == OUTCOME_OK && whole) {
        outcome = eval_apply(ev, node, input, operands, value);
    }
    for (uint32_t i = 0; i < node->item_count; i++) {
        json_free(operands[i]);
        operands[i] = NULL;
    }
    return outcome;
}

static enum outcome compare_truth(struct evaluator *ev, const struct node *node,
                                  const struct json *input, bool *truth, bool *given)
{
    struct json *left = NULL;
    struct json *right = NULL;
    enum outcome outcome = eval_one(ev, node->items[1], input, &right);

    if (outcome == OUTCOME_OK && right != NULL) {
        outcome = eval_one(ev, node->items[0], input, &left);
    }
    *given = outcome == OUTCOME_OK && left != NULL;
    if (*given) {
        *truth = op_holds(ev, node->op, left, right);
    }
    json_free(left);
    json_free(right);
    return outcome;
}

static enum outcome logic_truth(struct evaluator *ev, const struct node *node,
                                const struct json *input, bool *truth, bool *given)
{
    enum outcome outcome = eval_truth(ev, node->items[0], input, truth, given);

    if (outcome != OUTCOME_OK || !*given || *truth == (node->kind == NODE_OR)) {
        return outcome;
    }
    return eval_truth(ev, node->items[1], input, truth, given);
}

enum outcome eval_truth(struct evaluator *ev, const struct node *node, const struct json *input,
                        bool *truth, bool *given)
{
    struct json *value = NULL;
    enum outcome outcome;

    if (!eval_spend(ev, 1)) {
        return OUTCOME_LIMIT;
    }
    if (node->kind == NODE_BINARY && op_compares(node->op)) {
        return compare_truth(ev, node, input, truth, given);
    }
    if (node->kind == NODE_AND || node->kind == NODE_OR) {
        return logic_truth(ev, node, input, truth, given);
    }
    outcome = eval_one(ev, node, input, &value);
    *given = value != NULL;
    *truth = json_is_truthy(value);
    json_free(value);
    return outcome;
}

static enum outcome truth_one(struct evaluator *ev, const struct node *node,
                              const struct json *input, struct json **value)
{
    bool given = false;
    bool truth = false;
    enum outcome outcome = eval_truth(ev, node, input, &truth, &given);

    if (outcome == OUTCOME_OK && given) {
        *value = json_bool(truth);
    }
    return outcome;
}

enum outcome eval_one(struct evaluator *ev, const struct node *node, const struct json *input,
                      struct json **value)
{
    *value = NULL;
    if (!eval_spend(ev, 1)) {
        return OUTCOME_LIMIT;
    }
    switch (node->kind) {
    case NODE_LITERAL:
        *value = json_copy(node->value);
        return OUTCOME_OK;
    case NODE_IDENTITY:
        *value = json_copy(input);
        return OUTCOME_OK;
    case NODE_VARIABLE:
        *value = json_copy(variable_value(ev, node));
        return OUTCOME_OK;
    case NODE_PATH:
        return path_one(ev, node, input, value);
    case NODE_PIPE:
        return pipe_one(ev, node, input, value);
    case NODE_BINARY:
        return op_compares(node->op) ? truth_one(ev, node, input, value)
                                     : operate_one(ev, node, input, value);
    case NODE_AND:
    case NODE_OR:
        return truth_one(ev, node, input, value);
    case NODE_ALTERNATIVE:
        return alternative_one(ev, node, input, value);
    case NODE_IF:
        return if_one(ev, node, input, value);
    case NODE_TRY:
        return try_one(ev, node, input, value);
    case NODE_ARRAY:
        return array_one(ev, node, input, value);
    case NODE_NEGATE:
    case NODE_OBJECT:
    case NODE_INTERPOLATE:
    case NODE_CALL:
        return operate_one(ev, node, input, value);
    case NODE_EMPTY:
        return OUTCOME_OK;
    case NODE_FIRST:
    case NODE_LAST:
        return reduce_first_or_last(ev, node, input, value);
    case NODE_ANY:
    case NODE_ALL:
        return reduce_any_or_all(ev, node, input, value);
    case NODE_BY:
        return reduce_by(ev, node, input, value);
    case NODE_DELETE:
        return delete_paths(ev, node, input, value);
    case NODE_COMMA:
    case NODE_RANGE:
        break;
    }
    CHECK(!"a node of several outputs evaluated as one of few");
    return OUTCOME_LIMIT;
}
