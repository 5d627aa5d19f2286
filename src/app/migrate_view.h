/*
 * migrate_view - what `baton migrate` finds out about the runs of an estate, does, and says.
 */
#ifndef BATON_APP_MIGRATE_VIEW_H
#define BATON_APP_MIGRATE_VIEW_H

#include "app/migrate_file.h"
#include "app/migrate_orders.h"
#include "app/view.h"
#include "core/migrate.h"

/* Runs of one place, of which the same is to be said. */
struct migrate_row {
    struct text place; /* As instance_place(). */
    enum migrate_verdict verdict;
    struct text why; /* Empty: FITS. */
    uint32_t count;
};

struct migrate_view {
    struct estate *estate;
    struct migrate_file *file; /* Bound to the versions. */
    const struct flow *old;
    const struct flow *new;
    struct diagnostics *found; /* Of the plan; what runs make of it is added. */
    bool is_real;              /* Do it, if nothing stops it. */
    struct migrate_orders orders;
    struct arena arena;
    struct migrate_row *rows;
    uint32_t row_count;
    uint32_t row_capacity;
    bool is_seen; /* The runs were looked at: there is something to print. */
    bool is_done; /* Orders were given. */
};

/* Look at the runs, and tell those that can go on if that is asked for. EXIT_FINDINGS: the plan is stopped, or
 * not all that were told went on. Other codes: what is wrong was printed. */
int migrate_view_make(struct migrate_view *view);
void migrate_view_print(const struct migrate_view *view, enum view_output output);
void migrate_view_release(struct migrate_view *view);

#endif
