/*
 * flow_test_file - a file of tests for flows (docs/flow-tests.md): what is sent when, what the services answer,
 * and what is expected. Reading it says all that is wrong with it, with line and column; what it names in
 * the flows is looked at by flow_test_check().
 */
#ifndef BATON_APP_FLOW_TEST_FILE_H
#define BATON_APP_FLOW_TEST_FILE_H

#include "app/dev_calls.h"
#include "compile/document.h"
#include "model/event.h"

#define FLOW_TEST_CASES_MAX 1000
#define FLOW_TEST_CLOCK_MS                                                                         \
    INT64_C(1767258000000) /* 2026-01-01T09:00:00Z, unless the file says else. */

/* What a service answers to one command, or to several. */
struct flow_test_answer {
    struct place place;
    struct dev_scripted said;
    struct template *reply;
    bool has_outcome;
    struct expr *when;
    uint32_t times; /* 0: it is not said. */
    uint32_t used;  /* In this run. */
};

/* What is answered to the commands of one step, or to those that undo it. */
struct flow_test_script {
    struct text step;
    bool is_undo;
    struct place place;
    struct flow_test_answer *answers;
    uint32_t count;
};

struct flow_test_scripts {
    struct flow_test_script *items;
    uint32_t count;
};

/* Something from outside: a message, or what an operator does. */
struct flow_test_send {
    struct place place;
    int64_t at_ms;     /* Since the case began. */
    struct text topic; /* As written; empty: the only start topic. */
    struct text type;
    struct template *value;
    struct template *key;
    struct template *headers;
    bool is_operator;
    enum operator_verb verb;
    struct text target;   /* RETRY ... FAILED: the step. CANCEL: why. */
    struct text instance; /* Key of the instance meant; empty: the first. */
};

struct flow_test_sends {
    struct flow_test_send *items;
    uint32_t count;
};

/* What is said about one instance. NULL where nothing is. */
struct flow_test_expect {
    const struct node *end;
    const struct node *error;
    const struct node *result;
    const struct node *data;
    const struct node *took;
    int64_t took_from_ms;
    int64_t took_to_ms;
    const struct node *emitted;
    const struct node *commands;
    const struct node *undone;
    const struct node *waiting;
    const struct node *ignored;
    const struct node *alerts;
    const struct node *dead_letters; /* Of the whole case, like `instances`. */
    const struct node *instances;    /* A map from keys (or "<flow>:<key>") to the same. */
    struct flow_test_expect *of;     /* In the order of `instances`. */
};

struct flow_test_case {
    struct text name;
    struct place place;
    struct template *start; /* Of the message that starts it; NULL: none, or the file's alone. */
    struct flow_test_sends sends;
    struct flow_test_scripts answers;
    int64_t until_ms; /* 0: until nothing can happen any more. */
    struct text
        replay; /* Path of a recorded run, as to be opened, which is all of the case. Empty: none. */
    struct flow_test_expect expect;
    bool has_expect;
};

/* Owns all it holds. */
struct flow_test {
    struct dev_services memory; /* Of expressions, templates and texts. */
    struct document *document;
    struct text path;
    struct text *flows; /* Paths, as to be opened. */
    uint32_t flow_count;
    int64_t clock_ms;
    struct template *start;
    struct flow_test_scripts answers;
    struct flow_test_case *cases;
    uint32_t case_count;
};

/* Read `source`, which `path` names. STATUS_REJECT: errors are in `diagnostics`. End it with
 * flow_test_release() either way. */
MUST_CHECK enum status flow_test_read(struct text path, struct text source,
                                      struct diagnostics *diagnostics, struct flow_test *test);
void flow_test_release(struct flow_test *test);

/* The JSON Schema (draft-07) of these files, made from the same table. The caller's. */
struct json *flow_test_schema(void);

#endif
