/*
 * example - the other way round: values of `.` for which an expression says what is wanted. For trying
 * flows with made-up messages and replies; the engine never needs it.
 *
 * It knows comparisons of paths with constants, `and`, `or`, `not`, and a few functions. What it finds is
 * evaluated before it is given out, so it may find nothing, but nothing wrong.
 */
#ifndef BATON_EXPR_EXAMPLE_H
#define BATON_EXPR_EXAMPLE_H

#include "expr/expr.h"

/* A value for which `expr` is truthy (or not, by `truth`): `seed` with as little changed as it takes.
 * `seed` may be NULL. NULL if none was found. Belongs to the caller. */
struct json *expr_example(const struct expr *expr, const struct json *seed, bool truth);

/* The same where the expression may also say what variable number `variable` is to be (`$message.headers.kind ==
 * "Done"`): `*made`, which may be NULL, is replaced as `.` is, and stays the caller's. All other variables
 * are null. NULL: none was found, and `*made` is as it was. */
struct json *expr_example_with(const struct expr *expr, const struct json *seed, bool truth,
                               uint32_t variable, struct json **made);

/* `into` (NULL: nothing yet) with `value`, which is taken over, where `expr` points: of a path the place,
 * of `.a // .b` that of the first. NULL if it points nowhere. Belongs to the caller. */
struct json *expr_put(const struct expr *expr, const struct json *into, struct json *value);

/* Calls `visit` for each member that is compared or calculated with a constant, as `.total > 100`: what
 * kind of value belongs there. `name` lives as long as `expr`. Members of what a pipe makes of `.` are
 * among them; it is a hint, no more. */
struct expr_visitor {
    void *self;
    void (*visit)(void *self, struct text name, const struct json *constant);
};
void expr_compared(const struct expr *expr, const struct expr_visitor *visitor);

/* The same for each member for which the expression says what it is taken for where it is not there, as
 * `.more // []`; `constant` is borrowed for the call. Of `false` nothing is learnt: that stands for any
 * member that is absent. */
void expr_defaulted(const struct expr *expr, const struct expr_visitor *visitor);

#endif
