#include "adapter/kafka_sender.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapter/kafka_error.h"
#include "adapter/real_clock.h"

/* Bytes of a batch with one record beside key, value and headers, at the most: 61 of the batch,
 * then lengths and deltas of the record as varints. */
#define BATCH_OVERHEAD_BYTES (61 + 5 + 1 + 10 + 5 + 5 + 5 + 5)
#define HEADER_OVERHEAD_BYTES 10
/* What a request of many records may hold beside its records. */
#define REQUEST_MARGIN_BYTES 1024
#define FULL_POLL_MS 20

struct kafka_topic {
    char *name;
    rd_kafka_topic_t *handle;
    int32_t partition_count;
    int32_t message_bytes_max;
};

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct kafka_sender *sender = opaque;
    int64_t *offset = message->_private;

    (void)rk;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        if (offset != NULL) {
            *offset = message->offset;
        }
        return;
    }
    /* The first failure is the cause, the others follow from it. Purged records did not fail. */
    if (!sender->failed && message->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE &&
        message->err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
        sender->failed = true;
        (void)fail(&sender->failure, STATUS_ABORT,
                   "topic '%s' partition %" PRId32 ": a record was not taken: %s",
                   rd_kafka_topic_name(message->rkt), message->partition,
                   rd_kafka_err2str(message->err));
    }
}

enum status kafka_sender_open(struct kafka_sender *sender, struct kafka_broker *broker,
                              rd_kafka_conf_t *conf, struct error *err)
{
    int64_t wanted = atomic_load_explicit(&broker->batch_bytes, memory_order_relaxed);
    char number[24];
    enum status status;

    sender->broker = broker;
    sender->batch_bytes = kafka_conf_number(conf, "batch.size");
    if (sender->batch_bytes > wanted) {
        sender->batch_bytes = wanted;
    }
    (void)snprintf(number, sizeof(number), "%" PRId64, sender->batch_bytes);
    status = kafka_conf_set(conf, "batch.size", number, err);
    if (status != STATUS_OK) {
        rd_kafka_conf_destroy(conf);
        return status;
    }
    rd_kafka_conf_set_opaque(conf, sender);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    return kafka_handle_new(RD_KAFKA_PRODUCER, conf, &sender->rk, err);
}

/* A request holds many records, and it is the request that the broker measures against the topic's
 * limit; one that is refused poisons the transaction and the handle. The size of requests is fixed
 * when a handle is opened, so a topic with a low limit costs one re-opening. */
static enum status check_batch(struct kafka_sender *sender, const struct kafka_topic *topic,
                               struct error *err)
{
    int32_t fitting = topic->message_bytes_max > 2 * REQUEST_MARGIN_BYTES
                          ? topic->message_bytes_max - REQUEST_MARGIN_BYTES
                          : 1;
    int32_t known = atomic_load_explicit(&sender->broker->batch_bytes, memory_order_relaxed);

    if (fitting >= sender->batch_bytes) {
        return STATUS_OK;
    }
    while (fitting < known &&
           !atomic_compare_exchange_weak(&sender->broker->batch_bytes, &known, fitting)) {
    }
    return fail(err, STATUS_ABORT,
                "topic '%s' takes %" PRId32 " bytes at once: the producer must be opened anew "
                "with smaller requests",
                topic->name, topic->message_bytes_max);
}

/* Ask the cluster what the topic is like. */
static enum status ask(struct kafka_sender *sender, struct text name, struct topic_info *info,
                       struct error *err)
{
    enum status status = kafka_topics_info(sender->broker, name, info, err);

    if (status == STATUS_OK && !info->exists) {
        return fail(err, STATUS_REJECT, "topic '%.*s' does not exist", TEXT_ARG(name));
    }
    return status == STATUS_FATAL ? STATUS_REJECT : status;
}

static enum status meet_topic(struct kafka_sender *sender, struct text name,
                              struct kafka_topic **out, struct error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    struct kafka_topic *topic;
    struct topic_info info;
    enum status status = ask(sender, name, &info, err);

    if (status != STATUS_OK) {
        return status;
    }
    topic = calloc(1, sizeof(*topic));
    CHECK(topic != NULL);
    topic->name = text_dup(name);
    topic->partition_count = info.partition_count;
    topic->message_bytes_max = info.message_bytes_max;
    topic->handle = rd_kafka_topic_new(sender->rk, topic->name, NULL);
    CHECK(topic->handle != NULL);
    (void)map_put(&sender->topics, text_of(topic->name), topic);
    /* So that the handle knows the leaders before the first record: otherwise that one waits up to
     * a second (before librdkafka 2.10.1). Should it fail, it waits. */
    if (rd_kafka_metadata(sender->rk, 0, topic->handle, &metadata, KAFKA_ANSWER_MS) ==
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(metadata);
    }
    *out = topic;
    return check_batch(sender, topic, err);
}

static enum status find_topic(struct kafka_sender *sender, struct text name,
                              struct kafka_topic **topic, struct error *err)
{
    if (sender->last != NULL && text_is(name, sender->last->name)) {
        *topic = sender->last;
        return STATUS_OK;
    }
    *topic = map_get(&sender->topics, name);
    if (*topic == NULL) {
        enum status status = meet_topic(sender, name, topic, err);

        if (status != STATUS_OK) {
            return status;
        }
    }
    sender->last = *topic;
    return STATUS_OK;
}

static size_t wire_bytes(const struct outgoing *record)
{
    size_t bytes = BATCH_OVERHEAD_BYTES + record->key.bytes + record->value.bytes;

    for (uint32_t i = 0; i < record->header_count; i++) {
        bytes += HEADER_OVERHEAD_BYTES + record->headers[i].name.bytes +
                 record->headers[i].value.bytes;
    }
    return bytes;
}

static bool fits(const struct kafka_topic *topic, const struct outgoing *record)
{
    bool place = record->partition == PARTITION_BY_KEY ||
                 (record->partition >= 0 && record->partition < topic->partition_count);

    return place && wire_bytes(record) <= (size_t)topic->message_bytes_max;
}

/* Refuse what the broker would refuse, before it is enqueued. What was known of the topic may be
 * old, so a refusal is never given from memory. */
static enum status check_record(struct kafka_sender *sender, struct kafka_topic *topic,
                                const struct outgoing *record, struct error *err)
{
    struct topic_info info;
    enum status status;

    if (fits(topic, record)) {
        return STATUS_OK;
    }
    status = ask(sender, record->topic, &info, err);
    if (status != STATUS_OK) {
        return status;
    }
    topic->partition_count = info.partition_count;
    topic->message_bytes_max = info.message_bytes_max;
    if (fits(topic, record)) {
        return STATUS_OK;
    }
    if (wire_bytes(record) > (size_t)topic->message_bytes_max) {
        return fail(err, STATUS_REJECT,
                    "topic '%s': a record of %zu bytes is above its max.message.bytes of "
                    "%" PRId32,
                    topic->name, wire_bytes(record), topic->message_bytes_max);
    }
    return fail(err, STATUS_REJECT,
                "topic '%s': partition %" PRId32 " does not exist, it has %" PRId32, topic->name,
                record->partition, topic->partition_count);
}

static rd_kafka_headers_t *make_headers(const struct outgoing *record)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);

    for (uint32_t i = 0; i < record->header_count; i++) {
        const struct record_header *header = &record->headers[i];

        CHECK(rd_kafka_header_add(headers, header->name.data, (ssize_t)header->name.bytes,
                                  header->value.data,
                                  (ssize_t)header->value.bytes) == RD_KAFKA_RESP_ERR_NO_ERROR);
    }
    return headers;
}

/* Key and headers are copied by librdkafka, the value is borrowed until it is acknowledged. */
static rd_kafka_error_t *enqueue(struct kafka_sender *sender, const struct kafka_topic *topic,
                                 const struct outgoing *record)
{
    rd_kafka_headers_t *headers = record->header_count > 0 ? make_headers(record) : NULL;
    rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic->handle},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = record->partition},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = 0},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {.ptr = (void *)record->key.data, .size = record->key.bytes}},
        {.vtype = RD_KAFKA_VTYPE_VALUE,
         .u.mem = {.ptr = (void *)record->value.data, .size = record->value.bytes}},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = record->offset},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    size_t count = sizeof(parts) / sizeof(parts[0]) - (headers == NULL ? 1 : 0);
    rd_kafka_error_t *cause = rd_kafka_produceva(sender->rk, parts, count);

    if (cause != NULL && headers != NULL) {
        rd_kafka_headers_destroy(headers); /* They are taken only with the record. */
    }
    return cause;
}

enum status kafka_sender_send(struct kafka_sender *sender, const struct outgoing *record,
                              int64_t wait_ms, struct error *err)
{
    int64_t deadline_ms = 0;
    struct kafka_topic *topic = NULL;
    rd_kafka_resp_err_t code;
    enum status status;

    status = find_topic(sender, record->topic, &topic, err);
    if (status == STATUS_OK) {
        status = check_record(sender, topic, record, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    for (;;) {
        rd_kafka_error_t *cause = enqueue(sender, topic, record);

        if (cause == NULL) {
            return STATUS_OK;
        }
        code = rd_kafka_error_code(cause);
        status = kafka_end_in_transaction(cause, "produce", err);
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
            break;
        }
        if (deadline_ms == 0) {
            deadline_ms = real_clock_monotonic_ms() + wait_ms;
        }
        if (real_clock_monotonic_ms() >= deadline_ms) {
            (void)rd_kafka_poll(sender->rk, 0);
            status = STATUS_RETRY;
            break;
        }
        (void)rd_kafka_poll(sender->rk, FULL_POLL_MS);
    }
    if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
        status = STATUS_REJECT; /* Above message.max.bytes of the client: not enqueued. */
    }
    return fail_in(err, status, "topic '%s'", topic->name);
}

enum status kafka_sender_flush(struct kafka_sender *sender, int wait_ms, struct error *err)
{
    rd_kafka_resp_err_t code = rd_kafka_flush(sender->rk, wait_ms);

    if (sender->failed) {
        return fail(err, STATUS_ABORT, "%s", sender->failure.text);
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return fail(err, STATUS_RETRY, "%d records are not acknowledged after %d ms: %s",
                    rd_kafka_outq_len(sender->rk), wait_ms, rd_kafka_err2str(code));
    }
    return STATUS_OK;
}

void kafka_sender_close(struct kafka_sender *sender)
{
    struct text name;
    void *value;
    size_t cursor = 0;

    while (map_next(&sender->topics, &cursor, &name, &value)) {
        struct kafka_topic *topic = value;

        rd_kafka_topic_destroy(topic->handle);
        free(topic->name);
        free(topic);
    }
    map_release(&sender->topics);
    if (sender->rk != NULL) {
        (void)rd_kafka_purge(sender->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                             RD_KAFKA_PURGE_F_NON_BLOCKING);
        rd_kafka_destroy(sender->rk);
    }
}
