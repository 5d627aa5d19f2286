#include <string.h>

#include "base/limits.h"
#include "expr/parse.h"

static bool parse_expect(struct parser *parser, enum token_kind kind, const char *expected)
{
    if (!parse_accept(parser, kind)) {
        (void)parse_unexpected(parser, expected);
        return false;
    }
    return true;
}

static struct node *parse_number(struct parser *parser)
{
    struct token token = parser->token;
    struct text text = token.text;
    struct buffer normal = {0};
    struct json *value = NULL;
    enum status status;

    /* jq takes `.5`, `5.` and `05`; JSON wants a digit on both sides and no zeros before. */
    while (text.bytes > 1 && text.data[0] == '0' && text.data[1] >= '0' && text.data[1] <= '9') {
        text = text_sub(text, 1, text.bytes - 1);
    }
    if (text.data[0] == '.') {
        buffer_add_char(&normal, '0');
    }
    for (size_t i = 0; i < text.bytes; i++) {
        buffer_add_char(&normal, text.data[i]);
        if (text.data[i] == '.' &&
            (i + 1 == text.bytes || text.data[i + 1] == 'e' || text.data[i + 1] == 'E')) {
            buffer_add_char(&normal, '0');
        }
    }
    status = json_parse(buffer_text(&normal), &value, NULL);
    buffer_release(&normal);
    if (status != STATUS_OK) {
        return parse_fail(parser, token, "this integer does not fit into 64 bits");
    }
    parse_advance(parser);
    return node_literal(parser, token.offset, value);
}

/* After `if` or `elif`. The chain nests in the tree, so it counts as depth. */
static struct node *parse_if(struct parser *parser)
{
    struct token word = parser->token;
    struct node *node = node_new(parser, NODE_IF, word.offset, 3);

    if (parser->depth >= EXPR_DEPTH_MAX) {
        return parse_fail(parser, word, "nested more than %d deep", EXPR_DEPTH_MAX);
    }
    parse_advance(parser);
    node->items[0] = parse_pipe(parser);
    if (node->items[0] == NULL) {
        return NULL;
    }
    if (!parse_at_word(parser, "then")) {
        return parse_unexpected(parser, "'then'");
    }
    parse_advance(parser);
    node->items[1] = parse_pipe(parser);
    if (node->items[1] == NULL) {
        return NULL;
    }
    if (parse_at_word(parser, "elif")) {
        parser->depth++;
        node->items[2] = parse_if(parser);
        parser->depth--;
        return node->items[2] == NULL ? NULL : node_seal(parser, node);
    }
    if (parse_at_word(parser, "else")) {
        parse_advance(parser);
        node->items[2] = parse_pipe(parser);
    } else {
        node->items[2] = node_seal(parser, node_new(parser, NODE_IDENTITY, word.offset, 0));
    }
    if (node->items[2] == NULL) {
        return NULL;
    }
    if (!parse_at_word(parser, "end")) {
        return parse_unexpected(parser, "'elif', 'else' or 'end'");
    }
    parse_advance(parser);
    return node_seal(parser, node);
}

static struct node *parse_array(struct parser *parser)
{
    size_t from = parser->token.offset;
    struct node *node;

    parse_advance(parser);
    if (parse_accept(parser, TOKEN_BRACKET_CLOSE)) {
        return node_seal(parser, node_new(parser, NODE_ARRAY, from, 0));
    }
    node = node_new(parser, NODE_ARRAY, from, 1);
    node->items[0] = parse_pipe(parser);
    if (node->items[0] == NULL || !parse_expect(parser, TOKEN_BRACKET_CLOSE, "']'")) {
        return NULL;
    }
    return node_seal(parser, node);
}

static struct node *parse_parenthesis(struct parser *parser)
{
    struct node *node;

    parse_advance(parser);
    node = parse_pipe(parser);
    if (node == NULL || !parse_expect(parser, TOKEN_PAREN_CLOSE, "')'")) {
        return NULL;
    }
    return node;
}

static struct node *parse_name(struct parser *parser)
{
    if (parse_at_word(parser, "if")) {
        return parse_if(parser);
    }
    if (parse_at_foreign(parser) || parse_at_word(parser, "then") ||
        parse_at_word(parser, "elif") || parse_at_word(parser, "else") ||
        parse_at_word(parser, "end") || parse_at_word(parser, "and") ||
        parse_at_word(parser, "or")) {
        return parse_unexpected(parser, "an expression");
    }
    return parse_call(parser);
}

/* What a path or any other term begins with. *node stays NULL for a path that begins with `.`. */
static bool parse_head(struct parser *parser, struct node **node)
{
    struct token token = parser->token;

    *node = NULL;
    if (token.kind == TOKEN_FIELD) {
        return true;
    }
    if (token.kind == TOKEN_DOT) {
        struct token next = lex_next(parser->expr->source, token.offset + token.bytes);
        if (next.kind == TOKEN_BRACKET_OPEN || next.kind == TOKEN_QUOTE) {
            return true;
        }
        parse_advance(parser);
        *node = node_seal(parser, node_new(parser, NODE_IDENTITY, token.offset, 0));
    } else if (token.kind == TOKEN_NUMBER) {
        *node = parse_number(parser);
    } else if (token.kind == TOKEN_QUOTE) {
        *node = parse_string(parser, TEXT(""));
    } else if (token.kind == TOKEN_FORMAT) {
        parse_advance(parser);
        *node = parser->token.kind == TOKEN_QUOTE ? parse_string(parser, token.text)
                                                  : parse_format_call(parser, token);
    } else if (token.kind == TOKEN_VARIABLE) {
        *node = parse_variable(parser);
    } else if (token.kind == TOKEN_NAME) {
        *node = parse_name(parser);
    } else if (token.kind == TOKEN_PAREN_OPEN) {
        *node = parse_parenthesis(parser);
    } else if (token.kind == TOKEN_BRACKET_OPEN) {
        *node = parse_array(parser);
    } else if (token.kind == TOKEN_BRACE_OPEN) {
        *node = parse_object(parser);
    } else {
        (void)parse_unexpected(parser, "an expression");
    }
    return *node != NULL;
}

static void set_field(struct step *step, struct text name)
{
    step->kind = STEP_FIELD;
    step->name = name;
    step->key = json_text(name);
}

/* A key that is a plain text is a field: `["a"]` is `.a`. */
static void set_key(struct parser *parser, struct step *step, struct node *key)
{
    CHECK(key != NULL);
    if (key->kind == NODE_LITERAL && json_kind(key->value) == JSON_TEXT) {
        set_field(step, arena_text(&parser->expr->arena, json_text_of(key->value)));
        return;
    }
    step->kind = STEP_INDEX;
    step->from = key;
}

/* After `[`. */
static bool parse_bracket(struct parser *parser, struct step *step)
{
    struct node *from = NULL;

    if (parse_accept(parser, TOKEN_BRACKET_CLOSE)) {
        step->kind = STEP_EACH;
        return true;
    }
    if (parser->token.kind != TOKEN_COLON) {
        from = parse_pipe(parser);
        if (from == NULL) {
            return false;
        }
    }
    if (!parse_accept(parser, TOKEN_COLON)) {
        set_key(parser, step, from);
        return parse_expect(parser, TOKEN_BRACKET_CLOSE, "']'");
    }
    step->kind = STEP_SLICE;
    step->from = from;
    if (from == NULL || parser->token.kind != TOKEN_BRACKET_CLOSE) {
        step->to = parse_pipe(parser);
        if (step->to == NULL) {
            return false;
        }
    }
    return parse_expect(parser, TOKEN_BRACKET_CLOSE, "']'");
}

static bool at_step(const struct parser *parser)
{
    return parser->token.kind == TOKEN_FIELD || parser->token.kind == TOKEN_BRACKET_OPEN ||
           parser->token.kind == TOKEN_DOT;
}

static bool parse_step(struct parser *parser, struct step *step)
{
    struct token token = parser->token;
    struct node *name;

    *step = (struct step){.offset = token.offset};
    parse_advance(parser);
    if (token.kind == TOKEN_FIELD) {
        set_field(step, token.text);
    } else if (token.kind == TOKEN_BRACKET_OPEN || parse_accept(parser, TOKEN_BRACKET_OPEN)) {
        if (!parse_bracket(parser, step)) {
            return false;
        }
    } else if (parser->token.kind == TOKEN_QUOTE) {
        name = parse_string(parser, TEXT(""));
        if (name == NULL) {
            return false;
        }
        set_key(parser, step, name);
    } else {
        (void)parse_unexpected(parser, "a name or '[' after '.'");
        return false;
    }
    step->bytes = parser->token.offset - step->offset;
    while (parse_accept(parser, TOKEN_QUESTION)) {
        step->optional = true;
    }
    return true;
}

static struct node *parse_steps(struct parser *parser, size_t from, struct node *base)
{
    struct node *node = node_new(parser, NODE_PATH, from, base == NULL ? 0 : 1);
    uint32_t capacity = 0;
    struct step *wider;

    if (base != NULL) {
        node->items[0] = base;
    }
    while (at_step(parser)) {
        if (node->step_count == capacity) {
            capacity = capacity == 0 ? 4 : capacity * 2;
            wider = arena_array(&parser->expr->arena, capacity, sizeof(struct step));
            if (node->step_count > 0) {
                memcpy(wider, node->steps, node->step_count * sizeof(struct step));
            }
            node->steps = wider;
        }
        /* Counted first: what a failed step holds is freed with the node. */
        if (!parse_step(parser, &node->steps[node->step_count++])) {
            return NULL;
        }
    }
    return node_seal(parser, node);
}

struct node *parse_term(struct parser *parser)
{
    size_t from = parser->token.offset;
    struct node *node;
    struct node *outer;

    if (!parse_head(parser, &node)) {
        return NULL;
    }
    while (node == NULL || at_step(parser) || parser->token.kind == TOKEN_QUESTION) {
        if (node == NULL || at_step(parser)) {
            node = parse_steps(parser, from, node);
        } else {
            while (parse_accept(parser, TOKEN_QUESTION)) {
            }
            outer = node_new(parser, NODE_TRY, from, 1);
            outer->items[0] = node;
            node = node_seal(parser, outer);
        }
        if (node == NULL) {
            return NULL;
        }
    }
    return node;
}
