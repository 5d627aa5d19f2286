/*
 * compare - what changed from one version of a flow to another, step by step, in words, and what of it
 * keeps runs of the old version from going on with the new one.
 */
#ifndef BATON_COMPILE_COMPARE_H
#define BATON_COMPILE_COMPARE_H

#include "base/arena.h"
#include "model/flow.h"

enum change_kind {
    CHANGE_ADDED,
    CHANGE_REMOVED,
    CHANGE_RENAMED, /* Removed, and one that does the same was added. */
    CHANGE_ACTION,  /* Another action under the same name, or a request to another service. */
    CHANGE_MOVED,
    CHANGE_EDITED,
    CHANGE_IDENTITY, /* The flow's key or start topics: F804. */
};

struct change {
    enum change_kind kind;
    struct text step; /* Of the old version, but of ADDED; empty: the flow itself. */
    struct text text; /* "'charge': 'timeout' was 1m, is 30s" */
    uint32_t line;    /* In the file of the new version; 0: none. */
    struct text now;  /* Its step in the new version; empty: none. */
    const char *key;  /* Of the flow, which it is about: "key", "start", "do"; NULL: a step. */
};

struct comparison {
    struct arena arena;
    struct change *items; /* Of the flow first, then by the order of the steps. */
    uint32_t count;
    uint32_t capacity;
};

/* Borrows the flows, which must have their definitions. End it with comparison_release(). */
void compare_flows(const struct flow *old, const struct flow *new, struct comparison *comparison);
/* The change that keeps a run which waits at `step` of the old version from going on at the same
 * step of the new one, or NULL. */
const struct change *comparison_hinders(const struct comparison *comparison, struct text step);
void comparison_release(struct comparison *comparison);
const char *change_kind_name(enum change_kind kind); /* "added" ... */

#endif
