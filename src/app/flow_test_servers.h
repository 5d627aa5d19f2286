/*
 * flow_test_servers - cases of `baton test --brokers`: first in memory, then, if they do not take too long, on a real
 * Kafka and Redis.
 */
#ifndef BATON_APP_FLOW_TEST_SERVERS_H
#define BATON_APP_FLOW_TEST_SERVERS_H

#include "app/config.h"
#include "app/flow_test_run.h"

struct flow_test_servers {
    struct config config; /* Says where. */
    int64_t longest_ms;   /* Cases that take longer are skipped. */
};

/* Read the configuration and look whether the servers answer. Gives an exit code; what is wrong is printed. End it
 * with flow_test_servers_release() either way. */
int flow_test_servers_open(const struct config_flags *flags, struct flow_test_servers *servers);
void flow_test_servers_release(struct flow_test_servers *servers);
/* As flow_test_run(). A case that fails in memory is not run again. */
void flow_test_servers_run(const struct flow_test_servers *servers, const struct flow_test *test,
                           const struct flow_test_flows *flows, struct flow_test_case *one,
                           struct flow_test_outcome *outcome);

#endif
