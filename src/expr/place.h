/*
 * place - where in `.` a node points to, as a way of steps from the top. Internal to src/expr.
 */
#ifndef BATON_EXPR_PLACE_H
#define BATON_EXPR_PLACE_H

#include "expr/node.h"

#define STEPS_ON_THE_WAY_MAX 32

struct way {
    const struct step *steps[STEPS_ON_THE_WAY_MAX]; /* Of the nodes. */
    uint32_t count;
    const uint32_t *variable; /* It may begin at this one instead of at `.`; NULL: at none. */
    bool is_variable;         /* It does. */
};

/* Extend `way` by what `node` points to. False: it is no place. */
bool place_follow(const struct node *node, struct way *way);
/* What stands there, or NULL. Borrowed. Of `[]` the first. */
const struct json *place_look(const struct json *value, const struct way *way);
/* A copy of `at` (NULL: nothing) with `value` at the end of the way; of the rest as much is kept as
 * can be. Belongs to the caller. */
struct json *place_put(const struct json *at, const struct way *way, const struct json *value);

#endif
