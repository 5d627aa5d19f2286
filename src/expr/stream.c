/* Nodes of several outputs: each output is pushed into a sink, the deeper calls do the rest. */
#include "expr/builtin.h"

/* Hands each value to the next stage of a pipe. */
struct pipe_sink {
    struct sink sink;
    const struct node *node;
    uint32_t next;
    struct sink *out;
};

static enum outcome pipe_from(struct evaluator *ev, const struct node *node, uint32_t stage,
                              const struct json *input, struct sink *out);

static enum outcome pipe_take(struct sink *sink, struct evaluator *ev, struct json *value,
                              const struct trail *trail)
{
    const struct pipe_sink *pipe = (const struct pipe_sink *)sink;
    enum outcome outcome = pipe_from(ev, pipe->node, pipe->next, value, pipe->out);

    (void)trail;
    json_free(value);
    return outcome;
}

static enum outcome pipe_from(struct evaluator *ev, const struct node *node, uint32_t stage,
                              const struct json *input, struct sink *out)
{
    struct pipe_sink pipe = {.sink = {pipe_take}, .node = node, .out = out};
    struct json *held = json_copy(input);
    enum outcome outcome = OUTCOME_OK;

    while (stage < node->item_count && node->items[stage]->few && outcome == OUTCOME_OK &&
           held != NULL) {
        struct json *next = NULL;
        outcome = eval_one(ev, node->items[stage], held, &next);
        json_free(held);
        held = next;
        stage++;
    }
    if (outcome != OUTCOME_OK || held == NULL) {
        return outcome;
    }
    if (stage == node->item_count) {
        return out->take(out, ev, held, NULL);
    }
    pipe.next = stage + 1;
    outcome = eval_each(ev, node->items[stage], held,
                        pipe.next == node->item_count ? out : &pipe.sink);
    json_free(held);
    return outcome;
}

/* Binds the operands of a node one after the other, then applies it. */
struct operand_sink {
    struct sink sink;
    const struct node *node;
    const struct json *input;
    uint32_t turn;
    struct sink *out;
};

static enum outcome range_each(struct evaluator *ev, const struct node *node,
                               struct json *const *bounds, struct sink *out);

static enum outcome operands_from(struct evaluator *ev, struct operand_sink *bound)
{
    const struct node *node = bound->node;
    struct json *const *operands = &ev->slots[node->slot];
    struct json *value = NULL;
    enum outcome outcome;

    if (bound->turn < node->item_count) {
        const struct node *item = node->items[eval_operand_at(node, bound->turn)];
        return eval_each(ev, item, bound->input, &bound->sink);
    }
    if (node->kind == NODE_RANGE) {
        return range_each(ev, node, operands, bound->out);
    }
    outcome = eval_apply(ev, node, bound->input, operands, &value);
    return outcome == OUTCOME_OK ? bound->out->take(bound->out, ev, value, NULL) : outcome;
}

static enum outcome operand_take(struct sink *sink, struct evaluator *ev, struct json *value,
                                 const struct trail *trail)
{
    const struct operand_sink *bound = (const struct operand_sink *)sink;
    struct operand_sink next = *bound;
    struct json **slot = &ev->slots[bound->node->slot + eval_operand_at(bound->node, bound->turn)];
    enum outcome outcome;

    (void)trail;
    *slot = value;
    next.turn++;
    outcome = operands_from(ev, &next);
    *slot = NULL;
    json_free(value);
    return outcome;
}

/* Whole numbers stay whole; with a decimal step they drift as jq's do. */
static enum outcome range_each(struct evaluator *ev, const struct node *node,
                               struct json *const *bounds, struct sink *out)
{
    double from = json_double(bounds[0]);
    double to = json_double(bounds[1]);
    double by = json_double(bounds[2]);
    enum outcome outcome = OUTCOME_OK;

    for (int i = 0; i < 3; i++) {
        if (json_kind(bounds[i]) != JSON_NUMBER) {
            return eval_raise(ev, node, "range takes numbers, not %s", kind_name(bounds[i]));
        }
    }
    while (outcome == OUTCOME_OK && ((by > 0 && from < to) || (by < 0 && from > to))) {
        outcome = eval_spend(ev, 1) ? out->take(out, ev, eval_number(from), NULL) : OUTCOME_LIMIT;
        from += by;
    }
    return outcome;
}

/* The right side once for each truth of the left, unless that decides alone. */
struct logic_sink {
    struct sink sink;
    const struct node *node;
    const struct json *input;
    struct sink *out;
};

static enum outcome logic_right(struct sink *sink, struct evaluator *ev, struct json *value,
                                const struct trail *trail)
{
    const struct logic_sink *logic = (const struct logic_sink *)sink;
    bool truth = json_is_truthy(value);

    (void)trail;
    json_free(value);
    return logic->out->take(logic->out, ev, json_bool(truth), NULL);
}

static enum outcome logic_left(struct sink *sink, struct evaluator *ev, struct json *value,
                               const struct trail *trail)
{
    const struct logic_sink *logic = (const struct logic_sink *)sink;
    struct logic_sink right = *logic;
    bool truth = json_is_truthy(value);

    (void)trail;
    json_free(value);
    if (truth == (logic->node->kind == NODE_OR)) {
        return logic->out->take(logic->out, ev, json_bool(truth), NULL);
    }
    right.sink.take = logic_right;
    return eval_each(ev, logic->node->items[1], logic->input, &right.sink);
}

static enum outcome logic_each(struct evaluator *ev, const struct node *node,
                               const struct json *input, struct sink *out)
{
    struct logic_sink left = {.sink = {logic_left}, .node = node, .input = input, .out = out};

    return eval_each(ev, node->items[0], input, &left.sink);
}

/* One of the two branches for each truth of the condition. */
static enum outcome branch(struct sink *sink, struct evaluator *ev, struct json *value,
                           const struct trail *trail)
{
    const struct logic_sink *choice = (const struct logic_sink *)sink;
    const struct node *taken = choice->node->items[json_is_truthy(value) ? 1 : 2];

    (void)trail;
    json_free(value);
    return eval_each(ev, taken, choice->input, choice->out);
}

static enum outcome if_each(struct evaluator *ev, const struct node *node, const struct json *input,
                            struct sink *out)
{
    struct logic_sink choice = {.sink = {branch}, .node = node, .input = input, .out = out};

    return eval_each(ev, node->items[0], input, &choice.sink);
}

/* Lets the true values through and remembers that there were some. */
struct truthy_sink {
    struct sink sink;
    struct sink *out;
    bool found;
};

static enum outcome take_truthy(struct sink *sink, struct evaluator *ev, struct json *value,
                                const struct trail *trail)
{
    struct truthy_sink *truthy = (struct truthy_sink *)sink;

    if (!json_is_truthy(value)) {
        json_free(value);
        return OUTCOME_OK;
    }
    truthy->found = true;
    return truthy->out->take(truthy->out, ev, value, trail);
}

static enum outcome alternative_each(struct evaluator *ev, const struct node *node,
                                     const struct json *input, struct sink *out)
{
    struct truthy_sink truthy = {.sink = {take_truthy}, .out = out};
    enum outcome outcome = eval_each(ev, node->items[0], input, &truthy.sink);

    if (outcome != OUTCOME_OK || truthy.found) {
        return outcome;
    }
    return eval_each(ev, node->items[1], input, out);
}

/* Knows whether an error came from below, which `?` must not hide. */
struct guard_sink {
    struct sink sink;
    struct sink *out;
    enum outcome below;
};

static enum outcome guard(struct sink *sink, struct evaluator *ev, struct json *value,
                          const struct trail *trail)
{
    struct guard_sink *guarded = (struct guard_sink *)sink;

    guarded->below = guarded->out->take(guarded->out, ev, value, trail);
    return guarded->below;
}

static enum outcome try_each(struct evaluator *ev, const struct node *node,
                             const struct json *input, struct sink *out)
{
    struct guard_sink guarded = {.sink = {guard}, .out = out};
    enum outcome outcome = eval_each(ev, node->items[0], input, &guarded.sink);

    return outcome == OUTCOME_ERROR && guarded.below == OUTCOME_OK ? OUTCOME_OK : outcome;
}

static enum outcome comma_each(struct evaluator *ev, const struct node *node,
                               const struct json *input, struct sink *out)
{
    enum outcome outcome = OUTCOME_OK;

    for (uint32_t i = 0; i < node->item_count && outcome == OUTCOME_OK; i++) {
        outcome = eval_each(ev, node->items[i], input, out);
    }
    return outcome;
}

static enum outcome few_each(struct evaluator *ev, const struct node *node,
                             const struct json *input, struct sink *out)
{
    struct json *value = NULL;
    enum outcome outcome = eval_one(ev, node, input, &value);

    if (outcome != OUTCOME_OK || value == NULL) {
        return outcome;
    }
    return out->take(out, ev, value, NULL);
}

enum outcome eval_each(struct evaluator *ev, const struct node *node, const struct json *input,
                       struct sink *out)
{
    struct operand_sink bound = {.sink = {operand_take}, .node = node, .input = input, .out = out};

    if (node->few) {
        return few_each(ev, node, input, out);
    }
    if (!eval_spend(ev, 1)) {
        return OUTCOME_LIMIT;
    }
    switch (node->kind) {
    case NODE_PATH:
        return path_each(ev, node, input, out);
    case NODE_PIPE:
        return pipe_from(ev, node, 0, input, out);
    case NODE_COMMA:
        return comma_each(ev, node, input, out);
    case NODE_AND:
    case NODE_OR:
        return logic_each(ev, node, input, out);
    case NODE_ALTERNATIVE:
        return alternative_each(ev, node, input, out);
    case NODE_IF:
        return if_each(ev, node, input, out);
    case NODE_TRY:
        return try_each(ev, node, input, out);
    case NODE_NEGATE:
    case NODE_BINARY:
    case NODE_OBJECT:
    case NODE_INTERPOLATE:
    case NODE_CALL:
    case NODE_RANGE:
        return operands_from(ev, &bound);
    case NODE_LITERAL:
    case NODE_IDENTITY:
    case NODE_VARIABLE:
    case NODE_ARRAY:
    case NODE_EMPTY:
    case NODE_FIRST:
    case NODE_LAST:
    case NODE_ANY:
    case NODE_ALL:
    case NODE_BY:
    case NODE_DELETE:
        break;
    }
    CHECK(!"a node of few outputs evaluated as a stream");
    return OUTCOME_LIMIT;
}
