/*
 * migrate_file - the plan of a migration as people write it: a YAML file {migrate, from, to, where, steps,
 * timers, data}. See docs/versions.md.
 */
#ifndef BATON_APP_MIGRATE_FILE_H
#define BATON_APP_MIGRATE_FILE_H

#include "compile/document.h"
#include "model/flow.h"

struct migrate_file {
    struct document *document;
    struct text flow;
    int32_t from;
    int32_t to;
    struct json *plan; /* As core/migrate.h takes it, without the hashes. Owned. */
};

/* Read the text of `path`. Findings go to `diagnostics`. STATUS_REJECT: there are errors. End it with
 * migrate_file_release() anyway. */
MUST_CHECK enum status migrate_file_read(const char *path, struct text text,
                                         struct diagnostics *diagnostics,
                                         struct migrate_file *file);
void migrate_file_release(struct migrate_file *file);

/*
 * What is wrong with it for these versions, whatever runs there are: steps that are not there, expressions,
 * another key or start (F804), another action under the same name (F805).
 */
void migrate_file_check(const struct migrate_file *file, const struct flow *old,
                        const struct flow *new, struct diagnostics *diagnostics);
/* The steps of the old version at which runs may stand and that have no target (F806), as warnings. */
void migrate_file_warn(const struct migrate_file *file, const struct flow *old,
                       const struct flow *new, struct diagnostics *diagnostics);
/* Where the plan speaks of steps: for findings about what it does not say. */
struct place migrate_file_steps(const struct migrate_file *file);
/* Put the versions' hashes into the plan. */
void migrate_file_bind(struct migrate_file *file, const struct flow *old, const struct flow *new);

#endif
