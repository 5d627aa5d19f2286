#include "engine/route_table.h"

#include "support/estate_kit.h"

#define STEPS_OF_ALL                                                                               \
    "start: {topic: in, from: earliest}\ntimeout: 1h\nonFailure:\n  - {step: f, wait: 1s}\n"       \
    "do:\n  - {step: a, request: stock, type: T}\n"                                                \
    "  - {step: b, request: bank, type: T}\n"                                                      \
    "  - {step: c, request: mail, type: T}\n"

/* stock and mail answer on one topic by one header, bank by key on another. */
static const char all_v1[] =
    "flow: all\nversion: 1\nkey: .id\ntopics: {in: {name: in, key: .id}}\n"
    "services:\n"
    "  stock: {commands: cmd, replies: shared.replies, success: .ok}\n"
    "  mail: {commands: cmd, replies: shared.replies, success: .ok}\n"
    "  bank: {commands: cmd, replies: bank.replies, correlate: .id, success: .ok}\n"
    "  idle: {commands: cmd, replies: idle.replies, correlate: .id, success: .ok}\n" STEPS_OF_ALL;

/* As all, reading another header, and no longer asking the bank. */
static const char all_v2[] =
    "flow: all\nversion: 2\nkey: .id\ntopics: {in: {name: in, key: .other}}\n"
    "services:\n"
    "  stock: {commands: cmd, replies: shared.replies, correlate: {header: x-id}, success: .ok}\n"
    "start: {topic: in, from: earliest}\ntimeout: 1h\nonFailure:\n  - {step: f, wait: 1s}\n"
    "do:\n  - {step: a, request: stock, type: T}\n";

static const char listens[] =
    "flow: listens\nversion: 1\nkey: .id\n"
    "topics:\n  in: {name: in, key: .id}\n  more: {name: more, key: .id}\n"
    "start: {topic: in, from: earliest}\ntimeout: 1h\n"
    "do:\n  - {step: own, listen: {topic: in, key: .ref}, timeout: 1m}\n"
    "  - {step: plain, listen: more, timeout: 1m}\n";

static void open_with_topics(struct kit *kit)
{
    kit_open(kit);
    kit_topic_named(kit, "in", 2);
    kit_topic_named(kit, "more", 2);
    kit_topic_named(kit, "cmd", 1);
    kit_topic_named(kit, "shared.replies", 2);
    kit_topic_named(kit, "bank.replies", 1);
    kit_topic_named(kit, "idle.replies", 1);
}

struct table {
    struct flow_registry *registry;
    struct route_table *routes;
};

static struct table open_table(struct kit *kit)
{
    struct table table = {NULL, NULL};

    assert_int_equal(
        flow_registry_open(&kit->port, text_of(kit->names.flows), &table.registry, &kit->err),
        STATUS_OK);
    table.routes = route_table_new(table.registry);
    return table;
}

static void close_table(struct table *table)
{
    route_table_free(table->routes);
    flow_registry_close(table->registry);
}

static const struct route_source *source(const struct table *table, const char *topic)
{
    const struct route_source *found = route_table_find(table->routes, text_of(topic));

    if (found == NULL) {
        fail_msg("no source '%s'", topic);
    }
    return found;
}

/* The names of the routes of a topic, as "a b c". */
static void assert_routes(const struct table *table, const char *topic, const char *expected)
{
    const struct route_source *found = source(table, topic);
    char names[256] = "";

    for (uint32_t i = 0; i < found->route_count; i++) {
        size_t used = strlen(names);

        snprintf(names + used, sizeof(names) - used, "%s%.*s", i == 0 ? "" : " ",
                 TEXT_ARG(found->routes[i].name));
    }
    assert_string_equal(names, expected);
}

static void messages_have_the_flows_name_and_replies_the_services_too(void **state)
{
    struct table table;
    struct kit kit;

    (void)state;
    open_with_topics(&kit);
    kit_publish(&kit, all_v1);
    table = open_table(&kit);

    assert_routes(&table, "in", "all");
    assert_routes(&table, "bank.replies", "all@bank");
    assert_false(source(&table, "in")->routes[0].is_reply);
    assert_true(source(&table, "bank.replies")->routes[0].is_reply);
    assert_false(source(&table, "bank.replies")->routes[0].by_header);
    kit_assert_text(source(&table, "bank.replies")->routes[0].service, "bank");
    close_table(&table);
    kit_close(&kit);
}

static void services_that_share_topic_and_header_share_a_route(void **state)
{
    const struct route_source *shared;
    struct table table;
    struct kit kit;

    (void)state;
    open_with_topics(&kit);
    kit_publish(&kit, all_v1);
    table = open_table(&kit);

    shared = source(&table, "shared.replies");
    assert_int_equal(shared->route_count, 1);
    assert_true(shared->routes[0].by_header);
    kit_assert_text(shared->routes[0].service, "");
    assert_int_equal(shared->reply_header_count, 1);
    kit_assert_text(shared->reply_headers[0], "correlation-id");
    close_table(&table);
    kit_close(&kit);
}

static void only_what_a_flow_uses_is_read(void **state)
{
    struct table table;
    struct kit kit;

    (void)state;
    open_with_topics(&kit);
    kit_publish(&kit, all_v1);
    table = open_table(&kit);

    assert_null(route_table_find(table.routes, TEXT("idle.replies")));
    assert_null(route_table_find(table.routes, TEXT("cmd")));
    assert_int_equal(table.routes->source_count, 3);
    close_table(&table);
    kit_close(&kit);
}

static void runs_of_a_former_version_still_get_their_replies(void **state)
{
    const struct route_source *shared;
    struct table table;
    struct kit kit;

    (void)state;
    open_with_topics(&kit);
    kit_publish(&kit, all_v1);
    kit_publish(&kit, all_v2);
    table = open_table(&kit);

    assert_routes(&table, "bank.replies", "all@bank");
    shared = source(&table, "shared.replies");
    assert_int_equal(shared->reply_header_count, 2);
    assert_int_equal(shared->route_count, 2);
    kit_assert_text(shared->reply_headers[shared->routes[0].header], "x-id");
    kit_assert_text(shared->reply_headers[shared->routes[1].header], "correlation-id");
    close_table(&table);
    kit_close(&kit);
}

static void of_several_versions_the_active_one_says_where_the_key_is(void **state)
{
    struct table table;
    struct kit kit;

    (void)state;
    open_with_topics(&kit);
    kit_publish(&kit, all_v1);
    kit_publish(&kit, all_v2);
    table = open_table(&kit);

    assert_routes(&table, "in", "all");
    kit_assert_text(expr_source(source(&table, "in")->routes[0].key->path), ".other");
    close_table(&table);
    kit_close(&kit);
}

static void a_version_that_was_never_active_is_not_read(void **state)
{
    struct table table;
    struct kit kit;

    (void)state;
    open_with_topics(&kit);
    kit_publish(&kit, all_v2);
    kit_publish(&kit, all_v1);
    table = open_table(&kit);

    assert_null(route_table_find(table.routes, TEXT("bank.replies")));
    close_table(&table);
    kit_close(&kit);
}

static void a_listen_with_a_key_of_its_own_has_a_route_of_its_own(void **state)
{
    struct table table;
    struct kit kit;

    (void)state;
    open_with_topics(&kit);
    kit_publish(&kit, listens);
    table = open_table(&kit);

    assert_routes(&table, "in", "listens listens/own");
    assert_routes(&table, "more", "listens");
    kit_assert_text(expr_source(source(&table, "in")->routes[1].key->path), ".ref");
    close_table(&table);
    kit_close(&kit);
}

static void routes_of_one_flow_are_beside_each_other(void **state)
{
    struct table table;
    struct kit kit;

    (void)state;
    open_with_topics(&kit);
    kit_publish(&kit, KIT_FLOW("zulu", "1", "earliest"));
    kit_publish(&kit, listens);
    kit_publish(&kit, KIT_FLOW("alpha", "1", "earliest"));
    table = open_table(&kit);

    assert_routes(&table, "in", "alpha listens listens/own zulu");
    close_table(&table);
    kit_close(&kit);
}

static void reading_begins_at_the_lowest_start(void **state)
{
    const struct route_source *in;
    struct table table;
    struct kit kit;

    (void)state;
    open_with_topics(&kit);
    for (int i = 0; i < 5; i++) {
        kit_put(&kit, "in", 1, "{}");
    }
    kit_publish(&kit, KIT_FLOW("one", "1", "now"));
    kit_put(&kit, "in", 1, "{}");
    kit_publish(&kit, KIT_FLOW("two", "1", "now"));
    table = open_table(&kit);

    in = source(&table, "in");
    assert_int_equal(source_start(in, 1).offset, 5);
    assert_int_equal(source_start(in, 1).topic_generation, 1);
    assert_int_equal(route_start(&in->routes[1], 1)->offset, 6);
    close_table(&table);
    kit_close(&kit);
}

static void a_partition_that_came_later_is_read_whole(void **state)
{
    const struct route_source *in;
    struct table table;
    struct kit kit;

    (void)state;
    open_with_topics(&kit);
    kit_put(&kit, "in", 0, "{}");
    kit_publish(&kit, KIT_FLOW("one", "1", "now"));
    table = open_table(&kit);

    in = source(&table, "in");
    assert_null(route_start(&in->routes[0], 2));
    assert_int_equal(source_start(in, 2).offset, 0);
    close_table(&table);
    kit_close(&kit);
}

static void a_later_life_of_the_topic_counts_before_an_earlier_one(void **state)
{
    struct table table;
    struct kit kit;

    (void)state;
    open_with_topics(&kit);
    kit_put(&kit, "in", 0, "{}");
    kit_publish(&kit, KIT_FLOW("one", "1", "earliest"));
    kit_commit(&kit, "in", 0, 100, "1 3 1 -");
    kit_publish(&kit, KIT_FLOW("two", "1", "now"));
    table = open_table(&kit);

    assert_int_equal(source_start(source(&table, "in"), 0).topic_generation, 2);
    assert_int_equal(source_start(source(&table, "in"), 0).offset, 1);
    close_table(&table);
    kit_close(&kit);
}

static void what_a_router_commits_reads_back(void **state)
{
    const struct source_mark mark = {.revision = 42, .generation = 3, .topic_id = "k3-J_w"};
    const struct source_mark nameless = {.revision = 0, .generation = 1};
    char text[OFFSET_METADATA_BYTES];
    struct source_mark read;

    (void)state;
    source_mark_format(&mark, text);
    assert_string_equal(text, "1 42 3 k3-J_w");
    assert_true(source_mark_parse(text, &read));
    assert_int_equal(read.revision, 42);
    assert_int_equal(read.generation, 3);
    assert_string_equal(read.topic_id, "k3-J_w");

    source_mark_format(&nameless, text);
    assert_true(source_mark_parse(text, &read));
    assert_string_equal(read.topic_id, "");
}

static void what_no_router_committed_is_no_mark(void **state)
{
    static const char *const texts[] = {"",        "1",     "2 1 1 -",   "1 x 1 -",
                                        "1 1 0 -", "1 1 1", "1 1 1 a b", "1 1 99999999999 -",
                                        "hello",   "1  1 -"};
    struct source_mark mark;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (source_mark_parse(texts[i], &mark)) {
            fail_msg("'%s' is taken for a mark", texts[i]);
        }
    }
}

static void the_generation_is_that_of_another_id_or_rises_below_the_offset(void **state)
{
    const struct source_mark mark = {.generation = 2, .topic_id = "a"};
    const struct source_mark nameless = {.generation = 2};

    (void)state;
    assert_int_equal(source_generation(&mark, 10, "a", 10), 2);
    assert_int_equal(source_generation(&mark, 10, "b", 50), source_life("b"));
    assert_true(source_life("b") >= 2);
    assert_int_not_equal(source_life("b"), source_life("c"));
    assert_int_equal(source_generation(&mark, 10, "a", 9), 3);
    assert_int_equal(source_generation(&mark, 10, "", 10), 2);
    assert_int_equal(source_generation(&nameless, 10, "b", 10), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_have_the_flows_name_and_replies_the_services_too),
        cmocka_unit_test(services_that_share_topic_and_header_share_a_route),
        cmocka_unit_test(only_what_a_flow_uses_is_read),
        cmocka_unit_test(runs_of_a_former_version_still_get_their_replies),
        cmocka_unit_test(of_several_versions_the_active_one_says_where_the_key_is),
        cmocka_unit_test(a_version_that_was_never_active_is_not_read),
        cmocka_unit_test(a_listen_with_a_key_of_its_own_has_a_route_of_its_own),
        cmocka_unit_test(routes_of_one_flow_are_beside_each_other),
        cmocka_unit_test(reading_begins_at_the_lowest_start),
        cmocka_unit_test(a_partition_that_came_later_is_read_whole),
        cmocka_unit_test(a_later_life_of_the_topic_counts_before_an_earlier_one),
        cmocka_unit_test(what_a_router_commits_reads_back),
        cmocka_unit_test(what_no_router_committed_is_no_mark),
        cmocka_unit_test(the_generation_is_that_of_another_id_or_rises_below_the_offset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
