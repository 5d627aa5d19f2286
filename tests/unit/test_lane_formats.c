/* Messages in other formats than JSON: what cannot be encoded is an error of its flow, recorded so that
 * the same is decided again; what cannot be encoded yet waits. */
#include "codec/records.h"
#include "core/transition.h"
#include "engine/again.h"
#include "engine/avro_port.h"
#include "support/lane_kit.h"

static const char flow_text[] =
    "flow: order\nversion: 1\nkey: .id\ntimeout: 1h\n"
    "topics:\n"
    "  in: {name: in, key: .id}\n"
    "  out: {name: out, format: avro}\n"
    "  plain: {name: go, format: string}\n"
    "start: {topic: in, from: earliest}\n"
    "do:\n"
    "  - step: told\n    if: .fits != null\n    emit: out\n    value: {fits: \"${ .fits }\"}\n"
    "    catch: [{error: validation, do: [{step: sorry, emit: plain,\n"
    "      value: \"${ $error.type }: ${ $error.detail }\"}]}]\n"
    "  - step: said\n    if: .say != null\n    emit: plain\n    value: \"${ .say }\"\n"
    "  - step: rest\n    if: .rests\n    wait: 2s\n"
    "  - step: late\n    if: .rests\n    emit: out\n    value: {fits: true}\n"
    "onFailure:\n"
    "  - {step: failed, emit: plain, value: \"failed: ${ $error.type }\"}\n";

/* A registry whose only schema takes {"fits": true}. */
struct judge_of_fits {
    bool is_away;
    uint32_t asked;
};

static enum status decode(void *self, struct text bytes, struct json **payload, struct error *err)
{
    (void)self;
    return json_parse(bytes, payload, err);
}

static enum status encode(void *self, struct text topic, const struct json *value,
                          struct buffer *out, struct error *err)
{
    struct judge_of_fits *judge = self;

    judge->asked++;
    if (judge->is_away) {
        return fail(err, STATUS_RETRY, "it is away");
    }
    if (!json_is_true(json_member(value, "fits"))) {
        return fail(err, STATUS_REJECT, "topic '%.*s': \xff no", TEXT_ARG(topic));
    }
    buffer_add_text(out, TEXT("encoded"));
    return STATUS_OK;
}

struct formats {
    struct world world;
    struct judge_of_fits judge;
    struct avro_port port;
};

static void begin(struct formats *formats)
{
    open_world(&formats->world, 0, flow_text);
    formats->judge = (struct judge_of_fits){0};
    formats->port = (struct avro_port){&formats->judge, decode, encode};
    formats->world.avro = &formats->port;
    reopen_lane(&formats->world);
    run_for(&formats->world, 3000);
}

/* Decided again by what history holds, everything is the same. */
static void assert_replays(struct formats *formats, const char *payload_text)
{
    struct world *world = &formats->world;
    struct effect_list effects = {0};
    struct arena arena = {0};
    struct history_record history;
    struct inbox_record inbox = {.kind = INBOX_MESSAGE, .topic = TEXT("in")};
    struct instance *blank = instance_new(TEXT("order"), TEXT("A"));
    struct instance *after = NULL;
    struct json *payload = NULL;
    struct record record;
    struct event event;
    struct flow_registry *registry;

    effects.arena = &arena;
    assert_int_equal(count_of(world, world->kit.names.history, &record), 1);
    assert_int_equal(history_decode(record.value, &arena, &history, &world->kit.err), STATUS_OK);
    assert_int_equal(json_parse(text_of(payload_text), &payload, &world->kit.err), STATUS_OK);
    assert_true(again_event(&history, &inbox, payload, TEXT("baton"), &event));
    assert_int_equal(flow_registry_open(&world->kit.port, text_of(world->kit.names.flows),
                                        &registry, &world->kit.err),
                     STATUS_OK);
    assert_int_equal(transition(flow_registry_by_hash(registry, history.flow_hash), blank, &event,
                                &after, &effects),
                     TRANSITION_APPLIED);
    assert_false(again_decided_differ(&history, &effects));
    flow_registry_close(registry);
    instance_free(after);
    instance_free(blank);
    json_free(payload);
    effect_release(&effects);
    arena_release(&arena);
}

static void a_message_goes_out_as_its_schema_encodes_it(void **state)
{
    struct formats formats;
    struct record last = {0};

    (void)state;
    begin(&formats);
    give(&formats.world, "in", "A", "{\"id\":\"A\",\"fits\":true,\"say\":5}");
    run_for(&formats.world, 500);
    assert_int_equal(count_of(&formats.world, "out", &last), 1);
    assert_true(text_is(last.value, "encoded"));
    assert_int_equal(count_of(&formats.world, "go", &last), 1);
    assert_true(text_is(last.value, "5"));
    close_world(&formats.world);
}

static void what_does_not_fit_is_an_error_of_the_flow_and_replays(void **state)
{
    struct formats formats;
    struct record last = {0};

    (void)state;
    begin(&formats);
    give(&formats.world, "in", "A", "{\"id\":\"A\",\"fits\":false}");
    run_for(&formats.world, 500);
    assert_int_equal(count_of(&formats.world, "out", NULL), 0);
    assert_int_equal(count_of(&formats.world, "go", &last), 1);
    assert_true(text_is(last.value, "validation: topic 'out': \xEF\xBF\xBD no"));
    assert_replays(&formats, "{\"id\":\"A\",\"fits\":false}");
    close_world(&formats.world);
}

static void a_text_topic_takes_no_object(void **state)
{
    struct formats formats;
    struct record last = {0};

    (void)state;
    begin(&formats);
    give(&formats.world, "in", "A", "{\"id\":\"A\",\"say\":{\"a\":1}}");
    run_for(&formats.world, 500);
    assert_int_equal(count_of(&formats.world, "go", &last), 1);
    assert_true(text_is(last.value, "failed: validation"));
    assert_replays(&formats, "{\"id\":\"A\",\"say\":{\"a\":1}}");
    close_world(&formats.world);
}

static void while_the_registry_is_away_nothing_is_decided_and_nothing_lost(void **state)
{
    struct formats formats;

    (void)state;
    begin(&formats);
    formats.judge.is_away = true;
    give(&formats.world, "in", "B", "{\"id\":\"B\",\"say\":\"b\"}");
    give(&formats.world, "in", "A", "{\"id\":\"A\",\"fits\":true}");
    give(&formats.world, "in", "C", "{\"id\":\"C\",\"say\":\"c\"}");
    run_for(&formats.world, 2000);
    /* What came before is done; it and what came behind it wait, in their order. */
    assert_int_equal(count_of(&formats.world, "go", NULL), 1);
    assert_int_equal(committed(&formats.world), 1);
    assert_true(formats.judge.asked > 5);
    formats.judge.is_away = false;
    run_for(&formats.world, 2000);
    assert_int_equal(count_of(&formats.world, "go", NULL), 2);
    assert_int_equal(count_of(&formats.world, "out", NULL), 1);
    assert_int_equal(committed(&formats.world), 3);
    assert_int_equal(count_everywhere(&formats.world, formats.world.kit.names.dlq), 0);
    close_world(&formats.world);
}

static void a_timer_waits_for_the_registry_as_well(void **state)
{
    struct formats formats;

    (void)state;
    begin(&formats);
    give(&formats.world, "in", "A", "{\"id\":\"A\",\"rests\":true}");
    run_for(&formats.world, 1000);
    formats.judge.is_away = true;
    run_for(&formats.world, 4000);
    assert_int_equal(count_of(&formats.world, "out", NULL), 0);
    formats.judge.is_away = false;
    run_for(&formats.world, 2000);
    assert_int_equal(count_of(&formats.world, "out", NULL), 1);
    close_world(&formats.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_goes_out_as_its_schema_encodes_it),
        cmocka_unit_test(what_does_not_fit_is_an_error_of_the_flow_and_replays),
        cmocka_unit_test(a_text_topic_takes_no_object),
        cmocka_unit_test(while_the_registry_is_away_nothing_is_decided_and_nothing_lost),
        cmocka_unit_test(a_timer_waits_for_the_registry_as_well),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
