/*
 * plan_runs - the runs of a flow that go on, by version and by where they stand, and what a migration to
 * another version would make of them as they stand: by the same rules as `baton migrate`.
 */
#ifndef BATON_APP_PLAN_RUNS_H
#define BATON_APP_PLAN_RUNS_H

#include "app/estate.h"
#include "compile/compare.h"
#include "core/migrate.h"

struct plan_row {
    const struct flow *old; /* Their version; NULL: this program cannot read it. */
    struct text hash;
    struct text place; /* As instance_place(). */
    enum migrate_verdict verdict;
    struct text why; /* Empty: they fit. */
    uint32_t count;
};

/* What changed from one of the versions. */
struct plan_change {
    const struct flow *old;
    struct comparison comparison;
};

struct plan_runs {
    struct arena arena;
    const struct flow *flow; /* That is meant to be deployed; borrowed. */
    const struct estate *estate;
    struct plan_row *rows; /* By version, then the most first. */
    uint32_t row_count;
    uint32_t row_capacity;
    struct plan_change *changes; /* Of each version that runs go by. */
    uint32_t change_count;
    uint32_t change_capacity;
};

/* Gives an exit code; what is wrong is printed. End it with plan_runs_release() anyway. */
int plan_runs_find(struct estate *estate, const struct flow *flow, struct plan_runs *runs);
/* Do they go by the version that is meant to be deployed? */
bool plan_row_is_new(const struct plan_runs *runs, const struct plan_row *row);
void plan_runs_release(struct plan_runs *runs);

#endif
