/*
 * topic_mentions - where a flow file, and what it uses, name topics of the broker, so that somebody who
 * knows the broker can say which of them are not there.
 */
#ifndef BATON_COMPILE_TOPIC_MENTIONS_H
#define BATON_COMPILE_TOPIC_MENTIONS_H

#include "base/status.h"
#include "compile/diagnostic.h"

struct topic_mention {
    struct text name;
    struct place place;
};

/* A zeroed one is valid and empty. Owns its texts. */
struct topic_mentions {
    struct arena arena;
    struct topic_mention *items;
    uint32_t count;
    uint32_t capacity;
};

/*
 * Add the topics that the flow in the file at `path` uses, and those of its services; all, if it is an
 * estate file. What has errors itself is left out. Findings, and the sources that places point into,
 * go to `diagnostics`, as flow_file_check() makes them.
 *
 * STATUS_FATAL: the file cannot be read; err says why.
 */
MUST_CHECK enum status topic_mentions_read(const char *path, struct diagnostics *diagnostics,
                                           struct topic_mentions *mentions, struct error *err);
void topic_mentions_release(struct topic_mentions *mentions);

#endif
