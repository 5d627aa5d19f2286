/*
 * check_against - what a flow file would mean for runs of another version of its flow.
 */
#ifndef BATON_APP_CHECK_AGAINST_H
#define BATON_APP_CHECK_AGAINST_H

#include "app/files.h"
#include "compile/diagnostic.h"

/*
 * Compare each flow of `list` that has the name of the one in the file at `old_path` with that, and
 * add F801 to F804 to `all`. STATUS_REJECT: the old file has errors, or none of the others is of
 * its flow. STATUS_FATAL: a file cannot be read.
 */
MUST_CHECK enum status check_against(const char *old_path, const struct path_list *list,
                                     struct diagnostics *all, struct error *err);

#endif
