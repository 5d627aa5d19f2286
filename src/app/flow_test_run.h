/*
 * flow_test_run - runs one case of a file of tests: the flows in a world in memory, the services as the case says,
 * and a clock that jumps to what is due next.
 */
#ifndef BATON_APP_FLOW_TEST_RUN_H
#define BATON_APP_FLOW_TEST_RUN_H

#include "app/dev_world.h"
#include "app/flow_test_file.h"

/* The flows that a file of tests names. */
struct flow_test_flows {
    struct arena arena;
    struct flow **items;
    struct publish_definition *definitions; /* In the same order. */
    uint32_t count;
    struct text prefix; /* Of their topics, which the tests do not write; empty: none. */
};

/* Read and check them; errors go to `diagnostics`, warnings do not. STATUS_REJECT: there are errors.
 * End it with flow_test_flows_release() either way. */
MUST_CHECK enum status flow_test_flows_read(const struct flow_test *test,
                                            struct diagnostics *diagnostics,
                                            struct flow_test_flows *flows);
void flow_test_flows_release(struct flow_test_flows *flows);
/* Findings about what the file names and the flows do not have. */
void flow_test_check(const struct flow_test *test, const struct flow_test_flows *flows,
                     struct diagnostics *diagnostics);

#define FLOW_TEST_SKIPPED_BYTES 96

struct flow_test_outcome {
    struct diagnostics diagnostics; /* Empty: it passed. */
    int64_t virtual_ms;             /* How long the first instance took, or the whole case. */
    int64_t total_ms;               /* Until nothing could happen any more. */
    int64_t real_ms;
    char skipped
        [FLOW_TEST_SKIPPED_BYTES]; /* Why it was not run on servers; empty: it was, or was not
                                            * meant to be. */
    uint32_t instances;
    char *story; /* What happened, as `baton dev` prints it. free() it. */
};

/* A zeroed outcome is filled; end it with flow_test_outcome_release(). */
void flow_test_run(const struct flow_test *test, const struct flow_test_flows *flows,
                   struct flow_test_case *one, struct flow_test_outcome *outcome);
/* flow_test_replay.c: the same of a case that is a recorded run. */
void flow_test_replay(const struct flow_test_flows *flows, const struct flow_test_case *one,
                      struct flow_test_outcome *outcome);
/* The same in real time at a place that is not connected yet, with that place's flows. `expected_ms`: as
 * long as it takes, beside what servers take. */
struct flow_test_place;
void flow_test_run_at(const struct flow_test *test, struct flow_test_place *place,
                      struct flow_test_case *one, int64_t expected_ms,
                      struct flow_test_outcome *outcome);
void flow_test_outcome_release(struct flow_test_outcome *outcome);

/* flow_test_script.c: the hook of dev_calls. */
struct flow_test_scene {
    const struct flow_test *test;
    struct flow_test_case *one;
    struct diagnostics *diagnostics;
};
bool flow_test_script(void *self, const struct dev_call *call, const struct expr_env *env,
                      struct dev_scripted *scripted);
/* No answer has been given yet. */
void flow_test_rewind(const struct flow_test *test, struct flow_test_case *one);

/* flow_test_send.c: give it to the world. What is wrong is a finding. */
struct facts;
/* What an operator does needs an instance, and something stuck. */
bool flow_test_can_send(const struct flow_test_flows *flows, const struct facts *facts,
                        const struct flow_test_send *send);
void flow_test_send(struct dev_world *world, const struct flow_test_flows *flows,
                    const struct facts *facts, const struct flow_test_send *send,
                    struct diagnostics *diagnostics);
/* The start message of a case: the file's, with the case's merged into it. None: nothing is sent. */
void flow_test_start(struct dev_world *world, const struct flow_test_flows *flows,
                     const struct flow_test *test, const struct flow_test_case *one,
                     struct diagnostics *diagnostics);

#endif
