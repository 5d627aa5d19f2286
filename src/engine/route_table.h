/*
 * route_table - which flows want the records of which source topic, and by what rules their key is
 * found. Made from one revision of the flows; immutable. It borrows from the registry's flows.
 *
 * Every version that was ever active counts, because runs of it may still be alive. Where versions
 * of a flow disagree about a topic, the active one decides, then the highest.
 */
#ifndef BATON_ENGINE_ROUTE_TABLE_H
#define BATON_ENGINE_ROUTE_TABLE_H

#include "base/map.h"
#include "engine/flow_registry.h"

/* The route of what goes to the dead letters whatever its flow: poison, unkeyed, oversize. It makes
 * one record of it, also where several flows read the topic. */
#define ROUTE_DEAD "~dead"

struct route {
    struct text name; /* "<flow>", "<flow>/<step>" of a listen with a key of its own,
                            "<flow>@<service>" of replies: what watermarks are kept under. */
    struct text flow;
    struct text inner; /* It goes to an internal instance: ALIAS_FLOW or BATCH_FLOW. Else empty. */
    struct text
        prefix; /* Of `inner`: what comes before the value, or the partition, in its name. */
    struct text service; /* Of replies. Empty: of several that answer here, by the same header. */
    bool is_reply;
    bool by_header; /* Replies: the command id is in reply_headers[header] of the source. */
    uint32_t header;
    enum format format;
    const struct correlation *key; /* NULL when by_header, and of a start by batches. */
    bool key_needs_headers;
    const struct locator *type;
    const struct locator *id;          /* NULL for replies. */
    bool tombstones;                   /* Deliver them. */
    bool cloudevents;                  /* What it reads is the event in the record, if one is. */
    const struct start_offset *starts; /* Of this topic, by partition. */
    uint32_t start_count;
};

struct route_source {
    struct text topic;
    uint32_t index;       /* In the table. */
    struct route *routes; /* Those of one flow are beside each other. */
    uint32_t route_count;
    uint32_t route_capacity;
    struct text *reply_headers; /* Distinct. */
    uint32_t reply_header_count;
    bool cloudevents; /* A route of it says so. */
};

struct route_table {
    struct arena arena;
    struct route_source **sources;
    uint32_t source_count;
    uint32_t source_capacity;
    struct map by_topic;
};

/* True if a step or an undo of the flow sends requests to services[service], so awaits its replies. */
bool flow_uses_service(const struct flow *flow, uint32_t service);

struct route_table *route_table_new(const struct flow_registry *registry);
void route_table_free(struct route_table *table); /* Accepts NULL. */

const struct route_source *route_table_find(const struct route_table *table, struct text topic);

/* The recorded start of a route in a partition. NULL: the partition came after the start was
 * resolved, so that everything in it is new. */
const struct start_offset *route_start(const struct route *route, int32_t partition);

/*
 * Where reading of a partition begins when nothing is committed: the lowest start of its routes in
 * the latest generation that one of them knows. A partition none of them knows begins at offset 0.
 */
struct start_offset source_start(const struct route_source *source, int32_t partition);

#endif
