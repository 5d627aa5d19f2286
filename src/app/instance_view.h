/*
 * instance_view - what `baton show` and `baton history` have in common: read the words, the
 * configuration and the run, then let the command print it.
 */
#ifndef BATON_APP_INSTANCE_VIEW_H
#define BATON_APP_INSTANCE_VIEW_H

#include "app/run_history.h"
#include "app/view.h"

typedef void instance_print(const struct view_request *request, const struct run_history *history);

/* Gives the exit code. `print` is called when there is something, even if it does not fold. */
int instance_view(int argc, char **argv, const char *usage, instance_print *print);

#endif
