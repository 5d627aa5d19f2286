/*
 * lex - jq's tokens. Strings are not tokens: the parser reads them, since `\( )` nests.
 */
#ifndef BATON_EXPR_LEX_H
#define BATON_EXPR_LEX_H

#include "base/text.h"

enum token_kind {
    TOKEN_END,
    TOKEN_DOT,
    TOKEN_DOT_DOT,
    TOKEN_FIELD,    /* `.name`; text is the name */
    TOKEN_NAME,     /* a function or keyword */
    TOKEN_FORMAT,   /* `@name`; text is with the '@' */
    TOKEN_VARIABLE, /* `$name`; text is without the '$' */
    TOKEN_NUMBER,
    TOKEN_QUOTE, /* `"`: a string begins here */
    TOKEN_PIPE,
    TOKEN_COMMA,
    TOKEN_ALTERNATIVE,
    TOKEN_EQUAL,
    TOKEN_UNEQUAL,
    TOKEN_LESS,
    TOKEN_LESS_EQUAL,
    TOKEN_GREATER,
    TOKEN_GREATER_EQUAL,
    TOKEN_PLUS,
    TOKEN_MINUS,
    TOKEN_STAR,
    TOKEN_SLASH,
    TOKEN_PERCENT,
    TOKEN_QUESTION,
    TOKEN_COLON,
    TOKEN_SEMICOLON,
    TOKEN_PAREN_OPEN,
    TOKEN_PAREN_CLOSE,
    TOKEN_BRACKET_OPEN,
    TOKEN_BRACKET_CLOSE,
    TOKEN_BRACE_OPEN,
    TOKEN_BRACE_CLOSE,
    TOKEN_ASSIGN, /* `=`, `|=`, `+=` ...: known in order to be refused with a good text */
    TOKEN_STRANGE,
};

struct token {
    enum token_kind kind;
    size_t offset;
    size_t bytes;
    struct text text;
};

/* The token at or after byte `from`; white space and comments are skipped. */
struct token lex_next(struct text source, size_t from);

/* [A-Za-z_] and, with digits, what follows it. */
bool lex_is_name_start(char c);
bool lex_is_name(char c);

#endif
