/*
 * flow_test_worker - a `baton run` of its own for a case on real servers.
 */
#ifndef BATON_APP_FLOW_TEST_WORKER_H
#define BATON_APP_FLOW_TEST_WORKER_H

#include <sys/types.h>

#include "app/config.h"

struct flow_test_worker {
    pid_t pid;
    char folder[64]; /* Of its configuration and its log. */
};

/* Start it for `app`, on the servers of `config`. STATUS_FATAL: it cannot be started. End it either way. */
MUST_CHECK enum status flow_test_worker_start(const struct config *config, struct text app,
                                              struct flow_test_worker *worker, struct error *err);
/* False: it has ended; err says what it has said last. */
bool flow_test_worker_runs(struct flow_test_worker *worker, struct error *err);
/* Stop it, at once if it takes its time; remove its files. Accepts a zeroed one. */
void flow_test_worker_stop(struct flow_test_worker *worker);

#endif
