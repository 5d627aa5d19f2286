/*
 * versions - which version of a flow the runs that start now get, changed by people: in baton.flows,
 * as publish.h does it, under the same transactional id, so one after the other.
 */
#ifndef BATON_ENGINE_VERSIONS_H
#define BATON_ENGINE_VERSIONS_H

#include "engine/broker.h"
#include "engine/settings.h"

enum version_action {
    VERSION_ACTIVATE, /* New runs take it: those of `percent` of the keys, or all. */
    VERSION_DRAIN,    /* It starts no runs any more; the other active one, if any, starts all. */
    VERSION_RETIRE, /* Its definition goes. Nobody may run by it any more: the caller has looked. */
};

struct version_change {
    const struct settings *settings;
    enum version_action action;
    struct text flow;
    int32_t version;
    int32_t percent; /* ACTIVATE: 1 to 100. */
    uint64_t seed;   /* Random per process: who waits how long after being fenced. */
};

/* What came of it. The text is for people. */
struct version_outcome {
    bool changed;
    char text[256];
};

/*
 * STATUS_OK:     *outcome says what holds now.
 * STATUS_REJECT: nothing was written; err says why and what to do.
 * STATUS_RETRY:  the broker did not answer, or others published all the time.
 */
MUST_CHECK enum status versions_change(const struct broker *broker,
                                       const struct version_change *change,
                                       struct version_outcome *outcome, struct error *err);

#endif
