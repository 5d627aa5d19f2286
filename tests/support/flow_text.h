/*
 * flow_text - flows and files as texts, for tests.
 */
#ifndef BATON_TESTS_SUPPORT_FLOW_TEXT_H
#define BATON_TESTS_SUPPORT_FLOW_TEXT_H

#include <stdio.h>

#include "compile/flow_file.h"
#include "support/unit.h"

/* The flow in a text; errors fail the test. Warnings are left in `found`, which the caller releases. End
 * it with flow_free(). */
static inline struct flow *open_text_found(const char *name, struct text text,
                                           struct diagnostics *found)
{
    struct buffer definition = {0};
    struct buffer printed = {0};
    struct flow *flow = NULL;
    struct error err = {0};

    if (flow_text_check(name, text, found, &definition) != STATUS_OK) {
        diagnostics_print(found, DIAGNOSTIC_TEXT, &printed);
        fail_msg("%s", buffer_string(&printed));
    }
    if (flow_build(buffer_text(&definition), &flow, &err) != STATUS_OK) {
        fail_msg("%s: %s", name, err.text);
    }
    buffer_release(&definition);
    return flow;
}

static inline struct flow *open_text(const char *name, struct text text)
{
    struct diagnostics found = {0};
    struct flow *flow = open_text_found(name, text, &found);

    diagnostics_release(&found);
    return flow;
}

/* Nothing if it is not there. */
static inline void read_whole(const char *path, struct buffer *out)
{
    FILE *file = fopen(path, "rb");
    int c;

    if (file == NULL) {
        return;
    }
    while ((c = fgetc(file)) != EOF) {
        buffer_add_char(out, (char)c);
    }
    fclose(file);
}

#endif
