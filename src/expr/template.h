/*
 * template - JSON with `${ expr }` inside its strings. A whole-string expression keeps its JSON
 * type, an embedded one becomes text (jq's tostring), `$${` is a literal `${`. Only the definition
 * is scanned, never values that came in messages. Keys are literal.
 */
#ifndef BATON_EXPR_TEMPLATE_H
#define BATON_EXPR_TEMPLATE_H

#include "base/arena.h"
#include "expr/expr.h"

struct template;

/* Where in a template something is wrong: the string that holds it, and the problem inside. */
struct template_problem {
    const struct json *string; /* Borrowed from `source`. The offset below is a byte in its text. */
    bool unclosed;             /* F305: `${` is not closed; else `expr` is set. */
    struct expr_problem expr;  /* Offsets are relative to the string's text. */
};

/* Compile `source` (kept by count). STATUS_REJECT: *problem is set (the first one). */
MUST_CHECK enum status template_compile(const struct json *source, const struct expr_scope *scope,
                                        struct template **template,
                                        struct template_problem *problem);
void template_free(struct template *template); /* Accepts NULL. */

uint64_t template_variables(const struct template *template);
/* The expressions in order of appearance; for the linter. */
uint32_t template_expr_count(const struct template *template);
const struct expr *template_expr_at(const struct template *template, uint32_t index);
/* True if it has no expression: rendering gives the same value each time. */
bool template_is_constant(const struct template *template);
/* The text that it gives each time; empty if it is no text, or depends on something. Accepts NULL. Lives in
 * `arena`. */
struct text template_constant_text(const struct template *template, struct arena *arena);

/* Render. As expr_eval. */
MUST_CHECK enum status template_render(const struct template *template, const struct expr_env *env,
                                       struct json **value, struct error *err);

/* One `${ ... }` found in a text: [offset, offset + bytes) with the markers, and the source inside.
 * Knows jq strings and nested braces. Used by the checker to map columns. */
struct template_piece {
    size_t offset;
    size_t bytes;
    size_t source_offset;
    size_t source_bytes;
};
/* Find the next piece at or after `from`. False if none. *unclosed is set when `${` has no end. */
bool template_next_piece(struct text text, size_t from, struct template_piece *piece,
                         bool *unclosed);

#endif
