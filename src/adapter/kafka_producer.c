/*
 * The transactional producer. Inside of a transaction nothing is retried one by one: whatever goes
 * wrong is ABORT or worse, and the engine opens the id anew and finds out what has happened.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "adapter/kafka_error.h"
#include "adapter/kafka_sender.h"

/* How long the first try to open an id may take; each further one gets twice as much. */
#define OPEN_FIRST_MS 80

struct kafka_producer {
    struct kafka_sender sender;
    int timeout_ms; /* Of a transaction: what has not happened by then will not. */
};

static enum status failed_before(const struct kafka_producer *producer, struct error *err)
{
    return producer->sender.failed ? fail(err, STATUS_ABORT, "%s", producer->sender.failure.text)
                                   : STATUS_OK;
}

static enum status begin(void *self, struct error *err)
{
    struct kafka_producer *producer = self;
    enum status status = failed_before(producer, err);

    return status != STATUS_OK
               ? status
               : kafka_end_in_transaction(rd_kafka_begin_transaction(producer->sender.rk),
                                          "begin a transaction", err);
}

static enum status produce(void *self, const struct outgoing *record, struct error *err)
{
    struct kafka_producer *producer = self;
    enum status status = failed_before(producer, err);

    if (status != STATUS_OK) {
        return status;
    }
    status = kafka_sender_send(&producer->sender, record, producer->timeout_ms, err);
    return status == STATUS_RETRY ? STATUS_ABORT : status;
}

static enum status flush(void *self, struct error *err)
{
    struct kafka_producer *producer = self;
    enum status status = kafka_sender_flush(&producer->sender, producer->timeout_ms, err);

    return status == STATUS_OK ? STATUS_OK : STATUS_ABORT;
}

/* librdkafka drops a partition without an offset from the list and says nothing; a transaction
 * without an offset commit for a partition does not fence a zombie of it (DESIGN.md rule 1). */
static enum status check_offsets(const struct partition_offset *offsets, uint32_t count,
                                 struct error *err)
{
    for (uint32_t i = 0; i < count; i++) {
        if (offsets[i].offset < 0) {
            return fail(err, STATUS_REJECT,
                        "topic '%.*s' partition %" PRId32 ": no offset to commit",
                        TEXT_ARG(offsets[i].topic), offsets[i].partition);
        }
    }
    return count > 0 ? STATUS_OK : fail(err, STATUS_REJECT, "no offsets to commit");
}

static enum status send_offsets(void *self, const struct consumer *member,
                                const struct partition_offset *offsets, uint32_t count,
                                struct error *err)
{
    struct kafka_producer *producer = self;
    rd_kafka_consumer_group_metadata_t *membership;
    rd_kafka_topic_partition_list_t *list;
    enum status status = check_offsets(offsets, count, err);

    if (status != STATUS_OK) {
        return status;
    }
    membership = kafka_consumer_membership(member);
    if (membership == NULL) {
        return fail(err, STATUS_FENCED, "cannot send offsets: not a member of a group");
    }
    list = kafka_offset_list(offsets, count);
    status = kafka_end_in_transaction(
        rd_kafka_send_offsets_to_transaction(producer->sender.rk, list, membership, -1),
        "send offsets", err);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_consumer_group_metadata_destroy(membership);
    return status;
}

static enum status commit(void *self, struct error *err)
{
    struct kafka_producer *producer = self;
    enum status status = failed_before(producer, err);

    /* Without end would be the safest for a producer that is used again. Ours is not: after any
     * failure it is closed, and the outcome is read from the committed offset. */
    return status != STATUS_OK
               ? status
               : kafka_end_in_transaction(
                     rd_kafka_commit_transaction(producer->sender.rk, producer->timeout_ms),
                     "commit", err);
}

static enum status abort_transaction(void *self, struct error *err)
{
    struct kafka_producer *producer = self;

    return kafka_end_in_transaction(
        rd_kafka_abort_transaction(producer->sender.rk, producer->timeout_ms), "abort", err);
}

static void close_producer(void *self)
{
    struct kafka_producer *producer = self;

    if (producer != NULL) {
        kafka_sender_close(&producer->sender);
        free(producer);
    }
}

/* One try. On OK *producer belongs to the caller. */
static enum status open_once(struct kafka_broker *broker, struct text transactional_id, int wait_ms,
                             struct kafka_producer **out, struct error *err)
{
    struct kafka_producer *producer;
    rd_kafka_conf_t *conf = NULL;
    enum status status = kafka_options_conf(&broker->options, KAFKA_PRODUCER, &conf, err);

    if (status != STATUS_OK) {
        return status;
    }
    status = kafka_conf_set_text(conf, "transactional.id", transactional_id, err);
    if (status != STATUS_OK) {
        rd_kafka_conf_destroy(conf);
        return status;
    }
    producer = calloc(1, sizeof(*producer));
    CHECK(producer != NULL);
    producer->timeout_ms = (int)kafka_conf_number(conf, "transaction.timeout.ms");
    status = kafka_sender_open(&producer->sender, broker, conf, err);
    if (status == STATUS_OK) {
        status = kafka_end(rd_kafka_init_transactions(producer->sender.rk, wait_ms),
                           "open the transactional id", err);
    }
    if (status != STATUS_OK) {
        close_producer(producer);
        return fail_in(err, status, "producer '%.*s'", TEXT_ARG(transactional_id));
    }
    *out = producer;
    return STATUS_OK;
}

enum status kafka_producer_open(void *self, struct text transactional_id, struct producer *port,
                                struct error *err)
{
    struct kafka_producer *producer = NULL;
    enum status status = STATUS_RETRY;

    /* If the id has left a transaction open, the first try has it aborted and is told to come
     * again, which librdkafka does after half a second. A fresh handle asks at once. */
    for (int wait_ms = OPEN_FIRST_MS; status == STATUS_RETRY && wait_ms <= KAFKA_OPEN_MS;
         wait_ms *= 2) {
        status = open_once(self, transactional_id, wait_ms, &producer, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *port = (struct producer){.self = producer,
                              .begin = begin,
                              .produce = produce,
                              .flush = flush,
                              .send_offsets = send_offsets,
                              .commit = commit,
                              .abort = abort_transaction,
                              .close = close_producer};
    return STATUS_OK;
}
