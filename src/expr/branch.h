/*
 * branch - the inside of a template: what template.c builds and template_render.c goes through.
 */
#ifndef BATON_EXPR_BRANCH_H
#define BATON_EXPR_BRANCH_H

#include "base/arena.h"
#include "expr/template.h"

/* A piece of a text: literal, or an expression. */
struct part {
    struct text literal;
    struct expr *expr; /* NULL: literal. */
};

struct branch {
    enum branch_kind {
        BRANCH_CONSTANT, /* value */
        BRANCH_EXPR,     /* parts[0].expr keeps its type */
        BRANCH_TEXT,     /* parts become one text */
        BRANCH_ARRAY,    /* children */
        BRANCH_OBJECT,   /* keys and children */
    } kind;
    struct json *value; /* Owned; see `constants`. */
    struct part *parts;
    struct text *keys; /* In the arena. */
    struct branch **children;
    size_t count; /* Of parts or children. */
};

struct template
{
    struct arena arena;
    struct branch *root;
    struct json *constants; /* An array that keeps the constants alive. */
    struct expr **exprs;    /* In order of appearance. */
    uint32_t expr_count;
    uint32_t expr_capacity;
    uint64_t variables;
};

#endif
