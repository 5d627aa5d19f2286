/* What happens to records that the cluster does not take, on a real one. */
#include "adapter_support.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

static void a_forwarder_keeps_order_and_refuses_before_it_writes(void **state)
{
    struct cluster *cluster = *state;
    static const struct topic_config small = {"max.message.bytes", "2000000"};
    struct text topic = topic_make_with(cluster, "forward", 1, &small, 1);
    struct outgoing record = record_of(topic, 0, "k", "0");
    char *large = calloc(2000000, 1);
    struct forwarder forwarder;
    struct log_reader reader;
    struct error err = {0};
    char values[64];
    int64_t offset = -1;

    assert_non_null(large);
    assert_status(cluster->port.open_forwarder(cluster->port.self, &forwarder, &err), STATUS_OK,
                  &err);
    assert_status(forwarder.send(forwarder.self, &record, &err), STATUS_OK, &err);
    record.value = (struct text){large, 2000000};
    assert_status(forwarder.send(forwarder.self, &record, &err), STATUS_REJECT, &err);
    record.value = TEXT("1");
    record.offset = &offset;
    assert_status(forwarder.send(forwarder.self, &record, &err), STATUS_OK, &err);
    record.topic = fresh_name("nowhere");
    assert_status(forwarder.send(forwarder.self, &record, &err), STATUS_REJECT, &err);
    assert_status(forwarder.flush(forwarder.self, &err), STATUS_OK, &err);
    assert_int_equal(offset, 1);
    reader = reader_make(cluster, topic, 0);
    read_all(&reader, values, sizeof(values));
    assert_string_equal(values, "01");
    reader.close(reader.self);
    forwarder.close(forwarder.self);
    free(large);
}

/* Change one setting of a topic behind the adapter's back. */
static void alter_topic(struct text topic, const char *name, const char *value)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char words[256];
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    rd_kafka_event_t *answer;
    rd_kafka_ConfigResource_t *change = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC,
                                                                    topic.data);

    (void)rd_kafka_conf_set(conf, "bootstrap.servers", getenv("KAFKA_BROKERS"), words,
                            sizeof(words));
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, words, sizeof(words));
    assert_non_null(rk);
    queue = rd_kafka_queue_new(rk);
    (void)rd_kafka_ConfigResource_set_config(change, name, value);
    rd_kafka_AlterConfigs(rk, &change, 1, NULL, queue);
    answer = rd_kafka_queue_poll(queue, DEADLINE_MS);
    assert_non_null(answer);
    assert_int_equal(rd_kafka_event_error(answer), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_event_destroy(answer);
    rd_kafka_ConfigResource_destroy(change);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(rk);
}

/* The topic shrinks after the forwarder has met it, so the broker refuses what we let through. */
static void a_failed_delivery_ends_the_forwarder(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "gap", 1);
    struct outgoing record = record_of(topic, 0, "k", "0");
    int64_t deadline_ms = real_clock_monotonic_ms() + DEADLINE_MS;
    struct forwarder forwarder;
    struct error err = {0};
    enum status status = STATUS_OK;

    assert_status(cluster->port.open_forwarder(cluster->port.self, &forwarder, &err), STATUS_OK,
                  &err);
    assert_status(forwarder.send(forwarder.self, &record, &err), STATUS_OK, &err);
    assert_status(forwarder.flush(forwarder.self, &err), STATUS_OK, &err);
    alter_topic(topic, "max.message.bytes", "100");
    record.value = TEXT("a value that is longer than one hundred bytes, whatever the client does "
                        "to it, because 0123456789 0a1b2c3d4e5f6g7h8i9j is hard to press");
    while (status == STATUS_OK) { /* The broker takes up the change a moment later. */
        assert_true(real_clock_monotonic_ms() < deadline_ms);
        status = forwarder.send(forwarder.self, &record, &err);
        if (status == STATUS_OK) {
            status = forwarder.flush(forwarder.self, &err);
        }
    }
    assert_status(status, STATUS_ABORT, &err);
    record.value = TEXT("0");
    assert_status(forwarder.send(forwarder.self, &record, &err), STATUS_ABORT, &err);
    forwarder.close(forwarder.self);
}

/* The same inside of a transaction: the flush tells, and only a new producer helps. */
static void a_failed_delivery_aborts_the_transaction(void **state)
{
    struct cluster *cluster = *state;
    struct text topic = topic_make(cluster, "refused", 1);
    struct text id = fresh_name("id");
    struct outgoing record = record_of(topic, 0, "k",
                                       "a value that does not fit into a hundred "
                                       "bytes when it comes with all its frames");
    int64_t deadline_ms = real_clock_monotonic_ms() + DEADLINE_MS;
    struct producer producer = producer_make(cluster, id);
    struct error err = {0};
    enum status status = STATUS_OK;

    commit_records(&producer, topic, 0, 1);
    alter_topic(topic, "max.message.bytes", "100");
    while (status == STATUS_OK) {
        assert_true(real_clock_monotonic_ms() < deadline_ms);
        assert_status(producer.begin(producer.self, &err), STATUS_OK, &err);
        assert_status(producer.produce(producer.self, &record, &err), STATUS_OK, &err);
        status = producer.flush(producer.self, &err);
        if (status == STATUS_OK) {
            assert_status(producer.commit(producer.self, &err), STATUS_OK, &err);
        }
    }
    assert_status(status, STATUS_ABORT, &err);
    assert_status(producer.commit(producer.self, &err), STATUS_ABORT, &err);
    assert_status(producer.begin(producer.self, &err), STATUS_ABORT, &err);
    producer.close(producer.self);

    alter_topic(topic, "max.message.bytes", "100000");
    producer = producer_make(cluster, id);
    for (status = STATUS_ABORT; status != STATUS_OK;) {
        assert_true(real_clock_monotonic_ms() < deadline_ms);
        assert_status(producer.begin(producer.self, &err), STATUS_OK, &err);
        status = producer.produce(producer.self, &record, &err);
        status = status == STATUS_OK ? producer.flush(producer.self, &err) : status;
        status = status == STATUS_OK ? producer.commit(producer.self, &err) : status;
        if (status != STATUS_OK) {
            producer.close(producer.self);
            producer = producer_make(cluster, id);
        }
    }
    producer.close(producer.self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_forwarder_keeps_order_and_refuses_before_it_writes),
        cmocka_unit_test(a_failed_delivery_ends_the_forwarder),
        cmocka_unit_test(a_failed_delivery_aborts_the_transaction),
    };

    return cmocka_run_group_tests(tests, cluster_setup, cluster_teardown);
}
