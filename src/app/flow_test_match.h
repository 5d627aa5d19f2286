/*
 * flow_test_match - holds what is expected against what happened. Each difference is a finding with the place in
 * the file of tests: D501.
 */
#ifndef BATON_APP_FLOW_TEST_MATCH_H
#define BATON_APP_FLOW_TEST_MATCH_H

#include "app/flow_test_facts.h"
#include "app/flow_test_file.h"

struct flow_test_matching {
    struct diagnostics *diagnostics;
    const struct facts *facts;
    struct flow *const *flows;
    uint32_t flow_count;
    int64_t slack_ms; /* How much longer or shorter than expected it may take. */
};

void flow_test_match(const struct flow_test_matching *matching, const struct flow_test_case *one);

/* flow_test_value.c: `found` (NULL: there is nothing) has to be as `node` says. `path` names it. */
void flow_test_value(struct diagnostics *diagnostics, const struct node *node,
                     const struct json *found, const char *path);
/* The same for a list whose items are found in an array: as many, in this order. */
void flow_test_list(struct diagnostics *diagnostics, const struct node *node,
                    const struct json *found, const char *path);
/* "path: expected X, found Y" at the node. */
void flow_test_differs(struct diagnostics *diagnostics, const struct node *node, const char *path,
                       const char *expected, const char *found);

#endif
