/*
 * check_topics - `baton check --brokers`: which of the topics that files name a cluster does not have.
 */
#ifndef BATON_APP_CHECK_TOPICS_H
#define BATON_APP_CHECK_TOPICS_H

#include "app/config.h"
#include "app/files.h"
#include "compile/diagnostic.h"

/* Adds F412 to `all`, with the nearest topic that there is. Gives an exit code: EXIT_UNREACHABLE (or
 * EXIT_USAGE) if the cluster cannot be asked, which is printed then. */
int check_topics(const struct config_flags *flags, const struct path_list *list,
                 struct diagnostics *all);

#endif
