/* The consumer port: a member of a group, and what it fetches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sim_member.h"

static struct sim_fetch *find_fetch(const struct sim_consumer *consumer, struct text topic,
                                    int32_t partition)
{
    for (size_t i = 0; i < consumer->fetch_count; i++) {
        struct sim_fetch *fetch = &consumer->fetches[i];

        if (fetch->partition == partition && text_is(topic, fetch->topic->name)) {
            return fetch;
        }
    }
    return NULL;
}

/* Take from one partition. REJECT: its position does not exist. */
static enum status fetch_one(struct sim_consumer *consumer, struct sim_fetch *fetch,
                             struct record *records, uint32_t capacity, uint32_t *count,
                             struct error *err)
{
    struct sim_log *log = sim_topic_log(fetch->topic, fetch->partition);
    int64_t limit = sim_log_stable(log);
    struct text topic = text_of(fetch->topic->name);
    struct sim_record *record;

    if (fetch->life != fetch->topic->life) {
        fetch->started = false;
        return fail(err, STATUS_REJECT, "%s/%d: the topic is gone", fetch->topic->name,
                    fetch->partition);
    }
    if (fetch->position < log->low || fetch->position > log->end) {
        fetch->started = false;
        return fail(err, STATUS_REJECT, "%s/%d: there is no offset %lld (from %lld to %lld)",
                    fetch->topic->name, fetch->partition, (long long)fetch->position,
                    (long long)log->low, (long long)log->end);
    }
    while (*count < capacity && (record = sim_log_next(log, &fetch->position, limit)) != NULL) {
        sim_handle_give(&consumer->handle, record);
        records[(*count)++] = sim_record_view(record, topic, fetch->partition);
    }
    return STATUS_OK;
}

/* A fetch queue that a seek did not empty: a few records come again. */
static void go_back(struct sim_consumer *consumer)
{
    for (size_t i = 0; i < consumer->fetch_count; i++) {
        struct sim_fetch *fetch = &consumer->fetches[i];
        struct sim_log *log = sim_topic_log(fetch->topic, fetch->partition);
        int64_t back = (int64_t)rng_below(&consumer->handle.broker->sim->rng, 4);

        if (fetch->started && fetch->position - back >= log->low && fetch->position <= log->end) {
            fetch->position -= back;
        }
    }
}

static enum status fetch_all(struct sim_consumer *consumer, struct record *records,
                             uint32_t capacity, uint32_t *count, struct error *err)
{
    struct sim *sim = consumer->handle.broker->sim;
    enum status status = STATUS_OK;

    if (sim_chance(sim, SIM_POLL_SHORT)) {
        capacity = (uint32_t)rng_below(&sim->rng, capacity < 8 ? capacity + 1 : 8);
    }
    if (sim_chance(sim, SIM_POLL_OLD)) {
        go_back(consumer);
    }
    consumer->turn++;
    for (size_t i = 0; i < consumer->fetch_count && status == STATUS_OK; i++) {
        struct sim_fetch *fetch = &consumer->fetches[(consumer->turn + i) % consumer->fetch_count];

        if (fetch->started) {
            status = fetch_one(consumer, fetch, records, capacity, count, err);
        }
    }
    /* What came before the bad position is given out now, the bad position is met again later. */
    return status == STATUS_REJECT && *count > 0 ? STATUS_OK : status;
}

/* Whether the member learns of nothing in this call and goes on with what it had. One that learned
 * in the background that it was removed is told in its next poll. */
static bool is_unaware(struct sim_consumer *consumer)
{
    struct sim *sim = consumer->handle.broker->sim;
    bool removed = sim_group_member(consumer->group, consumer->member_id) == NULL;

    return consumer->fetch_count > 0 && !consumer->unchecked &&
           sim_chance(sim, removed ? SIM_POLL_STALE : SIM_JOIN_LATE);
}

static enum status poll_inner(struct sim_consumer *consumer, struct record *records,
                              uint32_t capacity, uint32_t *count, struct error *err)
{
    struct sim_broker *broker = consumer->handle.broker;
    struct sim_member *member;
    enum status status;

    sim_handle_take_back(&consumer->handle);
    sim_broker_tick(broker);
    consumer->polled_ms = broker->sim->now_ms;
    if (is_unaware(consumer)) {
        member = sim_group_member(consumer->group, consumer->member_id);
        if (member != NULL) {
            member->polled_ms = broker->sim->now_ms;
        }
        return fetch_all(consumer, records, capacity, count, err);
    }
    if (sim_chance(broker->sim, SIM_POLL_MIXED)) {
        status = fetch_all(consumer, records, capacity, count, err);
        if (status == STATUS_OK) {
            status = sim_member_serve(consumer, err);
        }
        return status;
    }
    status = sim_member_serve(consumer, err);
    if (status == STATUS_OK && sim_chance(broker->sim, SIM_REQUEST_LOST)) {
        return fail(err, STATUS_RETRY, "group '%s': no answer", consumer->group->name);
    }
    return status == STATUS_OK ? fetch_all(consumer, records, capacity, count, err) : status;
}

static enum status consumer_poll(void *self, int64_t wait_ms, struct record *records,
                                 uint32_t capacity, uint32_t *count, struct error *err)
{
    struct sim_consumer *consumer = self;
    enum status status;

    (void)wait_ms;
    *count = 0;
    if (!sim_enter(consumer->handle.process, "poll")) {
        return sim_dead(consumer->handle.process, err);
    }
    status = poll_inner(consumer, records, capacity, count, err);
    status = sim_leave(consumer->handle.process, status, err);
    if (status != STATUS_OK) {
        *count = 0;
    }
    return status;
}

static enum status consumer_start(void *self, struct text topic, int32_t partition, int64_t offset,
                                  struct error *err)
{
    struct sim_consumer *consumer = self;
    struct sim_fetch *fetch = find_fetch(consumer, topic, partition);

    if (consumer->handle.process->crashed) {
        return sim_dead(consumer->handle.process, err);
    }
    if (fetch == NULL) {
        return fail(err, STATUS_REJECT, "%.*s/%d is not assigned", TEXT_ARG(topic), partition);
    }
    fetch->started = true;
    fetch->life = fetch->topic->life;
    fetch->position = offset;
    return STATUS_OK;
}

static enum status consumer_pause(void *self, struct text topic, int32_t partition,
                                  struct error *err)
{
    struct sim_consumer *consumer = self;
    struct sim_fetch *fetch = find_fetch(consumer, topic, partition);

    if (consumer->handle.process->crashed) {
        return sim_dead(consumer->handle.process, err);
    }
    if (fetch == NULL) {
        return fail(err, STATUS_REJECT, "%.*s/%d is not assigned", TEXT_ARG(topic), partition);
    }
    fetch->started = false;
    return STATUS_OK;
}

enum status sim_consumer_check(const struct consumer *member, bool transactional,
                               struct sim_group **group, struct error *err)
{
    struct sim_consumer *consumer = member->self;

    bool removed = sim_group_member(consumer->group, consumer->member_id) == NULL;
    int64_t now_ms = consumer->handle.broker->sim->now_ms;

    *group = consumer->group;
    /* A client that was stopped for long may have learned in the background that it was removed,
     * before its thread goes on where it stood. */
    if (removed && transactional && now_ms - consumer->polled_ms > SIM_SESSION_MS / 2 &&
        sim_chance(consumer->handle.broker->sim, SIM_CHECK_LOST)) {
        consumer->unchecked = true;
    }
    if (transactional && consumer->unchecked) {
        return STATUS_OK;
    }
    if (removed) {
        return fail(err, STATUS_FENCED, "group '%s': no such member", consumer->group->name);
    }
    if (consumer->generation != consumer->group->generation) {
        return fail(err, STATUS_FENCED, "group '%s': generation %d is over", consumer->group->name,
                    consumer->generation);
    }
    return STATUS_OK;
}

static enum status commit_inner(struct sim_consumer *consumer,
                                const struct partition_offset *offsets, uint32_t count,
                                struct error *err)
{
    struct sim_broker *broker = consumer->handle.broker;
    struct consumer self = {.self = consumer};
    struct sim_group *group;
    enum status status = sim_consumer_check(&self, false, &group, err);

    if (status == STATUS_OK && sim_chance(broker->sim, SIM_REQUEST_LOST)) {
        status = fail(err, STATUS_RETRY, "group '%s': no answer", group->name);
    }
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        struct sim_topic *topic = sim_topic_find(broker, offsets[i].topic);
        struct sim_pending value = {.offset = offsets[i].offset, .order = ++broker->order};

        if (topic == NULL || sim_topic_log(topic, offsets[i].partition) == NULL) {
            return fail(err, STATUS_REJECT, "no partition %.*s/%d", TEXT_ARG(offsets[i].topic),
                        offsets[i].partition);
        }
        memcpy(value.metadata, offsets[i].metadata, sizeof(value.metadata));
        sim_slot_set(broker, group, sim_group_slot(group, topic, offsets[i].partition), &value);
    }
    if (status == STATUS_OK && sim_chance(broker->sim, SIM_ANSWER_LOST)) {
        status = fail(err, STATUS_RETRY, "group '%s': no answer", group->name);
    }
    return status;
}

static enum status consumer_commit(void *self, const struct partition_offset *offsets,
                                   uint32_t count, struct error *err)
{
    struct sim_consumer *consumer = self;

    if (!sim_enter(consumer->handle.process, "group commit")) {
        return sim_dead(consumer->handle.process, err);
    }
    sim_broker_tick(consumer->handle.broker);
    return sim_leave(consumer->handle.process, commit_inner(consumer, offsets, count, err), err);
}

static void consumer_close(void *self)
{
    struct sim_consumer *consumer = self;
    struct sim_broker *broker = consumer->handle.broker;

    if (sim_enter(consumer->handle.process, "leave")) {
        sim_broker_tick(broker);
        sim_member_revoke(consumer, sim_group_member(consumer->group, consumer->member_id) == NULL);
        /* A static member does not say that it leaves: it may be back within the session. */
        if (consumer->static_id == NULL && !consumer->handle.process->crashed) {
            sim_group_leave(broker, consumer->group, consumer->member_id);
        }
    }
    sim_handle_free(&consumer->handle);
}

void sim_consumer_release(struct sim_handle *handle)
{
    struct sim_consumer *consumer = (struct sim_consumer *)handle;

    for (uint32_t i = 0; i < consumer->topic_count; i++) {
        free((char *)(uintptr_t)consumer->topics[i].data);
    }
    free(consumer->topics);
    free(consumer->static_id);
    free(consumer->fetches);
}

enum status sim_consumer_open(struct sim_broker *broker, struct sim_process *process,
                              const struct consumer_options *options, struct consumer *consumer,
                              struct error *err)
{
    struct sim_consumer *self = sim_handle_new(broker, process, SIM_CONSUMER, sizeof(*self));

    (void)err;
    self->group = sim_group_find(broker, options->group);
    self->generation = -1;
    self->rebalance = options->rebalance;
    self->static_id = options->static_id.bytes > 0 ? text_dup(options->static_id) : NULL;
    self->topics = calloc(options->topic_count + 1, sizeof(*self->topics));
    CHECK(self->topics != NULL);
    for (uint32_t i = 0; i < options->topic_count; i++) {
        self->topics[i] = (struct text){text_dup(options->topics[i]), options->topics[i].bytes};
    }
    self->topic_count = options->topic_count;
    *consumer = (struct consumer){.self = self,
                                  .poll = consumer_poll,
                                  .start = consumer_start,
                                  .pause = consumer_pause,
                                  .commit = consumer_commit,
                                  .close = consumer_close};
    return STATUS_OK;
}
