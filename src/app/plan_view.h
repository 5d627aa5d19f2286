/*
 * plan_view - what `baton plan` finds out about a flow file and an estate, and how it says it.
 */
#ifndef BATON_APP_PLAN_VIEW_H
#define BATON_APP_PLAN_VIEW_H

#include "app/plan_runs.h"

enum plan_verdict {
    PLAN_FIRST, /* No version of this flow is there yet. */
    PLAN_SAME,  /* This very content is deployed under this version. */
    PLAN_TAKEN, /* The version is deployed with another content: F801. */
    PLAN_BELOW, /* A higher version is active: F802. */
    PLAN_NEXT,
};

struct plan_facts {
    const struct flow *flow; /* Of the file. */
    struct text path;
    enum plan_verdict verdict;
    struct estate *estate;
    const struct flow *active; /* Or NULL. */
    struct comparison comparison;
    bool is_compared;
    struct plan_runs runs;
};

/* Find out, for `flow` and `path`. Gives an exit code; what is wrong is printed. */
int plan_facts_find(struct estate *estate, struct plan_facts *facts);
void plan_print(const struct plan_facts *facts);
void plan_print_json(const struct plan_facts *facts);
void plan_facts_release(struct plan_facts *facts);

#endif
