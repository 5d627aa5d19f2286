#include "expr/parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"

struct node_list {
    struct node **items;
    uint32_t count;
    uint32_t capacity;
};

/* An operator between two operands. */
struct infix {
    const char *word; /* Instead of a token. */
    enum token_kind token;
    enum node_kind kind;
    enum op op;
    uint32_t level;
};

enum { LEVEL_OR = 1, LEVEL_AND, LEVEL_COMPARE, LEVEL_SUM, LEVEL_PRODUCT };

static const struct infix infixes[] = {
    {"or", TOKEN_NAME, NODE_OR, OP_ADD, LEVEL_OR},
    {"and", TOKEN_NAME, NODE_AND, OP_ADD, LEVEL_AND},
    {NULL, TOKEN_EQUAL, NODE_BINARY, OP_EQUAL, LEVEL_COMPARE},
    {NULL, TOKEN_UNEQUAL, NODE_BINARY, OP_UNEQUAL, LEVEL_COMPARE},
    {NULL, TOKEN_LESS, NODE_BINARY, OP_LESS, LEVEL_COMPARE},
    {NULL, TOKEN_LESS_EQUAL, NODE_BINARY, OP_LESS_EQUAL, LEVEL_COMPARE},
    {NULL, TOKEN_GREATER, NODE_BINARY, OP_GREATER, LEVEL_COMPARE},
    {NULL, TOKEN_GREATER_EQUAL, NODE_BINARY, OP_GREATER_EQUAL, LEVEL_COMPARE},
    {NULL, TOKEN_PLUS, NODE_BINARY, OP_ADD, LEVEL_SUM},
    {NULL, TOKEN_MINUS, NODE_BINARY, OP_SUBTRACT, LEVEL_SUM},
    {NULL, TOKEN_STAR, NODE_BINARY, OP_MULTIPLY, LEVEL_PRODUCT},
    {NULL, TOKEN_SLASH, NODE_BINARY, OP_DIVIDE, LEVEL_PRODUCT},
    {NULL, TOKEN_PERCENT, NODE_BINARY, OP_MODULO, LEVEL_PRODUCT},
};

void parse_advance(struct parser *parser)
{
    parser->token = lex_next(parser->expr->source, parser->token.offset + parser->token.bytes);
}

bool parse_accept(struct parser *parser, enum token_kind kind)
{
    if (parser->token.kind != kind) {
        return false;
    }
    parse_advance(parser);
    return true;
}

bool parse_at_word(const struct parser *parser, const char *word)
{
    return parser->token.kind == TOKEN_NAME && text_is(parser->token.text, word);
}

struct node *parse_fail(struct parser *parser, struct token token, const char *format, ...)
{
    struct expr_problem *problem = parser->problem;
    va_list arguments;

    if (problem->bytes > 0) {
        return NULL; /* The first one counts. */
    }
    problem->kind = EXPR_PROBLEM_SYNTAX;
    problem->offset = token.offset;
    problem->bytes = token.bytes > 0 ? token.bytes : 1;
    va_start(arguments, format);
    (void)vsnprintf(problem->text, sizeof(problem->text), format, arguments);
    va_end(arguments);
    return NULL;
}

/* The words of jq that are not words here. */
static const char *const foreign[] = {"def",   "reduce", "foreach", "try",     "catch",
                                      "label", "as",     "import",  "include", "__loc__"};

bool parse_at_foreign(const struct parser *parser)
{
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        if (parse_at_word(parser, foreign[i])) {
            return true;
        }
    }
    return false;
}

/* What people write that comes from other languages. */
static const char *strange_hint(struct text text)
{
    if (text_is(text, "&&")) {
        return "'&&' is written 'and'";
    }
    if (text_is(text, "||")) {
        return "'||' is written 'or'";
    }
    if (text_is(text, "!")) {
        return "'!' is written '| not'";
    }
    if (text_is(text, "'")) {
        return "strings are written with double quotes";
    }
    return NULL;
}

struct node *parse_unexpected(struct parser *parser, const char *expected)
{
    struct token token = parser->token;
    struct text shown = text_sub(parser->expr->source, token.offset, token.bytes);
    const char *hint = token.kind == TOKEN_STRANGE ? strange_hint(shown) : NULL;

    shown = text_sub(shown, 0, 40);
    if (hint != NULL) {
        return parse_fail(parser, token, "%s", hint);
    }
    if (token.kind == TOKEN_ASSIGN) {
        return parse_fail(parser, token,
                          shown.bytes == 1
                              ? "'%.*s' assigns, which is not possible here; to compare write '=='"
                              : "'%.*s' assigns, which is not possible here",
                          TEXT_ARG(shown));
    }
    if (token.kind == TOKEN_DOT_DOT) {
        return parse_fail(parser, token, "'..' (recursion) is not part of the language");
    }
    if (parse_at_foreign(parser)) {
        return parse_fail(parser, token,
                          "'%.*s' is not part of the language: it has no "
                          "definitions, loops or error handling (but '?' and '//')",
                          TEXT_ARG(shown));
    }
    if (token.kind == TOKEN_END) {
        return parse_fail(parser, token, "expected %s, found the end", expected);
    }
    return parse_fail(parser, token, "expected %s, found '%.*s'", expected, TEXT_ARG(shown));
}

static void list_add(struct parser *parser, struct node_list *list, struct node *node)
{
    struct node **wider;

    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 4 : list->capacity * 2;
        wider = arena_array(&parser->expr->arena, list->capacity, sizeof(struct node *));
        if (list->count > 0) {
            memcpy(wider, list->items, list->count * sizeof(struct node *));
        }
        list->items = wider;
    }
    list->items[list->count++] = node;
}

static const struct infix *infix_at(const struct parser *parser)
{
    for (size_t i = 0; i < sizeof(infixes) / sizeof(infixes[0]); i++) {
        const struct infix *infix = &infixes[i];
        if (infix->word != NULL ? parse_at_word(parser, infix->word)
                                : parser->token.kind == infix->token) {
            return infix;
        }
    }
    return NULL;
}

static struct node *parse_operand(struct parser *parser, uint32_t level);

/* `-1` is a number, so that `.[-1]` costs nothing; anything else is negated when evaluated. */
static struct node *negate(struct parser *parser, size_t from, struct node *operand)
{
    struct buffer text = {0};
    struct json *value = NULL;
    struct node *node;

    if (operand->kind == NODE_LITERAL && json_kind(operand->value) == JSON_NUMBER) {
        buffer_add_char(&text, '-');
        json_write(operand->value, &text);
        if (json_parse(buffer_text(&text), &value, NULL) != STATUS_OK) {
            value = NULL; /* It was negative already, or does not fit. */
        }
        buffer_release(&text);
        if (value != NULL) {
            return node_literal(parser, from, value);
        }
    }
    node = node_new(parser, NODE_NEGATE, from, 1);
    node->items[0] = operand;
    return node_seal(parser, node);
}

static struct node *parse_unary(struct parser *parser)
{
    struct token minus = parser->token;
    struct node *operand;

    if (!parse_accept(parser, TOKEN_MINUS)) {
        return parse_term(parser);
    }
    if (parser->depth >= EXPR_DEPTH_MAX) {
        return parse_fail(parser, minus, "nested more than %d deep", EXPR_DEPTH_MAX);
    }
    parser->depth++;
    operand = parse_operand(parser, LEVEL_PRODUCT);
    parser->depth--;
    return operand == NULL ? NULL : negate(parser, minus.offset, operand);
}

/* `from` is where the left side begins, with its parentheses. */
static struct node *combine(struct parser *parser, const struct infix *infix, size_t from,
                            struct node *left, struct node *right)
{
    struct node *node = node_new(parser, infix->kind, from, 2);

    node->op = infix->op;
    node->items[0] = left;
    node->items[1] = right;
    return node_seal(parser, node);
}

/* Operators of `level` and above. */
static struct node *parse_operand(struct parser *parser, uint32_t level)
{
    size_t from = parser->token.offset;
    struct node *left = parse_unary(parser);
    const struct infix *infix = infix_at(parser);
    const struct infix *next;
    struct node *right;

    while (left != NULL && infix != NULL && infix->level >= level) {
        parse_advance(parser);
        right = parse_operand(parser, infix->level + 1);
        if (right == NULL) {
            return NULL;
        }
        left = combine(parser, infix, from, left, right);
        next = infix_at(parser);
        if (next != NULL && infix->level == LEVEL_COMPARE && next->level == LEVEL_COMPARE) {
            return parse_fail(parser, parser->token,
                              "comparisons cannot be chained: put one of them in parentheses");
        }
        infix = next;
    }
    return left;
}

/* `a // b // c` is `a // (b // c)`. */
static struct node *parse_alternative(struct parser *parser)
{
    struct node_list list = {0};
    struct node *node = parse_operand(parser, LEVEL_OR);
    struct node *outer;

    while (node != NULL && parse_accept(parser, TOKEN_ALTERNATIVE)) {
        list_add(parser, &list, node);
        node = parse_operand(parser, LEVEL_OR);
    }
    while (node != NULL && list.count > 0) {
        outer = node_new(parser, NODE_ALTERNATIVE, list.items[--list.count]->offset, 2);
        outer->items[0] = list.items[list.count];
        outer->items[1] = node;
        node = node_seal(parser, outer);
    }
    return node;
}

/* `separator` between what `part` parses; one part alone stands for itself. */
static struct node *parse_chain(struct parser *parser, enum node_kind kind,
                                enum token_kind separator, struct node *(*part)(struct parser *))
{
    size_t from = parser->token.offset;
    struct node_list list = {0};
    struct node *node = part(parser);

    if (node == NULL || parser->token.kind != separator) {
        return node;
    }
    list_add(parser, &list, node);
    while (parse_accept(parser, separator)) {
        node = part(parser);
        if (node == NULL) {
            return NULL;
        }
        list_add(parser, &list, node);
    }
    node = node_new(parser, kind, from, 0);
    node->items = list.items;
    node->item_count = list.count;
    return node_seal(parser, node);
}

static struct node *parse_comma(struct parser *parser)
{
    return parse_chain(parser, NODE_COMMA, TOKEN_COMMA, parse_alternative);
}

static struct node *parse_nested(struct parser *parser, struct node *(*part)(struct parser *))
{
    struct node *node;

    if (parser->depth >= EXPR_DEPTH_MAX) {
        return parse_fail(parser, parser->token, "nested more than %d deep", EXPR_DEPTH_MAX);
    }
    parser->depth++;
    node = parse_chain(parser, NODE_PIPE, TOKEN_PIPE, part);
    parser->depth--;
    return node;
}

struct node *parse_pipe(struct parser *parser)
{
    return parse_nested(parser, parse_comma);
}

struct node *parse_value(struct parser *parser)
{
    return parse_nested(parser, parse_alternative);
}

struct node *parse_source(struct parser *parser)
{
    struct node *node;

    parser->token = lex_next(parser->expr->source, 0);
    if (parser->token.kind == TOKEN_END) {
        return parse_fail(parser, parser->token, "the expression is empty");
    }
    node = parse_pipe(parser);
    if (node != NULL && parser->token.kind != TOKEN_END) {
        return parse_unexpected(parser, "an operator or the end");
    }
    return node;
}
