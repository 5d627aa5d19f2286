/*
 * value_mentions - where a flow file says what is sent to topics of format avro, so that somebody who
 * knows their schemas can say what does not fit them.
 */
#ifndef BATON_COMPILE_VALUE_MENTIONS_H
#define BATON_COMPILE_VALUE_MENTIONS_H

#include "base/status.h"
#include "compile/diagnostic.h"
#include "json/json.h"

struct value_mention {
    struct text topic;  /* Of the broker. */
    struct json *value; /* The template: as it is written, with "${ }" in texts. */
    struct place place;
};

/* A zeroed one is valid and empty. Owns what it holds. */
struct value_mentions {
    struct arena arena;
    struct value_mention *items;
    uint32_t count;
    uint32_t capacity;
};

/*
 * Add what the flow in the file at `path` sends: values of requests, emits and undos that are written
 * there. Without one the whole document is sent, of which nothing is known. Findings as in
 * topic_mentions_read().
 *
 * STATUS_FATAL: the file cannot be read; err says why.
 */
MUST_CHECK enum status value_mentions_read(const char *path, struct diagnostics *diagnostics,
                                           struct value_mentions *mentions, struct error *err);
void value_mentions_release(struct value_mentions *mentions);

#endif
