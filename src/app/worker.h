/*
 * worker - `baton run`: publishes flows, then runs a router, a barrier and the lanes, each in a
 * thread of its own, until it is told to stop.
 */
#ifndef BATON_APP_WORKER_H
#define BATON_APP_WORKER_H

#include "app/config.h"

/* Check and publish the flows of `config`, make the topics, then work. Gives an exit code. */
int deploy_and_work(struct config *config);

#endif
