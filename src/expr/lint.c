/* What compiles but is rarely meant. Works on tokens, so that it can speak of broken sources too. */
#include <stdio.h>

#include "base/limits.h"
#include "expr/expr.h"
#include "expr/lex.h"

struct linter {
    struct text source;
    size_t at;
    struct expr_warning *warnings;
    uint32_t count;
    uint32_t most;
    uint32_t parens[EXPR_DEPTH_MAX]; /* Open ones in each `\( )` that we are in. */
    uint32_t depth;
};

static struct expr_warning *warn(struct linter *linter, enum expr_warning_kind kind, size_t offset,
                                 size_t bytes)
{
    struct expr_warning *warning;

    if (linter->count == linter->most) {
        return NULL;
    }
    warning = &linter->warnings[linter->count++];
    *warning = (struct expr_warning){.kind = kind, .offset = offset, .bytes = bytes};
    return warning;
}

/* From inside a string to behind its end, or into a `\( )`. */
static void skip_string(struct linter *linter)
{
    struct text source = linter->source;

    while (linter->at < source.bytes) {
        char c = source.data[linter->at];
        if (c == '"') {
            linter->at++;
            return;
        }
        if (c != '\\') {
            linter->at++;
            continue;
        }
        if (linter->at + 1 < source.bytes && source.data[linter->at + 1] == '(' &&
            linter->depth < EXPR_DEPTH_MAX) {
            linter->at += 2;
            linter->parens[linter->depth++] = 0;
            return;
        }
        linter->at += 2;
    }
    linter->at = source.bytes;
}

/* `.foo-bar`, with all its hyphens. Gives where it ends. */
static size_t hyphenated_end(struct text source, struct token field)
{
    size_t end = field.offset + field.bytes;

    while (end + 1 < source.bytes && source.data[end] == '-' &&
           lex_is_name_start(source.data[end + 1])) {
        end++;
        while (end < source.bytes && lex_is_name(source.data[end])) {
            end++;
        }
    }
    return end;
}

static void check_field(struct linter *linter, struct token field)
{
    size_t end = hyphenated_end(linter->source, field);
    size_t bytes = end - field.offset;
    struct text whole = text_sub(linter->source, field.offset + 1, bytes - 1);
    struct expr_warning *warning;

    if (end == field.offset + field.bytes) {
        return;
    }
    whole = text_sub(whole, 0, 48);
    warning = warn(linter, EXPR_WARNING_SUBTRACTION, field.offset, bytes);
    if (warning != NULL) {
        (void)snprintf(warning->text, sizeof(warning->text),
                       "'.%.*s' is a subtraction; the key with a hyphen is written .\"%.*s\"",
                       TEXT_ARG(whole), TEXT_ARG(whole));
    }
    linter->at = end;
}

static void check_assignment(struct linter *linter, struct token token)
{
    struct expr_warning *warning = warn(linter, EXPR_WARNING_ASSIGNMENT, token.offset, token.bytes);

    if (warning != NULL) {
        (void)snprintf(warning->text, sizeof(warning->text),
                       token.bytes == 1 ? "'%.*s' assigns; to compare write '=='"
                                        : "'%.*s' assigns; to change the document use 'set'",
                       TEXT_ARG(token.text));
    }
}

static void count_parenthesis(struct linter *linter, enum token_kind kind)
{
    if (linter->depth == 0) {
        return;
    }
    if (kind == TOKEN_PAREN_OPEN) {
        linter->parens[linter->depth - 1]++;
    } else if (linter->parens[linter->depth - 1] > 0) {
        linter->parens[linter->depth - 1]--;
    } else {
        linter->depth--; /* Back in the string. */
        skip_string(linter);
    }
}

uint32_t expr_lint(struct text source, struct expr_warning *warnings, uint32_t most)
{
    struct linter linter = {.source = source, .warnings = warnings, .most = most};
    struct token token;

    for (;;) {
        token = lex_next(source, linter.at);
        if (token.kind == TOKEN_END || linter.count == most) {
            return linter.count;
        }
        linter.at = token.offset + token.bytes;
        if (token.kind == TOKEN_QUOTE) {
            skip_string(&linter);
        } else if (token.kind == TOKEN_FIELD) {
            check_field(&linter, token);
        } else if (token.kind == TOKEN_ASSIGN) {
            check_assignment(&linter, token);
        } else if (token.kind == TOKEN_PAREN_OPEN || token.kind == TOKEN_PAREN_CLOSE) {
            count_parenthesis(&linter, token.kind);
        }
    }
}
