#include "app/flow_test_servers.h"

#include <signal.h>
#include <stdio.h>

#include "app/command.h"
#include "app/flow_test_place.h"
#include "base/duration.h"

int flow_test_servers_open(const struct config_flags *flags, struct flow_test_servers *servers)
{
    int code = config_open(flags, &servers->config);

    /* What servers say meanwhile is told where it matters. */
    log_set_level(LOG_NONE);
    return code == EXIT_DONE ? flow_test_place_check(&servers->config) : code;
}

void flow_test_servers_release(struct flow_test_servers *servers)
{
    config_release(&servers->config);
}

static bool is_avro(const struct flow_test_flows *flows)
{
    for (uint32_t i = 0; i < flows->count; i++) {
        const struct flow *flow = flows->items[i];

        for (uint32_t k = 0; k < flow->topic_count; k++) {
            if (flow->topics[k].format == FORMAT_AVRO) {
                return true;
            }
        }
        for (uint32_t k = 0; k < flow->service_count; k++) {
            if (flow->services[k].format == FORMAT_AVRO) {
                return true;
            }
        }
    }
    return false;
}

/* Why it cannot be run there, into `why`; empty: it can. */
static void judge(const struct flow_test_servers *servers, const struct flow_test *test,
                  const struct flow_test_flows *flows, int64_t total_ms,
                  char why[FLOW_TEST_SKIPPED_BYTES])
{
    char takes[TIME_TEXT_BYTES];
    char longest[TIME_TEXT_BYTES];

    why[0] = '\0';
    if (test->clock_ms != FLOW_TEST_CLOCK_MS) {
        snprintf(why, FLOW_TEST_SKIPPED_BYTES, "its clock begins at a time of its own");
    } else if (is_avro(flows)) {
        snprintf(why, FLOW_TEST_SKIPPED_BYTES, "its schemas are named after topics of other names");
    } else if (total_ms > servers->longest_ms) {
        duration_format(total_ms, takes);
        duration_format(servers->longest_ms, longest);
        snprintf(why, FLOW_TEST_SKIPPED_BYTES, "it takes %.32s; --longest is %.32s", takes,
                 longest);
    }
}

static void run_there(const struct flow_test_servers *servers, const struct flow_test *test,
                      const struct flow_test_flows *flows, struct flow_test_case *one,
                      int64_t expected_ms, struct flow_test_outcome *outcome)
{
    struct flow_test_place *place = NULL;
    struct error err;

    if (flow_test_place_open(&servers->config, flows, &place, &err) != STATUS_OK) {
        diagnostics_error(&outcome->diagnostics, "D504", one->place, "%s", err.text);
        return;
    }
    flow_test_run_at(test, place, one, expected_ms, outcome);
    flow_test_place_close(place);
}

/* Until what was made on the servers has been removed. */
static void hold_signals(sigset_t *before)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    CHECK(pthread_sigmask(SIG_BLOCK, &signals, before) == 0);
}

void flow_test_servers_run(const struct flow_test_servers *servers, const struct flow_test *test,
                           const struct flow_test_flows *flows, struct flow_test_case *one,
                           struct flow_test_outcome *outcome)
{
    sigset_t before;
    int64_t expected_ms;

    flow_test_run(test, flows, one, outcome);
    judge(servers, test, flows, outcome->total_ms, outcome->skipped);
    if (outcome->diagnostics.error_count > 0 || outcome->skipped[0] != '\0') {
        return;
    }
    expected_ms = outcome->total_ms;
    flow_test_outcome_release(outcome);
    hold_signals(&before);
    run_there(servers, test, flows, one, expected_ms, outcome);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) ==
          0); /* One that came meanwhile ends us here. */
}
