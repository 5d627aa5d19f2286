#include "adapter/kafka_scan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/kafka_batch.h"
#include "adapter/kafka_error.h"
#include "adapter/kafka_parts.h"
#include "adapter/kafka_pool.h"
#include "adapter/real_clock.h"
#include "engine/fsck_estate.h"

#define BATCH_MAX 1000
#define WAIT_MS 200
#define SILENCE_MS 10000

struct scanned {
    char *topic;
    int32_t partition;
    int64_t next; /* To be given out. */
    int64_t to;
    bool is_done;
};

struct scan {
    struct kafka_broker *broker;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    struct scanned *items; /* By topic and partition. */
    uint32_t count;
    uint32_t left;
    struct kafka_batch batch;
    void *visitor;
    void (*visit)(void *visitor, const struct record *record);
};

static int compare(const void *a, const void *b)
{
    const struct scanned *left = a;
    const struct scanned *right = b;
    int order = strcmp(left->topic, right->topic);

    return order != 0 ? order
                      : (left->partition > right->partition) - (left->partition < right->partition);
}

static struct scanned *find(const struct scan *scan, const char *topic, int32_t partition)
{
    struct scanned asked = {.topic = (char *)(uintptr_t)topic, .partition = partition};

    return bsearch(&asked, scan->items, scan->count, sizeof(*scan->items), compare);
}

/* It stays assigned: what comes of it beyond the range is dropped. */
static void done(struct scan *scan, struct scanned *item)
{
    scan->left -= !item->is_done;
    item->is_done = true;
}

/* Fetch all that is not done, each from where it stands. */
static enum status assign(struct scan *scan, struct error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)scan->count);
    rd_kafka_resp_err_t code;

    for (uint32_t i = 0; i < scan->count; i++) {
        const struct scanned *item = &scan->items[i];

        if (!item->is_done) {
            rd_kafka_topic_partition_list_add(list, item->topic, item->partition)->offset =
                item->next;
        }
    }
    code = rd_kafka_assign(scan->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK : kafka_fail(code, NULL, "read", err);
}

/* The log was cut off meanwhile, as the inbox is once a minute. Asked by another handle, whose
 * answer does not wait for a fetch. */
static enum status skip_to_beginning(struct scan *scan, struct scanned *item, struct error *err)
{
    int64_t low = 0;
    int64_t high = 0;
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(scan->broker->admin_uncommitted,
                                                                item->topic, item->partition, &low,
                                                                &high, KAFKA_ANSWER_MS);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_fail(code, NULL, "read its ends", err);
    }
    if (low <= item->next && item->next <= high) {
        return assign(scan, err); /* Said of a reading before this one. */
    }
    if (low <= item->next) {
        return fail(err, STATUS_RETRY,
                    "topic '%s' partition %" PRId32 ": offset %" PRId64 " is not there",
                    item->topic, item->partition, item->next);
    }
    item->next = low;
    if (low >= item->to) {
        done(scan, item);
    }
    return scan->left > 0 ? assign(scan, err) : STATUS_OK;
}

static enum status take_error(struct scan *scan, const rd_kafka_message_t *message,
                              struct error *err)
{
    const char *topic = message->rkt == NULL ? "" : rd_kafka_topic_name(message->rkt);
    struct scanned *item = find(scan, topic, message->partition);
    enum status status = kafka_status(message->err);

    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        /* Its offset lies after markers and aborted records, too. */
        if (item != NULL && message->offset >= item->to) {
            done(scan, item);
        }
        return STATUS_OK;
    }
    if (item != NULL && (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                         message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)) {
        return skip_to_beginning(scan, item, err);
    }
    if (status == STATUS_REJECT || status == STATUS_FATAL) {
        return kafka_fail(message->err, rd_kafka_message_errstr(message), "read", err);
    }
    return STATUS_OK; /* The client tries again. */
}

static void take_record(struct scan *scan, const rd_kafka_message_t *message)
{
    struct scanned *item = find(scan, rd_kafka_topic_name(message->rkt), message->partition);
    struct record record;

    if (item == NULL || item->is_done || message->offset < item->next) {
        return;
    }
    item->next = message->offset + 1;
    if (message->offset < item->to) {
        kafka_batch_record(&scan->batch, message, &record);
        scan->visit(scan->visitor, &record);
    }
    if (message->offset + 1 >= item->to) {
        done(scan, item);
    }
}

static enum status read_all(struct scan *scan, struct error *err)
{
    int64_t heard_ms = real_clock_monotonic_ms();
    enum status status = STATUS_OK;

    while (scan->left > 0 && status == STATUS_OK) {
        kafka_batch_take(&scan->batch, scan->queue, WAIT_MS, BATCH_MAX);
        for (uint32_t i = 0; i < scan->batch.count && status == STATUS_OK; i++) {
            const rd_kafka_message_t *message = scan->batch.messages[i];

            if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                heard_ms = real_clock_monotonic_ms();
                take_record(scan, message);
            } else {
                status = take_error(scan, message, err);
            }
        }
        if (status == STATUS_OK && real_clock_monotonic_ms() - heard_ms > SILENCE_MS) {
            return fail(err, STATUS_RETRY, "nothing comes of %" PRIu32 " partitions", scan->left);
        }
    }
    return status;
}

/* Asking for an end by the same handle tells it who leads the topic's partitions; otherwise it would
 * find out within a second. */
static enum status meet_leaders(const struct scan *scan, struct error *err)
{
    for (uint32_t i = 0; i < scan->count; i++) {
        const struct scanned *item = &scan->items[i];
        rd_kafka_resp_err_t code;
        int64_t low;
        int64_t high;

        if (i > 0 && strcmp(item->topic, scan->items[i - 1].topic) == 0) {
            continue;
        }
        code = rd_kafka_query_watermark_offsets(scan->rk, item->topic, item->partition, &low, &high,
                                                KAFKA_ANSWER_MS);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return fail_in(err, kafka_fail(code, NULL, "read its ends", err), "topic '%s'",
                           item->topic);
        }
    }
    return STATUS_OK;
}

static enum status start(struct scan *scan, const struct scan_range *ranges, uint32_t count,
                         struct error *err)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < count; i++) {
        if (ranges[i].from < ranges[i].to) {
            scan->items[scan->count++] = (struct scanned){.topic = text_dup(ranges[i].topic),
                                                          .partition = ranges[i].partition,
                                                          .next = ranges[i].from,
                                                          .to = ranges[i].to};
        }
    }
    scan->left = scan->count;
    qsort(scan->items, scan->count, sizeof(*scan->items), compare);
    if (scan->count > 0) {
        status = meet_leaders(scan, err);
    }
    return scan->count > 0 && status == STATUS_OK ? assign(scan, err) : status;
}

enum status kafka_scan(struct kafka_broker *broker, const struct scan_range *ranges, uint32_t count,
                       void *visitor, void (*visit)(void *visitor, const struct record *record),
                       struct error *err)
{
    struct scan scan = {.broker = broker, .visitor = visitor, .visit = visit};
    enum status status = kafka_pool_take(broker->readers, &scan.rk, err);

    if (status != STATUS_OK) {
        return status;
    }
    scan.items = calloc((size_t)count + 1, sizeof(*scan.items));
    CHECK(scan.items != NULL);
    scan.queue = rd_kafka_queue_get_consumer(scan.rk);
    status = start(&scan, ranges, count, err);
    if (status == STATUS_OK) {
        status = read_all(&scan, err);
    }
    kafka_batch_release(&scan.batch);
    rd_kafka_queue_destroy(scan.queue);
    kafka_pool_give(broker->readers, scan.rk);
    for (uint32_t i = 0; i < scan.count; i++) {
        free(scan.items[i].topic);
    }
    free(scan.items);
    return status;
}
