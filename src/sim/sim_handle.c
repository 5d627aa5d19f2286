#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "sim/sim_parts.h"

#define LATE_MS_MAX 3000

void *sim_handle_new(struct sim_broker *broker, struct sim_process *process,
                     enum sim_handle_kind kind, size_t bytes)
{
    struct sim_handle *handle = calloc(1, bytes);

    CHECK(handle != NULL);
    *handle = (struct sim_handle){.kind = kind, .broker = broker, .process = process};
    broker->handles = sim_grow(broker->handles, broker->handle_count, &broker->handle_capacity,
                               sizeof(struct sim_handle *));
    broker->handles[broker->handle_count++] = handle;
    return handle;
}

void sim_handle_free(struct sim_handle *handle)
{
    struct sim_broker *broker = handle->broker;

    for (size_t i = 0; i < broker->handle_count; i++) {
        if (broker->handles[i] == handle) {
            broker->handle_count--;
            memmove(&broker->handles[i], &broker->handles[i + 1],
                    (broker->handle_count - i) * sizeof(struct sim_handle *));
            break;
        }
    }
    switch (handle->kind) {
    case SIM_CONSUMER:
        sim_consumer_release(handle);
        break;
    case SIM_PRODUCER:
        sim_producer_release(handle);
        break;
    case SIM_FORWARDER:
        sim_forwarder_release(handle);
        break;
    case SIM_READER:
        break;
    }
    sim_handle_take_back(handle);
    free(handle->held);
    free(handle);
}

void sim_handle_give(struct sim_handle *handle, struct sim_record *record)
{
    handle->held = sim_grow(handle->held, handle->held_count, &handle->held_capacity,
                            sizeof(struct sim_record *));
    handle->held[handle->held_count++] = sim_record_hold(record);
}

void sim_handle_take_back(struct sim_handle *handle)
{
    for (size_t i = 0; i < handle->held_count; i++) {
        sim_record_drop(handle->held[i]);
    }
    handle->held_count = 0;
}

/* ---- what waits to be sent ---- */

enum status sim_queue_add(struct sim_queue *queue, const struct sim_handle *handle,
                          const struct outgoing *record, bool sized, struct error *err)
{
    struct sim_topic *topic = sim_topic_find(handle->broker, record->topic);
    size_t bytes = sim_record_bytes(record);
    int32_t partition = record->partition;

    if (topic == NULL) {
        return fail(err, STATUS_REJECT, "topic '%.*s' does not exist", TEXT_ARG(record->topic));
    }
    if (partition == PARTITION_BY_KEY) {
        struct text key = record->key.data == NULL ? TEXT("") : record->key;

        partition = kafka_partition(key, topic->options.partitions);
    }
    if (sim_topic_log(topic, partition) == NULL) {
        return fail(err, STATUS_REJECT, "topic '%s' has no partition %d", topic->name, partition);
    }
    if (sized && bytes > (size_t)topic->options.message_bytes_max) {
        return fail(err, STATUS_REJECT, "topic '%s' takes %d bytes, the record has %zu",
                    topic->name, topic->options.message_bytes_max, bytes);
    }
    queue->items = sim_grow(queue->items, queue->count, &queue->capacity, sizeof(*queue->items));
    queue->items[queue->count++] = (struct sim_queued){.record = sim_record_new(record),
                                                       .topic = topic,
                                                       .partition = partition,
                                                       .offset = record->offset};
    return STATUS_OK;
}

void sim_queue_release(struct sim_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++) {
        sim_record_drop(queue->items[i].record);
    }
    free(queue->items);
    *queue = (struct sim_queue){.items = NULL};
}

static void send_one(struct sim_broker *broker, const struct sim_queued *item)
{
    struct sim_log *log = sim_topic_log(item->topic, item->partition);
    int64_t offset = sim_log_append(log, item->record, NULL, broker->sim->now_ms);

    if (item->offset != NULL) {
        *item->offset = offset;
    }
}

void sim_queue_send(struct sim_broker *broker, struct sim_queue *queue, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        send_one(broker, &queue->items[i]);
    }
    queue->count -= count;
    if (queue->count > 0) {
        memmove(queue->items, queue->items + count, queue->count * sizeof(*queue->items));
    }
}

/* Whether an earlier item of the same partition did not make it: then this one cannot either. */
static bool is_cut(const struct sim_queue *queue, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (queue->items[i].record == NULL && queue->items[i].topic == queue->items[at].topic &&
            queue->items[i].partition == queue->items[at].partition) {
            return true;
        }
    }
    return false;
}

void sim_queue_lose(struct sim_broker *broker, struct sim_queue *queue)
{
    int64_t due_ms = broker->sim->now_ms + (int64_t)rng_below(&broker->sim->rng, LATE_MS_MAX);
    struct sim_queue *late = &broker->late;
    bool arrives = sim_chance(broker->sim, SIM_IN_FLIGHT);

    for (size_t i = 0; i < queue->count; i++) {
        struct sim_queued *item = &queue->items[i];

        if (!arrives || is_cut(queue, i) || rng_chance(&broker->sim->rng, 300)) {
            sim_record_drop(item->record);
            item->record = NULL;
            continue;
        }
        late->items = sim_grow(late->items, late->count, &late->capacity, sizeof(*late->items));
        late->items[late->count++] = (struct sim_queued){.record = item->record,
                                                         .topic = item->topic,
                                                         .partition = item->partition,
                                                         .due_ms = due_ms};
    }
    queue->count = 0;
}

void sim_late_tick(struct sim_broker *broker)
{
    struct sim_queue *late = &broker->late;
    size_t kept = 0;

    for (size_t i = 0; i < late->count; i++) {
        if (late->items[i].due_ms <= broker->sim->now_ms) {
            send_one(broker, &late->items[i]);
        } else {
            late->items[kept++] = late->items[i];
        }
    }
    late->count = kept;
}
