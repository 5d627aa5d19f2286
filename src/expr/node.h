/*
 * node - the syntax tree of an expression. Internal to src/expr.
 *
 * All nodes live in the arena of their expression; JSON constants and regular expressions in them
 * are owned by the expression's list of nodes and freed with it.
 */
#ifndef BATON_EXPR_NODE_H
#define BATON_EXPR_NODE_H

#include "base/arena.h"
#include "expr/expr.h"

enum node_kind {
    NODE_LITERAL,     /* value */
    NODE_IDENTITY,    /* `.` */
    NODE_VARIABLE,    /* variable */
    NODE_PATH,        /* items[0] is the base if there is one, else `.`; then steps */
    NODE_PIPE,        /* items in order */
    NODE_COMMA,       /* items in order */
    NODE_NEGATE,      /* items[0] */
    NODE_BINARY,      /* items[0] op items[1] */
    NODE_AND,         /* items[0], items[1] */
    NODE_OR,          /* items[0], items[1] */
    NODE_ALTERNATIVE, /* items[0] // items[1] */
    NODE_IF,          /* condition, then, else */
    NODE_TRY,         /* items[0]? */
    NODE_ARRAY,       /* items[0] if it is not [] */
    NODE_OBJECT,      /* key, value, key, value ... */
    NODE_INTERPOLATE, /* parts, each of which gives a text */
    NODE_CALL,        /* a function of values: builtin->call */
    NODE_EMPTY,
    NODE_FIRST,  /* first(items[0]) */
    NODE_LAST,   /* last(items[0]) */
    NODE_RANGE,  /* from, to, step */
    NODE_ANY,    /* any(items[0]) */
    NODE_ALL,    /* all(items[0]) */
    NODE_BY,     /* sort_by and its like: builtin->by, items[0] */
    NODE_DELETE, /* del(items[0]) */
};

enum op {
    OP_ADD,
    OP_SUBTRACT,
    OP_MULTIPLY,
    OP_DIVIDE,
    OP_MODULO,
    OP_EQUAL,
    OP_UNEQUAL,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
};

struct node;

/* One step of a path: `.name`, `[from]`, `[from:to]` or `[]`. */
struct step {
    enum step_kind { STEP_FIELD, STEP_INDEX, STEP_SLICE, STEP_EACH } kind;
    bool optional;     /* Followed by `?`: what cannot be indexed gives no value. */
    struct text name;  /* STEP_FIELD */
    struct json *key;  /* STEP_FIELD: the name as a value; owned. */
    struct node *from; /* STEP_INDEX: the key. STEP_SLICE: the start or NULL. */
    struct node *to;   /* STEP_SLICE: the end or NULL. */
    size_t offset;
    size_t bytes;
};

struct builtin;
struct regex;

struct node {
    enum node_kind kind;
    enum op op;
    bool few;          /* Gives at most one output: needs no stream. */
    bool shorthand;    /* NODE_VARIABLE: written as `{$name}`. */
    bool builds;       /* May give a value that is larger than what it was given. */
    uint32_t weight;   /* Frames of C stack that an evaluation may nest, roughly. */
    uint32_t slot;     /* First slot of its operands in the evaluator. */
    uint32_t variable; /* NODE_VARIABLE: index in the scope. */
    uint32_t item_count;
    uint32_t step_count;
    struct node **items;
    struct step *steps;
    struct json *value; /* NODE_LITERAL; owned. */
    const struct builtin *builtin;
    struct regex *regex; /* Of `test` with a literal pattern; owned. */
    size_t offset;       /* Where it stands in the source. */
    size_t bytes;
    struct node *next; /* All nodes of one expression, newest first. */
};

struct expr {
    struct arena arena;
    struct text source; /* In the arena. */
    struct node *root;
    struct node *nodes;
    struct json *null; /* What a missing key reads as. */
    uint32_t slot_count;
    uint64_t variables;
    struct expr_path *paths;
    uint32_t path_count;
    uint32_t path_capacity;
};

/* The piece of the source that `node` was written as, cut for a message. */
struct text node_source(const struct expr *expr, const struct node *node);

#endif
