/* links: baton_adapter */
/* Rule 6, the other half: what small transactions need of the client is set on the handle. */
#include "adapter/kafka_options.h"

#include <string.h>

#include "support/unit.h"

static void assert_property(const rd_kafka_conf_t *conf, const char *name, const char *wanted)
{
    char value[64] = "";
    size_t bytes = sizeof value;

    assert_int_equal(rd_kafka_conf_get(conf, name, value, &bytes), RD_KAFKA_CONF_OK);
    if (strcmp(value, wanted) != 0) {
        fail_msg("%s is '%s', not '%s'", name, value, wanted);
    }
}

static rd_kafka_conf_t *conf_of(struct kafka_options *options, enum kafka_role role)
{
    rd_kafka_conf_t *conf = NULL;
    struct error err;

    assert_int_equal(kafka_options_conf(options, role, &conf, &err), STATUS_OK);
    return conf;
}

static void a_producer_waits_for_nothing_and_loses_nothing(void **state)
{
    struct kafka_options options = {.reader_group = TEXT("r")};
    rd_kafka_conf_t *conf = conf_of(&options, KAFKA_PRODUCER);

    (void)state;
    assert_property(conf, "linger.ms", "0");
    assert_property(conf, "acks", "-1");
    assert_property(conf, "compression.type", "lz4");
    assert_property(conf, "socket.nagle.disable", "true");
    assert_property(conf, "enable.idempotence", "true");
    assert_property(conf, "transaction.timeout.ms", "10000");
    /* At its default of 100 ms every transaction takes a tenth of a second. */
    assert_in_range(kafka_conf_number(conf, "retry.backoff.ms"), 1, 10);
    rd_kafka_conf_destroy(conf);
}

static void a_forwarder_leaves_no_gap(void **state)
{
    struct kafka_options options = {.reader_group = TEXT("r")};
    rd_kafka_conf_t *conf = conf_of(&options, KAFKA_FORWARDER);

    (void)state;
    assert_property(conf, "enable.idempotence", "true");
    assert_property(conf, "enable.gapless.guarantee", "true");
    assert_property(conf, "message.timeout.ms", "0");
    rd_kafka_conf_destroy(conf);
}

static void a_member_reads_committed_records_and_never_jumps(void **state)
{
    struct kafka_options options = {.reader_group = TEXT("r")};
    rd_kafka_conf_t *conf = conf_of(&options, KAFKA_CONSUMER);

    (void)state;
    assert_property(conf, "isolation.level", "read_committed");
    assert_property(conf, "auto.offset.reset", "error");
    assert_property(conf, "enable.auto.commit", "false");
    assert_property(conf, "session.timeout.ms", "6000");
    assert_property(conf, "partition.assignment.strategy", "range");
    rd_kafka_conf_destroy(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_producer_waits_for_nothing_and_loses_nothing),
        cmocka_unit_test(a_forwarder_leaves_no_gap),
        cmocka_unit_test(a_member_reads_committed_records_and_never_jumps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
