#include "adapter/kafka_batch.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void reserve(struct kafka_batch *batch, uint32_t capacity)
{
    if (capacity > batch->capacity) {
        batch->messages = realloc(batch->messages, (size_t)capacity * sizeof(rd_kafka_message_t *));
        CHECK(batch->messages != NULL);
        batch->capacity = capacity;
    }
}

void kafka_batch_take(struct kafka_batch *batch, rd_kafka_queue_t *queue, int64_t wait_ms,
                      uint32_t most)
{
    int first_ms = wait_ms < 0 ? 0 : wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;
    ssize_t taken;

    CHECK(most > 0);
    kafka_batch_clear(batch);
    reserve(batch, most);
    /* A call waits its whole time unless the array is filled: so one message with the time, then
     * all others without. */
    taken = rd_kafka_consume_batch_queue(queue, first_ms, batch->messages, 1);
    if (taken <= 0) {
        return;
    }
    batch->count = 1;
    if (most > 1) {
        taken = rd_kafka_consume_batch_queue(queue, 0, batch->messages + 1, most - 1);
        batch->count += taken > 0 ? (uint32_t)taken : 0;
    }
}

static void take_headers(struct kafka_batch *batch, const rd_kafka_message_t *message,
                         struct record *record)
{
    rd_kafka_headers_t *found = NULL;
    struct record_header *headers;
    size_t count;

    if (rd_kafka_message_headers(message, &found) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return; /* There are none. */
    }
    count = rd_kafka_header_cnt(found);
    headers = arena_array(&batch->headers, count, sizeof(*headers));
    for (size_t i = 0; i < count; i++) {
        const void *value = NULL;
        const char *name = NULL;

        CHECK(rd_kafka_header_get_all(found, i, &name, &value, &headers[i].value.bytes) ==
              RD_KAFKA_RESP_ERR_NO_ERROR);
        headers[i].name = text_of(name);
        headers[i].value.data = value;
    }
    record->headers = headers;
    record->header_count = (uint32_t)count;
}

void kafka_batch_record(struct kafka_batch *batch, const rd_kafka_message_t *message,
                        struct record *record)
{
    if (message->rkt != batch->topic) {
        batch->topic = message->rkt;
        batch->topic_name = text_of(rd_kafka_topic_name(message->rkt));
    }
    *record = (struct record){
        .topic = batch->topic_name,
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        .key = {message->key, message->key_len},
        .value = {message->payload, message->len},
    };
    take_headers(batch, message, record);
}

void kafka_batch_clear(struct kafka_batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        rd_kafka_message_destroy(batch->messages[i]);
    }
    batch->count = 0;
    batch->topic = NULL; /* Its messages kept it alive. */
    arena_reset(&batch->headers);
}

void kafka_batch_release(struct kafka_batch *batch)
{
    kafka_batch_clear(batch);
    free(batch->messages);
    arena_release(&batch->headers);
    *batch = (struct kafka_batch){0};
}
