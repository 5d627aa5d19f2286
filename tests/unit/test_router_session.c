/* Where the router begins, what it commits, and what happens when something fails. */
#include "support/router_kit.h"

static const char one[] = KIT_FLOW("one", "1", "earliest");
static const char one_v2[] = "flow: one\nversion: 2\nkey: .id\n"
                             "topics: {in: {name: in, key: .id}, more: {name: more, key: .id}}\n"
                             "start: {topic: in, from: earliest}\ntimeout: 1h\n"
                             "do:\n  - {step: s, listen: more, timeout: 1m}\n";
static const char late_now[] = KIT_FLOW("late", "1", "now");
static const char late_earliest[] = KIT_FLOW("late", "1", "earliest");

static void open_with(struct kit *kit, const char *flow)
{
    kit_open(kit);
    kit_topic_named(kit, "in", 2);
    kit_topic_named(kit, "more", 1);
    if (flow != NULL) {
        kit_publish(kit, flow);
    }
}

/* Records {"id": <from>} ... to one partition. */
static void put_ids(struct kit *kit, const char *topic, int32_t partition, int from, int count)
{
    for (int i = from; i < from + count; i++) {
        kit_put(kit, topic, partition, arena_printf(&kit->arena, "{\"id\":%d}", i).data);
    }
}

static int64_t flows_end(const struct kit *kit)
{
    return sim_broker_end(kit->broker, text_of(kit->names.flows), 0);
}

static void assert_mark(struct kit *kit, const char *topic, int32_t partition, int64_t offset,
                        int32_t generation)
{
    struct partition_offset committed = kit_committed(kit, topic, partition);
    struct source_mark mark;
    struct topic_info info;

    assert_int_equal(committed.offset, offset);
    assert_true(source_mark_parse(committed.metadata, &mark));
    assert_int_equal(mark.generation, generation);
    assert_int_equal(kit->port.topic(kit->port.self, text_of(topic), &info, &kit->err), STATUS_OK);
    assert_string_equal(mark.topic_id, info.id);
}

/* The generation of a topic that was there before under the same name. */
static int32_t kit_life(struct kit *kit, const char *topic)
{
    struct topic_info info;

    assert_int_equal(kit->port.topic(kit->port.self, text_of(topic), &info, &kit->err), STATUS_OK);
    return source_life(info.id);
}

static void the_commit_names_revision_generation_and_topic(void **state)
{
    struct source_mark mark;
    struct kit kit;

    (void)state;
    open_with(&kit, one);
    put_ids(&kit, "in", 0, 0, 3);
    kit_route(&kit);

    assert_mark(&kit, "in", 0, 3, 1);
    assert_mark(&kit, "in", 1, 0, 1);
    assert_true(source_mark_parse(kit_committed(&kit, "in", 0).metadata, &mark));
    assert_int_equal(mark.revision, flows_end(&kit));
    kit_close(&kit);
}

static void a_router_goes_on_where_the_last_one_committed(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, one);
    put_ids(&kit, "in", 0, 0, 3);
    kit_route(&kit);
    put_ids(&kit, "in", 0, 3, 2);
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 5);
    assert_mark(&kit, "in", 0, 5, 1);
    kit_close(&kit);
}

static void commits_are_at_least_200_ms_apart(void **state)
{
    struct router *router;
    struct kit kit;

    (void)state;
    open_with(&kit, one);
    router = kit_router(&kit);
    kit_turns(&kit, router, KIT_SETTLE);
    put_ids(&kit, "in", 0, 0, 1);
    assert_int_equal(router_turn(router, 0, &kit.err), STATUS_OK);
    assert_int_equal(kit_committed(&kit, "in", 0).offset, 1);
    put_ids(&kit, "in", 0, 1, 1);
    assert_int_equal(router_turn(router, 0, &kit.err), STATUS_OK);
    assert_int_equal(kit_committed(&kit, "in", 0).offset, 1);
    kit.sim.now_ms += 150;
    assert_int_equal(router_turn(router, 0, &kit.err), STATUS_OK);
    assert_int_equal(kit_committed(&kit, "in", 0).offset, 1);
    kit.sim.now_ms += 50;
    assert_int_equal(router_turn(router, 0, &kit.err), STATUS_OK);
    assert_int_equal(kit_committed(&kit, "in", 0).offset, 2);
    router_close(router);
    kit_close(&kit);
}

static void what_is_not_committed_yet_is_committed_on_leaving(void **state)
{
    struct router *router;
    struct kit kit;

    (void)state;
    open_with(&kit, one);
    router = kit_router(&kit);
    kit_turns(&kit, router, KIT_SETTLE);
    for (int i = 0; i < 2; i++) {
        put_ids(&kit, "in", 0, i, 1);
        assert_int_equal(router_turn(router, 0, &kit.err), STATUS_OK);
    }
    assert_int_equal(kit_committed(&kit, "in", 0).offset, 1);
    router_close(router);
    assert_int_equal(kit_committed(&kit, "in", 0).offset, 2);
    kit_close(&kit);
}

static void without_flows_it_waits_for_them(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct router *router;
    struct kit kit;

    (void)state;
    open_with(&kit, NULL);
    put_ids(&kit, "in", 0, 0, 1);
    router = kit_router(&kit);
    kit_turns(&kit, router, KIT_SETTLE);
    assert_int_equal(kit_stat(&router_stats(router)->sessions), 0);

    kit_publish(&kit, one);
    kit_turns(&kit, router, KIT_SETTLE);

    assert_int_equal(kit_inbox(&kit, items), 1);
    router_close(router);
    kit_close(&kit);
}

static void a_new_revision_is_taken_up_by_a_new_session(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct router *router;
    struct kit kit;
    int64_t before;

    (void)state;
    open_with(&kit, one);
    router = kit_router(&kit);
    put_ids(&kit, "in", 0, 0, 1);
    kit_turns(&kit, router, KIT_SETTLE);
    before = flows_end(&kit);
    kit_publish(&kit, one_v2);
    put_ids(&kit, "more", 0, 1, 1);
    kit_turns(&kit, router, 2 * KIT_SETTLE);

    assert_int_equal(kit_stat(&router_stats(router)->sessions), 2);
    assert_int_equal(kit_inbox(&kit, items), 2);
    for (int i = 0; i < 2; i++) {
        bool is_old = text_is(items[i].record.topic, "in");

        assert_int_equal(items[i].record.revision, is_old ? before : flows_end(&kit));
    }
    router_close(router);
    kit_close(&kit);
}

static void it_reads_on_before_it_follows_a_router_that_knew_more(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct router *router;
    struct kit kit;
    char metadata[64];

    (void)state;
    open_with(&kit, one);
    put_ids(&kit, "in", 0, 0, 2);
    snprintf(metadata, sizeof(metadata), "1 %lld 1 -", (long long)flows_end(&kit) + 1);
    kit_commit(&kit, "in", 0, 1, metadata);
    router = kit_router(&kit);
    kit_turns(&kit, router, 2 * KIT_SETTLE);
    assert_int_equal(kit_inbox(&kit, items), 0);

    kit_publish(&kit, late_now);
    kit_turns(&kit, router, 2 * KIT_SETTLE);

    assert_int_equal(kit_inbox(&kit, items), 1);
    assert_int_equal(items[0].record.offset, 1);
    assert_int_equal(items[0].record.revision, flows_end(&kit));
    router_close(router);
    kit_close(&kit);
}

static void a_flow_gets_nothing_from_before_its_start(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, one);
    put_ids(&kit, "in", 0, 0, 3);
    kit_publish(&kit, late_now);
    put_ids(&kit, "in", 0, 3, 2);
    kit_route(&kit);

    assert_int_equal(kit_inbox_of(&kit, "one", items), 5);
    assert_int_equal(kit_inbox_of(&kit, "late", items), 2);
    kit_close(&kit);
}

static void a_later_flow_from_earliest_gets_what_others_have_had(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct router *router;
    struct kit kit;

    (void)state;
    open_with(&kit, one);
    put_ids(&kit, "in", 0, 0, 3);
    kit_route(&kit);
    kit_publish(&kit, late_earliest);
    router = kit_router(&kit);
    kit_turns(&kit, router, KIT_SETTLE);
    router_close(router);
    assert_int_equal(kit_inbox_of(&kit, "late", items), 3);
    assert_int_equal(kit_inbox_of(&kit, "one", items), 6);

    /* And once only. */
    kit_route(&kit);
    assert_int_equal(kit_inbox_of(&kit, "late", items), 3);
    assert_mark(&kit, "in", 0, 3, 1);
    kit_close(&kit);
}

static void a_topic_with_another_id_is_read_whole_as_a_new_generation(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, one);
    put_ids(&kit, "in", 0, 0, 3);
    kit_commit(&kit, "in", 0, 2, "1 0 4 formerly");
    kit_route(&kit);
    int32_t life = kit_life(&kit, "in");

    assert_int_equal(kit_inbox(&kit, items), 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(items[i].record.topic_generation, life);
    }
    assert_mark(&kit, "in", 0, 3, life);
    kit_close(&kit);
}

static void an_end_below_the_commit_is_a_new_generation_from_the_low_end(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, one);
    put_ids(&kit, "in", 0, 0, 3);
    assert_int_equal(kit.port.delete_records(kit.port.self, TEXT("in"), 0, 1, &kit.err), STATUS_OK);
    kit_commit(&kit, "in", 0, 100, "1 0 1 -");
    kit_route(&kit);
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 2);
    assert_int_equal(items[0].record.topic_generation, 2);
    assert_mark(&kit, "in", 0, 3, 2);
    kit_close(&kit);
}

static void a_start_recorded_for_a_former_life_does_not_hold_back_the_new_one(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, NULL);
    put_ids(&kit, "in", 0, 0, 3);
    kit_publish(&kit, late_now);
    kit_commit(&kit, "in", 0, 3, "1 9 1 formerly");
    kit_publish(&kit, KIT_FLOW("third", "1", "now"));
    kit_publish(&kit, KIT_FLOW("fourth", "1", "now"));
    kit_route(&kit);

    assert_int_equal(kit_inbox_of(&kit, "late", items), 3);
    assert_int_equal(kit_inbox_of(&kit, "third", items), 0);
    kit_close(&kit);
}

static void lost_records_stop_a_partition_and_nothing_is_skipped(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, one);
    put_ids(&kit, "in", 0, 0, 2);
    kit_route(&kit);
    put_ids(&kit, "in", 0, 2, 3);
    put_ids(&kit, "in", 1, 0, 1);
    assert_int_equal(kit.port.delete_records(kit.port.self, TEXT("in"), 0, 4, &kit.err), STATUS_OK);
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 3);
    assert_int_equal(kit_committed(&kit, "in", 0).offset, 2);
    assert_int_equal(kit_committed(&kit, "in", 1).offset, 1);
    kit_close(&kit);
}

static void records_lost_while_reading_stop_that_partition_alone(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct router *router;
    struct kit kit;

    (void)state;
    open_with(&kit, one);
    router = kit_router(&kit);
    kit_turns(&kit, router, KIT_SETTLE);
    put_ids(&kit, "in", 0, 0, 3);
    assert_int_equal(kit.port.delete_records(kit.port.self, TEXT("in"), 0, 2, &kit.err), STATUS_OK);
    kit_turns(&kit, router, 4 * KIT_SETTLE);
    put_ids(&kit, "in", 1, 0, 2);
    kit_turns(&kit, router, 4 * KIT_SETTLE);

    assert_int_equal(kit_inbox(&kit, items), 2);
    assert_int_equal(items[0].record.partition, 1);
    assert_int_equal(kit_committed(&kit, "in", 0).offset, 0);
    router_close(router);
    kit_close(&kit);
}

static void an_offset_set_by_hand_is_obeyed(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, one);
    put_ids(&kit, "in", 0, 0, 5);
    kit_commit(&kit, "in", 0, 3, "");
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 2);
    assert_int_equal(items[0].record.topic_generation, 1);
    assert_mark(&kit, "in", 0, 5, 1);
    kit_close(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_commit_names_revision_generation_and_topic),
        cmocka_unit_test(a_router_goes_on_where_the_last_one_committed),
        cmocka_unit_test(commits_are_at_least_200_ms_apart),
        cmocka_unit_test(what_is_not_committed_yet_is_committed_on_leaving),
        cmocka_unit_test(without_flows_it_waits_for_them),
        cmocka_unit_test(a_new_revision_is_taken_up_by_a_new_session),
        cmocka_unit_test(it_reads_on_before_it_follows_a_router_that_knew_more),
        cmocka_unit_test(a_flow_gets_nothing_from_before_its_start),
        cmocka_unit_test(a_later_flow_from_earliest_gets_what_others_have_had),
        cmocka_unit_test(a_topic_with_another_id_is_read_whole_as_a_new_generation),
        cmocka_unit_test(an_end_below_the_commit_is_a_new_generation_from_the_low_end),
        cmocka_unit_test(a_start_recorded_for_a_former_life_does_not_hold_back_the_new_one),
        cmocka_unit_test(lost_records_stop_a_partition_and_nothing_is_skipped),
        cmocka_unit_test(records_lost_while_reading_stop_that_partition_alone),
        cmocka_unit_test(an_offset_set_by_hand_is_obeyed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
