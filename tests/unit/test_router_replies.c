/* Which flow a reply goes to. */
#include "base/limits.h"
#include "support/router_kit.h"

#define HEADER(name, value) (&(struct record_header){TEXT(name), TEXT(value)})

static const char asks[] =
    "flow: asks\nversion: 1\nkey: .id\ntopics: {in: {name: in, key: .id}}\n"
    "services:\n"
    "  stock: {commands: cmd, replies: replies, success: .ok}\n"
    "  bank: {commands: cmd, replies: bank.replies, correlate: .id, success: .ok}\n"
    "start: {topic: in, from: earliest}\ntimeout: 1h\nonFailure:\n  - {step: f, wait: 1s}\n"
    "do:\n  - {step: a, request: stock, type: T}\n  - {step: b, request: bank, type: T}\n";

/* Its reply topic is also what it starts from. */
static const char both[] =
    "flow: both\nversion: 1\nkey: .id\ntopics: {in: {name: replies, key: .id}}\n"
    "services: {stock: {commands: cmd, replies: replies, success: .ok}}\n"
    "start: {topic: in, from: earliest}\ntimeout: 1h\nonFailure:\n  - {step: f, wait: 1s}\n"
    "do:\n  - {step: a, request: stock, type: T}\n";

/* Two services on one reply topic, told apart by the command alone. */
static const char sharing[] =
    "flow: sharing\nversion: 1\nkey: .id\ntopics: {in: {name: in, key: .id}}\n"
    "services:\n"
    "  stock: {commands: cmd, replies: replies, success: .ok}\n"
    "  mail: {commands: cmd, replies: replies, success: .ok}\n"
    "start: {topic: in, from: earliest}\ntimeout: 1h\nonFailure:\n  - {step: f, wait: 1s}\n"
    "do:\n  - {step: a, request: stock, type: T}\n  - {step: b, request: mail, type: T}\n";

static void open_with(struct kit *kit, const char *first, const char *second)
{
    kit_open(kit);
    kit_topic_named(kit, "in", 2);
    kit_topic_named(kit, "cmd", 1);
    kit_topic_named(kit, "replies", 1);
    kit_topic_named(kit, "bank.replies", 1);
    if (kit_publish_all(kit, first, second, NULL) != STATUS_OK) {
        fail_msg("%s", kit->err.text);
    }
}

static void a_reply_goes_to_the_flow_in_its_command_id(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, asks, both);
    kit_put_with(&kit, "replies", 0, NULL, "{\"ok\":true,\"id\":5}",
                 HEADER("correlation-id", "baton~asks:o/1/1-7/2/1"));
    kit_route(&kit);

    assert_int_equal(kit_inbox_of(&kit, "asks@stock", items), 1);
    assert_int_equal(items[0].record.kind, INBOX_REPLY);
    kit_assert_text(items[0].key, "asks:o/1");
    kit_assert_text(items[0].record.key, "o/1");
    kit_assert_text(items[0].record.service, "stock");
    kit_assert_text(items[0].record.command, "baton~asks:o/1/1-7/2/1");
    assert_int_equal(kit_inbox_of(&kit, "both@stock", items), 0);
    assert_int_equal(kit_inbox_of(&kit, "both", items), 1);
    kit_close(&kit);
}

static void foreign_replies_are_counted_and_skipped(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct router *router;
    struct kit kit;

    (void)state;
    open_with(&kit, asks, NULL);
    kit_put(&kit, "replies", 0, "{}");
    kit_put(&kit, "replies", 0, "not even json");
    kit_put_with(&kit, "replies", 0, NULL, "{}", HEADER("correlation-id", "other~asks:o/1-7/2/1"));
    kit_put_with(&kit, "replies", 0, NULL, "{}", HEADER("correlation-id", "baton~asks"));
    kit_put_with(&kit, "replies", 0, NULL, "{}", HEADER("correlation-id", "baton~gone:o/1-7/2/1"));
    kit_put(&kit, "bank.replies", 0, "{\"ok\":true}");
    router = kit_router(&kit);
    kit_turns(&kit, router, KIT_SETTLE);

    assert_int_equal(kit_inbox(&kit, items), 0);
    assert_int_equal(kit_stat(&router_stats(router)->foreign), 5);
    assert_int_equal(kit_stat(&router_stats(router)->unrouted), 1);
    assert_int_equal(kit_stat(&router_stats(router)->read), 6);
    router_close(router);
    kit_close(&kit);
}

static void a_reply_by_business_key_goes_to_each_flow_that_asks(void **state)
{
    static const char asks_too[] =
        "flow: too\nversion: 1\nkey: .id\ntopics: {in: {name: in, key: .id}}\n"
        "services: {bank: {commands: cmd, replies: bank.replies, correlate: .id, success: .ok}}\n"
        "start: {topic: in, from: earliest}\ntimeout: 1h\nonFailure:\n  - {step: f, wait: 1s}\n"
        "do:\n  - {step: b, request: bank, type: T}\n";
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, asks, asks_too);
    kit_put(&kit, "bank.replies", 0, "{\"id\":9,\"ok\":true}");
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 2);
    assert_int_equal(kit_inbox_of(&kit, "asks@bank", items), 1);
    kit_assert_text(items[0].record.key, "9");
    kit_assert_text(items[0].record.command, "");
    assert_int_equal(kit_inbox_of(&kit, "too@bank", items), 1);
    kit_close(&kit);
}

static void where_services_share_a_topic_the_reply_comes_once_and_names_none(void **state)
{
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    open_with(&kit, sharing, NULL);
    kit_put_with(&kit, "replies", 0, NULL, "{\"ok\":true}",
                 HEADER("correlation-id", "baton~sharing:1/1-7/2/1"));
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 1);
    assert_int_equal(items[0].record.kind, INBOX_REPLY);
    kit_assert_text(items[0].record.service, "");
    kit_assert_text(items[0].record.command, "baton~sharing:1/1-7/2/1");
    kit_close(&kit);
}

static void an_oversize_reply_is_dead_if_it_is_ours(void **state)
{
    char *value = calloc(1, PAYLOAD_BYTES_MAX + 2);
    struct kit_inbox items[KIT_INBOX_MAX];
    struct kit kit;

    (void)state;
    memset(value, '1', PAYLOAD_BYTES_MAX + 1);
    open_with(&kit, asks, NULL);
    kit_put(&kit, "replies", 0, value);
    kit_put_with(&kit, "replies", 0, NULL, value, HEADER("correlation-id", "baton~asks:1/1-7/2/1"));
    kit_route(&kit);

    assert_int_equal(kit_inbox(&kit, items), 1);
    assert_int_equal(items[0].record.kind, INBOX_OVERSIZE);
    assert_int_equal(items[0].record.offset, 1);
    free(value);
    kit_close(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_goes_to_the_flow_in_its_command_id),
        cmocka_unit_test(foreign_replies_are_counted_and_skipped),
        cmocka_unit_test(a_reply_by_business_key_goes_to_each_flow_that_asks),
        cmocka_unit_test(where_services_share_a_topic_the_reply_comes_once_and_names_none),
        cmocka_unit_test(an_oversize_reply_is_dead_if_it_is_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
