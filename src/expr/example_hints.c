/* What constants in an expression tell of the members beside them. */
#include "expr/example.h"
#include "expr/place.h"

/* ---- what a path is compared with ---- */

static void visit_pair(const struct node *one, const struct node *other,
                       const struct expr_visitor *visitor)
{
    struct way way = {.count = 0};

    if (other->kind == NODE_LITERAL && place_follow(one, &way) && way.count == 1 &&
        way.steps[0]->kind == STEP_FIELD) {
        visitor->visit(visitor->self, way.steps[0]->name, other->value);
    }
}

void expr_compared(const struct expr *expr, const struct expr_visitor *visitor)
{
    for (const struct node *node = expr->nodes; node != NULL; node = node->next) {
        if (node->kind == NODE_BINARY) {
            visit_pair(node->items[0], node->items[1], visitor);
            visit_pair(node->items[1], node->items[0], visitor);
        }
    }
}

/* ---- what a path is taken for ---- */

static void visit_default(const struct node *node, const struct expr_visitor *visitor)
{
    const struct node *other = node->items[node->item_count - 1];
    struct way way = {.count = 0};
    struct json *empty = NULL;
    const struct json *constant = other->value;

    if (!place_follow(node->items[0], &way) || way.count == 0 ||
        way.steps[way.count - 1]->kind != STEP_FIELD) {
        return;
    }
    if (other->item_count == 0 && (other->kind == NODE_ARRAY || other->kind == NODE_OBJECT)) {
        constant = empty = other->kind == NODE_ARRAY ? json_array() : json_object();
    }
    if (constant != NULL && json_kind(constant) != JSON_BOOL) {
        visitor->visit(visitor->self, way.steps[way.count - 1]->name, constant);
    }
    json_free(empty);
}

void expr_defaulted(const struct expr *expr, const struct expr_visitor *visitor)
{
    for (const struct node *node = expr->nodes; node != NULL; node = node->next) {
        if (node->kind == NODE_ALTERNATIVE) {
            visit_default(node, visitor);
        }
    }
}
