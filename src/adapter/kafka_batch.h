/*
 * kafka_batch - the messages of one poll, as records that are borrowed until the next. Used inside
 * of the Kafka adapter by whatever reads. A zeroed batch is valid and empty.
 */
#ifndef BATON_ADAPTER_KAFKA_BATCH_H
#define BATON_ADAPTER_KAFKA_BATCH_H

#include <librdkafka/rdkafka.h>

#include "base/arena.h"
#include "engine/broker.h"

struct kafka_batch {
    rd_kafka_message_t **messages;
    uint32_t count;
    uint32_t capacity;
    struct arena headers;
    const rd_kafka_topic_t *topic; /* Of the last record, and its name. */
    struct text topic_name;
};

/* Forget the batch before; wait up to `wait_ms` for a first message, then take what is there, up
 * to `most` (at least 1). Serves the callbacks of the queue's handle. Errors are messages, too. */
void kafka_batch_take(struct kafka_batch *batch, rd_kafka_queue_t *queue, int64_t wait_ms,
                      uint32_t most);

/* A message that is no error, as a record. */
void kafka_batch_record(struct kafka_batch *batch, const rd_kafka_message_t *message,
                        struct record *record);

void kafka_batch_clear(struct kafka_batch *batch);
/* Before its handle is destroyed. */
void kafka_batch_release(struct kafka_batch *batch);

#endif
