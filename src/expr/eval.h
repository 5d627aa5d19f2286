/*
 * eval - the evaluator's inside, shared by the files of src/expr.
 *
 * A node that gives at most one value (`few`) is evaluated by a plain function that returns it. The
 * others push each of their values into a sink, as deep calls, so that there is no stream object
 * and nothing to resume. Fuel is spent for every node and in proportion to what is copied, compared
 * or searched; that bounds both time and memory.
 */
#ifndef BATON_EXPR_EVAL_H
#define BATON_EXPR_EVAL_H

#include "base/limits.h"
#include "expr/node.h"

enum outcome {
    OUTCOME_OK,
    OUTCOME_STOP,  /* A sink has what it wants; nobody is at fault. */
    OUTCOME_ERROR, /* An error as jq knows them: `?` hides it. */
    OUTCOME_LIMIT, /* A limit was reached: nothing hides it. */
};

/* The way to a value inside the input, from the last key up. Only for del(). */
struct trail {
    const struct trail *up;
    const struct json *key;
};

/* Keys on the way down: what the input may be deep, and one for each step of the expression. */
#define EVAL_TRAIL_MAX (EXPR_WEIGHT_MAX + 8)
#define EVAL_SLOTS_INLINE 24

/* One element of an array with the key that it is sorted by. */
struct keyed {
    struct json *key;
    const struct json *item;
};

struct evaluator {
    const struct expr *expr;
    const struct expr_env *env;
    struct error *err; /* May be NULL. */
    struct json **slots;
    int64_t fuel;
    uint32_t draws; /* When the caller counts none. */
    bool raised;    /* err holds a text, perhaps of an error that was hidden since. */
};

/* Takes the outputs of a node one by one. `value` belongs to the callee. `trail` is NULL unless the
 * evaluation is one of paths, and is valid during the call only. */
struct sink {
    enum outcome (*take)(struct sink *sink, struct evaluator *ev, struct json *value,
                         const struct trail *trail);
};

/* Of a node with `few`: *value is NULL if it gives none. */
MUST_CHECK enum outcome eval_one(struct evaluator *ev, const struct node *node,
                                 const struct json *input, struct json **value);
/* Of any node. */
MUST_CHECK enum outcome eval_each(struct evaluator *ev, const struct node *node,
                                  const struct json *input, struct sink *sink);
/* The truth of a node with `few`, without making a value for it. *given is false if it gives none. */
MUST_CHECK enum outcome eval_truth(struct evaluator *ev, const struct node *node,
                                   const struct json *input, bool *truth, bool *given);

/* What a node makes of the values of its items; not for NODE_RANGE. */
MUST_CHECK enum outcome eval_apply(struct evaluator *ev, const struct node *node,
                                   const struct json *input, struct json *const *operands,
                                   struct json **value);
/* The item that is evaluated in this turn. jq evaluates the operands of operators and functions from
 * the last to the first, the parts of an object from the first to the last; that shows in the order
 * of several outputs, and when one of them gives no value. */
uint32_t eval_operand_at(const struct node *node, uint32_t turn);

/* NODE_FIRST and NODE_LAST, NODE_ANY and NODE_ALL, NODE_BY. */
MUST_CHECK enum outcome reduce_first_or_last(struct evaluator *ev, const struct node *node,
                                             const struct json *input, struct json **value);
MUST_CHECK enum outcome reduce_any_or_all(struct evaluator *ev, const struct node *node,
                                          const struct json *input, struct json **value);
MUST_CHECK enum outcome reduce_by(struct evaluator *ev, const struct node *node,
                                  const struct json *input, struct json **value);

/* NODE_PATH. */
MUST_CHECK enum outcome path_one(struct evaluator *ev, const struct node *node,
                                 const struct json *input, struct json **value);
MUST_CHECK enum outcome path_each(struct evaluator *ev, const struct node *node,
                                  const struct json *input, struct sink *sink);
/* NODE_DELETE. */
MUST_CHECK enum outcome delete_paths(struct evaluator *ev, const struct node *node,
                                     const struct json *input, struct json **value);
/* *result is `value` without what stands at the sorted `paths`, of which there is at least one. */
MUST_CHECK enum outcome prune(struct evaluator *ev, const struct node *node,
                              const struct json *value, const struct keyed *paths, size_t count,
                              struct json **result);
/* Can del() take it apart? Known at compile time. */
bool delete_accepts(const struct node *node);

/* Walk the steps from `first` on. For paths inside del(), `trail` is the way to `value`. */
struct path_walk {
    const struct node *node;
    struct json *const *keys; /* Two a step. */
    struct sink *sink;
    bool trailing;
};
MUST_CHECK enum outcome path_walk(struct evaluator *ev, const struct path_walk *walk,
                                  uint32_t first, const struct json *value,
                                  const struct trail *trail);
/* Bind the keys of all steps of a path in ev->slots, calling `then` for each combination. */
struct path_binder {
    enum outcome (*then)(struct path_binder *binder, struct evaluator *ev);
    const struct node *node;
    const struct json *input;
};
MUST_CHECK enum outcome path_bind(struct evaluator *ev, struct path_binder *binder);

/* `value[from:to]` bounds as jq counts them: NULL or JSON null stand for the ends. False if they
 * are no numbers. */
bool slice_bounds(const struct json *from, const struct json *to, size_t length, size_t *start,
                  size_t *end);

/* Collects into an array; end it with json_free if it is not handed on. */
struct collector {
    struct sink sink;
    struct json *array;
};
struct collector collector_of(void);

/* Take `steps` of fuel. False: it is used up; give OUTCOME_LIMIT back. */
static inline bool eval_spend(struct evaluator *ev, size_t steps)
{
    ev->fuel -= (int64_t)steps;
    return ev->fuel >= 0;
}

/* What touching so many bytes costs, in steps. */
static inline size_t eval_bytes(size_t bytes)
{
    return 1 + bytes / 16;
}

/* An error at `node`: "<text>, in '<its source>'". Gives OUTCOME_ERROR. */
enum outcome eval_raise(struct evaluator *ev, const struct node *node, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* A limit other than fuel. Gives OUTCOME_LIMIT. */
enum outcome eval_exceed(struct evaluator *ev, const char *format, ...) PRINTF_LIKE(2, 3);

/* A new text value if it is not too long. */
MUST_CHECK enum outcome eval_text(struct evaluator *ev, struct text text, struct json **value);
/* tostring: a text as it is, else its JSON. Adds to `out`, which is bounded. */
MUST_CHECK enum outcome eval_to_text(struct evaluator *ev, const struct json *value,
                                     struct buffer *out);
/* An integer if it is one, else a decimal. */
struct json *eval_number(double value);
/* "null", "boolean", "number", "string", "array", "object". */
const char *kind_name(const struct json *value);

/* jq's order and equality; they spend fuel, and once it is used up their answer means nothing. */
int order_compare(struct evaluator *ev, const struct json *a, const struct json *b);
bool order_equal(struct evaluator *ev, const struct json *a, const struct json *b);
/* Stable. */
void order_sort(struct evaluator *ev, struct keyed *keyed, size_t count);
/* The keys of an object, sorted; free() it. *count is set. */
struct text *order_keys(const struct json *object, size_t *count);

/* Arithmetic. */
MUST_CHECK enum outcome op_apply(struct evaluator *ev, const struct node *node, enum op op,
                                 const struct json *a, const struct json *b, struct json **value);
MUST_CHECK enum outcome op_negate(struct evaluator *ev, const struct node *node,
                                  const struct json *a, struct json **value);
/* `a` split at each `separator`; "" splits into characters. Both are texts. */
MUST_CHECK enum outcome op_split(struct evaluator *ev, const struct json *a,
                                 const struct json *separator, struct json **value);
bool op_compares(enum op op);
bool op_holds(struct evaluator *ev, enum op op, const struct json *a, const struct json *b);

#endif
