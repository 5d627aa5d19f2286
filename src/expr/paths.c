#include "expr/paths.h"

#include <string.h>

#include "expr/builtin.h"
#include "expr/lex.h"

/* Where a value stands in the input, if it is one that stands there. */
struct route {
    bool known;
    bool guarded;
    struct text path; /* Empty: the input itself. */
    size_t offset;    /* Of the piece of source that began it. */
};

static struct route walk(struct expr *expr, const struct node *node, struct route at);

static const struct route nowhere = {.known = false};

/* The value at `route` is read. */
static void record(struct expr *expr, struct route route)
{
    struct expr_path *wider;

    if (!route.known) {
        return;
    }
    if (expr->path_count == expr->path_capacity) {
        expr->path_capacity = expr->path_capacity == 0 ? 4 : expr->path_capacity * 2;
        wider = arena_array(&expr->arena, expr->path_capacity, sizeof(*wider));
        if (expr->path_count > 0) {
            memcpy(wider, expr->paths, expr->path_count * sizeof(*wider));
        }
        expr->paths = wider;
    }
    expr->paths[expr->path_count++] = (struct expr_path){.path = route.path.bytes == 0 ? TEXT(".")
                                                                                       : route.path,
                                                         .offset = route.offset,
                                                         .guarded = route.guarded};
}

static void read_node(struct expr *expr, const struct node *node, struct route at)
{
    record(expr, walk(expr, node, at));
}

static bool is_plain_name(struct text name)
{
    if (name.bytes == 0 || !lex_is_name_start(name.data[0])) {
        return false;
    }
    for (size_t i = 0; i < name.bytes; i++) {
        if (!lex_is_name(name.data[i])) {
            return false;
        }
    }
    return true;
}

static struct text quoted(struct expr *expr, struct text name)
{
    struct json *value = json_text(name);
    struct buffer out = {0};
    struct text text;

    json_write(value, &out);
    text = arena_text(&expr->arena, buffer_text(&out));
    buffer_release(&out);
    json_free(value);
    return text;
}

/* `at` and one more step; not known if the step depends on values. */
static struct route onward(struct expr *expr, struct route at, const struct step *step)
{
    struct text path = at.path;
    int64_t index;

    at.guarded = at.guarded || step->optional;
    if (step->kind == STEP_FIELD && is_plain_name(step->name)) {
        at.path = arena_printf(&expr->arena, "%.*s.%.*s", TEXT_ARG(path), TEXT_ARG(step->name));
    } else if (step->kind == STEP_FIELD) {
        at.path = arena_printf(&expr->arena, "%.*s.%.*s", TEXT_ARG(path),
                               TEXT_ARG(quoted(expr, step->name)));
    } else if (step->kind == STEP_EACH) {
        at.path = arena_printf(&expr->arena, "%.*s%s[]", TEXT_ARG(path),
                               path.bytes == 0 ? "." : "");
    } else if (step->kind == STEP_INDEX && step->from != NULL && step->from->kind == NODE_LITERAL &&
               json_int64(step->from->value, &index)) {
        at.path = arena_printf(&expr->arena, "%.*s%s[%lld]", TEXT_ARG(path),
                               path.bytes == 0 ? "." : "", (long long)index);
    } else {
        return nowhere;
    }
    return at;
}

static struct route each_of(struct expr *expr, struct route at)
{
    return at.known ? onward(expr, at, &(struct step){.kind = STEP_EACH}) : nowhere;
}

static struct route walk_path(struct expr *expr, const struct node *node, struct route at)
{
    struct route route = at;
    struct route next;

    if (node->item_count > 0) {
        route = walk(expr, node->items[0], at);
    }
    if (route.known && route.path.bytes == 0) {
        route.offset = node->offset;
    }
    for (uint32_t i = 0; i < node->step_count; i++) {
        const struct step *step = &node->steps[i];
        if (step->from != NULL) {
            read_node(expr, step->from, at);
        }
        if (step->to != NULL) {
            read_node(expr, step->to, at);
        }
        next = route.known ? onward(expr, route, step) : nowhere;
        if (route.known && !next.known) {
            route.guarded = route.guarded || step->optional;
            record(expr, route); /* Cut here. */
        }
        route = next;
    }
    return route;
}

static void read_items(struct expr *expr, const struct node *node, struct route at)
{
    for (uint32_t i = 0; i < node->item_count; i++) {
        read_node(expr, node->items[i], at);
    }
}

static struct route walk_if(struct expr *expr, const struct node *node, struct route at)
{
    read_node(expr, node->items[0], at);
    if (node->items[1]->kind == NODE_IDENTITY && node->items[2]->kind == NODE_EMPTY) {
        return at; /* select() */
    }
    read_node(expr, node->items[1], at);
    read_node(expr, node->items[2], at);
    return nowhere;
}

static struct route walk_pipe(struct expr *expr, const struct node *node, struct route at)
{
    for (uint32_t i = 0; i < node->item_count; i++) {
        at = walk(expr, node->items[i], at);
    }
    return at;
}

static bool is_null(const struct node *node)
{
    return node->kind == NODE_LITERAL && json_kind(node->value) == JSON_NULL;
}

/* `.a == null` asks whether it is there. */
static void read_binary(struct expr *expr, const struct node *node, struct route at)
{
    bool compares = node->op == OP_EQUAL || node->op == OP_UNEQUAL;

    for (uint32_t i = 0; i < 2; i++) {
        struct route route = at;

        route.guarded = at.guarded || (compares && is_null(node->items[1 - i]));
        read_node(expr, node->items[i], route);
    }
}

static bool ignores_input(const struct node *call)
{
    return call->builtin->call == builtin_uuid || call->builtin->call == builtin_random ||
           call->builtin->call == builtin_duration;
}

static struct route walk(struct expr *expr, const struct node *node, struct route at)
{
    struct route guarded = at;

    guarded.guarded = true;
    switch (node->kind) {
    case NODE_LITERAL:
    case NODE_VARIABLE:
    case NODE_EMPTY:
        return nowhere;
    case NODE_IDENTITY:
        at.offset = at.path.bytes == 0 ? node->offset : at.offset;
        return at;
    case NODE_PATH:
        return walk_path(expr, node, at);
    case NODE_PIPE:
        return walk_pipe(expr, node, at);
    case NODE_TRY:
        return walk(expr, node->items[0], guarded);
    case NODE_ALTERNATIVE:
        read_node(expr, node->items[0], guarded);
        read_node(expr, node->items[1], at);
        return nowhere;
    case NODE_IF:
        return walk_if(expr, node, at);
    case NODE_FIRST:
    case NODE_LAST:
        return walk(expr, node->items[0], at);
    case NODE_ANY:
    case NODE_ALL:
        read_items(expr, node, each_of(expr, at));
        return nowhere;
    case NODE_BY:
        record(expr, at);
        read_items(expr, node, each_of(expr, at));
        return nowhere;
    case NODE_CALL:
        read_items(expr, node, at);
        if (!ignores_input(node)) {
            record(expr, at);
        }
        return nowhere;
    case NODE_DELETE:
        record(expr, at);
        return nowhere;
    case NODE_BINARY:
        read_binary(expr, node, at);
        return nowhere;
    case NODE_COMMA:
    case NODE_NEGATE:
    case NODE_AND:
    case NODE_OR:
    case NODE_ARRAY:
    case NODE_OBJECT:
    case NODE_INTERPOLATE:
    case NODE_RANGE:
        read_items(expr, node, at);
        return nowhere;
    }
    CHECK(!"unknown kind of node");
    return nowhere;
}

void paths_find(struct expr *expr)
{
    read_node(expr, expr->root, (struct route){.known = true});
}
