/*
 * parse - from source text to the syntax tree. Internal to src/expr.
 */
#ifndef BATON_EXPR_PARSE_H
#define BATON_EXPR_PARSE_H

#include "expr/lex.h"
#include "expr/node.h"

struct parser {
    struct expr *expr;
    const struct expr_scope *scope;
    struct token token; /* The one that is looked at. */
    uint32_t depth;
    struct expr_problem *problem;
};

/* Parse the whole source of parser->expr. NULL: *problem is set. */
struct node *parse_source(struct parser *parser);

/* The rest is shared by the files of the parser. */

/* From `|` down; without commas inside an object or an argument list of which it is one item. */
struct node *parse_pipe(struct parser *parser);
struct node *parse_value(struct parser *parser);
struct node *parse_term(struct parser *parser);
/* At a quote. `format` is the formatter for `\( )`, or the empty text. */
struct node *parse_string(struct parser *parser, struct text format);
struct node *parse_object(struct parser *parser);
/* At a name that is no keyword. */
struct node *parse_call(struct parser *parser);
struct node *parse_format_call(struct parser *parser, struct token format);
struct node *parse_variable(struct parser *parser);

void parse_advance(struct parser *parser);
/* Go past the token if it is of this kind. */
bool parse_accept(struct parser *parser, enum token_kind kind);
bool parse_at_word(const struct parser *parser, const char *word);
/* At a word of jq that is not one here, such as `def`. */
bool parse_at_foreign(const struct parser *parser);
/* Set a syntax problem at `token`, unless there is one already; gives NULL. */
struct node *parse_fail(struct parser *parser, struct token token, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The problem of a token that does not belong here. */
struct node *parse_unexpected(struct parser *parser, const char *expected);

/* Nodes. `from` is the byte where the node begins; it ends before the current token. */
struct node *node_new(struct parser *parser, enum node_kind kind, size_t from, uint32_t items);
struct node *node_literal(struct parser *parser, size_t from, struct json *value);
/* Fill in what follows from its parts: call it once they are set. NULL if it nests too deep. */
struct node *node_seal(struct parser *parser, struct node *node);

#endif
