/*
 * del(f): first the paths that f names in the input, then what is left without them. As in jq all
 * paths are found before anything is deleted, and the last ones go first.
 */
#include <stdlib.h>

#include "expr/eval.h"

/* What is evaluated for its paths: `value` stands at `trail`. */
struct place {
    const struct json *value;
    const struct trail *trail;
};

static enum outcome paths_of(struct evaluator *ev, const struct node *node, struct place place,
                             struct sink *sink);

bool delete_accepts(const struct node *node)
{
    switch (node->kind) {
    case NODE_IDENTITY:
    case NODE_EMPTY:
        return true;
    case NODE_PATH:
        return node->item_count == 0 || delete_accepts(node->items[0]);
    case NODE_PIPE:
    case NODE_COMMA:
    case NODE_ALTERNATIVE:
    case NODE_TRY:
    case NODE_FIRST:
        for (uint32_t i = 0; i < node->item_count; i++) {
            if (!delete_accepts(node->items[i])) {
                return false;
            }
        }
        return true;
    case NODE_IF:
        return delete_accepts(node->items[1]) && delete_accepts(node->items[2]);
    case NODE_LITERAL:
    case NODE_VARIABLE:
    case NODE_NEGATE:
    case NODE_BINARY:
    case NODE_AND:
    case NODE_OR:
    case NODE_ARRAY:
    case NODE_OBJECT:
    case NODE_INTERPOLATE:
    case NODE_CALL:
    case NODE_LAST:
    case NODE_RANGE:
    case NODE_ANY:
    case NODE_ALL:
    case NODE_BY:
    case NODE_DELETE:
        return false;
    }
    return false;
}

struct place_binder {
    struct path_binder binder;
    struct path_walk walk;
    const struct trail *trail;
};

/* The base of a path gave a value: walk on from there. Also the stages of a pipe. */
struct onward_sink {
    struct sink sink;
    const struct path_walk *walk; /* Or: */
    const struct node *pipe;
    uint32_t stage;
    struct sink *out;
};

static enum outcome pipe_paths(struct evaluator *ev, const struct node *node, uint32_t stage,
                               struct place place, struct sink *out);

static enum outcome onward(struct sink *sink, struct evaluator *ev, struct json *value,
                           const struct trail *trail)
{
    const struct onward_sink *next = (const struct onward_sink *)sink;
    struct place place = {.value = value, .trail = trail};
    enum outcome outcome = next->walk != NULL
                               ? path_walk(ev, next->walk, 0, value, trail)
                               : pipe_paths(ev, next->pipe, next->stage, place, next->out);

    json_free(value);
    return outcome;
}

static enum outcome pipe_paths(struct evaluator *ev, const struct node *node, uint32_t stage,
                               struct place place, struct sink *out)
{
    struct onward_sink next = {.sink = {onward}, .pipe = node, .stage = stage + 1, .out = out};

    if (stage == node->item_count) {
        return out->take(out, ev, json_copy(place.value), place.trail);
    }
    return paths_of(ev, node->items[stage], place, &next.sink);
}

static enum outcome walk_places(struct path_binder *binder, struct evaluator *ev)
{
    const struct place_binder *placed = (const struct place_binder *)binder;
    struct onward_sink base = {.sink = {onward}, .walk = &placed->walk};
    struct place place = {.value = binder->input, .trail = placed->trail};

    if (binder->node->item_count == 0) {
        return path_walk(ev, &placed->walk, 0, place.value, place.trail);
    }
    return paths_of(ev, binder->node->items[0], place, &base.sink);
}

static enum outcome step_paths(struct evaluator *ev, const struct node *node, struct place place,
                               struct sink *sink)
{
    struct place_binder placed = {
        .binder = {.then = walk_places, .node = node, .input = place.value},
        .walk = {.node = node, .keys = &ev->slots[node->slot], .sink = sink, .trailing = true},
        .trail = place.trail};

    return path_bind(ev, &placed.binder);
}

/* A sink that looks at values and passes paths: for `if`, `//`, `?` and first(). */
struct watch_sink {
    struct sink sink;
    const struct node *node;
    struct place place;
    struct sink *out;
    enum outcome below;
    bool found;
};

static enum outcome take_branch(struct sink *sink, struct evaluator *ev, struct json *value,
                                const struct trail *trail)
{
    const struct watch_sink *watch = (const struct watch_sink *)sink;
    const struct node *branch = watch->node->items[json_is_truthy(value) ? 1 : 2];

    (void)trail;
    json_free(value);
    return paths_of(ev, branch, watch->place, watch->out);
}

static enum outcome take_found(struct sink *sink, struct evaluator *ev, struct json *value,
                               const struct trail *trail)
{
    struct watch_sink *watch = (struct watch_sink *)sink;

    if (watch->node->kind == NODE_ALTERNATIVE && !json_is_truthy(value)) {
        json_free(value);
        return OUTCOME_OK;
    }
    watch->found = true;
    watch->below = watch->out->take(watch->out, ev, value, trail);
    if (watch->node->kind == NODE_FIRST && watch->below == OUTCOME_OK) {
        return OUTCOME_STOP;
    }
    return watch->below;
}

static enum outcome watch_paths(struct evaluator *ev, const struct node *node, struct place place,
                                struct sink *out)
{
    struct watch_sink watch = {.sink = {take_found}, .node = node, .place = place, .out = out};
    enum outcome outcome = paths_of(ev, node->items[0], place, &watch.sink);

    if (node->kind == NODE_FIRST && outcome == OUTCOME_STOP) {
        return watch.below;
    }
    if (node->kind == NODE_TRY && outcome == OUTCOME_ERROR && watch.below == OUTCOME_OK) {
        return OUTCOME_OK;
    }
    if (node->kind == NODE_ALTERNATIVE && outcome == OUTCOME_OK && !watch.found) {
        return paths_of(ev, node->items[1], place, out);
    }
    return outcome;
}

static enum outcome paths_of(struct evaluator *ev, const struct node *node, struct place place,
                             struct sink *sink)
{
    struct watch_sink branch = {.sink = {take_branch}, .node = node, .place = place, .out = sink};
    enum outcome outcome = OUTCOME_OK;

    if (!eval_spend(ev, 1)) {
        return OUTCOME_LIMIT;
    }
    if (node->kind == NODE_IDENTITY) {
        return sink->take(sink, ev, json_copy(place.value), place.trail);
    }
    if (node->kind == NODE_PATH) {
        return step_paths(ev, node, place, sink);
    }
    if (node->kind == NODE_PIPE) {
        return pipe_paths(ev, node, 0, place, sink);
    }
    if (node->kind == NODE_IF) {
        return eval_each(ev, node->items[0], place.value, &branch.sink);
    }
    if (node->kind == NODE_COMMA) {
        for (uint32_t i = 0; i < node->item_count && outcome == OUTCOME_OK; i++) {
            outcome = paths_of(ev, node->items[i], place, sink);
        }
        return outcome;
    }
    return node->kind == NODE_EMPTY ? OUTCOME_OK : watch_paths(ev, node, place, sink);
}

/* Gathers the paths as arrays of keys. */
static enum outcome gather(struct sink *sink, struct evaluator *ev, struct json *value,
                           const struct trail *trail)
{
    struct collector *collector = (struct collector *)sink;
    const struct json *keys[EVAL_TRAIL_MAX];
    struct json *path = json_array();
    size_t count = 0;

    json_free(value);
    for (const struct trail *at = trail; at != NULL && count < EVAL_TRAIL_MAX; at = at->up) {
        keys[count++] = at->key;
    }
    for (size_t i = count; i > 0; i--) {
        json_push(path, json_copy(keys[i - 1]));
    }
    json_push(collector->array, path);
    return eval_spend(ev, 1 + count) ? OUTCOME_OK : OUTCOME_LIMIT;
}

enum outcome delete_paths(struct evaluator *ev, const struct node *node, const struct json *input,
                          struct json **value)
{
    struct collector collector = {.sink = {gather}, .array = json_array()};
    struct place place = {.value = input};
    enum outcome outcome = paths_of(ev, node->items[0], place, &collector.sink);
    size_t count = json_count(collector.array);
    struct keyed *paths = calloc(count + 1, sizeof(*paths));

    CHECK(paths != NULL);
    for (size_t i = 0; i < count; i++) {
        paths[i].key = json_copy(json_at(collector.array, i));
    }
    order_sort(ev, paths, count);
    if (outcome == OUTCOME_OK) {
        outcome = count == 0 ? OUTCOME_OK : prune(ev, node, input, paths, count, value);
        *value = count == 0 ? json_copy(input) : *value;
    }
    for (size_t i = 0; i < count; i++) {
        json_free(paths[i].key);
    }
    free(paths);
    json_free(collector.array);
    return outcome;
}
