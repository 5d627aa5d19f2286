/*
 * live_runs - the runs of a flow that go on, with their whole state, as the history leaves them. One
 * partition's states are in memory at a time.
 */
#ifndef BATON_APP_LIVE_RUNS_H
#define BATON_APP_LIVE_RUNS_H

#include "app/estate.h"
#include "model/instance.h"

/* Call `visit` with each run of the flow `name` that has not ended; borrowed for the call. Gives an exit
 * code; what is wrong is printed. */
int live_runs_each(struct estate *estate, struct text name,
                   void (*visit)(void *self, const struct instance *instance), void *self);

#endif
