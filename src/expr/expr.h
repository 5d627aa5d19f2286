/*
 * expr - jq's syntax in a total subset, compiled once and evaluated often. No clock, no input, no
 * environment, no recursion: an evaluation always ends, within fuel, depth and output limits.
 *
 * A compiled expression is immutable but holds JSON constants: use it from one thread.
 */
#ifndef BATON_EXPR_EXPR_H
#define BATON_EXPR_EXPR_H

#include "json/json.h"

struct expr;

#define EXPR_VARIABLES_MAX 64

/* The variables that an expression may name, without '$'. Their index is the slot in expr_env. */
struct expr_scope {
    struct text names[EXPR_VARIABLES_MAX];
    uint32_t count;
};

/* What is wrong with a source text. */
struct expr_problem {
    enum expr_problem_kind {
        EXPR_PROBLEM_SYNTAX,             /* F301 */
        EXPR_PROBLEM_UNKNOWN_VARIABLE,   /* F302 when the name is known elsewhere; see `name` */
        EXPR_PROBLEM_UNKNOWN_FUNCTION,   /* F303 */
        EXPR_PROBLEM_FORBIDDEN_FUNCTION, /* F304: now env $ENV input inputs debug stderr halt ... */
    } kind;
    size_t offset; /* Byte in the source where it starts. */
    size_t bytes;  /* Length of the offending piece, at least 1. */
    char name[64]; /* The variable or function, or empty. */
    char text[256];
    char suggestion[64]; /* Did you mean; or empty. */
};

/* STATUS_OK: *expr is set; end it with expr_free. STATUS_REJECT: *problem is set. */
MUST_CHECK enum status expr_compile(struct text source, const struct expr_scope *scope,
                                    struct expr **expr, struct expr_problem *problem);
void expr_free(struct expr *expr); /* Accepts NULL. */

struct text expr_source(const struct expr *expr);
/* Bit i is set when the variable of slot i is read: the caller fills only those. */
uint64_t expr_variables(const struct expr *expr);

/* Where a variable is read. */
struct expr_use {
    size_t offset; /* Of the `$`. */
    uint32_t variable;
    bool shorthand; /* As `{$name}`, which is short for `{name: $name}`. */
};
/* The uses of variables from left to right. Gives the count written, at most `most`. */
uint32_t expr_uses(const struct expr *expr, struct expr_use *uses, uint32_t most);

/* What an evaluation sees. Borrowed. A variable slot that is NULL reads as null. */
struct expr_env {
    const struct json *input; /* `.`; NULL reads as null. */
    const struct json *const *variables;
    uint32_t variable_count;
    struct text seed; /* For `uuid` and `random`: the command id or the like. */
    /* Counts the calls of uuid and random within one event, so that two calls differ; starts at 0,
     * kept by the caller across the expressions of one event. May be NULL. */
    uint32_t *draws;
};

/*
 * Evaluate; exactly one output value is asked for.
 *
 * STATUS_OK:     *value is set and belongs to the caller.
 * STATUS_REJECT: a jq error, no value, more than one value, or a limit; err says which.
 */
MUST_CHECK enum status expr_eval(const struct expr *expr, const struct expr_env *env,
                                 struct json **value, struct error *err);

/* True if the value is truthy; an evaluation error is reported, not swallowed. */
MUST_CHECK enum status expr_test(const struct expr *expr, const struct expr_env *env, bool *truth,
                                 struct error *err);

/*
 * Static paths that an expression reads from `.`, such as ".charge.paymentId" or ".lines[]" (what
 * follows a dynamic index is cut). `guarded` is set where the path stands left of `//`, is
 * followed by `?` or compared with null. For the linter and for knowing what a flow reads.
 */
struct expr_path {
    struct text path; /* Owned by the expression. */
    size_t offset;    /* Byte in the source. */
    bool guarded;
};
uint32_t expr_paths(const struct expr *expr, const struct expr_path **paths);

/* Things that compile but are rarely meant: `.foo-bar` (a subtraction), `=` for `==`. */
struct expr_warning {
    size_t offset;
    size_t bytes;
    char text[160];
    enum expr_warning_kind { EXPR_WARNING_SUBTRACTION, EXPR_WARNING_ASSIGNMENT } kind;
};
/* Looks at the raw text, also when it does not compile. Gives the count written, at most `most`. */
uint32_t expr_lint(struct text source, struct expr_warning *warnings, uint32_t most);

#endif
