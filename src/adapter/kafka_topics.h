/*
 * kafka_topics - what a topic looks like. Used inside of the Kafka adapter.
 */
#ifndef BATON_ADAPTER_KAFKA_TOPICS_H
#define BATON_ADAPTER_KAFKA_TOPICS_H

#include <stdbool.h>

#include "adapter/kafka_broker.h"
#include "adapter/kafka_parts.h"

struct kafka_topic_shape {
    bool exists;
    bool led; /* Every partition has a leader. */
    int32_t partition_count;
    int32_t replication;  /* The smallest of its partitions. */
    int32_t broker_count; /* Of the cluster; known for a topic that does not exist, too. */
};

/* A topic that does not exist is STATUS_OK. */
MUST_CHECK enum status kafka_topic_shape(struct kafka_broker *broker, const char *topic,
                                         struct kafka_topic_shape *shape, struct error *err);

/* STATUS_REJECT: one of `wanted` is otherwise; err names topic, setting, found and wanted value. */
MUST_CHECK enum status kafka_topic_compare(struct kafka_broker *broker, const char *topic,
                                           const struct topic_config *wanted, uint32_t wanted_count,
                                           struct error *err);

#endif
