/*
 * flow_test_keys - the one table of keys of a file of tests: it drives the reader and the JSON Schema.
 * Internal to flow_test_file.
 */
#ifndef BATON_APP_FLOW_TEST_KEYS_H
#define BATON_APP_FLOW_TEST_KEYS_H

#include "app/dev_yaml.h"
#include "app/flow_test_file.h"

struct flow_test_key {
    const char *name;
    /* Reads the value into `out` + offset. */
    void (*read)(struct dev_reader *reader, const struct node *node, void *out);
    size_t offset;
    bool is_required;
    const char *schema; /* JSON. */
    const char *doc;    /* One line for people. */
};

enum flow_test_object {
    FLOW_TEST_FILE,
    FLOW_TEST_CASE,
    FLOW_TEST_SEND,
    FLOW_TEST_ANSWER,
    FLOW_TEST_EXPECT,
    FLOW_TEST_OBJECTS,
};

struct flow_test_keys {
    const char *name;                /* "case": in the schema's definitions. */
    const struct flow_test_key *all; /* Ends with a NULL name. */
};

const struct flow_test_keys *flow_test_keys(enum flow_test_object object);
/* Read a map by its table. What is unknown or missing is a finding. */
void flow_test_map(struct dev_reader *reader, enum flow_test_object object, const struct node *node,
                   void *out);

/* flow_test_read.c: what the rows of the table read by. */
void flow_test_read_paths(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_replay(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_clock(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_cases(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_sends(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_signal(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_cancel(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_pause(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_resume(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_retry(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_skip(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_done(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_failed(struct dev_reader *reader, const struct node *node, void *out);
/* flow_test_answers.c */
void flow_test_read_answers(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_reply(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_failure(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_silence(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_twice(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_progress(struct dev_reader *reader, const struct node *node, void *out);
/* flow_test_hopes.c */
void flow_test_read_expect(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_end(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_error(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_hope(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_hopes(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_took(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_commands(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_names(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_number(struct dev_reader *reader, const struct node *node, void *out);
void flow_test_read_instances(struct dev_reader *reader, const struct node *node, void *out);

#endif
