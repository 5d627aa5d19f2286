/*
 * migrating - what the files of migrate.h share: where the steps of a version are in another one. Inside core
 * only.
 */
#ifndef BATON_CORE_MIGRATING_H
#define BATON_CORE_MIGRATING_H

#include "core/decision.h"
#include "core/migrate.h"

struct versions {
    const struct flow *old;
    const struct flow *new;
    const struct json *plan;
};

/* What becomes of a step. */
struct target {
    uint32_t step; /* Of the new version; UINT32_MAX: there is none. */
    bool is_named; /* The plan says so. */
    bool is_skipped;
};
struct target migrate_target(const struct versions *v, uint32_t step);
/* By which step of the new version an entry of the stack is undone; UINT32_MAX: by none. */
uint32_t migrate_undo_target(const struct versions *v, const struct undo *undo);
/* An open step is given up, and the run goes on with its target. Else it stays open there. */
bool migrate_gives_up(const struct versions *v, const struct frame *frame);
/* FITS or LEFT_OUT: by its version and `where`. */
enum migrate_verdict migrate_where(const struct instance *instance, const struct json *plan,
                                   struct buffer *why);
/* The new document, or NULL: it stays. STATUS_REJECT: err says why it cannot be made. */
MUST_CHECK enum status migrate_data(const struct json *plan, const struct instance *instance,
                                    struct json **data, struct error *err);

/* OPERATOR_MIGRATE. */
enum transition_result migrate_run(struct decision *d);

#endif
