/*
 * publish - puts definitions into baton.flows at start, and activates those that are newer than what
 * is active. Processes that do so at the same time are serialized by the transactional id
 * "<app>~flows": whoever opens it fences the other, which reads again and decides again.
 */
#ifndef BATON_ENGINE_PUBLISH_H
#define BATON_ENGINE_PUBLISH_H

#include "engine/broker.h"
#include "engine/settings.h"

#define PARTITIONS_DEFAULT 16

struct publish_definition {
    struct text path;       /* The file it comes from, for messages. */
    struct text definition; /* Resolved: canonical JSON, as flow_file_check() gives it. */
};

struct publish_request {
    const struct settings *settings; /* `partitions` 0: not given, take what is recorded. */
    const struct publish_definition *definitions;
    uint32_t count;
    bool deploys_only; /* Nothing is activated. */
    uint64_t seed;     /* Random per process: who waits how long after being fenced. */
};

/*
 * Publish. <app>.flows must exist, and the topics that the flows read. Nothing is written if all is
 * there already. What is activated gets recorded start offsets for topics it was not reading yet:
 * by `start.from`, or from now on for listens and replies.
 *
 * STATUS_OK:     *partitions is the P of this estate: recorded now, or before.
 * STATUS_REJECT: nothing was written; err says what to do: another P than the one recorded, a version
 *                that is deployed with another content, a source topic that does not exist.
 * STATUS_RETRY:  the broker did not answer, or others published all the time.
 */
MUST_CHECK enum status publish_flows(const struct broker *broker,
                                     const struct publish_request *request, int32_t *partitions,
                                     struct error *err);

#endif
