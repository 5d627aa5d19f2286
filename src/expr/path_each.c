/* Paths of several outputs. */
#include "expr/eval.h"

/* Binds one key of one step. Turns go from the last step to the first, as jq evaluates them. */
struct key_sink {
    struct sink sink;
    struct path_binder *binder;
    uint32_t turn;
};

static enum outcome bind_from(struct evaluator *ev, struct path_binder *binder, uint32_t turn);

static uint32_t step_of(const struct path_binder *binder, uint32_t turn)
{
    return binder->node->step_count - 1 - turn / 2;
}

static enum outcome key_take(struct sink *sink, struct evaluator *ev, struct json *value,
                             const struct trail *trail)
{
    const struct key_sink *key = (const struct key_sink *)sink;
    const struct node *node = key->binder->node;
    struct json **slot =
        &ev->slots[node->slot + 2 * step_of(key->binder, key->turn) + key->turn % 2];
    enum outcome outcome;

    (void)trail;
    *slot = value;
    outcome = bind_from(ev, key->binder, key->turn + 1);
    *slot = NULL;
    json_free(value);
    return outcome;
}

static enum outcome bind_from(struct evaluator *ev, struct path_binder *binder, uint32_t turn)
{
    struct key_sink key = {.sink = {key_take}, .binder = binder, .turn = turn};
    const struct step *step;
    const struct node *expression;

    for (; key.turn < 2 * binder->node->step_count; key.turn++) {
        step = &binder->node->steps[step_of(binder, key.turn)];
        expression = key.turn % 2 == 0 ? step->from : step->to;
        if (expression != NULL) {
            return eval_each(ev, expression, binder->input, &key.sink);
        }
    }
    return binder->then(binder, ev);
}

enum outcome path_bind(struct evaluator *ev, struct path_binder *binder)
{
    return bind_from(ev, binder, 0);
}

struct each_binder {
    struct path_binder binder;
    struct path_walk walk;
};

struct base_sink {
    struct sink sink;
    const struct path_walk *walk;
};

static enum outcome base_take(struct sink *sink, struct evaluator *ev, struct json *value,
                              const struct trail *trail)
{
    const struct base_sink *base = (const struct base_sink *)sink;
    enum outcome outcome = path_walk(ev, base->walk, 0, value, trail);

    json_free(value);
    return outcome;
}

static enum outcome walk_bases(struct path_binder *binder, struct evaluator *ev)
{
    const struct each_binder *each = (const struct each_binder *)binder;
    const struct node *node = binder->node;
    struct base_sink base = {.sink = {base_take}, .walk = &each->walk};

    if (node->item_count == 0) {
        return path_walk(ev, &each->walk, 0, binder->input, NULL);
    }
    return eval_each(ev, node->items[0], binder->input, &base.sink);
}

enum outcome path_each(struct evaluator *ev, const struct node *node, const struct json *input,
                       struct sink *sink)
{
    struct each_binder each = {
        .binder = {.then = walk_bases, .node = node, .input = input},
        .walk = {.node = node, .keys = &ev->slots[node->slot], .sink = sink}};

    return path_bind(ev, &each.binder);
}
