/*
 * kafka_pool - handles for reading that wait to be used again. Taking over a partition reads three
 * logs; a new handle for each would connect, and ask for the cluster, each time. Used inside of the
 * Kafka adapter; may be shared by threads.
 */
#ifndef BATON_ADAPTER_KAFKA_POOL_H
#define BATON_ADAPTER_KAFKA_POOL_H

#include <librdkafka/rdkafka.h>

#include "adapter/kafka_options.h"

struct kafka_pool;

/* Borrows `options`. */
struct kafka_pool *kafka_pool_new(const struct kafka_options *options);

/* A consumer with nothing assigned, idle or new. */
MUST_CHECK enum status kafka_pool_take(struct kafka_pool *pool, rd_kafka_t **rk, struct error *err);

/* Give it back; no message or queue of it may be held any more. */
void kafka_pool_give(struct kafka_pool *pool, rd_kafka_t *rk);

/* Accepts NULL. */
void kafka_pool_free(struct kafka_pool *pool);

#endif
