/*
 * paths - which paths of its input an expression reads, as far as that is known without running it.
 * Internal to src/expr; the result is read by expr_paths().
 */
#ifndef BATON_EXPR_PATHS_H
#define BATON_EXPR_PATHS_H

#include "expr/node.h"

/* Fill expr->paths. */
void paths_find(struct expr *expr);

#endif
