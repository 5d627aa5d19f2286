#include "engine/barrier.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "engine/route_table.h"

#define REQUESTS_A_STEP 64
#define LOOK_WAIT_MS 50
#define LOOK_POLLS_MAX 4
#define LOOK_RECORDS 16

/* A source partition in the open round. Kept from round to round while the flows stay the same. */
struct source_end {
    const struct route_source *source;
    int32_t partition;
    int64_t low;
    int64_t high; /* As the round began. */
    bool has_passed;
    int64_t stood_at;   /* What was committed when it was looked at last. */
    int64_t empty_from; /* Between these there is nothing that a reader is given: markers of */
    int64_t empty_to;   /* transactions, aborted records. */
};

enum round_state { ROUND_NONE, ROUND_SOURCES, ROUND_ROUTER, ROUND_INBOX };

struct barrier {
    const struct broker *broker;
    const struct clock *clock;
    const struct settings *settings;
    struct names names;
    struct flow_registry *registry;
    struct route_table *table;
    int64_t revision;
    int32_t partitions;

    enum round_state state;
    int64_t next_ms;   /* Monotonic time of the next round. */
    int64_t time_ms;   /* Wall time at which the round began. */
    uint32_t requests; /* Left in this step. */
    uint32_t source;   /* The next to read the ends of, */
    int32_t partition; /* and where in it. */
    int32_t partition_count;
    struct source_end *ends;
    uint32_t end_count;
    uint32_t end_capacity;
    int64_t *inbox_ends; /* By partition. */

    pthread_mutex_t *lock; /* Of what follows. */
    bool has_passed;
    int64_t passed_ms;
    int64_t *passed_ends;
};

enum status barrier_open(const struct broker *broker, const struct clock *clock,
                         const struct settings *settings, struct barrier **out, struct error *err)
{
    struct barrier *barrier = calloc(1, sizeof *barrier);
    enum status status;

    CHECK(barrier != NULL);
    barrier->broker = broker;
    barrier->clock = clock;
    barrier->settings = settings;
    barrier->revision = -1;
    barrier->lock = calloc(1, sizeof *barrier->lock);
    CHECK(barrier->lock != NULL);
    CHECK(pthread_mutex_init(barrier->lock, NULL) == 0);
    names_init(&barrier->names, settings->app);
    status = flow_registry_open(broker, text_of(barrier->names.flows), &barrier->registry, err);
    if (status != STATUS_OK) {
        barrier_close(barrier);
        return fail_in(err, status, "barrier");
    }
    barrier->partitions = flow_registry_partitions(barrier->registry);
    if (barrier->partitions == 0) {
        barrier->partitions = settings->partitions;
    }
    barrier->inbox_ends = calloc((size_t)barrier->partitions, sizeof *barrier->inbox_ends);
    barrier->passed_ends = calloc((size_t)barrier->partitions, sizeof *barrier->passed_ends);
    CHECK(barrier->inbox_ends != NULL && barrier->passed_ends != NULL);
    *out = barrier;
    return STATUS_OK;
}

void barrier_close(struct barrier *barrier)
{
    if (barrier == NULL) {
        return;
    }
    route_table_free(barrier->table);
    flow_registry_close(barrier->registry);
    CHECK(pthread_mutex_destroy(barrier->lock) == 0);
    free(barrier->lock);
    free(barrier->ends);
    free(barrier->inbox_ends);
    free(barrier->passed_ends);
    free(barrier);
}

bool barrier_read(const struct barrier *barrier, int32_t partition, int64_t *time_ms,
                  int64_t *inbox_end)
{
    bool has_passed;

    CHECK(pthread_mutex_lock(barrier->lock) == 0);
    has_passed = barrier->has_passed && partition >= 0 && partition < barrier->partitions;
    if (has_passed) {
        *time_ms = barrier->passed_ms;
        *inbox_end = barrier->passed_ends[partition];
    }
    CHECK(pthread_mutex_unlock(barrier->lock) == 0);
    return has_passed;
}

static enum status begin_round(struct barrier *barrier, struct error *err)
{
    enum status status = flow_registry_poll(barrier->registry, 0, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (barrier->table == NULL || flow_registry_revision(barrier->registry) != barrier->revision) {
        route_table_free(barrier->table);
        barrier->table = route_table_new(barrier->registry);
        barrier->revision = flow_registry_revision(barrier->registry);
        barrier->end_count = 0;
    }
    barrier->time_ms = barrier->clock->now_ms(barrier->clock->self);
    barrier->next_ms = barrier->clock->monotonic_ms(barrier->clock->self) +
                       barrier->settings->barrier_every_ms;
    barrier->state = ROUND_SOURCES;
    barrier->source = 0;
    barrier->partition = 0;
    barrier->partition_count = -1;
    return STATUS_OK;
}

static struct source_end *end_of(struct barrier *barrier, const struct route_source *source,
                                 int32_t partition)
{
    for (uint32_t i = 0; i < barrier->end_count; i++) {
        if (barrier->ends[i].source == source && barrier->ends[i].partition == partition) {
            return &barrier->ends[i];
        }
    }
    if (barrier->end_count == barrier->end_capacity) {
        barrier->end_capacity = barrier->end_capacity == 0 ? 64 : barrier->end_capacity * 2;
        barrier->ends = realloc(barrier->ends, barrier->end_capacity * sizeof *barrier->ends);
        CHECK(barrier->ends != NULL);
    }
    barrier->ends[barrier->end_count] = (struct source_end){
        .source = source, .partition = partition, .stood_at = OFFSET_NONE};
    return &barrier->ends[barrier->end_count++];
}

/* A topic that is gone has no records that could be waited for. */
static enum status count_partitions(struct barrier *barrier, const struct route_source *source,
                                    struct error *err)
{
    struct topic_info info;
    enum status status = barrier->broker->topic(barrier->broker->self, source->topic, &info, err);

    if (status == STATUS_OK) {
        barrier->partition_count = info.exists ? info.partition_count : 0;
        barrier->partition = 0;
    }
    return status;
}

/* Read one end, or go on to the next source. */
static enum status read_source(struct barrier *barrier, struct error *err)
{
    const struct route_source *source = barrier->table->sources[barrier->source];
    struct source_end *end;
    struct log_ends ends;
    enum status status;

    if (barrier->partition_count < 0) {
        barrier->requests--;
        return count_partitions(barrier, source, err);
    }
    if (barrier->partition >= barrier->partition_count) {
        barrier->source++;
        barrier->partition_count = -1;
        return STATUS_OK;
    }
    barrier->requests--;
    status = barrier->broker->ends(barrier->broker->self, source->topic, barrier->partition, &ends,
                                   err);
    if (status != STATUS_OK) {
        return status;
    }
    end = end_of(barrier, source, barrier->partition++);
    end->low = ends.low;
    end->high = ends.high;
    end->has_passed = ends.high == ends.low;
    return STATUS_OK;
}

/* Whether a reader would be given nothing of [from, high): then the router will never commit past
 * it. An open transaction is no such thing: it may still become records. */
static enum status look(struct barrier *barrier, struct source_end *end, int64_t from,
                        struct error *err)
{
    struct record records[LOOK_RECORDS];
    struct log_reader reader;
    uint32_t count = 0;
    bool at_end = false;
    enum status status = barrier->broker->open_reader(barrier->broker->self, end->source->topic,
                                                      end->partition, from, &reader, err);

    if (status != STATUS_OK) {
        return status;
    }
    for (int i = 0; i < LOOK_POLLS_MAX && status == STATUS_OK && count == 0 && !at_end; i++) {
        status = reader.poll(reader.self, LOOK_WAIT_MS, records, LOOK_RECORDS, &count, &at_end,
                             err);
    }
    if (status == STATUS_OK && count > 0 && records[0].offset >= end->high) {
        count = 0; /* It came after the round began. */
    }
    if (status == STATUS_OK && count == 0 && reader.position(reader.self) >= end->high) {
        end->empty_from = from;
        end->empty_to = end->high;
        end->has_passed = true;
    }
    reader.close(reader.self);
    return status;
}

static enum status check_end(struct barrier *barrier, struct source_end *end, int64_t committed,
                             struct error *err)
{
    int64_t at = committed;

    if (at == OFFSET_NONE) {
        at = source_start(end->source, end->partition).offset;
    }
    end->has_passed = at >= end->high || (at >= end->empty_from && end->high <= end->empty_to);
    if (end->has_passed || end->stood_at != at) {
        end->stood_at = at;
        return STATUS_OK;
    }
    /* It has stood there since the last time: perhaps there is nothing more to read. */
    end->stood_at = OFFSET_NONE;
    if (barrier->requests > 0) {
        barrier->requests--;
        return look(barrier, end, at, err);
    }
    return STATUS_OK;
}

/* Ask how far the routers have committed. Goes on when all is passed. */
static enum status await_router(struct barrier *barrier, struct error *err)
{
    struct partition_offset *offsets = calloc((size_t)barrier->end_count + 1, sizeof *offsets);
    enum status status = STATUS_OK;
    uint32_t waiting = 0;
    uint32_t next = 0;

    CHECK(offsets != NULL);
    for (uint32_t i = 0; i < barrier->end_count; i++) {
        if (!barrier->ends[i].has_passed) {
            offsets[waiting].topic = barrier->ends[i].source->topic;
            offsets[waiting++].partition = barrier->ends[i].partition;
        }
    }
    if (waiting > 0) {
        barrier->requests--;
        status = barrier->broker->committed(barrier->broker->self,
                                            text_of(barrier->names.router_group), offsets, waiting,
                                            COMMITTED_LAST, err);
    }
    for (uint32_t i = 0; i < barrier->end_count && status == STATUS_OK; i++) {
        struct source_end *end = &barrier->ends[i];

        if (!end->has_passed) {
            status = check_end(barrier, end, offsets[next++].offset, err);
            waiting -= end->has_passed;
        }
    }
    free(offsets);
    if (status == STATUS_OK && waiting == 0) {
        barrier->state = ROUND_INBOX;
        barrier->partition = 0;
    }
    return status;
}

static void publish(struct barrier *barrier)
{
    CHECK(pthread_mutex_lock(barrier->lock) == 0);
    barrier->has_passed = true;
    barrier->passed_ms = barrier->time_ms;
    memcpy(barrier->passed_ends, barrier->inbox_ends,
           (size_t)barrier->partitions * sizeof *barrier->inbox_ends);
    CHECK(pthread_mutex_unlock(barrier->lock) == 0);
}

static enum status read_inbox(struct barrier *barrier, struct error *err)
{
    struct log_ends ends;
    enum status status;

    barrier->requests--;
    status = barrier->broker->ends(barrier->broker->self, text_of(barrier->names.inbox),
                                   barrier->partition, &ends, err);
    if (status != STATUS_OK) {
        return status;
    }
    barrier->inbox_ends[barrier->partition++] = ends.high;
    if (barrier->partition == barrier->partitions) {
        publish(barrier);
        barrier->state = ROUND_NONE;
    }
    return STATUS_OK;
}

enum status barrier_step(struct barrier *barrier, struct error *err)
{
    enum status status = STATUS_OK;

    barrier->requests = REQUESTS_A_STEP;
    if (barrier->state == ROUND_NONE) {
        if (barrier->clock->monotonic_ms(barrier->clock->self) < barrier->next_ms) {
            return STATUS_OK;
        }
        status = begin_round(barrier, err);
    }
    while (barrier->state == ROUND_SOURCES && barrier->requests > 0 && status == STATUS_OK) {
        if (barrier->source == barrier->table->source_count) {
            barrier->state = ROUND_ROUTER;
        } else {
            status = read_source(barrier, err);
        }
    }
    if (barrier->state == ROUND_ROUTER && barrier->requests > 0 && status == STATUS_OK) {
        status = await_router(barrier, err);
    }
    while (barrier->state == ROUND_INBOX && barrier->requests > 0 && status == STATUS_OK) {
        status = read_inbox(barrier, err);
    }
    return status == STATUS_OK || status == STATUS_FATAL ? status : STATUS_RETRY;
}
