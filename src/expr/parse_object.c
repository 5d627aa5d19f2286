#include <string.h>

#include "expr/parse.h"

struct pairs {
    struct node **items;
    uint32_t count;
    uint32_t capacity;
};

static void add_pair(struct parser *parser, struct pairs *pairs, struct node *key,
                     struct node *value)
{
    struct node **wider;

    if (pairs->count == pairs->capacity) {
        pairs->capacity = pairs->capacity == 0 ? 8 : pairs->capacity * 2;
        wider = arena_array(&parser->expr->arena, pairs->capacity, sizeof(struct node *));
        if (pairs->count > 0) {
            memcpy(wider, pairs->items, pairs->count * sizeof(struct node *));
        }
        pairs->items = wider;
    }
    pairs->items[pairs->count++] = key;
    pairs->items[pairs->count++] = value;
}

/* `.[key]`, the value of `{name}` and of `{"name"}`. */
static struct node *member_of(struct parser *parser, struct node *key)
{
    struct token token = {.offset = key->offset, .bytes = key->bytes};
    struct node *node = node_new(parser, NODE_PATH, key->offset, 0);
    struct step *step = arena_array(&parser->expr->arena, 1, sizeof(*step));

    if (!key->few) { /* It stands in the tree twice, which only works for single values. */
        return parse_fail(parser, token, "write ': ' and a value after a key of several values");
    }

    *step = (struct step){.offset = key->offset, .bytes = key->bytes};
    if (key->kind == NODE_LITERAL && json_kind(key->value) == JSON_TEXT) {
        step->kind = STEP_FIELD;
        step->name = arena_text(&parser->expr->arena, json_text_of(key->value));
        step->key = json_copy(key->value);
    } else {
        step->kind = STEP_INDEX;
        step->from = key;
    }
    node->steps = step;
    node->step_count = 1;
    return node_seal(parser, node);
}

/* The key, and for the short forms the value that goes with it. */
static bool parse_key(struct parser *parser, struct node **key, struct node **value)
{
    struct token token = parser->token;

    *value = NULL;
    if (token.kind == TOKEN_NAME) {
        parse_advance(parser);
        *key = node_literal(parser, token.offset, json_text(token.text));
        *value = member_of(parser, *key);
    } else if (token.kind == TOKEN_VARIABLE) {
        *value = parse_variable(parser);
        *key = *value == NULL ? NULL : node_literal(parser, token.offset, json_text(token.text));
        if (*value != NULL) {
            (*value)->shorthand = true;
        }
    } else if (token.kind == TOKEN_QUOTE) {
        *key = parse_string(parser, TEXT(""));
        *value = *key == NULL ? NULL : member_of(parser, *key);
    } else if (token.kind == TOKEN_FORMAT) {
        parse_advance(parser);
        if (parser->token.kind != TOKEN_QUOTE) {
            (void)parse_unexpected(parser, "a string after the formatter");
            return false;
        }
        *key = parse_string(parser, token.text);
        *value = *key == NULL ? NULL : member_of(parser, *key);
    } else if (token.kind == TOKEN_PAREN_OPEN) {
        parse_advance(parser);
        *key = parse_pipe(parser);
        if (*key == NULL) {
            return false;
        }
        if (!parse_accept(parser, TOKEN_PAREN_CLOSE)) {
            (void)parse_unexpected(parser, "')'");
            return false;
        }
        if (parser->token.kind != TOKEN_COLON) {
            (void)parse_unexpected(parser, "':' after a computed key");
            return false;
        }
    } else {
        (void)parse_unexpected(parser, "a key or '}'");
        return false;
    }
    return *key != NULL && (*value != NULL || token.kind == TOKEN_PAREN_OPEN);
}

/* At `{`. A value may be any expression without a comma; jq itself wants parentheses around
 * operators there. */
struct node *parse_object(struct parser *parser)
{
    size_t from = parser->token.offset;
    struct pairs pairs = {0};
    struct node *key;
    struct node *value;
    struct node *node;

    parse_advance(parser);
    while (parser->token.kind != TOKEN_BRACE_CLOSE) {
        bool variable = parser->token.kind == TOKEN_VARIABLE;
        if (!parse_key(parser, &key, &value)) {
            return NULL;
        }
        if (!variable && parse_accept(parser, TOKEN_COLON)) {
            value = parse_value(parser);
            if (value == NULL) {
                return NULL;
            }
        }
        add_pair(parser, &pairs, key, value);
        if (parser->token.kind == TOKEN_BRACE_CLOSE) {
            break;
        }
        if (!parse_accept(parser, TOKEN_COMMA)) {
            return parse_unexpected(parser, "',' or '}'");
        }
    }
    parse_advance(parser);
    node = node_new(parser, NODE_OBJECT, from, 0);
    node->items = pairs.items;
    node->item_count = pairs.count;
    return node_seal(parser, node);
}
