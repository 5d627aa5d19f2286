/*
 * check_files - checks many flow files, several at a time. What is found comes in the order of the
 * files, whichever was done first.
 */
#ifndef BATON_APP_CHECK_FILES_H
#define BATON_APP_CHECK_FILES_H

#include "app/files.h"
#include "compile/diagnostic.h"

/* Add what is found in the files of `list` to `all`. STATUS_FATAL: one cannot be read, and err names
 * the first such; the others were checked all the same. Findings are no error here. */
MUST_CHECK enum status check_files(const struct path_list *list, struct diagnostics *all,
                                   struct error *err);

#endif
