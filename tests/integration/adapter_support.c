#include "adapter_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMES_MAX 256

int cluster_setup(void **state)
{
    struct cluster *cluster = calloc(1, sizeof(*cluster));
    const char *servers = getenv("KAFKA_BROKERS");
    struct kafka_property property = {TEXT("bootstrap.servers"), text_of(servers)};
    struct kafka_options options = {.common = {&property, 1}};
    struct error err = {0};

    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* In order with what the log says. */
    if (servers == NULL || cluster == NULL) {
        (void)fprintf(stderr, "KAFKA_BROKERS is not set\n");
        free(cluster);
        return -1;
    }
    if (kafka_broker_open(&options, &cluster->handle, &err) != STATUS_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        free(cluster);
        return -1;
    }
    cluster->port = kafka_broker_port(cluster->handle);
    *state = cluster;
    return 0;
}

int cluster_teardown(void **state)
{
    struct cluster *cluster = *state;

    kafka_broker_close(cluster->handle);
    free(cluster);
    return 0;
}

void assert_status_at(enum status status, enum status wanted, const struct error *err,
                      const char *file, int line)
{
    if (status != wanted) {
        print_error("status %s instead of %s: %s\n", status_name(status), status_name(wanted),
                    err->text);
        _fail(file, line);
    }
}

struct text fresh_name(const char *what)
{
    static char names[NAMES_MAX][96];
    static int count;

    assert_true(count < NAMES_MAX);
    (void)snprintf(names[count], sizeof(names[count]), "%s-%d-%lld-%d", what, (int)getpid(),
                   (long long)real_clock().now_ms(NULL), count);
    return text_of(names[count++]);
}

struct text topic_make_with(struct cluster *cluster, const char *what, int32_t partitions,
                            const struct topic_config *configs, uint32_t config_count)
{
    struct topic_spec spec = {.name = fresh_name(what),
                              .partitions = partitions,
                              .replication = 1,
                              .configs = configs,
                              .config_count = config_count};
    struct error err = {0};

    assert_status(kafka_topics_ensure(cluster->handle, &spec, 1, NULL, &err), STATUS_OK, &err);
    return spec.name;
}

struct text topic_make(struct cluster *cluster, const char *what, int32_t partitions)
{
    return topic_make_with(cluster, what, partitions, NULL, 0);
}

static void on_assigned(void *self, const struct partition_offset *partitions, uint32_t count)
{
    struct member *member = self;

    assert_true(count <= 32);
    memcpy(member->owned, partitions, count * sizeof(*partitions));
    member->owned_count = count;
    member->assigned_calls++;
}

static void on_revoked(void *self, const struct partition_offset *partitions, uint32_t count,
                       bool lost)
{
    struct member *member = self;

    (void)partitions;
    assert_int_equal(count, member->owned_count);
    member->owned_count = 0;
    member->revoked_calls++;
    member->lost = lost;
}

void member_open(struct cluster *cluster, struct member *member, struct text group,
                 struct text topic, const char *static_id)
{
    struct consumer_options options = {
        .group = group,
        .topics = &topic,
        .topic_count = 1,
        .static_id = text_of(static_id),
        .rebalance = {.self = member, .assigned = on_assigned, .revoked = on_revoked},
    };
    struct error err = {0};

    *member = (struct member){0};
    assert_status(cluster->port.open_consumer(cluster->port.self, &options, &member->port, &err),
                  STATUS_OK, &err);
}

static void poll_nothing(struct member *member)
{
    struct record record;
    struct error err = {0};
    uint32_t count = 0;

    assert_status(member->port.poll(member->port.self, 20, &record, 1, &count, &err), STATUS_OK,
                  &err);
    assert_int_equal(count, 0);
}

void member_await(struct member *member, struct member *other, uint32_t count)
{
    int64_t deadline_ms = real_clock_monotonic_ms() + DEADLINE_MS;

    while (member->owned_count != count) {
        assert_true(real_clock_monotonic_ms() < deadline_ms);
        poll_nothing(member);
        if (other != NULL) {
            poll_nothing(other);
        }
    }
}

uint32_t member_read(struct member *member, int64_t *offsets, uint32_t count)
{
    int64_t deadline_ms = real_clock_monotonic_ms() + DEADLINE_MS;
    struct record records[64];
    uint32_t read = 0;

    while (read < count && real_clock_monotonic_ms() < deadline_ms) {
        struct error err = {0};
        uint32_t got = 0;
        uint32_t room = count - read < 64 ? count - read : 64;

        assert_status(member->port.poll(member->port.self, 200, records, room, &got, &err),
                      STATUS_OK, &err);
        for (uint32_t i = 0; i < got; i++) {
            offsets[read++] = records[i].offset;
        }
    }
    return read;
}

struct producer producer_make(struct cluster *cluster, struct text id)
{
    struct producer producer;
    struct error err = {0};

    assert_status(cluster->port.open_producer(cluster->port.self, id, &producer, &err), STATUS_OK,
                  &err);
    return producer;
}

struct outgoing record_of(struct text topic, int32_t partition, const char *key, const char *value)
{
    struct outgoing record = {.topic = topic, .partition = partition};

    record.key = text_of(key);
    record.value = text_of(value);
    return record;
}

void commit_records(struct producer *producer, struct text topic, int32_t partition, uint32_t count)
{
    static const char *const values[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    struct error err = {0};

    assert_status(producer->begin(producer->self, &err), STATUS_OK, &err);
    for (uint32_t i = 0; i < count; i++) {
        struct outgoing record = record_of(topic, partition, "k", values[i % 10]);

        assert_status(producer->produce(producer->self, &record, &err), STATUS_OK, &err);
    }
    assert_status(producer->flush(producer->self, &err), STATUS_OK, &err);
    assert_status(producer->commit(producer->self, &err), STATUS_OK, &err);
}

struct log_reader reader_make(struct cluster *cluster, struct text topic, int64_t from)
{
    struct log_reader reader;
    struct error err = {0};

    assert_status(cluster->port.open_reader(cluster->port.self, topic, 0, from, &reader, &err),
                  STATUS_OK, &err);
    return reader;
}

void read_all(struct log_reader *reader, char *values, size_t room)
{
    int64_t deadline_ms = real_clock_monotonic_ms() + DEADLINE_MS;
    bool at_end = false;

    values[0] = '\0';
    while (!at_end) {
        struct record records[4];
        struct error err = {0};
        uint32_t count = 0;

        assert_true(real_clock_monotonic_ms() < deadline_ms);
        assert_status(reader->poll(reader->self, 200, records, 4, &count, &at_end, &err), STATUS_OK,
                      &err);
        for (uint32_t i = 0; i < count; i++) {
            assert_true(strlen(values) + records[i].value.bytes < room);
            (void)strncat(values, records[i].value.data, records[i].value.bytes);
        }
    }
}

struct text redis_url(void)
{
    return text_of(getenv("REDIS_URL"));
}

void bed_make(struct bed *bed, struct text url)
{
    struct error err = {0};
    struct sleep_place port;

    (void)snprintf(bed->app, sizeof(bed->app), "%s", fresh_name("app").data);
    assert_status(redis_place_open(url, text_of(bed->app), &bed->place, &err), STATUS_OK, &err);
    port = redis_place_port(bed->place);
    assert_status(port.open(port.self, 0, &bed->store, &err), STATUS_OK, &err);
}

void bed_close(struct bed *bed)
{
    bed->store.close(bed->store.self);
    redis_place_close(bed->place);
}

enum status bed_apply(struct bed *bed, int64_t from, int64_t to, const struct sleep_op *ops,
                      uint32_t count)
{
    struct error err = {0};
    bool done = false;
    enum status status;

    assert_status(bed->store.apply(bed->store.self, GENERATION, from, to, 1000, ops, count, &err),
                  STATUS_OK, &err);
    status = bed->store.settle(bed->store.self, DEADLINE_MS, &done, &err);
    assert_true(done);
    return status;
}

struct sleep_stamp bed_stamp(struct bed *bed)
{
    struct sleep_stamp stamp;
    struct error err = {0};

    assert_status(bed->store.stamp(bed->store.self, &stamp, &err), STATUS_OK, &err);
    return stamp;
}

void bed_reset(struct bed *bed, int64_t generation)
{
    struct error err = {0};

    assert_status(bed->store.reset(bed->store.self, generation, TEXT("topic-id"), &err), STATUS_OK,
                  &err);
}
