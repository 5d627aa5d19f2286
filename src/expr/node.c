#include "base/limits.h"
#include "expr/builtin.h"
#include "expr/parse.h"

#define SOURCE_SHOWN_BYTES 60

struct text node_source(const struct expr *expr, const struct node *node)
{
    struct text text = text_sub(expr->source, node->offset, node->bytes);

    while (text.bytes > 0 &&
           (text.data[text.bytes - 1] == ' ' || text.data[text.bytes - 1] == '\n')) {
        text.bytes--;
    }
    if (text.bytes > SOURCE_SHOWN_BYTES) {
        text.bytes = SOURCE_SHOWN_BYTES;
        while (text.bytes > 0 && ((unsigned char)text.data[text.bytes] & 0xC0U) == 0x80U) {
            text.bytes--; /* Never half a character. */
        }
    }
    return text;
}

struct node *node_new(struct parser *parser, enum node_kind kind, size_t from, uint32_t items)
{
    struct expr *expr = parser->expr;
    struct node *node = arena_alloc(&expr->arena, sizeof(*node));

    node->kind = kind;
    node->offset = from;
    node->item_count = items;
    if (items > 0) {
        node->items = arena_array(&expr->arena, items, sizeof(struct node *));
    }
    node->next = expr->nodes;
    expr->nodes = node;
    return node;
}

struct node *node_literal(struct parser *parser, size_t from, struct json *value)
{
    struct node *node = node_new(parser, NODE_LITERAL, from, 0);

    node->value = value;
    return node_seal(parser, node);
}

/* What a stream of outputs may nest: streams nest in each other, single values do not. */
static void seal_items(struct node *node)
{
    uint32_t most = 0;

    node->few = true;
    for (uint32_t i = 0; i < node->item_count; i++) {
        const struct node *item = node->items[i];
        node->few = node->few && item->few;
        node->builds = node->builds || item->builds;
        if (item->few && node->kind != NODE_PIPE && node->kind != NODE_PATH) {
            most = item->weight > most ? item->weight : most;
        } else {
            node->weight += item->weight;
        }
    }
    node->weight += most;
}

static void seal_key(struct node *node, const struct node *key)
{
    if (key != NULL) {
        node->few = node->few && key->few;
        node->builds = node->builds || key->builds;
        node->weight += key->weight;
    }
}

static void seal_path(struct expr *expr, struct node *node)
{
    for (uint32_t i = 0; i < node->step_count; i++) {
        struct step *step = &node->steps[i];
        seal_key(node, step->from);
        seal_key(node, step->to);
        node->few = node->few && step->kind != STEP_EACH;
        node->weight++;
    }
    node->slot = expr->slot_count;
    expr->slot_count += 2 * node->step_count;
}

static void seal_operands(struct expr *expr, struct node *node)
{
    node->builds = true;
    node->slot = expr->slot_count;
    expr->slot_count += node->item_count;
}

static void seal_kind(struct expr *expr, struct node *node)
{
    switch (node->kind) {
    case NODE_LITERAL:
    case NODE_IDENTITY:
    case NODE_VARIABLE:
    case NODE_PIPE:
    case NODE_AND:
    case NODE_OR:
    case NODE_ALTERNATIVE:
    case NODE_IF:
    case NODE_TRY:
    case NODE_EMPTY:
        break;
    case NODE_PATH:
        seal_path(expr, node);
        break;
    case NODE_COMMA:
        node->few = false;
        break;
    case NODE_NEGATE:
    case NODE_BINARY:
    case NODE_OBJECT:
    case NODE_INTERPOLATE:
    case NODE_CALL:
        seal_operands(expr, node);
        break;
    case NODE_RANGE:
        seal_operands(expr, node);
        node->few = false;
        break;
    case NODE_ARRAY:
    case NODE_BY:
    case NODE_DELETE:
        node->builds = true;
        node->few = true;
        break;
    case NODE_FIRST:
    case NODE_LAST:
    case NODE_ANY:
    case NODE_ALL:
        node->few = true;
        break;
    }
}

struct node *node_seal(struct parser *parser, struct node *node)
{
    struct token token = {.offset = node->offset};

    node->bytes = parser->token.offset > node->offset ? parser->token.offset - node->offset : 0;
    node->weight = 1;
    seal_items(node);
    if (node->kind == NODE_COMMA) { /* One after the other: they do not nest. */
        node->weight = 1;
        for (uint32_t i = 0; i < node->item_count; i++) {
            uint32_t weight = node->items[i]->weight + 1;
            node->weight = weight > node->weight ? weight : node->weight;
        }
    }
    seal_kind(parser->expr, node);
    if (node->weight > EXPR_WEIGHT_MAX) {
        token.bytes = node->bytes;
        return parse_fail(parser, token,
                          "expression is too long or too deep here: split it over several steps");
    }
    return node;
}
