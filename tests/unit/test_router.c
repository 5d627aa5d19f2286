/* What the router makes of a record: its routes, its key, its place. */
#include "base/limits.h"
#include "support/router_kit.h"

#define HEADER(name, value) (&(struct record_header){TEXT(name), TEXT(value)})

static const char one[] = KIT_FLOW("one", "1", "earliest");
static const char two[] = KIT_FLOW("two", "1", "earliest");

static const char rules[] =
    "flow: rules\nversion: 1\nkey: .id\n"
    "topics:\n"
    "  in: {name: in, key: {header: order-id}, type: {header: kind}, id: {path: .uid}}\n"
    "  more: {name: more, key: {record: true}, type: {path: .kind}, tombstone: deliver}\n"
    "  parts: {name: parts, key: {record: .a.b}, type: {record: true}}\n"
    "start: [{topic: in, from: earliest}, {topic: more, from: earliest}, {topic: parts, from: "
    "earliest}]\n"
    "timeout: 1h\ndo:\n  - {step: s, wait: 1m}\n";

static const char composite[] =
    "flow: composite\nversion: 1\nkey: [.shop, .id]\n"
    "topics: {in: {name: in, key: [{header: shop}, .id]}}\n"
    "start: {topic: in, from: earliest}\ntimeout: 1h\ndo:\n  - {step: s, wait: 1m}\n";

static const char two_keys[] =
    "flow: keys\nversion: 1\nkey: .id\ntopics: {in: {name: in, key: .id}}\n"
    "start: {topic: in, from: earliest}\ntimeout: 1h\n"
    "do:\n  - {step: own, listen: {topic: in, key: .ref}, timeout: 1m}\n";

static void open_with(struct kit *kit, const char *first, const char *second)
{
    kit_open(kit);
    kit_topic_named(kit, "in", 2);
    kit_topic_named(kit, "more", 1);
    kit_topic_named(kit, "parts", 1);
    if (kit_publish_all(kit, first, second, NULL) != STATUS_OK) {
        fail_msg("%s", kit->err.text);
    }
}

static void a_message_goes_to_the_place_of_its_instance(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct record put;
    int64_t offset = 0;
    struct kit kit;

    (void)state;
    open_with(&kit, one, NULL);
    kit_put_with(&kit, "in", 1, "k", "{\"id\":\"o-17\"}", HEADER("h", "v"));
    assert_true(sim_broker_read(kit.broker, TEXT("in"), 1, &offset, &put));
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 1);
    const struct inbox_record *record = &items[0].record;
    kit_assert_text(items[0].key, "one:o-17");
    assert_int_equal(items[0].partition, kafka_partition(TEXT("one:o-17"), KIT_PARTITIONS));
    assert_int_equal(record->kind, INBOX_MESSAGE);
    kit_assert_text(record->route, "one");
    kit_assert_text(record->flow, "one");
    kit_assert_text(record->key, "o-17");
    kit_assert_text(record->topic, "in");
    assert_int_equal(record->topic_generation, 1);
    assert_int_equal(record->partition, 1);
    assert_int_equal(record->offset, 0);
    assert_int_equal(record->timestamp_ms, put.timestamp_ms);
    kit_assert_text(record->source_key, "k");
    kit_assert_text(record->value, "{\"id\":\"o-17\"}");
    assert_int_equal(record->header_count, 1);
    kit_assert_text(record->headers[0].name, "h");
    kit_assert_text(record->headers[0].value, "v");
    assert_int_equal(record->revision, sim_broker_end(kit.broker, text_of(kit.names.flows), 0));
    kit_close(&kit);
}

static void two_flows_on_a_topic_get_a_record_each(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, one, two);
    kit_put(&kit, "in", 0, "{\"id\":1}");
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 2);
    assert_int_equal(kit_inbox_of(&kit, "one", items), 1);
    kit_assert_text(items[0].key, "one:1");
    assert_int_equal(kit_inbox_of(&kit, "two", items), 1);
    kit_assert_text(items[0].key, "two:1");
    kit_close(&kit);
}

static void keys_types_and_ids_are_found_by_the_topics_rules(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct record_header headers[] = {{TEXT("order-id"), TEXT("first")},
                                      {TEXT("kind"), TEXT("Paid")},
                                      {TEXT("order-id"), TEXT("h-1")}};
    struct outgoing record = {.topic = TEXT("in"),
                              .value = TEXT("{\"uid\":7}"),
                              .headers = headers,
                              .header_count = COUNT_OF(headers)};
    struct kit kit;

    (void)state;
    open_with(&kit, rules, NULL);
    assert_int_equal(sim_broker_append(kit.broker, &record, &kit.err), STATUS_OK);
    kit_put_with(&kit, "more", 0, "r-1", "{\"kind\":\"Sent\"}", NULL);
    kit_put_with(&kit, "parts", 0, "{\"a\":{\"b\":1.0}}", "{}", NULL);
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 3);
    for (int i = 0; i < 3; i++) {
        const struct inbox_record *inbox = &items[i].record;

        if (text_is(inbox->topic, "in")) {
            kit_assert_text(inbox->key, "h-1");
            kit_assert_text(inbox->type, "Paid");
            kit_assert_text(inbox->id, "7");
        } else if (text_is(inbox->topic, "more")) {
            kit_assert_text(inbox->key, "r-1");
            kit_assert_text(inbox->type, "Sent");
        } else {
            kit_assert_text(inbox->key, "1");
            kit_assert_text(inbox->type, "{\"a\":{\"b\":1.0}}");
        }
    }
    kit_close(&kit);
}

static void a_composite_key_is_a_json_array_text(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, composite, NULL);
    kit_put_with(&kit, "in", 0, NULL, "{\"id\":7}", HEADER("shop", "north"));
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 1);
    kit_assert_text(items[0].record.key, "[\"north\",\"7\"]");
    kit_close(&kit);
}

static void tombstones_are_skipped_unless_the_topic_delivers_them(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct router *router;
    struct kit kit;

    (void)state;
    open_with(&kit, rules, NULL);
    kit_put_with(&kit, "in", 0, NULL, NULL, HEADER("order-id", "1"));
    kit_put_with(&kit, "more", 0, "r-1", NULL, NULL);
    router = kit_router(&kit);
    kit_turns(&kit, router, KIT_SETTLE);

    assert_int_equal(kit_inbox(&kit, items), 1);
    kit_assert_text(items[0].record.topic, "more");
    assert_null(items[0].record.value.data);
    assert_int_equal(kit_stat(&router_stats(router)->tombstones), 1);
    assert_int_equal(kit_stat(&router_stats(router)->read), 2);
    router_close(router);
    kit_close(&kit);
}

static void poison_is_one_dead_record_however_many_flows_read_it(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct router *router;
    struct kit kit;

    (void)state;
    open_with(&kit, one, two);
    kit_put_with(&kit, "in", 1, "k", "{\"id\":", NULL);
    router = kit_router(&kit);
    kit_turns(&kit, router, KIT_SETTLE);

    assert_int_equal(kit_inbox(&kit, items), 1);
    assert_int_equal(items[0].record.kind, INBOX_POISON);
    assert_int_equal(items[0].partition, 1 % KIT_PARTITIONS);
    assert_null(items[0].key.data);
    kit_assert_text(items[0].record.route, "~dead");
    kit_assert_text(items[0].record.value, "{\"id\":");
    kit_assert_text(items[0].record.source_key, "k");
    assert_true(items[0].record.reason.bytes > 0);
    assert_int_equal(kit_stat(&router_stats(router)->poison), 1);
    assert_int_equal(kit_stat(&router_stats(router)->forwarded), 0);
    router_close(router);
    kit_close(&kit);
}

static void a_record_without_a_key_is_unkeyed(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct router *router;
    struct kit kit;

    (void)state;
    open_with(&kit, one, two);
    kit_put(&kit, "in", 0, "{\"id\":null}");
    kit_put(&kit, "in", 0, "{}");
    kit_put(&kit, "in", 0, "{\"id\":[1]}");
    router = kit_router(&kit);
    kit_turns(&kit, router, KIT_SETTLE);

    assert_int_equal(kit_inbox(&kit, items), 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(items[i].record.kind, INBOX_UNKEYED);
        assert_int_equal(items[i].record.offset, i);
        assert_true(text_starts(items[i].record.reason, TEXT("flow 'one': ")));
    }
    assert_int_equal(kit_stat(&router_stats(router)->unkeyed), 3);
    router_close(router);
    kit_close(&kit);
}

static void what_one_flow_cannot_key_another_may(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, one, composite);
    kit_put(&kit, "in", 0, "{\"id\":1}");
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 2);
    assert_int_equal(kit_inbox_of(&kit, "one", items), 1);
    assert_int_equal(kit_inbox_of(&kit, "~dead", items), 1);
    kit_assert_text(items[0].record.flow, "composite");
    kit_close(&kit);
}

static void an_oversize_value_becomes_a_stub(void **state)
{
    char *value = calloc(1, PAYLOAD_BYTES_MAX + 2);
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    memset(value, '1', PAYLOAD_BYTES_MAX + 1);
    open_with(&kit, one, two);
    kit_put_with(&kit, "in", 1, "k", value, HEADER("h", "v"));
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 1);
    assert_int_equal(items[0].record.kind, INBOX_OVERSIZE);
    assert_int_equal(items[0].partition, 1);
    assert_null(items[0].record.value.data);
    kit_assert_text(items[0].record.source_key, "k");
    assert_int_equal(items[0].record.header_count, 1);
    kit_assert_text(items[0].record.reason, "the value has 262145 bytes, the most is 262144");
    free(value);
    kit_close(&kit);
}

static void oversize_headers_are_not_carried(void **state)
{
    size_t bytes = PAYLOAD_BYTES_MAX + 1;
    char *value = calloc(1, bytes);
    struct record_header header = {TEXT("h"), {value, bytes}};
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, one, NULL);
    kit_put_with(&kit, "in", 0, "k", "{\"id\":1}", &header);
    kit_put(&kit, "in", 0, "{\"id\":1}");
    kit_route(&kit);

    assert_int_equal(kit_inbox_of(&kit, "~dead", items), 1);
    assert_int_equal(items[0].record.kind, INBOX_OVERSIZE);
    assert_int_equal(items[0].record.header_count, 0);
    assert_null(items[0].record.source_key.data);
    assert_int_equal(kit_inbox_of(&kit, "one", items), 1);
    free(value);
    kit_close(&kit);
}

static void what_the_inbox_refuses_becomes_a_stub(void **state)
{
    static char value[2000] = "{\"id\":1,\"x\":\"";
    struct kit_inbox items[KIT_INBOX_MAX];
    struct settings settings = settings_default();
    struct kit kit;

    (void)state;
    memset(value + strlen(value), 'x', 1900);
    memcpy(value + strlen(value), "\"}", 3);
    kit_open(&kit);
    settings.app = TEXT("small");
    settings.partitions = KIT_PARTITIONS;
    kit.settings = settings;
    names_init(&kit.names, settings.app);
    kit_topic_named(&kit, kit.names.flows, 1);
    sim_broker_create(kit.broker, &(struct sim_topic_options){.name = kit.names.inbox,
                                                              .partitions = KIT_PARTITIONS,
                                                              .message_bytes_max = 1000});
    kit_topic_named(&kit, "in", 1);
    kit_publish(&kit, one);
    kit_put(&kit, "in", 0, value);
    kit_put(&kit, "in", 0, "{\"id\":2}");
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 2);
    assert_int_equal(kit_inbox_of(&kit, "~dead", items), 1);
    assert_int_equal(items[0].record.kind, INBOX_OVERSIZE);
    kit_close(&kit);
}

static void two_rules_that_find_one_instance_give_it_the_record_once(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, two_keys, NULL);
    kit_put(&kit, "in", 0, "{\"id\":1,\"ref\":1}");
    kit_put(&kit, "in", 0, "{\"id\":2,\"ref\":3}");
    kit_put(&kit, "in", 0, "{\"ref\":4}");
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 4);
    assert_int_equal(kit_inbox_of(&kit, "keys", items), 2);
    assert_int_equal(kit_inbox_of(&kit, "keys/own", items), 2);
    kit_close(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_goes_to_the_place_of_its_instance),
        cmocka_unit_test(two_flows_on_a_topic_get_a_record_each),
        cmocka_unit_test(keys_types_and_ids_are_found_by_the_topics_rules),
        cmocka_unit_test(a_composite_key_is_a_json_array_text),
        cmocka_unit_test(tombstones_are_skipped_unless_the_topic_delivers_them),
        cmocka_unit_test(poison_is_one_dead_record_however_many_flows_read_it),
        cmocka_unit_test(a_record_without_a_key_is_unkeyed),
        cmocka_unit_test(what_one_flow_cannot_key_another_may),
        cmocka_unit_test(an_oversize_value_becomes_a_stub),
        cmocka_unit_test(oversize_headers_are_not_carried),
        cmocka_unit_test(what_the_inbox_refuses_becomes_a_stub),
        cmocka_unit_test(two_rules_that_find_one_instance_give_it_the_record_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
