/*
 * Reads one partition: a consumer that is given its partition and never joins a group.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "adapter/kafka_batch.h"
#include "adapter/kafka_error.h"
#include "adapter/kafka_parts.h"
#include "adapter/kafka_pool.h"
#include "base/log.h"

/* How long a poll may take to find out that the cluster is away. */
#define ENDS_MS 1000
/* What is known to be there is waited for so long, also by those who would not wait. */
#define WOKEN_WAIT_MS 100

struct kafka_reader {
    struct kafka_broker *broker;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    char *topic;
    int32_t partition;
    int64_t position;
    int64_t end_seen;  /* By the client, the last time it told; -1 before. */
    int64_t end_known; /* The last stable offset when it was last asked for. */
    bool polled;       /* For the first time, at least. */
    bool parked;       /* At the end, with nothing assigned. */
    struct kafka_batch batch;
};

static enum status assign_at(struct kafka_reader *reader, int64_t offset, struct error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_resp_err_t code;

    rd_kafka_topic_partition_list_add(list, reader->topic, reader->partition)->offset = offset;
    code = rd_kafka_assign(reader->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    reader->position = offset;
    reader->parked = false;
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : kafka_fail(code, NULL, "read it", err);
}

/* While it reads, `rk` is a handle with another connection: on the reader's own the answer would
 * wait for the fetch before it, which waits at the broker for something to come. */
static enum status read_ends(const struct kafka_reader *reader, rd_kafka_t *rk, int64_t *low,
                             int64_t *end, struct error *err)
{
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
        rk, reader->topic, reader->partition, low, end, reader->polled ? ENDS_MS : KAFKA_ANSWER_MS);

    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK
                                              : kafka_fail(code, NULL, "read its ends", err);
}

/* The position is gone: the log's beginning has moved past it, or it never was. */
static enum status find_position(struct kafka_reader *reader, struct error *err)
{
    int64_t low = 0;
    int64_t end = 0;
    enum status status = read_ends(reader, reader->broker->admin_uncommitted, &low, &end, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (reader->position >= low && reader->position <= end) {
        /* Said of a reading before this one: the client does not drop such a word. */
        return assign_at(reader, reader->position, err);
    }
    if (reader->position < low) {
        log_event(LOG_WARN, "kafka_reader_skips",
                  "topic=%s partition=%" PRId32 " from=%" PRId64 " to=%" PRId64, reader->topic,
                  reader->partition, reader->position, low);
        return assign_at(reader, low, err);
    }
    return fail(err, STATUS_REJECT, "position %" PRId64 " is not there: it ends at %" PRId64,
                reader->position, end);
}

static enum status take_error(struct kafka_reader *reader, const rd_kafka_message_t *message,
                              struct error *err)
{
    enum status status = kafka_status(message->err);

    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        /* Its offset lies after markers and aborted records, too. */
        if (message->offset > reader->position) {
            reader->position = message->offset;
        }
        reader->end_seen = message->offset;
        return STATUS_OK;
    }
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        return find_position(reader, err);
    }
    if (status == STATUS_REJECT || status == STATUS_FATAL) {
        if (message->rkt != NULL || message->err == RD_KAFKA_RESP_ERR__FATAL) {
            return kafka_fail(message->err, rd_kafka_message_errstr(message), "read it", err);
        }
    }
    log_event(LOG_WARN, "kafka_reader", "error=\"%s\"", rd_kafka_message_errstr(message));
    return STATUS_OK;
}

/* The client skips markers without a word, but knows that it did. It counts being told of the end
 * as a record, too (librdkafka 2.8); believing that would lose the next record. */
static void skip_markers(struct kafka_reader *reader)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(list, reader->topic, reader->partition);
    if (rd_kafka_position(reader->rk, list) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        list->elems[0].offset > reader->position && list->elems[0].offset != reader->end_seen + 1) {
        reader->position = list->elems[0].offset;
    }
    rd_kafka_topic_partition_list_destroy(list);
}

/* What was the end may be old, so the broker is asked before it is called the end; while even the
 * old one is not reached there is nothing to ask. */
static bool is_at_end(struct kafka_reader *reader)
{
    int64_t low = 0;

    return reader->position >= reader->end_known &&
           read_ends(reader, reader->broker->admin, &low, &reader->end_known, NULL) == STATUS_OK &&
           reader->position >= reader->end_known;
}

/* Who only looks in now and then leaves the client fetching a hundred times a second in between. So
 * it is given nothing to fetch once the end is reached, and its partition again when there is more. */
static void park(struct kafka_reader *reader)
{
    if (rd_kafka_assign(reader->rk, NULL) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        reader->parked = true;
    }
}

/* Before a poll. Who does not wait learns from the ends alone that there is nothing. */
static enum status wake(struct kafka_reader *reader, int64_t *wait_ms, struct error *err)
{
    if (*wait_ms == 0) {
        if (is_at_end(reader) && reader->position == reader->end_known) {
            return STATUS_OK;
        }
        *wait_ms = WOKEN_WAIT_MS;
    }
    return assign_at(reader, reader->position, err);
}

/* What has come, of which nothing is given out before the position. */
static enum status give_out(struct kafka_reader *reader, struct record *records, uint32_t *count,
                            struct error *err)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < reader->batch.count && status == STATUS_OK; i++) {
        const rd_kafka_message_t *message = reader->batch.messages[i];

        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            status = take_error(reader, message, err);
        } else if (message->offset >= reader->position) {
            kafka_batch_record(&reader->batch, message, &records[(*count)++]);
            reader->position = message->offset + 1;
        }
    }
    return status == STATUS_OK ? status
                               : fail_in(err, status, "topic '%s' partition %" PRId32,
                                         reader->topic, reader->partition);
}

static enum status poll_port(void *self, int64_t wait_ms, struct record *records, uint32_t capacity,
                             uint32_t *count, bool *at_end, struct error *err)
{
    struct kafka_reader *reader = self;
    int64_t asked_ms = wait_ms;
    enum status status = STATUS_OK;

    *count = 0;
    *at_end = false;
    if (reader->parked) {
        status = wake(reader, &wait_ms, err);
        if (status != STATUS_OK || reader->parked) {
            *at_end = status == STATUS_OK;
            return status;
        }
    }
    if (!reader->polled) {
        /* A log that is empty from here on need not be waited for to be called so. */
        reader->polled = true;
        wait_ms = is_at_end(reader) ? 0 : wait_ms;
    }
    kafka_batch_take(&reader->batch, reader->queue, wait_ms, capacity);
    status = give_out(reader, records, count, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (reader->batch.count < capacity) {
        skip_markers(reader);
    }
    *at_end = is_at_end(reader);
    /* Behind the end there is nothing to read at all, and the client has yet to say so. */
    if (*at_end && asked_ms == 0 && *count == 0 && reader->position == reader->end_known) {
        park(reader);
    }
    return STATUS_OK;
}

static int64_t position(void *self)
{
    const struct kafka_reader *reader = self;

    return reader->position;
}

static void close_port(void *self)
{
    struct kafka_reader *reader = self;

    if (reader == NULL) {
        return;
    }
    kafka_batch_release(&reader->batch);
    if (reader->queue != NULL) {
        rd_kafka_queue_destroy(reader->queue);
    }
    if (reader->rk != NULL) {
        kafka_pool_give(reader->broker->readers, reader->rk);
    }
    free(reader->topic);
    free(reader);
}

enum status kafka_reader_open(void *self, struct text topic, int32_t partition, int64_t from,
                              struct log_reader *port, struct error *err)
{
    struct kafka_broker *broker = self;
    struct kafka_reader *reader = calloc(1, sizeof(*reader));
    int64_t low = 0;
    enum status status;

    CHECK(reader != NULL);
    reader->broker = broker;
    reader->topic = text_dup(topic);
    reader->partition = partition;
    reader->end_seen = -1;
    status = kafka_pool_take(broker->readers, &reader->rk, err);
    if (status == STATUS_OK) {
        reader->queue = rd_kafka_queue_get_consumer(reader->rk);
        /* By its own handle, which so learns who leads the partition; otherwise it would find out
         * within a second. */
        status = read_ends(reader, reader->rk, &low, &reader->end_known, err);
    }
    if (status == STATUS_OK) {
        status = assign_at(reader, from > low ? from : low, err);
    }
    if (status != STATUS_OK) {
        close_port(reader);
        return fail_in(err, status, "topic '%.*s' partition %" PRId32, TEXT_ARG(topic), partition);
    }
    *port = (struct log_reader){
        .self = reader, .poll = poll_port, .position = position, .close = close_port};
    return STATUS_OK;
}
