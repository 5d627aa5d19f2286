/*
 * builtin - the functions of the language: one table of names, what each does with its values, and
 * the names that are known from jq but not to be had here.
 */
#ifndef BATON_EXPR_BUILTIN_H
#define BATON_EXPR_BUILTIN_H

#include "expr/eval.h"

#define BUILTIN_ARGUMENTS_MAX 3

/* What the parser makes of a call. All but the first are written as syntax, since their arguments
 * are expressions that are evaluated many times or not at all. */
enum builtin_form {
    BUILTIN_CALL, /* Of the values of `.` and of its arguments. */
    BUILTIN_TRUE,
    BUILTIN_FALSE,
    BUILTIN_NULL,
    BUILTIN_EMPTY,
    BUILTIN_MAP,
    BUILTIN_SELECT,
    BUILTIN_FIRST_ITEM,
    BUILTIN_LAST_ITEM,
    BUILTIN_FIRST,
    BUILTIN_LAST,
    BUILTIN_RANGE,
    BUILTIN_ANY,
    BUILTIN_ALL,
    BUILTIN_BY,
    BUILTIN_WITH_ENTRIES,
    BUILTIN_DELETE,
};

/* A function of values. `arguments` are borrowed; *value belongs to the caller. */
typedef enum outcome builtin_call(struct evaluator *ev, const struct node *node,
                                  const struct json *input, struct json *const *arguments,
                                  struct json **value);

/* What sort_by and its like do with the elements, keyed by [f]; they may be
 * reordered. */
typedef enum outcome builtin_by(struct evaluator *ev, struct keyed *keyed, size_t count,
                                struct json **value);

struct builtin {
    const char *name;
    uint32_t arity;
    enum builtin_form form;
    builtin_call *call;
    builtin_by *by;
};

/* NULL if there is none of this name with this number of arguments. */
const struct builtin *builtin_find(struct text name, uint32_t arity);
/* Any of this name, whatever its arity, or NULL. */
const struct builtin *builtin_named(struct text name);
/* Why a function of jq is not allowed, and what to use instead; NULL if it is not one of them. */
const char *builtin_forbidden(struct text name);
/* What to use instead of a function of jq that is merely not here, or NULL if jq has none such. */
const char *builtin_of_jq(struct text name);
/* The nearest name within two edits, or NULL. */
const char *builtin_suggest(struct text name);

/* By folder of subject; each file holds some of these. */
builtin_call builtin_length, builtin_keys, builtin_has, builtin_contains, builtin_type, builtin_not,
    builtin_add, builtin_min, builtin_max, builtin_sort, builtin_unique, builtin_flatten,
    builtin_reverse, builtin_to_entries, builtin_from_entries;
builtin_call builtin_startswith, builtin_endswith, builtin_test, builtin_ltrimstr, builtin_rtrimstr,
    builtin_split, builtin_join, builtin_ascii_downcase, builtin_ascii_upcase, builtin_tostring,
    builtin_tonumber, builtin_tojson, builtin_fromjson, builtin_base64, builtin_base64d;
builtin_call builtin_floor, builtin_round, builtin_abs, builtin_fromdate, builtin_todate,
    builtin_uuid, builtin_random, builtin_duration;
builtin_by builtin_sort_by, builtin_group_by, builtin_min_by, builtin_max_by;

#endif
