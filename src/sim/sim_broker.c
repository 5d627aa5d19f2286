#include "sim/sim_broker.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "sim/sim_parts.h"

#define MESSAGE_BYTES_MAX (1024 * 1024)
#define TOMBSTONE_MS (INT64_C(7) * 24 * 3600 * 1000)

struct sim_broker *sim_broker_new(struct sim *sim)
{
    struct sim_broker *broker = calloc(1, sizeof(*broker));

    CHECK(broker != NULL);
    broker->sim = sim;
    broker->session_ms = SIM_SESSION_MS;
    return broker;
}

static void topic_free(struct sim_topic *topic)
{
    for (int32_t i = 0; i < topic->options.partitions; i++) {
        sim_log_release(&topic->logs[i]);
    }
    free(topic->logs);
    free(topic->name);
    free(topic);
}

void sim_broker_free(struct sim_broker *broker)
{
    if (broker == NULL) {
        return;
    }
    while (broker->handle_count > 0) {
        sim_handle_free(broker->handles[0]);
    }
    sim_queue_release(&broker->late);
    for (size_t i = 0; i < broker->group_count; i++) {
        sim_group_free(broker->groups[i]);
    }
    for (size_t i = 0; i < broker->identity_count; i++) {
        sim_identity_free(broker->identities[i]);
    }
    for (size_t i = 0; i < broker->topic_count; i++) {
        topic_free(broker->topics[i]);
    }
    free(broker->handles);
    free(broker->groups);
    free(broker->identities);
    free(broker->topics);
    free(broker);
}

struct sim_topic *sim_topic_find(const struct sim_broker *broker, struct text name)
{
    for (size_t i = 0; i < broker->topic_count; i++) {
        if (text_is(name, broker->topics[i]->name)) {
            return broker->topics[i];
        }
    }
    return NULL;
}

struct sim_log *sim_topic_log(struct sim_topic *topic, int32_t partition)
{
    bool exists = partition >= 0 && partition < topic->options.partitions;

    return exists ? &topic->logs[partition] : NULL;
}

int64_t sim_stamp_ms(const struct sim_broker *broker, const struct sim_topic *topic,
                     const struct sim_process *process)
{
    int64_t offset_ms = process == NULL ? 0 : process->wall_offset_ms;

    return broker->sim->now_ms + (topic->options.log_append_time ? 0 : offset_ms);
}

static void draw_id(struct sim_topic *topic, uint64_t seed)
{
    snprintf(topic->id, sizeof(topic->id), "%016llx",
             (unsigned long long)hash64(text_of(topic->name), seed));
}

void sim_broker_create(struct sim_broker *broker, const struct sim_topic_options *options)
{
    struct sim_topic *topic;

    if (sim_topic_find(broker, text_of(options->name)) != NULL) {
        return;
    }
    CHECK(options->partitions > 0);
    topic = calloc(1, sizeof(*topic));
    CHECK(topic != NULL);
    topic->options = *options;
    topic->name = text_dup(text_of(options->name));
    topic->options.name = topic->name;
    if (topic->options.message_bytes_max == 0) {
        topic->options.message_bytes_max = MESSAGE_BYTES_MAX;
    }
    if (topic->options.tombstone_ms == 0) {
        topic->options.tombstone_ms = TOMBSTONE_MS;
    }
    draw_id(topic, broker->topic_count + 1);
    topic->logs = calloc((size_t)options->partitions, sizeof(*topic->logs));
    CHECK(topic->logs != NULL);
    broker->topics = sim_grow(broker->topics, broker->topic_count, &broker->topic_capacity,
                              sizeof(struct sim_topic *));
    broker->topics[broker->topic_count++] = topic;
}

static void forget_commits(struct sim_group *group, const struct sim_topic *topic)
{
    for (size_t i = 0; i < group->slot_count; i++) {
        if (group->slots[i]->topic == topic) {
            CHECK(group->slots[i]->pending == 0);
            group->slots[i]->offset = OFFSET_NONE;
            group->slots[i]->metadata[0] = '\0';
        }
    }
}

void sim_broker_recreate(struct sim_broker *broker, const char *name)
{
    struct sim_topic *topic = sim_topic_find(broker, text_of(name));

    CHECK(topic != NULL);
    topic->life++;
    draw_id(topic, UINT64_C(1000) * topic->life);
    for (int32_t i = 0; i < topic->options.partitions; i++) {
        sim_log_release(&topic->logs[i]);
    }
    for (size_t i = 0; i < broker->group_count; i++) {
        forget_commits(broker->groups[i], topic);
    }
}

void sim_broker_accept_oversize(struct sim_broker *broker)
{
    broker->accepts_oversize = true;
}

void sim_broker_watch(struct sim_broker *broker, struct sim_watch watch)
{
    broker->watch = watch;
}

void sim_broker_forget(struct sim_broker *broker, struct sim_process *process)
{
    size_t i = 0;

    while (i < broker->handle_count) {
        if (broker->handles[i]->process == process) {
            sim_handle_free(broker->handles[i]);
        } else {
            i++;
        }
    }
}

void sim_broker_tick(struct sim_broker *broker)
{
    sim_late_tick(broker);
    sim_txn_tick(broker);
    sim_group_tick(broker);
}

void sim_broker_set_session(struct sim_broker *broker, int64_t session_ms)
{
    broker->session_ms = session_ms;
}

/* ---- the outside world ---- */

enum status sim_broker_append(struct sim_broker *broker, const struct outgoing *record,
                              struct error *err)
{
    if (broker->divert.append != NULL) {
        return broker->divert.append(broker->divert.self, record, err);
    }
    return sim_broker_mirror(broker, record, err);
}

void sim_broker_divert(struct sim_broker *broker, struct sim_divert divert)
{
    broker->divert = divert;
}

enum status sim_broker_mirror(struct sim_broker *broker, const struct outgoing *record,
                              struct error *err)
{
    struct sim_handle outside = {.broker = broker};
    struct sim_queue queue = {.items = NULL};
    enum status status = sim_queue_add(&queue, &outside, record, true, err);

    if (status == STATUS_OK) {
        sim_queue_send(broker, &queue, queue.count);
    }
    sim_queue_release(&queue);
    return status;
}

static struct sim_log *find_log(const struct sim_broker *broker, struct text topic,
                                int32_t partition)
{
    struct sim_topic *found = sim_topic_find(broker, topic);

    return found == NULL ? NULL : sim_topic_log(found, partition);
}

bool sim_broker_read(struct sim_broker *broker, struct text topic, int32_t partition,
                     int64_t *offset, struct record *record)
{
    const struct sim_log *log = find_log(broker, topic, partition);
    const struct sim_record *found;

    if (log == NULL) {
        return false;
    }
    found = sim_log_next(log, offset, sim_log_stable(log));
    if (found != NULL) {
        *record = sim_record_view(found, topic, partition);
    }
    return found != NULL;
}

int32_t sim_broker_partitions(const struct sim_broker *broker, struct text topic)
{
    const struct sim_topic *found = sim_topic_find(broker, topic);

    return found == NULL ? 0 : found->options.partitions;
}

int64_t sim_broker_end(const struct sim_broker *broker, struct text topic, int32_t partition)
{
    const struct sim_log *log = find_log(broker, topic, partition);

    return log == NULL ? 0 : log->end;
}

int64_t sim_broker_committed(const struct sim_broker *broker, struct text group, struct text topic,
                             int32_t partition)
{
    for (size_t i = 0; i < broker->group_count; i++) {
        const struct sim_group *found = broker->groups[i];

        for (size_t k = 0; k < found->slot_count && text_is(group, found->name); k++) {
            if (text_is(topic, found->slots[k]->topic->name) &&
                found->slots[k]->partition == partition) {
                return found->slots[k]->offset;
            }
        }
    }
    return OFFSET_NONE;
}

void sim_broker_cut(struct sim_broker *broker, struct text topic, int32_t partition, int64_t before)
{
    struct sim_log *log = find_log(broker, topic, partition);

    if (log != NULL) {
        sim_log_delete(log, before < log->end ? before : log->end);
    }
}

uint64_t sim_broker_activity(const struct sim_broker *broker)
{
    uint64_t activity = broker->order;

    for (size_t i = 0; i < broker->topic_count; i++) {
        for (int32_t k = 0; k < broker->topics[i]->options.partitions; k++) {
            activity += (uint64_t)broker->topics[i]->logs[k].end;
        }
    }
    return activity;
}

size_t sim_broker_records(const struct sim_broker *broker)
{
    size_t count = 0;

    for (size_t i = 0; i < broker->topic_count; i++) {
        for (int32_t k = 0; k < broker->topics[i]->options.partitions; k++) {
            count += broker->topics[i]->logs[k].count;
        }
    }
    return count;
}

uint32_t sim_broker_open_transactions(const struct sim_broker *broker)
{
    uint32_t count = 0;

    for (size_t i = 0; i < broker->identity_count; i++) {
        count += broker->identities[i]->txn != NULL;
    }
    return count;
}

void sim_broker_compact(struct sim_broker *broker)
{
    for (size_t i = 0; i < broker->topic_count; i++) {
        struct sim_topic *topic = broker->topics[i];

        for (int32_t k = 0; k < topic->options.partitions && topic->options.compact; k++) {
            sim_log_compact(&topic->logs[k], &broker->sim->rng, broker->sim->now_ms,
                            topic->options.tombstone_ms);
        }
    }
}

void sim_broker_rebalance(struct sim_broker *broker, struct text group)
{
    sim_group_prepare(broker, sim_group_find(broker, group));
}

void sim_broker_fence_any(struct sim_broker *broker)
{
    if (broker->identity_count > 0) {
        size_t which = (size_t)rng_below(&broker->sim->rng, broker->identity_count);

        sim_identity_fence(broker, broker->identities[which]);
    }
}
