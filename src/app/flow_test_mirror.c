#include "app/flow_test_mirror.h"

#include <stdlib.h>

#include "adapter/real_clock.h"
#include "base/limits.h"
#include "codec/records.h"

#define READ_MAX 500
#define HELD_MS 3000 /* An alert of an instance that nobody knows is shown all the same. */

/* A record that waits for others. Owns its bytes; of the engine's records the headers are not needed. */
struct held {
    struct buffer key;
    struct buffer value;
    int64_t since_ms;
};

struct queue {
    struct held *items;
    uint32_t first;
    uint32_t count; /* From the beginning of `items`. */
    uint32_t capacity;
};

struct source {
    struct text topic;
    struct log_reader reader; /* close NULL: not open yet. */
    struct queue *queue;      /* NULL: copied at once. */
};

/* So many records of an instance in a topic have been told of by its history. */
struct told {
    struct text topic;
    struct text instance;
    uint32_t count;
};

struct flow_test_mirror {
    struct broker real;
    struct sim_broker *copy;
    struct arena arena;
    struct arena scratch; /* Of one record. */
    struct text history;
    struct text alerts;
    struct source *sources;
    uint32_t source_count;
    uint32_t source_capacity;
    struct queue transitions;
    struct queue warnings;
    struct told *told;
    uint32_t told_count;
    uint32_t told_capacity;
    struct record *records;
};

static void *grown(void *items, uint32_t count, uint32_t *capacity, size_t bytes)
{
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity == 0 ? 16 : *capacity * 2;
    items = realloc(items, *capacity * bytes);
    CHECK(items != NULL);
    return items;
}

static void add_source(struct flow_test_mirror *mirror, struct text topic, struct queue *queue)
{
    for (uint32_t i = 0; i < mirror->source_count; i++) {
        if (text_equal(mirror->sources[i].topic, topic)) {
            return;
        }
    }
    mirror->sources = grown(mirror->sources, mirror->source_count, &mirror->source_capacity,
                            sizeof(*mirror->sources));
    mirror->sources[mirror->source_count++] = (struct source){
        .topic = arena_text(&mirror->arena, topic), .queue = queue};
}

struct flow_test_mirror *flow_test_mirror_new(const struct broker *real, struct sim_broker *copy,
                                              const struct names *names)
{
    struct flow_test_mirror *mirror = calloc(1, sizeof(*mirror));

    CHECK(mirror != NULL);
    mirror->real = *real;
    mirror->copy = copy;
    mirror->history = arena_text(&mirror->arena, text_of(names->history));
    mirror->alerts = arena_text(&mirror->arena, text_of(names->alerts));
    mirror->records = calloc(READ_MAX, sizeof(*mirror->records));
    CHECK(mirror->records != NULL);
    add_source(mirror, mirror->history, &mirror->transitions);
    add_source(mirror, mirror->alerts, &mirror->warnings);
    add_source(mirror, text_of(names->dlq), NULL);
    return mirror;
}

void flow_test_mirror_topic(struct flow_test_mirror *mirror, struct text topic)
{
    add_source(mirror, topic, NULL);
}

void flow_test_mirror_alerts(struct flow_test_mirror *mirror, struct text topic)
{
    if (topic.bytes > 0) {
        add_source(mirror, topic, &mirror->warnings);
    }
}

/* ---- what is held back ---- */

static void hold(struct queue *queue, const struct record *record)
{
    struct held *held;

    queue->items = grown(queue->items, queue->count, &queue->capacity, sizeof(*queue->items));
    held = &queue->items[queue->count++];
    *held = (struct held){.since_ms = real_clock_monotonic_ms()};
    buffer_add_text(&held->key, record->key);
    buffer_add_text(&held->value, record->value);
}

static void queue_release(struct queue *queue)
{
    for (uint32_t i = 0; i < queue->count; i++) {
        buffer_release(&queue->items[i].key);
        buffer_release(&queue->items[i].value);
    }
    free(queue->items);
}

static enum status show(struct flow_test_mirror *mirror, struct text topic, struct queue *queue,
                        struct error *err)
{
    const struct held *held = &queue->items[queue->first++];
    const struct outgoing record = {
        .topic = topic, .key = buffer_text(&held->key), .value = buffer_text(&held->value)};

    return sim_broker_mirror(mirror->copy, &record, err);
}

/* Whatever the service calls the header, its value is the instance's name. */
static bool is_from(const struct record *record, struct text instance)
{
    for (uint32_t i = 0; i < record->header_count; i++) {
        if (text_equal(record->headers[i].value, instance)) {
            return true;
        }
    }
    return false;
}

static uint32_t come(const struct flow_test_mirror *mirror, struct text topic, struct text instance)
{
    struct record record;
    int64_t offset = 0;
    uint32_t count = 0;

    while (sim_broker_read(mirror->copy, topic, 0, &offset, &record)) {
        count += is_from(&record, instance);
    }
    return count;
}

static struct told *told_of(struct flow_test_mirror *mirror, struct text topic,
                            struct text instance)
{
    for (uint32_t i = 0; i < mirror->told_count; i++) {
        if (text_equal(mirror->told[i].topic, topic) &&
            text_equal(mirror->told[i].instance, instance)) {
            return &mirror->told[i];
        }
    }
    mirror->told = grown(mirror->told, mirror->told_count, &mirror->told_capacity,
                         sizeof(*mirror->told));
    mirror->told[mirror->told_count] = (struct told){
        .topic = arena_text(&mirror->arena, topic),
        .instance = arena_text(&mirror->arena, instance)};
    return &mirror->told[mirror->told_count++];
}

static bool is_mirrored(const struct flow_test_mirror *mirror, struct text topic)
{
    for (uint32_t i = 0; i < mirror->source_count; i++) {
        if (text_equal(mirror->sources[i].topic, topic)) {
            return mirror->sources[i].queue == NULL;
        }
    }
    return false;
}

/* All that the record says was sent has come. */
static bool is_complete(struct flow_test_mirror *mirror, const struct history_record *history)
{
    for (uint32_t i = 0; i < history->command_count; i++) {
        struct text topic = history->commands[i].topic;
        uint32_t wanted = told_of(mirror, topic, history->instance)->count;

        for (uint32_t k = 0; k <= i; k++) {
            wanted += text_equal(history->commands[k].topic, topic);
        }
        if (is_mirrored(mirror, topic) && come(mirror, topic, history->instance) < wanted) {
            return false;
        }
    }
    return true;
}

static enum status show_transitions(struct flow_test_mirror *mirror, struct error *err)
{
    struct queue *queue = &mirror->transitions;
    enum status status = STATUS_OK;

    while (queue->first < queue->count && status == STATUS_OK) {
        struct history_record history;
        bool is_read;

        arena_reset(&mirror->scratch);
        is_read = history_decode(buffer_text(&queue->items[queue->first].value), &mirror->scratch,
                                 &history, err) == STATUS_OK;
        if (is_read && !is_complete(mirror, &history)) {
            return STATUS_OK;
        }
        (void)told_of(mirror, mirror->history, is_read ? history.instance : TEXT(""));
        for (uint32_t i = 0; is_read && i < history.command_count; i++) {
            told_of(mirror, history.commands[i].topic, history.instance)->count++;
        }
        status = show(mirror, mirror->history, queue, err);
    }
    return status;
}

static bool is_known(const struct flow_test_mirror *mirror, struct text instance)
{
    for (uint32_t i = 0; i < mirror->told_count; i++) {
        if (text_equal(mirror->told[i].instance, instance)) {
            return true;
        }
    }
    return false;
}

static enum status show_alerts(struct flow_test_mirror *mirror, struct error *err)
{
    struct queue *queue = &mirror->warnings;
    enum status status = STATUS_OK;

    while (queue->first < queue->count && status == STATUS_OK) {
        const struct held *held = &queue->items[queue->first];

        if (!is_known(mirror, buffer_text(&held->key)) &&
            real_clock_monotonic_ms() - held->since_ms < HELD_MS) {
            return STATUS_OK;
        }
        status = show(mirror, mirror->alerts, queue, err);
    }
    return status;
}

/* ---- reading ---- */

static enum status copy(struct flow_test_mirror *mirror, const struct source *source,
                        const struct record *record, struct error *err)
{
    const struct outgoing outgoing = {.topic = source->topic,
                                      .key = record->key,
                                      .value = record->value,
                                      .headers = record->headers,
                                      .header_count = record->header_count};

    if (source->queue == NULL) {
        return sim_broker_mirror(mirror->copy, &outgoing, err);
    }
    if (record->value.data != NULL) { /* What was cleaned away says nothing. */
        hold(source->queue, record);
    }
    return STATUS_OK;
}

static enum status read_source(struct flow_test_mirror *mirror, struct source *source, bool *any,
                               struct error *err)
{
    bool at_end = false;
    uint32_t count = 0;
    enum status status = STATUS_OK;

    if (source->reader.close == NULL) {
        status = mirror->real.open_reader(mirror->real.self, source->topic, 0, 0, &source->reader,
                                          err);
    }
    if (status == STATUS_OK) {
        status = source->reader.poll(source->reader.self, 0, mirror->records, READ_MAX, &count,
                                     &at_end, err);
    }
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        status = copy(mirror, source, &mirror->records[i], err);
        *any = true;
    }
    return status;
}

enum status flow_test_mirror_step(struct flow_test_mirror *mirror, bool *any, struct error *err)
{
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < mirror->source_count && status == STATUS_OK; i++) {
        status = read_source(mirror, &mirror->sources[i], any, err);
    }
    if (status == STATUS_OK) {
        status = show_transitions(mirror, err);
    }
    if (status == STATUS_OK) {
        status = show_alerts(mirror, err);
    }
    return status;
}

void flow_test_mirror_free(struct flow_test_mirror *mirror)
{
    if (mirror == NULL) {
        return;
    }
    for (uint32_t i = 0; i < mirror->source_count; i++) {
        if (mirror->sources[i].reader.close != NULL) {
            mirror->sources[i].reader.close(mirror->sources[i].reader.self);
        }
    }
    queue_release(&mirror->transitions);
    queue_release(&mirror->warnings);
    free(mirror->sources);
    free(mirror->told);
    free(mirror->records);
    arena_release(&mirror->scratch);
    arena_release(&mirror->arena);
    free(mirror);
}
