/* Readers, topics and what needs no handle, on a real cluster. */
#include "adapter_support.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if RD_KAFKA_VERSION >= 0x020300ff
#define TOPIC_ID_BYTES_LEAST 10
#else
#define TOPIC_ID_BYTES_LEAST 0 /* The client cannot tell. */
#endif

/* A commit or an abort is answered before its marker is written. */
static void await_end(struct cluster *cluster, struct text topic, int64_t stable)
{
    int64_t deadline_ms = real_clock_monotonic_ms() + DEADLINE_MS;
    struct log_ends ends = {0};

    while (ends.stable != stable) {
        struct error err = {0};

        assert_true(real_clock_monotonic_ms() < deadline_ms);
        assert_status(cluster->port.ends(cluster->port.self, topic, 0, &ends, &err), STATUS_OK,
                      &err);
    }
}

static void put_aborted(struct producer *producer, struct text topic, uint32_t count)
{
    struct outgoing record = record_of(topic, 0, "k", "A");
    struct error err = {0};

    assert_status(producer->begin(producer->self, &err), STATUS_OK, &err);
    for (uint32_t i = 0; i < count; i++) {
        assert_status(producer->produce(producer->self, &record, &err), STATUS_OK, &err);
    }
    assert_status(producer->flush(producer->self, &err), STATUS_OK, &err);
    assert_status(producer->abort(producer->self, &err), STATUS_OK, &err);
}

static void a_reader_sees_what_is_committed_and_knows_the_end_behind_markers(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "reader", 1);
    struct producer producer = producer_make(cluster, fresh_name("id"));
    struct log_reader reader = reader_make(cluster, topic, 0);
    char values[64];

    read_all(&reader, values, sizeof(values)); /* Empty. */
    assert_string_equal(values, "");
    assert_int_equal(reader.position(reader.self), 0);

    commit_records(&producer, topic, 0, 3); /* Offsets 0 to 2, marker 3. */
    await_end(cluster, topic, 4);
    read_all(&reader, values, sizeof(values));
    assert_string_equal(values, "012");
    assert_int_equal(reader.position(reader.self), 4);

    put_aborted(&producer, topic, 2); /* Offsets 4, 5, marker 6. */
    await_end(cluster, topic, 7);
    read_all(&reader, values, sizeof(values));
    assert_string_equal(values, "");
    assert_int_equal(reader.position(reader.self), 7);

    put_aborted(&producer, topic, 1);
    commit_records(&producer, topic, 0, 2);
    put_aborted(&producer, topic, 1);
    await_end(cluster, topic, 14);
    read_all(&reader, values, sizeof(values));
    assert_string_equal(values, "01");
    assert_int_equal(reader.position(reader.self), 14);
    reader.close(reader.self);

    reader = reader_make(cluster, topic, 1);
    read_all(&reader, values, sizeof(values));
    assert_string_equal(values, "1201");
    assert_int_equal(reader.position(reader.self), 14);
    reader.close(reader.self);
    producer.close(producer.self);
}

static void look_in(struct log_reader *reader, struct record *records, uint32_t *seen, bool *at_end)
{
    struct error err = {0};
    uint32_t count = 0;

    assert_status(reader->poll(reader->self, 0, records, 8, &count, at_end, &err), STATUS_OK, &err);
    *seen += count;
}

/* It is given nothing to fetch meanwhile; see kafka_reader.c. */
static void a_reader_that_only_looks_in_sees_what_came_since(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "looked", 1);
    struct producer producer = producer_make(cluster, fresh_name("id"));
    struct log_reader reader = reader_make(cluster, topic, 0);

    for (int64_t round = 0; round < 3; round++) {
        int64_t deadline_ms = real_clock_monotonic_ms() + DEADLINE_MS;
        struct record records[8];
        uint32_t seen = 0;
        bool at_end = false;

        for (int i = 0; i < 3; i++) {
            look_in(&reader, records, &seen, &at_end);
        }
        assert_int_equal(seen, 0);
        assert_true(at_end);
        commit_records(&producer, topic, 0, 2);
        await_end(cluster, topic, 3 * round + 3);
        while (seen < 2 || !at_end) {
            look_in(&reader, records, &seen, &at_end);
            assert_true(real_clock_monotonic_ms() < deadline_ms);
        }
        assert_int_equal(seen, 2);
        assert_int_equal(reader.position(reader.self), 3 * round + 3);
    }
    reader.close(reader.self);
    producer.close(producer.self);
}

static void an_open_transaction_ends_the_log_for_readers(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "open", 1);
    struct producer done = producer_make(cluster, fresh_name("id"));
    struct producer open = producer_make(cluster, fresh_name("id"));
    struct outgoing record = record_of(topic, 0, "k", "open");
    struct log_reader reader;
    struct log_ends ends = {0};
    struct error err = {0};
    char values[64];

    commit_records(&done, topic, 0, 2); /* 0, 1, marker 2 */
    await_end(cluster, topic, 3);
    assert_status(open.begin(open.self, &err), STATUS_OK, &err);
    assert_status(open.produce(open.self, &record, &err), STATUS_OK, &err);
    assert_status(open.flush(open.self, &err), STATUS_OK, &err); /* 3 */
    commit_records(&done, topic, 0, 1);                          /* 4, marker 5 */

    for (int64_t end_ms = real_clock_monotonic_ms() + DEADLINE_MS; ends.high < 6;) {
        assert_true(real_clock_monotonic_ms() < end_ms);
        assert_status(cluster->port.ends(cluster->port.self, topic, 0, &ends, &err), STATUS_OK,
                      &err);
    }
    assert_int_equal(ends.low, 0);
    assert_int_equal(ends.stable, 3);
    assert_int_equal(ends.high, 6);
    reader = reader_make(cluster, topic, 0);
    read_all(&reader, values, sizeof(values));
    assert_string_equal(values, "01");
    assert_int_equal(reader.position(reader.self), 3);

    assert_status(open.commit(open.self, &err), STATUS_OK, &err);
    await_end(cluster, topic, 7);
    read_all(&reader, values, sizeof(values));
    assert_string_equal(values, "open0");
    assert_int_equal(reader.position(reader.self), 7);
    reader.close(reader.self);
    open.close(open.self);
    done.close(done.self);
}

static void a_reader_starts_at_the_low_end_when_its_place_is_gone(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "low", 1);
    struct producer producer = producer_make(cluster, fresh_name("id"));
    struct log_reader reader;
    struct log_ends ends = {0};
    struct error err = {0};
    char values[64];

    commit_records(&producer, topic, 0, 8);
    await_end(cluster, topic, 9);
    reader = reader_make(cluster, topic, 0);
    assert_status(cluster->port.delete_records(cluster->port.self, topic, 0, 6, &err), STATUS_OK,
                  &err);
    assert_status(cluster->port.ends(cluster->port.self, topic, 0, &ends, &err), STATUS_OK, &err);
    assert_int_equal(ends.low, 6);
    reader.close(reader.self);
    reader = reader_make(cluster, topic, 2);
    read_all(&reader, values, sizeof(values));
    assert_string_equal(values, "67");
    reader.close(reader.self);
    producer.close(producer.self);
}

static void the_offset_of_a_time_is_the_first_at_or_after_it(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "times", 1);
    struct producer producer = producer_make(cluster, fresh_name("id"));
    struct record records[4];
    struct log_reader reader;
    struct error err = {0};
    int64_t time_ms;
    int64_t offset = -1;
    uint32_t count = 0;
    bool at_end = false;

    commit_records(&producer, topic, 0, 1);
    commit_records(&producer, topic, 0, 1);
    await_end(cluster, topic, 4);
    reader = reader_make(cluster, topic, 2);
    while (count == 0) { /* Up to the timeout of the program. */
        assert_status(reader.poll(reader.self, 200, records, 1, &count, &at_end, &err), STATUS_OK,
                      &err);
    }
    time_ms = records[0].timestamp_ms;
    assert_status(cluster->port.offset_at(cluster->port.self, topic, 0, time_ms, &offset, &err),
                  STATUS_OK, &err);
    assert_true(offset <= 2);
    assert_status(cluster->port.offset_at(cluster->port.self, topic, 0, 0, &offset, &err),
                  STATUS_OK, &err);
    assert_int_equal(offset, 0);
    assert_status(
        cluster->port.offset_at(cluster->port.self, topic, 0, time_ms + 3600000, &offset, &err),
        STATUS_OK, &err);
    assert_int_equal(offset, 4);
    reader.close(reader.self);
    producer.close(producer.self);
}

static void a_topic_tells_its_partitions_size_and_id(void **state)
{
    struct cluster *cluster = *state;
    static const struct topic_config size = {"max.message.bytes", "8388608"};
    struct text topic = topic_make_with(cluster, "info", 3, &size, 1);
    struct topic_info info;
    struct error err = {0};

    assert_status(cluster->port.topic(cluster->port.self, topic, &info, &err), STATUS_OK, &err);
    assert_true(info.exists);
    assert_int_equal(info.partition_count, 3);
    assert_int_equal(info.message_bytes_max, 8388608);
    assert_true(strlen(info.id) + 1 > TOPIC_ID_BYTES_LEAST);
    assert_status(cluster->port.topic(cluster->port.self, fresh_name("nowhere"), &info, &err),
                  STATUS_OK, &err);
    assert_false(info.exists);
}

static void a_topic_that_is_otherwise_is_refused_by_name_found_and_wanted(void **state)
{
    struct cluster *cluster = *state;
    static const struct topic_config is[] = {{"cleanup.policy", "compact"},
                                             {"min.insync.replicas", "2"}};
    static const struct topic_config other[] = {{"cleanup.policy", "delete"}};
    struct topic_spec spec = {.name = topic_make_with(cluster, "ensure", 2, is, 2),
                              .partitions = 2,
                              .replication = 3,
                              .configs = is,
                              .config_count = 2};
    struct buffer thin = {0};
    struct error err = {0};

    /* On one broker three copies and two in sync become one and one. */
    assert_status(kafka_topics_ensure(cluster->handle, &spec, 1, &thin, &err), STATUS_OK, &err);
    assert_string_equal(buffer_string(&thin), spec.name.data);
    buffer_release(&thin);
    spec.partitions = 4;
    assert_status(kafka_topics_ensure(cluster->handle, &spec, 1, NULL, &err), STATUS_REJECT, &err);
    assert_non_null(strstr(err.text, spec.name.data));
    assert_non_null(strstr(err.text, "'partitions' is '2' but must be '4'"));
    spec.partitions = 2;
    spec.configs = other;
    spec.config_count = 1;
    assert_status(kafka_topics_ensure(cluster->handle, &spec, 1, NULL, &err), STATUS_REJECT, &err);
    assert_non_null(strstr(err.text, "'cleanup.policy' is 'compact' but must be 'delete'"));
}

static enum status open_with(const char *name, const char *value, struct error *err)
{
    struct kafka_property property = {text_of(name), text_of(value)};
    struct kafka_options options = {.common = {&property, 1}};
    struct kafka_broker *broker = NULL;
    enum status status = kafka_broker_open(&options, &broker, err);

    kafka_broker_close(broker);
    return status;
}

static void properties_that_break_a_guarantee_are_refused(void **state)
{
    static const char *const refused[][2] = {
        {"enable.idempotence", "false"},
        {"acks", "1"},
        {"message.timeout.ms", "1000"},
        {"partitioner", "consistent"},
        {"transactional.id", "mine"},
        {"isolation.level", "read_uncommitted"},
        {"group.id", "mine"},
        {"auto.offset.reset", "earliest"},
        {"enable.auto.commit", "true"},
        {"partition.assignment.strategy", "cooperative-sticky"},
        {"no.such.property", "1"},
        {"session.timeout.ms", "soon"},
        {"test.mock.num.brokers", "1"},
    };
    static const char *const taken[][2] = {
        {"acks", "all"},    {"acks", "-1"},      {"session.timeout.ms", "10000"},
        {"linger.ms", "5"}, {"client.id", "me"},
    };
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_status(open_with(refused[i][0], refused[i][1], &err), STATUS_REJECT, &err);
        assert_non_null(strstr(err.text, refused[i][0]));
    }
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        assert_status(open_with(taken[i][0], taken[i][1], &err), STATUS_OK, &err);
    }
}

static void a_cluster_that_is_not_there_is_retry_in_time(void **state)
{
    struct kafka_property property = {TEXT("bootstrap.servers"), TEXT("127.0.0.1:1")};
    struct kafka_options options = {.common = {&property, 1}};
    struct kafka_broker *handle = NULL;
    struct error err = {0};
    int64_t begin_ms = real_clock_monotonic_ms();
    struct log_ends ends;
    struct broker port;

    (void)state;
    assert_status(kafka_broker_open(&options, &handle, &err), STATUS_OK, &err);
    port = kafka_broker_port(handle);
    assert_status(port.ends(port.self, TEXT("any"), 0, &ends, &err), STATUS_RETRY, &err);
    assert_true(real_clock_monotonic_ms() - begin_ms < 8000);
    kafka_broker_close(handle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_sees_what_is_committed_and_knows_the_end_behind_markers),
        cmocka_unit_test(a_reader_that_only_looks_in_sees_what_came_since),
        cmocka_unit_test(an_open_transaction_ends_the_log_for_readers),
        cmocka_unit_test(a_reader_starts_at_the_low_end_when_its_place_is_gone),
        cmocka_unit_test(the_offset_of_a_time_is_the_first_at_or_after_it),
        cmocka_unit_test(a_topic_tells_its_partitions_size_and_id),
        cmocka_unit_test(a_topic_that_is_otherwise_is_refused_by_name_found_and_wanted),
        cmocka_unit_test(properties_that_break_a_guarantee_are_refused),
        cmocka_unit_test(a_cluster_that_is_not_there_is_retry_in_time),
    };

    return cmocka_run_group_tests(tests, cluster_setup, cluster_teardown);
}
