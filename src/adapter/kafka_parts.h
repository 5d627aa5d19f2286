/*
 * kafka_parts - what the files of the Kafka adapter know of each other. Nobody else includes it.
 */
#ifndef BATON_ADAPTER_KAFKA_PARTS_H
#define BATON_ADAPTER_KAFKA_PARTS_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

#include "adapter/kafka_options.h"
#include "base/arena.h"
#include "engine/broker.h"

struct kafka_pool;

/* How long a question to the cluster may take. Below the session timeout, so that a lane that asks
 * in vain still polls in time. */
#define KAFKA_ANSWER_MS 5000
/* How long opening a transactional producer, and sending what is queued, may take. */
#define KAFKA_OPEN_MS 10000
/* Records of one request: librdkafka's default. */
#define KAFKA_BATCH_BYTES_MAX 1000000

struct kafka_broker {
    struct arena arena;
    struct kafka_options options;
    rd_kafka_t *admin; /* read_committed, which matters where ends are asked for. */
    rd_kafka_t *admin_uncommitted;
    /* The most bytes of one request that every topic written to so far takes. The only thing that
     * changes; see kafka_sender.c. */
    _Atomic int32_t batch_bytes;
    struct kafka_pool *readers; /* Handles that are used again; see kafka_pool.h. */
};

/* Make a handle and end `conf` in any case. */
MUST_CHECK enum status kafka_handle_new(rd_kafka_type_t type, rd_kafka_conf_t *conf,
                                        rd_kafka_t **rk, struct error *err);

/* The port's functions, one file each; `self` is the struct kafka_broker. */
enum status kafka_consumer_open(void *self, const struct consumer_options *options,
                                struct consumer *port, struct error *err);
enum status kafka_producer_open(void *self, struct text transactional_id, struct producer *port,
                                struct error *err);
enum status kafka_forwarder_open(void *self, struct forwarder *port, struct error *err);
enum status kafka_reader_open(void *self, struct text topic, int32_t partition, int64_t from,
                              struct log_reader *port, struct error *err);
enum status kafka_admin_committed(void *self, struct text group, struct partition_offset *offsets,
                                  uint32_t count, enum committed_read read, struct error *err);
enum status kafka_admin_ends(void *self, struct text topic, int32_t partition,
                             struct log_ends *ends, struct error *err);
enum status kafka_admin_offset_at(void *self, struct text topic, int32_t partition, int64_t time_ms,
                                  int64_t *offset, struct error *err);
enum status kafka_admin_delete_records(void *self, struct text topic, int32_t partition,
                                       int64_t before, struct error *err);
enum status kafka_topics_info(void *self, struct text topic, struct topic_info *info,
                              struct error *err);

/* The membership of an open consumer, for a transaction; to be destroyed by the caller. */
rd_kafka_consumer_group_metadata_t *kafka_consumer_membership(const struct consumer *consumer);

/* Our offsets as librdkafka's list, metadata included; the caller destroys it. */
rd_kafka_topic_partition_list_t *kafka_offset_list(const struct partition_offset *offsets,
                                                   uint32_t count);

/* One question to the cluster: options, queue and, after kafka_question_wait(), the answer. */
struct kafka_question {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
    rd_kafka_event_t *answer;
};

void kafka_question_init(struct kafka_question *question, rd_kafka_t *rk, rd_kafka_admin_op_t kind);
/* Wait for the answer. `doing` completes "cannot ...". */
MUST_CHECK enum status kafka_question_wait(struct kafka_question *question, const char *doing,
                                           struct error *err);
void kafka_question_release(struct kafka_question *question);

#endif
