#include "engine/publish.h"

#include "base/duration.h"
#include "engine/flow_registry.h"
#include "support/estate_kit.h"

#define ONE_V1 KIT_FLOW("one", "1", "earliest")
#define ONE_V2 KIT_FLOW("one", "2", "earliest")
#define ONE_V3 KIT_FLOW("one", "3", "earliest")
#define TWO_V1 KIT_FLOW("two", "1", "now")
/* As ONE_V1, with another step. */
#define ONE_V1_CHANGED                                                                             \
    "flow: one\nversion: 1\nkey: .id\ntopics: {in: {name: in, key: .id}}\n"                        \
    "start: {topic: in, from: earliest}\ntimeout: 1h\ndo:\n  - {step: other, wait: 1m}\n"
/* As ONE_V2, listening to one topic more and asking a service. */
#define ONE_V2_WIDER                                                                               \
    "flow: one\nversion: 2\nkey: .id\n"                                                            \
    "topics: {in: {name: in, key: .id}, more: {name: more, key: .id}}\n"                           \
    "services: {stock: {commands: stock.commands, replies: stock.replies, success: .ok}}\n"        \
    "start: {topic: in, from: earliest}\ntimeout: 1h\nonFailure:\n  - {step: f, wait: 1s}\n"       \
    "do:\n  - {step: r, request: stock, type: T}\n  - {step: s, listen: more, timeout: 1m}\n"

static void open_with_topic(struct kit *kit)
{
    kit_open(kit);
    kit_topic_named(kit, "in", 2);
}

static struct flow_registry *open_registry(struct kit *kit)
{
    struct flow_registry *registry = NULL;

    assert_int_equal(
        flow_registry_open(&kit->port, text_of(kit->names.flows), &registry, &kit->err), STATUS_OK);
    return registry;
}

/* The start recorded for a partition; NULL: none. Lives until the registry is closed. */
static const struct start_offset *find_start(const struct flow_registry *registry, const char *flow,
                                             const char *topic, int32_t partition)
{
    const struct flow_state *state = flow_registry_state(registry, text_of(flow));

    for (uint32_t i = 0; state != NULL && i < state->start_count; i++) {
        if (text_is(state->starts[i].topic, topic) && state->starts[i].partition == partition) {
            return &state->starts[i];
        }
    }
    return NULL;
}

static int64_t start_of(struct kit *kit, const char *flow, const char *topic, int32_t partition)
{
    struct flow_registry *registry = open_registry(kit);
    const struct start_offset *start = find_start(registry, flow, topic, partition);
    int64_t offset = start == NULL ? OFFSET_NONE : start->offset;

    flow_registry_close(registry);
    return offset;
}

static int32_t active_version(struct kit *kit, const char *flow)
{
    struct flow_registry *registry = open_registry(kit);
    const struct flow *active = flow_registry_active(registry, text_of(flow));
    int32_t version = active == NULL ? 0 : active->version;

    flow_registry_close(registry);
    return version;
}

static int64_t flows_end(const struct kit *kit)
{
    return sim_broker_end(kit->broker, text_of(kit->names.flows), 0);
}

static void the_first_start_records_the_partitions(void **state)
{
    struct publish_request request = {.seed = 1};
    struct flow_registry *registry;
    int32_t partitions = 0;
    struct kit kit;

    (void)state;
    kit_open(&kit);
    kit.settings.partitions = 7;
    request.settings = &kit.settings;

    assert_int_equal(publish_flows(&kit.port, &request, &partitions, &kit.err), STATUS_OK);

    assert_int_equal(partitions, 7);
    registry = open_registry(&kit);
    assert_int_equal(flow_registry_partitions(registry), 7);
    flow_registry_close(registry);
    kit_close(&kit);
}

static void without_a_number_16_partitions_are_recorded(void **state)
{
    struct publish_request request = {.seed = 1};
    int32_t partitions = 0;
    struct kit kit;

    (void)state;
    kit_open(&kit);
    kit.settings.partitions = 0;
    request.settings = &kit.settings;
    assert_int_equal(publish_flows(&kit.port, &request, &partitions, &kit.err), STATUS_OK);
    assert_int_equal(partitions, 16);
    kit_close(&kit);
}

static void another_number_of_partitions_is_refused(void **state)
{
    struct publish_request request = {.seed = 1};
    int32_t partitions = 0;
    struct kit kit;

    (void)state;
    open_with_topic(&kit);
    kit_publish(&kit, ONE_V1);
    request.settings = &kit.settings;
    kit.settings.partitions = KIT_PARTITIONS + 1;

    assert_int_equal(publish_flows(&kit.port, &request, &partitions, &kit.err), STATUS_REJECT);
    kit_assert_says(&kit, "4 partitions");
    kit_assert_says(&kit, "to 5");

    kit.settings.partitions = 0;
    assert_int_equal(publish_flows(&kit.port, &request, &partitions, &kit.err), STATUS_OK);
    assert_int_equal(partitions, KIT_PARTITIONS);
    kit_close(&kit);
}

static void the_same_content_again_writes_nothing(void **state)
{
    struct kit kit;
    int64_t end;

    (void)state;
    open_with_topic(&kit);
    kit_publish(&kit, ONE_V1);
    end = flows_end(&kit);

    kit_publish(&kit, ONE_V1);

    assert_int_equal(flows_end(&kit), end);
    kit_close(&kit);
}

static void a_version_with_another_content_is_refused(void **state)
{
    struct kit kit;
    int64_t end;

    (void)state;
    open_with_topic(&kit);
    kit_publish(&kit, ONE_V1);
    end = flows_end(&kit);

    assert_int_equal(kit_publish_all(&kit, ONE_V1_CHANGED, NULL, NULL), STATUS_REJECT);

    kit_assert_says(&kit, "file-1.yaml");
    kit_assert_says(&kit, "version 1 of flow 'one'");
    kit_assert_says(&kit, "higher version");
    assert_int_equal(flows_end(&kit), end);
    kit_close(&kit);
}

static void two_files_may_not_differ_about_one_version(void **state)
{
    struct kit kit;

    (void)state;
    open_with_topic(&kit);
    assert_int_equal(kit_publish_all(&kit, ONE_V1, TWO_V1, ONE_V1_CHANGED), STATUS_REJECT);
    kit_assert_says(&kit, "file-1.yaml");
    kit_assert_says(&kit, "file-3.yaml");
    assert_int_equal(kit_publish_all(&kit, ONE_V1, TWO_V1, ONE_V1), STATUS_OK);
    kit_close(&kit);
}

static void a_higher_version_becomes_active_a_lower_one_does_not(void **state)
{
    struct flow_registry *registry;
    struct kit kit;

    (void)state;
    open_with_topic(&kit);
    kit_publish(&kit, ONE_V2);
    assert_int_equal(active_version(&kit, "one"), 2);

    kit_publish(&kit, ONE_V1);
    assert_int_equal(active_version(&kit, "one"), 2);
    registry = open_registry(&kit);
    assert_true(flow_registry_deployed(registry, TEXT("one"), 1).bytes > 0);
    flow_registry_close(registry);

    kit_publish(&kit, ONE_V3);
    assert_int_equal(active_version(&kit, "one"), 3);
    kit_close(&kit);
}

static void of_two_versions_at_once_the_higher_becomes_active(void **state)
{
    struct kit kit;

    (void)state;
    open_with_topic(&kit);
    assert_int_equal(kit_publish_all(&kit, ONE_V3, ONE_V2, TWO_V1), STATUS_OK);
    assert_int_equal(active_version(&kit, "one"), 3);
    assert_int_equal(active_version(&kit, "two"), 1);
    kit_close(&kit);
}

static void starts_are_resolved_to_offsets(void **state)
{
    char timed[512];
    char now_text[TIME_TEXT_BYTES];
    struct kit kit;

    (void)state;
    open_with_topic(&kit);
    for (int i = 0; i < 3; i++) {
        kit_put(&kit, "in", 0, "{\"id\":1}");
    }
    kit.sim.now_ms += 1000;
    time_format(kit.sim.now_ms, now_text);
    kit_put(&kit, "in", 0, "{\"id\":1}");
    kit_put(&kit, "in", 0, "{\"id\":1}");
    assert_int_equal(kit.port.delete_records(kit.port.self, TEXT("in"), 0, 1, &kit.err), STATUS_OK);
    snprintf(timed, sizeof(timed),
             "flow: timed\nversion: 1\nkey: .id\ntopics: {in: {name: in, key: .id}}\n"
             "start: {topic: in, from: \"%s\"}\ntimeout: 1h\ndo:\n  - {step: s, wait: 1m}\n",
             now_text);

    assert_int_equal(kit_publish_all(&kit, ONE_V1, TWO_V1, timed), STATUS_OK);

    assert_int_equal(start_of(&kit, "one", "in", 0), 1);
    assert_int_equal(start_of(&kit, "one", "in", 1), 0);
    assert_int_equal(start_of(&kit, "two", "in", 0), 5);
    assert_int_equal(start_of(&kit, "timed", "in", 0), 3);
    kit_close(&kit);
}

static void positions_are_carried_over_and_new_topics_begin_now(void **state)
{
    struct kit kit;

    (void)state;
    open_with_topic(&kit);
    kit_topic_named(&kit, "more", 1);
    kit_topic_named(&kit, "stock.commands", 1);
    kit_topic_named(&kit, "stock.replies", 1);
    kit_publish(&kit, ONE_V1);
    kit_put(&kit, "in", 0, "{\"id\":1}");
    kit_put(&kit, "more", 0, "{\"id\":1}");
    kit_put(&kit, "stock.replies", 0, "{}");
    kit_put(&kit, "stock.replies", 0, "{}");

    kit_publish(&kit, ONE_V2_WIDER);

    assert_int_equal(start_of(&kit, "one", "in", 0), 0);
    assert_int_equal(start_of(&kit, "one", "more", 0), 1);
    assert_int_equal(start_of(&kit, "one", "stock.replies", 0), 2);
    assert_int_equal(start_of(&kit, "one", "stock.commands", 0), OFFSET_NONE);
    kit_close(&kit);
}

static void a_start_knows_its_revision_topic_and_generation(void **state)
{
    const struct start_offset *start;
    struct flow_registry *registry;
    struct topic_info info;
    struct kit kit;
    int64_t before;

    (void)state;
    open_with_topic(&kit);
    kit_publish(&kit, TWO_V1);
    before = flows_end(&kit);
    /* Another flow has read the topic in its third life, past its present end. */
    kit_commit(&kit, "in", 0, 100, "1 3 3 -");
    kit_commit(&kit, "in", 1, 0, "1 3 3 -");

    kit_publish(&kit, ONE_V1);

    registry = open_registry(&kit);
    assert_int_equal(kit.port.topic(kit.port.self, TEXT("in"), &info, &kit.err), STATUS_OK);
    start = find_start(registry, "one", "in", 0);
    assert_int_equal(start->topic_generation, 4);
    assert_int_equal(start->revision, before);
    assert_string_equal(start->topic_id, info.id);
    assert_int_equal(find_start(registry, "one", "in", 1)->topic_generation, 3);
    assert_int_equal(find_start(registry, "two", "in", 0)->topic_generation, 1);
    flow_registry_close(registry);
    kit_close(&kit);
}

static void missing_source_topics_are_named(void **state)
{
    struct kit kit;

    (void)state;
    open_with_topic(&kit);

    assert_int_equal(kit_publish_all(&kit, ONE_V2_WIDER, NULL, NULL), STATUS_REJECT);

    kit_assert_says(&kit, "'stock.replies'");
    kit_assert_says(&kit, "'more'");
    kit_assert_says(&kit, "create them");
    assert_int_equal(active_version(&kit, "one"), 0);
    assert_int_equal(flows_end(&kit), 0);
    kit_close(&kit);
}

static void a_missing_command_topic_is_named_before_anything_runs(void **state)
{
    struct kit kit;

    (void)state;
    open_with_topic(&kit);
    kit_topic_named(&kit, "more", 1);
    kit_topic_named(&kit, "stock.replies", 1);

    assert_int_equal(kit_publish_all(&kit, ONE_V2_WIDER, NULL, NULL), STATUS_REJECT);

    kit_assert_says(&kit, "'stock.commands'");
    assert_int_equal(flows_end(&kit), 0);
    kit_close(&kit);
}

static void a_broken_definition_names_its_file(void **state)
{
    struct publish_definition broken = {TEXT("bad.yaml"), TEXT("{\"flow\":1}")};
    struct publish_request request = {.definitions = &broken, .count = 1, .seed = 1};
    int32_t partitions;
    struct kit kit;

    (void)state;
    kit_open(&kit);
    request.settings = &kit.settings;
    assert_int_equal(publish_flows(&kit.port, &request, &partitions, &kit.err), STATUS_REJECT);
    kit_assert_says(&kit, "bad.yaml");
    kit_close(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_start_records_the_partitions),
        cmocka_unit_test(without_a_number_16_partitions_are_recorded),
        cmocka_unit_test(another_number_of_partitions_is_refused),
        cmocka_unit_test(the_same_content_again_writes_nothing),
        cmocka_unit_test(a_version_with_another_content_is_refused),
        cmocka_unit_test(two_files_may_not_differ_about_one_version),
        cmocka_unit_test(a_higher_version_becomes_active_a_lower_one_does_not),
        cmocka_unit_test(of_two_versions_at_once_the_higher_becomes_active),
        cmocka_unit_test(starts_are_resolved_to_offsets),
        cmocka_unit_test(positions_are_carried_over_and_new_topics_begin_now),
        cmocka_unit_test(a_start_knows_its_revision_topic_and_generation),
        cmocka_unit_test(missing_source_topics_are_named),
        cmocka_unit_test(a_missing_command_topic_is_named_before_anything_runs),
        cmocka_unit_test(a_broken_definition_names_its_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
