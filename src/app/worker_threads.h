/*
 * worker_threads - the threads of a worker: one router, one barrier, the lanes.
 */
#ifndef BATON_APP_WORKER_THREADS_H
#define BATON_APP_WORKER_THREADS_H

#include "app/config.h"
#include "app/estate.h"
#include "app/monitor.h"

/* What the worker shows, served already if the configuration says where: before anything is asked of
 * the cluster, so that a port that is taken is told at once. NULL: it is, and was printed. */
struct monitor *worker_monitor_open(const struct config *config);

/* Run until SIGTERM, SIGINT or a fatal error of one of them. Gives an exit code. */
int worker_threads_run(const struct config *config, const struct estate *estate,
                       struct monitor *monitor);

#endif
