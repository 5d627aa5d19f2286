/* The broker port: the factory, and the requests that need no handle. */
#include <stdio.h>

#include "sim/sim_parts.h"

/* A process has a link of its own, so that the ports know who calls. */
struct sim_link {
    struct sim_handle handle;
};

static enum status ready(struct sim_link *link, const char *call, struct error *err)
{
    if (!sim_enter(link->handle.process, call)) {
        return sim_dead(link->handle.process, err);
    }
    sim_broker_tick(link->handle.broker);
    if (sim_chance(link->handle.broker->sim, SIM_REQUEST_LOST)) {
        return fail(err, STATUS_RETRY, "%s: no answer", call);
    }
    return STATUS_OK;
}

static enum status done(struct sim_link *link, enum status status, struct error *err)
{
    return status == STATUS_FATAL ? status : sim_leave(link->handle.process, status, err);
}

/* The log, or NULL with the error set. */
static struct sim_log *log_of(struct sim_link *link, struct text topic, int32_t partition,
                              struct error *err)
{
    struct sim_topic *found = sim_topic_find(link->handle.broker, topic);
    struct sim_log *log = found == NULL ? NULL : sim_topic_log(found, partition);

    if (log == NULL) {
        fail(err, STATUS_REJECT, "no partition %.*s/%d", TEXT_ARG(topic), partition);
    }
    return log;
}

static enum status open_consumer(void *self, const struct consumer_options *options,
                                 struct consumer *consumer, struct error *err)
{
    struct sim_link *link = self;
    enum status status = ready(link, "open a consumer", err);

    if (status == STATUS_OK) {
        status = sim_consumer_open(link->handle.broker, link->handle.process, options, consumer,
                                   err);
    }
    return done(link, status, err);
}

static enum status open_producer(void *self, struct text transactional_id,
                                 struct producer *producer, struct error *err)
{
    struct sim_link *link = self;
    enum status status = ready(link, "open a producer", err);

    if (status == STATUS_OK) {
        status = sim_producer_open(link->handle.broker, link->handle.process, transactional_id,
                                   producer, err);
    }
    return done(link, status, err);
}

static enum status open_forwarder(void *self, struct forwarder *forwarder, struct error *err)
{
    struct sim_link *link = self;
    enum status status = ready(link, "open a forwarder", err);

    if (status == STATUS_OK) {
        status = sim_forwarder_open(link->handle.broker, link->handle.process, forwarder, err);
    }
    return done(link, status, err);
}

static enum status open_reader(void *self, struct text topic, int32_t partition, int64_t from,
                               struct log_reader *reader, struct error *err)
{
    struct sim_link *link = self;
    enum status status = ready(link, "open a reader", err);

    if (status == STATUS_OK) {
        struct sim_log *log = log_of(link, topic, partition, err);
        struct sim_reader_place place = {.partition = partition, .from = from};

        if (log == NULL) {
            return done(link, STATUS_REJECT, err);
        }
        place.topic = sim_topic_find(link->handle.broker, topic);
        if (place.from < log->low) {
            place.from = log->low;
        }
        status = sim_reader_open(link->handle.broker, link->handle.process, &place, reader, err);
    }
    return done(link, status, err);
}

static enum status read_slots(struct sim_link *link, struct sim_group *group,
                              struct partition_offset *offsets, uint32_t count,
                              enum committed_read read)
{
    for (uint32_t i = 0; i < count; i++) {
        struct sim_topic *topic = sim_topic_find(link->handle.broker, offsets[i].topic);
        const struct sim_slot *slot;

        offsets[i].offset = OFFSET_NONE;
        offsets[i].metadata[0] = '\0';
        if (topic == NULL) {
            continue;
        }
        slot = sim_group_slot(group, topic, offsets[i].partition);
        if (read == COMMITTED_STABLE && slot->pending > 0) {
            return STATUS_RETRY;
        }
        offsets[i].offset = slot->offset;
        snprintf(offsets[i].metadata, sizeof(offsets[i].metadata), "%s", slot->metadata);
    }
    return STATUS_OK;
}

static enum status committed(void *self, struct text group, struct partition_offset *offsets,
                             uint32_t count, enum committed_read read, struct error *err)
{
    struct sim_link *link = self;
    enum status status = ready(link, "read committed offsets", err);

    if (status == STATUS_OK) {
        status = read_slots(link, sim_group_find(link->handle.broker, group), offsets, count, read);
        if (status != STATUS_OK) {
            fail(err, status, "group '%.*s': a transaction is open", TEXT_ARG(group));
        }
    }
    return done(link, status, err);
}

static enum status read_ends(void *self, struct text topic, int32_t partition,
                             struct log_ends *ends, struct error *err)
{
    struct sim_link *link = self;
    enum status status = ready(link, "read the ends", err);

    if (status == STATUS_OK) {
        const struct sim_log *log = log_of(link, topic, partition, err);

        if (log == NULL) {
            return done(link, STATUS_REJECT, err);
        }
        if (sim_chance(link->handle.broker->sim, SIM_FORGETFUL)) {
            return done(link, fail(err, STATUS_REJECT, "unknown partition"), err);
        }
        *ends = (struct log_ends){.low = log->low, .stable = sim_log_stable(log), .high = log->end};
    }
    return done(link, status, err);
}

static enum status offset_at(void *self, struct text topic, int32_t partition, int64_t time_ms,
                             int64_t *offset, struct error *err)
{
    struct sim_link *link = self;
    enum status status = ready(link, "find an offset", err);

    if (status == STATUS_OK) {
        const struct sim_log *log = log_of(link, topic, partition, err);

        if (log == NULL) {
            return done(link, STATUS_REJECT, err);
        }
        *offset = sim_log_offset_at(log, time_ms);
    }
    return done(link, status, err);
}

static enum status topic_describe(void *self, struct text topic, struct topic_info *info,
                                  struct error *err)
{
    struct sim_link *link = self;
    enum status status = ready(link, "describe a topic", err);

    if (status == STATUS_OK) {
        const struct sim_topic *found = sim_topic_find(link->handle.broker, topic);

        *info = (struct topic_info){.exists = found != NULL};
        if (found != NULL) {
            info->partition_count = found->options.partitions;
            info->message_bytes_max = found->options.message_bytes_max;
            snprintf(info->id, sizeof(info->id), "%s", found->id);
        }
    }
    return done(link, status, err);
}

static enum status delete_records(void *self, struct text topic, int32_t partition, int64_t before,
                                  struct error *err)
{
    struct sim_link *link = self;
    enum status status = ready(link, "delete records", err);

    if (status == STATUS_OK) {
        struct sim_log *log = log_of(link, topic, partition, err);

        if (log == NULL || before > log->end) {
            return done(link,
                        fail(err, STATUS_REJECT, "%.*s/%d has no offset %lld", TEXT_ARG(topic),
                             partition, (long long)before),
                        err);
        }
        sim_log_delete(log, before);
    }
    return done(link, status, err);
}

struct broker sim_broker_port(struct sim_broker *broker, struct sim_process *process)
{
    struct sim_link *link = sim_handle_new(broker, process, SIM_READER, sizeof(*link));

    return (struct broker){.self = link,
                           .open_consumer = open_consumer,
                           .open_producer = open_producer,
                           .open_forwarder = open_forwarder,
                           .open_reader = open_reader,
                           .committed = committed,
                           .ends = read_ends,
                           .offset_at = offset_at,
                           .topic = topic_describe,
                           .delete_records = delete_records};
}
