#include "engine/flow_registry.h"

#include "support/estate_kit.h"

#define ONE_V1 KIT_FLOW("one", "1", "earliest")
#define ONE_V2 KIT_FLOW("one", "2", "earliest")
#define TWO_V1 KIT_FLOW("two", "1", "earliest")

static struct flow_registry *open_registry(struct kit *kit)
{
    struct flow_registry *registry = NULL;

    if (flow_registry_open(&kit->port, text_of(kit->names.flows), &registry, &kit->err) !=
        STATUS_OK) {
        fail_msg("%s", kit->err.text);
    }
    return registry;
}

static void open_with_topic(struct kit *kit)
{
    kit_open(kit);
    kit_topic_named(kit, "in", 2);
}

static void put_raw(struct kit *kit, const char *key, struct text value)
{
    struct outgoing record = {
        .topic = text_of(kit->names.flows), .key = text_of(key), .value = value};

    assert_int_equal(sim_broker_append(kit->broker, &record, &kit->err), STATUS_OK);
}

static void what_is_deployed_is_known_after_opening(void **state)
{
    struct kit kit;
    struct flow_registry *registry;
    const struct flow *flow;

    (void)state;
    open_with_topic(&kit);
    kit_publish(&kit, ONE_V1);
    registry = open_registry(&kit);

    flow = flow_registry_active(registry, TEXT("one"));
    assert_non_null(flow);
    assert_int_equal(flow->version, 1);
    assert_ptr_equal(flow_registry_by_hash(registry, text_of(flow->hash)), flow);
    assert_true(
        text_equal(flow_registry_definition(registry, text_of(flow->hash)), flow->definition));
    assert_true(flow_registry_knows(registry, TEXT("one")));
    assert_false(flow_registry_knows(registry, TEXT("two")));
    assert_null(flow_registry_active(registry, TEXT("two")));
    assert_int_equal(flow_registry_partitions(registry), KIT_PARTITIONS);
    flow_registry_close(registry);
    kit_close(&kit);
}

static void a_poll_takes_in_what_is_new_and_keeps_what_was(void **state)
{
    struct kit kit;
    struct flow_registry *registry;
    const struct flow *first;
    int64_t revision;

    (void)state;
    open_with_topic(&kit);
    kit_publish(&kit, ONE_V1);
    registry = open_registry(&kit);
    first = flow_registry_active(registry, TEXT("one"));
    revision = flow_registry_revision(registry);
    kit_publish(&kit, ONE_V2);

    assert_int_equal(flow_registry_poll(registry, 0, &kit.err), STATUS_OK);

    assert_true(flow_registry_revision(registry) > revision);
    assert_int_equal(flow_registry_active(registry, TEXT("one"))->version, 2);
    assert_ptr_equal(flow_registry_by_hash(registry, text_of(first->hash)), first);
    assert_int_equal(first->version, 1);
    flow_registry_close(registry);
    kit_close(&kit);
}

static void the_revision_is_the_end_that_was_read(void **state)
{
    struct kit kit;
    struct flow_registry *registry;

    (void)state;
    open_with_topic(&kit);
    kit_publish(&kit, ONE_V1);
    registry = open_registry(&kit);

    assert_int_equal(flow_registry_revision(registry),
                     sim_broker_end(kit.broker, text_of(kit.names.flows), 0));
    flow_registry_close(registry);
    kit_close(&kit);
}

static void a_definition_that_cannot_be_built_is_left_out_alone(void **state)
{
    struct buffer value = {.data = NULL};
    struct kit kit;
    struct flow_registry *registry;

    (void)state;
    open_with_topic(&kit);
    definition_encode(TEXT("{\"flow\":\"later\"}"), TEXT("later"), 3, &value);
    put_raw(&kit, "def/00ff", buffer_text(&value));
    put_raw(&kit, "def/0100", TEXT("\x01"));
    put_raw(&kit, "unheard/of", TEXT("x"));
    kit_publish(&kit, ONE_V1);
    registry = open_registry(&kit);

    assert_null(flow_registry_by_hash(registry, TEXT("00ff")));
    assert_null(flow_registry_by_hash(registry, TEXT("0100")));
    kit_assert_text(flow_registry_deployed(registry, TEXT("later"), 3), "00ff");
    assert_true(flow_registry_knows(registry, TEXT("later")));
    assert_non_null(flow_registry_active(registry, TEXT("one")));
    flow_registry_close(registry);
    buffer_release(&value);
    kit_close(&kit);
}

static void a_definition_under_a_wrong_hash_is_left_out(void **state)
{
    struct buffer value = {.data = NULL};
    struct kit kit;
    struct flow_registry *registry;

    (void)state;
    open_with_topic(&kit);
    definition_encode(kit_definition(&kit, ONE_V1), TEXT("one"), 1, &value);
    put_raw(&kit, "def/0123", buffer_text(&value));
    registry = open_registry(&kit);

    assert_null(flow_registry_by_hash(registry, TEXT("0123")));
    flow_registry_close(registry);
    buffer_release(&value);
    kit_close(&kit);
}

static void a_tombstone_ends_what_new_runs_get_but_not_the_definition(void **state)
{
    struct kit kit;
    struct flow_registry *registry;
    struct text hash;

    (void)state;
    open_with_topic(&kit);
    kit_publish(&kit, ONE_V1);
    registry = open_registry(&kit);
    hash = text_of(flow_registry_active(registry, TEXT("one"))->hash);
    put_raw(&kit, "flow/one", (struct text){0});
    put_raw(&kit, arena_printf(&kit.arena, "def/%.*s", TEXT_ARG(hash)).data, (struct text){0});

    assert_int_equal(flow_registry_poll(registry, 0, &kit.err), STATUS_OK);

    assert_null(flow_registry_active(registry, TEXT("one")));
    assert_null(flow_registry_state(registry, TEXT("one")));
    assert_non_null(flow_registry_by_hash(registry, hash));
    flow_registry_close(registry);
    kit_close(&kit);
}

static void walks_give_every_flow_once(void **state)
{
    struct kit kit;
    struct flow_registry *registry;
    struct active_flow active;
    const struct flow *flow;
    size_t cursor = 0;
    uint32_t count = 0;

    (void)state;
    open_with_topic(&kit);
    kit_publish(&kit, ONE_V1);
    kit_publish(&kit, ONE_V2);
    kit_publish(&kit, TWO_V1);
    registry = open_registry(&kit);

    while (flow_registry_next(registry, &cursor, &active)) {
        assert_int_equal(active.flow->version, text_is(active.name, "one") ? 2 : 1);
        assert_int_equal(active.state->version, active.flow->version);
        count++;
    }
    assert_int_equal(count, 2);
    cursor = 0;
    count = 0;
    while (flow_registry_next_flow(registry, &cursor, &flow)) {
        count++;
    }
    assert_int_equal(count, 3);
    flow_registry_close(registry);
    kit_close(&kit);
}

static void without_its_topic_it_cannot_open(void **state)
{
    struct flow_registry *registry;
    struct kit kit;

    (void)state;
    kit_open(&kit);
    assert_int_equal(flow_registry_open(&kit.port, TEXT("absent"), &registry, &kit.err),
                     STATUS_REJECT);
    kit_assert_says(&kit, "absent");
    kit_close(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_deployed_is_known_after_opening),
        cmocka_unit_test(a_poll_takes_in_what_is_new_and_keeps_what_was),
        cmocka_unit_test(the_revision_is_the_end_that_was_read),
        cmocka_unit_test(a_definition_that_cannot_be_built_is_left_out_alone),
        cmocka_unit_test(a_definition_under_a_wrong_hash_is_left_out),
        cmocka_unit_test(a_tombstone_ends_what_new_runs_get_but_not_the_definition),
        cmocka_unit_test(walks_give_every_flow_once),
        cmocka_unit_test(without_its_topic_it_cannot_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
