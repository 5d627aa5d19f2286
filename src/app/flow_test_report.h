/*
 * flow_test_report - how the outcome of tests is told: lines for people, one JSON object a line, and JUnit's XML.
 */
#ifndef BATON_APP_FLOW_TEST_REPORT_H
#define BATON_APP_FLOW_TEST_REPORT_H

#include "app/flow_test_run.h"

struct flow_test_report {
    bool json;
    bool verbose; /* The story of what passed as well. */
    bool coloured;
    uint32_t passed;
    uint32_t failed;
    uint32_t skipped; /* Not run on servers; not among those that passed. */
    uint32_t broken;  /* Files that cannot be run. */
    int64_t real_ms;
    struct buffer suites; /* JUnit's, of the files that are done. */
    struct buffer cases;  /* JUnit's, of the file at hand. */
    uint32_t suite_tests;
    uint32_t suite_failures;
    uint32_t suite_skipped;
    int64_t suite_ms;
};

/* A file begins; its cases follow one by one. */
void flow_test_report_file(struct flow_test_report *report, const struct flow_test *test);
void flow_test_report_case(struct flow_test_report *report, const struct flow_test *test,
                           const struct flow_test_case *one, struct flow_test_outcome *outcome);
/* Instead: the file, or a flow, is wrong; `diagnostics` says how. */
void flow_test_report_broken(struct flow_test_report *report, struct text path,
                             struct diagnostics *diagnostics);
/* The file ends. */
void flow_test_report_close(struct flow_test_report *report, struct text path);
/* The last line. */
void flow_test_report_summary(struct flow_test_report *report);
/* Write JUnit's XML. STATUS_FATAL: it cannot be written. */
MUST_CHECK enum status flow_test_report_junit(struct flow_test_report *report, const char *path,
                                              struct error *err);
void flow_test_report_release(struct flow_test_report *report);

#endif
