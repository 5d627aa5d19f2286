/*
 * kafka_broker - the broker port over a real Kafka cluster, by librdkafka.
 */
#ifndef BATON_ADAPTER_KAFKA_BROKER_H
#define BATON_ADAPTER_KAFKA_BROKER_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/status.h"
#include "base/text.h"
#include "engine/broker.h"
#include "engine/topics.h"

/* A property of librdkafka, passed on untouched: "bootstrap.servers", "security.protocol", ... */
struct kafka_property {
    struct text name;
    struct text value;
};

struct kafka_properties {
    const struct kafka_property *items;
    uint32_t count;
};

/* What the user gave. Of a name that comes twice the later wins, and a side wins over common. */
struct kafka_options {
    struct kafka_properties common;
    struct kafka_properties consumer; /* For whatever reads. */
    struct kafka_properties producer; /* For whatever writes. */
    /* librdkafka wants a group even for reading without one; nothing is ever committed under it.
     * It matters only where ACLs name groups. Empty: "baton.reader". */
    struct text reader_group;
};

struct kafka_broker;

/*
 * Make the factory. Copies `options`; talks to nobody yet.
 *
 * STATUS_OK:     *broker belongs to the caller; end it with kafka_broker_close().
 * STATUS_REJECT: a property that does not exist, has a bad value, or would break a guarantee
 *                (offsets, idempotence, isolation, placement); err names it and says why.
 * STATUS_FATAL:  librdkafka cannot be set up.
 */
MUST_CHECK enum status kafka_broker_open(const struct kafka_options *options,
                                         struct kafka_broker **broker, struct error *err);

/* The cluster as the engine sees it; may be shared by threads. Valid until kafka_broker_close(). */
struct broker kafka_broker_port(struct kafka_broker *broker);

/* Does one of the brokers answer within `wait_ms`? STATUS_RETRY: none; err says what the client says. */
MUST_CHECK enum status kafka_broker_reach(struct kafka_broker *broker, int64_t wait_ms,
                                          struct error *err);

/* The names of all topics that we may see, in no order, in `arena`. STATUS_RETRY: no answer. */
MUST_CHECK enum status kafka_broker_topics(struct kafka_broker *broker, struct arena *arena,
                                           struct text **names, uint32_t *count, struct error *err);

/* Every handle that was opened by it must be closed before. Accepts NULL. */
void kafka_broker_close(struct kafka_broker *broker);

/*
 * Create the topics that do not exist, compare those that do. A replication (and then
 * min.insync.replicas) above the number of brokers is lowered to it. The names of topics with fewer
 * copies than wanted are added to `thin`, with commas between them, unless it is NULL.
 *
 * STATUS_OK:     all are there as wanted, with leaders.
 * STATUS_REJECT: one exists otherwise, or cannot be made so; err names the topic, the setting, the
 *                value found and the value wanted. Topics created so far stay.
 * STATUS_RETRY:  the cluster cannot be reached, or does not answer in time.
 */
MUST_CHECK enum status kafka_topics_ensure(struct kafka_broker *broker,
                                           const struct topic_spec *specs, uint32_t count,
                                           struct buffer *thin, struct error *err);

/* Delete topics; those that do not exist are none to delete. STATUS_REJECT: one cannot be deleted, such as
 * for want of rights. STATUS_RETRY: no answer. */
MUST_CHECK enum status kafka_topics_delete(struct kafka_broker *broker, const struct text *names,
                                           uint32_t count, struct error *err);

#endif
