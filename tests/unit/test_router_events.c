/* What the router makes of CloudEvents: both modes read alike, beside flows that know nothing of them. */
#include "support/router_kit.h"

#define EVENT_HEAD "{\"specversion\":\"1.0\",\"id\":\"e-1\",\"source\":\"/shop\",\"type\":\"Paid\","
#define STRUCTURED                                                                                 \
    (&(struct record_header){TEXT("content-type"),                                                 \
                             TEXT("application/cloudevents+json; charset=UTF-8")})

static const char plain[] =
    "flow: plain\nversion: 1\nkey: .subject\ntopics: {in: {name: in}}\n"
    "start: {topic: in, from: earliest}\ntimeout: 1h\ndo:\n  - {step: s, wait: 1m}\n";

static const char events[] =
    "flow: events\nversion: 1\nkey: .order\n"
    "topics:\n"
    "  in: {name: in, envelope: cloudevents, id: {header: ce_id}}\n"
    "  more: {name: more, envelope: cloudevents, format: string, key: {header: ce_subject}}\n"
    "  answers: {name: parts, envelope: cloudevents}\n"
    "services: {stock: {commands: stock.commands, replies: parts, correlate: {header: ce_reply},\n"
    "  success: .ok}}\n"
    "start: [{topic: in, from: earliest}, {topic: more, from: earliest}]\n"
    "timeout: 1h\ndo:\n  - {step: s, request: stock}\n";

static void open_with(struct kit *kit, const char *first, const char *second)
{
    kit_open(kit);
    kit_topic_named(kit, "in", 2);
    kit_topic_named(kit, "more", 1);
    kit_topic_named(kit, "parts", 1);
    kit_topic_named(kit, "stock.commands", 1);
    if (kit_publish_all(kit, first, second, NULL) != STATUS_OK) {
        fail_msg("%s", kit->err.text);
    }
}

static struct text header_of(const struct inbox_record *record, const char *name)
{
    for (uint32_t i = 0; i < record->header_count; i++) {
        if (text_is(record->headers[i].name, name)) {
            return record->headers[i].value;
        }
    }
    return TEXT("");
}

static void an_event_in_structured_mode_is_read_as_one_in_binary_mode(void **state)
{
    const struct record_header binary[] = {{TEXT("content-type"), TEXT("application/json")},
                                           {TEXT("ce_specversion"), TEXT("1.0")},
                                           {TEXT("ce_id"), TEXT("e-1")},
                                           {TEXT("ce_source"), TEXT("/shop")},
                                           {TEXT("ce_type"), TEXT("Paid")}};
    struct outgoing record = {.topic = TEXT("in"),
                              .value = TEXT("{\"order\":\"A-1\"}"),
                              .headers = binary,
                              .header_count = COUNT_OF(binary)};
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, events, NULL);
    assert_int_equal(sim_broker_append(kit.broker, &record, &kit.err), STATUS_OK);
    kit_put_with(&kit, "in", 0, "k", EVENT_HEAD "\"data\":{\"order\":\"A-1\"}}", STRUCTURED);
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 2);
    for (int i = 0; i < 2; i++) {
        const struct inbox_record *inbox = &items[i].record;

        assert_int_equal(inbox->kind, INBOX_MESSAGE);
        kit_assert_text(items[i].key, "events:A-1");
        kit_assert_text(inbox->value, "{\"order\":\"A-1\"}");
        kit_assert_text(inbox->type, "Paid");
        kit_assert_text(inbox->id, "e-1");
        kit_assert_text(header_of(inbox, "ce_source"), "/shop");
    }
    kit_close(&kit);
}

static void the_key_may_be_an_attribute_and_the_data_a_text(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, events, NULL);
    kit_put_with(&kit, "more", 0, NULL, EVENT_HEAD "\"subject\":\"A-2\",\"data\":\"ready\"}",
                 STRUCTURED);
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 1);
    kit_assert_text(items[0].key, "events:A-2");
    kit_assert_text(items[0].record.value, "ready");
    assert_int_equal(items[0].record.format, FORMAT_STRING);
    kit_close(&kit);
}

static void another_flow_reads_the_record_as_it_is(void **state)
{
    static const char value[] = EVENT_HEAD "\"subject\":\"A-3\",\"data\":{\"order\":\"A-1\"}}";
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, events, plain);
    kit_put_with(&kit, "in", 0, NULL, value, STRUCTURED);
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 2);
    assert_int_equal(kit_inbox_of(&kit, "events", items), 1);
    kit_assert_text(items[0].key, "events:A-1");
    assert_int_equal(kit_inbox_of(&kit, "plain", items), 1);
    kit_assert_text(items[0].key, "plain:A-3");
    kit_assert_text(items[0].record.value, value);
    assert_int_equal(items[0].record.header_count, 1);
    kit_close(&kit);
}

static void what_says_to_be_an_event_and_is_none_is_dead_as_it_came(void **state)
{
    static const char value[] =
        "{\"specversion\":\"1.0\",\"id\":\"e-1\",\"data\":{\"order\":\"A\"}}";
    struct kit_inbox items[KIT_INBOX_MAX];
    struct router *router;
    struct kit kit;

    (void)state;
    open_with(&kit, events, NULL);
    kit_put_with(&kit, "in", 0, "k", value, STRUCTURED);
    router = kit_router(&kit);
    kit_turns(&kit, router, KIT_SETTLE);

    assert_int_equal(kit_inbox(&kit, items), 1);
    assert_int_equal(items[0].record.kind, INBOX_POISON);
    kit_assert_text(items[0].record.reason, "the CloudEvent has no 'source'");
    kit_assert_text(items[0].record.value, value);
    kit_assert_text(items[0].record.source_key, "k");
    assert_int_equal(items[0].record.header_count, 1);
    assert_int_equal(kit_stat(&router_stats(router)->poison), 1);
    router_close(router);
    kit_close(&kit);
}

static void an_event_without_a_key_is_dead_as_it_came(void **state)
{
    static const char value[] = EVENT_HEAD "\"data\":{}}";
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, events, NULL);
    kit_put_with(&kit, "in", 0, "k", value, STRUCTURED);
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 1);
    assert_int_equal(items[0].record.kind, INBOX_UNKEYED);
    kit_assert_text(items[0].record.value, value);
    assert_int_equal(items[0].record.header_count, 1);
    kit_close(&kit);
}

static void the_inbox_record_has_the_value_as_it_came_beside_it(void **state)
{
    static const char value[] = EVENT_HEAD "\"data\":{\"order\":\"A-1\"}}";
    struct record inbox = {0};
    struct kit kit;

    (void)state;
    open_with(&kit, events, NULL);
    kit_put_with(&kit, "in", 0, "k", value, STRUCTURED);
    kit_route(&kit);

    for (int32_t i = 0; i < KIT_PARTITIONS && inbox.value.data == NULL; i++) {
        int64_t offset = 0;

        (void)sim_broker_read(kit.broker, text_of(kit.names.inbox), i, &offset, &inbox);
    }
    assert_int_equal(inbox.header_count, 2);
    kit_assert_text(inbox.headers[1].name, ORIGINAL_HEADER);
    kit_assert_text(inbox.headers[1].value, value);
    kit_close(&kit);
}

static void a_reply_may_name_its_command_in_an_attribute(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, events, NULL);
    kit_put_with(&kit, "parts", 0, NULL,
                 EVENT_HEAD "\"reply\":\"baton~events:A-1/0-7/3/2\",\"data\":{\"ok\":true}}",
                 STRUCTURED);
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 1);
    assert_int_equal(items[0].record.kind, INBOX_REPLY);
    kit_assert_text(items[0].record.value, "{\"ok\":true}");
    kit_close(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_in_structured_mode_is_read_as_one_in_binary_mode),
        cmocka_unit_test(the_key_may_be_an_attribute_and_the_data_a_text),
        cmocka_unit_test(another_flow_reads_the_record_as_it_is),
        cmocka_unit_test(what_says_to_be_an_event_and_is_none_is_dead_as_it_came),
        cmocka_unit_test(an_event_without_a_key_is_dead_as_it_came),
        cmocka_unit_test(the_inbox_record_has_the_value_as_it_came_beside_it),
        cmocka_unit_test(a_reply_may_name_its_command_in_an_attribute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
