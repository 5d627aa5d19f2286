/*
 * flow_test_running - a case at work. Internal to flow_test_run and flow_test_real.
 */
#ifndef BATON_APP_FLOW_TEST_RUNNING_H
#define BATON_APP_FLOW_TEST_RUNNING_H

#include "app/flow_test_facts.h"
#include "app/flow_test_run.h"

/* On real servers a run may take so much longer than a test expects; or shorter, as what it waits for comes at
 * its time, however late the start was taken. */
#define FLOW_TEST_SLACK_MS 10000

struct running {
    const struct flow_test *test;
    const struct flow_test_flows *flows;
    struct flow_test_case *one;
    struct diagnostics *diagnostics;
    struct dev_world *world;
    struct facts *facts;
    const struct flow_test_send **sends; /* By time. */
    uint32_t sent;
    int64_t began_ms;
    bool is_real;                  /* On servers, in real time: the next two are set. */
    struct flow_test_place *place; /* Borrowed. */
    int64_t expected_ms;           /* What it takes where time is skipped. */
};

/* Give the world what is due. False: nothing was. */
bool flow_test_send_due(struct running *running);

/* flow_test_real.c: start it, and go on until all is as expected and nothing more comes, or it is too late
 * for that. */
void flow_test_play_real(struct running *running);
/* Take `prefix` out of a text wherever it stands. */
void flow_test_hide(char *text, struct text prefix);

#endif
