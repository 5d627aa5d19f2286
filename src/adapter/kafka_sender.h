/*
 * kafka_sender - what the transactional producer and the forwarder have in common: a handle, the
 * topics it has met, and whether a delivery has failed. Used inside of the Kafka adapter.
 */
#ifndef BATON_ADAPTER_KAFKA_SENDER_H
#define BATON_ADAPTER_KAFKA_SENDER_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "adapter/kafka_parts.h"
#include "base/map.h"

struct kafka_topic;

struct kafka_sender {
    rd_kafka_t *rk;
    struct kafka_broker *broker; /* Borrowed. */
    struct map topics;           /* Of struct kafka_topic, by name. */
    struct kafka_topic *last;
    int64_t batch_bytes; /* The most that one request of this handle holds. */
    bool failed;         /* A delivery has; the handle must be opened anew. */
    struct error failure;
};

/* Make the handle; ends `conf`. `sender` is zeroed and must not move. */
MUST_CHECK enum status kafka_sender_open(struct kafka_sender *sender, struct kafka_broker *broker,
                                         rd_kafka_conf_t *conf, struct error *err);

/*
 * Enqueue. While the local queue is full, serve it and try again for up to `wait_ms`.
 *
 * REJECT: above the topic's max.message.bytes, or no such topic or partition; nothing was done.
 * RETRY:  the queue is full, or the topic cannot be asked for; nothing was done.
 * ABORT:  the handle must be opened anew. Also when a topic takes smaller requests than the handle
 *         makes: the next one makes smaller ones.
 */
MUST_CHECK enum status kafka_sender_send(struct kafka_sender *sender, const struct outgoing *record,
                                         int64_t wait_ms, struct error *err);

/* RETRY: not everything was acknowledged within `wait_ms`. ABORT: a delivery has failed. */
MUST_CHECK enum status kafka_sender_flush(struct kafka_sender *sender, int wait_ms,
                                          struct error *err);

/* Drops what is not acknowledged; nothing of it is touched afterwards. */
void kafka_sender_close(struct kafka_sender *sender);

#endif
