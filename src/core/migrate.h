/*
 * migrate - a run that goes on by another version of its flow: LANGUAGE.md section 7. A plan is
 * JSON: {from, to (hashes), where (an expression over the instance document), steps, timers, data}.
 * `steps` says for steps of the old version where they are in the new one: a name, or {to, as}; what is not
 * named is there under its own name. `as` "skipped": the step is given up, the run goes on with `to`.
 *
 * What is decided here is what an operator's order does (OPERATOR_MIGRATE), and, by the same functions, what
 * is foreseen of it before one is given. A plan comes from outside: nothing in it is believed.
 */
#ifndef BATON_CORE_MIGRATE_H
#define BATON_CORE_MIGRATE_H

#include "model/instance.h"

enum migrate_verdict {
    MIGRATE_FITS,
    MIGRATE_LEFT_OUT,  /* `where` does not hold, or it goes by another version than `from`. */
    MIGRATE_ACTION,    /* A step at which it stands does something else there: F805. */
    MIGRATE_NO_TARGET, /* A step at which it stands, or that it may undo, is not there: F806. */
    MIGRATE_NOT_NOW,   /* It is where runs are not migrated: side by side, being undone, paused. */
};

/* May `instance`, which goes by `old`, go on by `new`? If not, `why` is added to, in words. */
enum migrate_verdict migrate_foresee(const struct flow *old, const struct flow *new,
                                     const struct instance *instance, const struct json *plan,
                                     struct buffer *why);

/* Is the plan one that can be read? STATUS_REJECT: err names what is wrong. `old` NULL: whatever
 * the version that it speaks of; else its steps are looked for there and in `new`. */
MUST_CHECK enum status migrate_check(const struct json *plan, const struct flow *old,
                                     const struct flow *new, struct error *err);

#endif
