/*
 * flow_registry - what baton.flows says, as one thread's own compiled copy. The offset after the
 * last record read is the revision; whoever has read the same revision knows the same flows.
 */
#ifndef BATON_ENGINE_FLOW_REGISTRY_H
#define BATON_ENGINE_FLOW_REGISTRY_H

#include "codec/records.h"
#include "engine/broker.h"
#include "model/flow.h"

struct flow_registry;

/* An entry `flow/<name>`, with its flow compiled. */
struct active_flow {
    struct text name;
    const struct flow *flow;
    const struct flow_state *state; /* Start offsets. */
};

/* Open and read to the end seen. RETRY: the broker did not answer. */
MUST_CHECK enum status flow_registry_open(const struct broker *broker, struct text flows_topic,
                                          struct flow_registry **registry, struct error *err);
void flow_registry_close(struct flow_registry *registry); /* Accepts NULL. */

/* Take in what is new, waiting up to `wait_ms` for something. Compiled flows stay valid until
 * close: definitions are never taken away from under a reader. A definition that this program
 * cannot build is logged and left out; a lane that needs it says so. */
MUST_CHECK enum status flow_registry_poll(struct flow_registry *registry, int64_t wait_ms,
                                          struct error *err);

int64_t flow_registry_revision(const struct flow_registry *registry);
int32_t flow_registry_partitions(const struct flow_registry *registry); /* P; 0: not recorded. */

/* The flow that new runs of `name` get, or NULL. */
const struct flow *flow_registry_active(const struct flow_registry *registry, struct text name);
/* The flow that a new run of this business key gets: the active one, or where that has only a part of
 * the keys perhaps the former one. The same for the same key as long as nobody changes the part. */
const struct flow *flow_registry_for_key(const struct flow_registry *registry, struct text name,
                                         struct text key);
/* By hash, whether active or not, or NULL. */
const struct flow *flow_registry_by_hash(const struct flow_registry *registry, struct text hash);
/* True if some version of `name` was ever deployed. */
bool flow_registry_knows(const struct flow_registry *registry, struct text name);
/* The definition's text by hash; empty if absent. Borrowed until close. */
struct text flow_registry_definition(const struct flow_registry *registry, struct text hash);
/* Walk the active flows: zero the cursor, until false. */
bool flow_registry_next(const struct flow_registry *registry, size_t *cursor,
                        struct active_flow *active);
/* Walk every flow that could be built, whether active or not, in the order of deployment. */
bool flow_registry_next_flow(const struct flow_registry *registry, size_t *cursor,
                             const struct flow **flow);
/* What the entry `flow/<name>` says, or NULL. Borrowed until close; a later poll makes a new one. */
const struct flow_state *flow_registry_state(const struct flow_registry *registry,
                                             struct text name);
/* The hash under which version `version` of `name` was deployed, whether this program can build it
 * or not; empty if it was not, or is retired. */
struct text flow_registry_deployed(const struct flow_registry *registry, struct text name,
                                   int32_t version);

/* A version that is deployed and not retired. */
struct deployed_version {
    struct text name;
    int32_t version;
    struct text hash;
    const struct flow *flow; /* NULL: this program cannot build it. */
};

/* Walk them, in the order of deployment: zero the cursor, until false. */
bool flow_registry_next_deployed(const struct flow_registry *registry, size_t *cursor,
                                 struct deployed_version *deployed);

#endif
