/*
 * check_values - `baton check --registry`: which values that flows send do not fit the schemas of their
 * topics.
 */
#ifndef BATON_APP_CHECK_VALUES_H
#define BATON_APP_CHECK_VALUES_H

#include "app/config.h"
#include "app/files.h"
#include "compile/diagnostic.h"

/* Adds F411 to `all`. `url` is the registry's; NULL: that of the configuration, if it names one. Gives
 * an exit code: EXIT_UNREACHABLE (or EXIT_USAGE) if it cannot be asked, which is printed then. */
int check_values(const struct config_flags *flags, const char *url, const struct path_list *list,
                 struct diagnostics *all);

#endif
