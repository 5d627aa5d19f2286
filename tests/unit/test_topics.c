#include "engine/topics.h"

#include <string.h>

#include "base/log.h"
#include "support/unit.h"

static const struct topic_spec *find(const struct topic_spec *specs, const char *name)
{
    for (uint32_t i = 0; i < TOPICS_INTERNAL; i++) {
        if (text_is(specs[i].name, name)) {
            return &specs[i];
        }
    }
    fail_msg("no topic '%s'", name);
    return NULL;
}

static void assert_config(const struct topic_spec *spec, const char *name, const char *value)
{
    for (uint32_t i = 0; i < spec->config_count; i++) {
        if (strcmp(spec->configs[i].name, name) == 0) {
            assert_string_equal(spec->configs[i].value, value);
            return;
        }
    }
    fail_msg("topic '%.*s' has no '%s'", TEXT_ARG(spec->name), name);
}

static void compacted_topics_keep_what_a_late_reader_needs(void **state)
{
    static const char *const names[] = {"shop.flows", "shop.history", "shop.snapshot",
                                        "shop.checkpoint"};
    struct arena arena = {0};
    const struct topic_spec *specs = topics_internal(TEXT("shop"), 16, 3, &arena);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct topic_spec *spec = find(specs, names[i]);

        assert_config(spec, "cleanup.policy", "compact");
        assert_config(spec, "min.compaction.lag.ms", "3600000");
        assert_config(spec, "max.compaction.lag.ms", "604800000");
        assert_config(spec, "delete.retention.ms", "604800000");
        assert_config(spec, "segment.ms", "86400000");
        assert_config(spec, "max.message.bytes", "8388608");
        assert_config(spec, "min.insync.replicas", "2");
        assert_int_equal(spec->replication, 3);
    }
    arena_release(&arena);
}

static void nothing_in_the_inbox_expires(void **state)
{
    struct arena arena = {0};
    const struct topic_spec *inbox = find(topics_internal(TEXT("shop"), 16, 3, &arena),
                                          "shop.inbox");

    (void)state;
    assert_config(inbox, "cleanup.policy", "delete");
    assert_config(inbox, "retention.ms", "-1");
    assert_config(inbox, "retention.bytes", "-1");
    assert_config(inbox, "message.timestamp.type", "LogAppendTime");
    assert_config(inbox, "max.message.bytes", "8388608");
    assert_int_equal(inbox->partitions, 16);
    arena_release(&arena);
}

static void dead_letters_live_30_days_and_alerts_7(void **state)
{
    struct arena arena = {0};
    const struct topic_spec *specs = topics_internal(TEXT("shop"), 16, 3, &arena);

    (void)state;
    assert_config(find(specs, "shop.dlq"), "retention.ms", "2592000000");
    assert_config(find(specs, "shop.dlq"), "max.message.bytes", "8388608");
    assert_config(find(specs, "shop.alerts"), "retention.ms", "604800000");
    arena_release(&arena);
}

static void flows_come_first_in_one_partition(void **state)
{
    struct arena arena = {0};
    const struct topic_spec *specs = topics_internal(TEXT("shop"), 16, 0, &arena);

    (void)state;
    assert_true(text_is(specs[TOPICS_FLOWS].name, "shop.flows"));
    for (uint32_t i = 0; i < TOPICS_INTERNAL; i++) {
        assert_int_equal(specs[i].partitions, i == TOPICS_FLOWS ? 1 : 16);
    }
    arena_release(&arena);
}

static void few_brokers_get_few_copies(void **state)
{
    struct arena arena = {0};
    const struct topic_spec *one = topics_internal(TEXT("shop"), 16, 1, &arena);
    const struct topic_spec *two = topics_internal(TEXT("shop"), 16, 2, &arena);
    const struct topic_spec *unknown = topics_internal(TEXT("shop"), 16, 0, &arena);

    (void)state;
    assert_int_equal(one->replication, 1);
    assert_config(one, "min.insync.replicas", "1");
    assert_int_equal(two->replication, 2);
    assert_config(two, "min.insync.replicas", "2");
    assert_int_equal(unknown->replication, 3);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compacted_topics_keep_what_a_late_reader_needs),
        cmocka_unit_test(nothing_in_the_inbox_expires),
        cmocka_unit_test(dead_letters_live_30_days_and_alerts_7),
        cmocka_unit_test(flows_come_first_in_one_partition),
        cmocka_unit_test(few_brokers_get_few_copies),
    };

    log_set_level(LOG_NONE);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
