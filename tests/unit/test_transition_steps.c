/* links: baton_core */
/* Steps that do not talk to a service: set, switch, wait, if, then, note. */
#include "core/transition.h"

#include "base/limits.h"
#include "support/flow_kit.h"
#include "support/play.h"

static const char order[] = "{\"orderId\":\"A1\",\"n\":0,\"a\":{\"b\":1,\"list\":[1,2]}}";

static struct flow *empty_flow(void)
{
    struct flow *flow = kit_flow();

    flow->first_step = 0;
    return flow;
}

static void play_end(struct play *play, struct flow *flow)
{
    play_release(play);
    flow_free(flow);
}

static void start(struct play *play, struct flow *flow)
{
    play_init(play, flow, "A1");
    play_message(play, "orders", order);
}

static bool decided(const struct play *play, const char *line)
{
    for (uint32_t i = 0; i < play->effects.decided_count; i++) {
        if (text_is(play->effects.decided[i], line)) {
            return true;
        }
    }
    return false;
}

static void set_merges_objects_and_replaces_the_rest(void **state)
{
    struct flow *flow = empty_flow();
    struct play play;

    (void)state;
    kit_step(flow, "mark", STEP_SET, STEP_NONE)->set = kit_template(
        flow, "{\"a\": {\"c\": \"${ .a.b + 1 }\", \"list\": [3]}, \"n\": null}");
    start(&play, flow);
    play_assert_data(&play, "{\"orderId\":\"A1\",\"n\":null,"
                            "\"a\":{\"b\":1,\"c\":2,\"list\":[3]}}");
    assert_int_equal(play.now->status, RUN_COMPLETED);
    play_end(&play, flow);
}

static void then_makes_a_loop_that_a_switch_leaves(void **state)
{
    struct flow *flow = empty_flow();
    struct step *step;
    struct switch_case *cases = arena_array(&flow->arena, 2, sizeof(*cases));
    struct play play;

    (void)state;
    kit_step(flow, "count", STEP_SET, STEP_NONE)->set = kit_template(flow,
                                                                     "{\"n\": \"${ .n + 1 }\"}");
    step = kit_step(flow, "enough", STEP_SWITCH, 0);
    cases[0] = (struct switch_case){.when = kit_expr(flow, ".n < 5"),
                                    .first_step = STEP_NONE,
                                    .then = {.kind = THEN_STEP, .step = 0}};
    cases[1] = (struct switch_case){.first_step = STEP_NONE, .then = {.kind = THEN_END}};
    step->choice.cases = cases;
    step->choice.case_count = 2;
    kit_step(flow, "never", STEP_RAISE, 1)->raise.error = kit_template(flow, "\"Oops\"");
    start(&play, flow);
    assert_int_equal(play.now->status, RUN_COMPLETED);
    assert_int_equal(json_member_int(play.now->data, "n", 0), 5);
    play_end(&play, flow);
}

static void a_loop_that_never_waits_is_stopped_and_on_failure_still_runs(void **state)
{
    struct flow *flow = empty_flow();
    struct step *step = kit_step(flow, "round", STEP_SET, STEP_NONE);
    struct play play;

    (void)state;
    step->set = kit_template(flow, "{}");
    step->then = (struct then){.kind = THEN_STEP, .step = 0};
    flow->failure_step = flow->step_count;
    kit_step(flow, "told", STEP_EMIT, STEP_NONE)->message = (struct message_spec){
        .topic = kit_topic(flow, "told")};
    start(&play, flow);
    assert_int_equal(play.now->status, RUN_FAILED);
    assert_true(text_is(json_member_text(play.now->error, "type"), "runtime"));
    assert_int_equal(play_sent(&play), 1);
    play_end(&play, flow);
}

/* split: case 1 -> inner (a block), case 2 -> continue; then -> last. middle stands between. */
static struct flow *split_flow(const char *first, const char *second)
{
    struct flow *flow = empty_flow();
    struct step *step = kit_step(flow, "split", STEP_SWITCH, STEP_NONE);
    struct switch_case *cases = arena_array(&flow->arena, 2, sizeof(*cases));
    struct step *inner;

    step->choice.cases = cases;
    step->choice.case_count = 2;
    step->then = (struct then){.kind = THEN_STEP, .step = 2};
    kit_step(flow, "middle", STEP_SET, 0)->set = kit_template(flow, "{\"middle\": true}");
    kit_step(flow, "last", STEP_SET, 1)->set = kit_template(flow, "{\"last\": true}");
    inner = kit_step(flow, "inner", STEP_SET, STEP_NONE);
    inner->parent = 0;
    inner->set = kit_template(flow, "{\"inner\": true}");
    cases[0] = (struct switch_case){.when = kit_expr(flow, first), .first_step = 3};
    cases[1] = (struct switch_case){
        .when = kit_expr(flow, second), .first_step = STEP_NONE, .then = {.kind = THEN_CONTINUE}};
    flow->data = kit_template(flow, "{}");
    return flow;
}

static void a_switch_goes_into_its_block_or_on(void **state)
{
    static const struct {
        const char *first;
        const char *second;
        const char *data;
    } cases[] = {
        {"true", "true", "{\"inner\":true,\"last\":true}"},   /* Then the switch's own `then`. */
        {"false", "true", "{\"middle\":true,\"last\":true}"}, /* Said: go on in the list. */
        {"false", "false", "{\"last\":true}"},                /* No match: its own `then`. */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct flow *flow = split_flow(cases[i].first, cases[i].second);
        struct play play;

        start(&play, flow);
        play_assert_data(&play, cases[i].data);
        play_end(&play, flow);
    }
}

static void a_step_whose_if_is_false_is_passed_by_without_its_then(void **state)
{
    struct flow *flow = empty_flow();
    struct step *step = kit_step(flow, "maybe", STEP_SET, STEP_NONE);
    struct play play;

    (void)state;
    step->set = kit_template(flow, "{\"ran\": true}");
    step->condition = kit_expr(flow, ".n > 0");
    step->then = (struct then){.kind = THEN_END};
    kit_step(flow, "next", STEP_SET, 0)->set = kit_template(flow, "{\"next\": true}");
    start(&play, flow);
    assert_true(json_is_true(json_member(play.now->data, "next")));
    assert_null(json_member(play.now->data, "ran"));
    play_end(&play, flow);
}

static void wait_sleeps_for_a_span_or_until_a_time(void **state)
{
    static const struct {
        const char *until; /* NULL: the span of 5 s. */
        int64_t minus_ms;
        int64_t sleeps_ms; /* 0: not at all. */
    } cases[] = {
        {NULL, 0, 5000},
        {"\"2026-01-01T00:01:00Z\"", 0, 60000},
        {"\"2026-01-01T00:01:00Z\"", 10000, 50000},
        {"\"2026-01-01T00:01:00Z\"", 60000, 0},
        {"\"2025-01-01T00:00:00Z\"", 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct flow *flow = empty_flow();
        struct step *step = kit_step(flow, "nap", STEP_WAIT, STEP_NONE);
        struct play play;

        step->wait.span = (struct span){.kind = SPAN_FIXED, .ms = 5000};
        step->wait.minus_ms = cases[i].minus_ms;
        step->wait.until = cases[i].until == NULL ? NULL : kit_expr(flow, cases[i].until);
        start(&play, flow);
        if (cases[i].sleeps_ms > 0) {
            assert_int_equal(play_frame(&play)->state, FRAME_SLEEPING);
            play_timer(&play, TIMER_WAIT, 1);
        }
        assert_int_equal(play.time_ms - PLAY_START_MS, cases[i].sleeps_ms);
        assert_int_equal(play.now->status, RUN_COMPLETED);
        play_end(&play, flow);
    }
}

static void a_computed_span_must_be_a_duration(void **state)
{
    static const struct {
        const char *expr;
        int64_t ms; /* -1: refused. */
    } cases[] = {
        {"\"1m\"", 60000}, {"1500", 1500}, {"\"PT2S\"", 2000}, {"\"soon\"", -1}, {"null", -1},
        {"-1", -1},        {"1.5", -1},    {"1e18", -1},       {".n.x", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct flow *flow = empty_flow();
        struct play play;

        kit_step(flow, "nap", STEP_WAIT, STEP_NONE)->wait.span = (struct span){
            .kind = SPAN_EXPR, .expr = kit_expr(flow, cases[i].expr)};
        start(&play, flow);
        if (cases[i].ms < 0) {
            assert_int_equal(play.now->status, RUN_FAILED);
            assert_true(text_is(json_member_text(play.now->error, "type"), "expression"));
        } else {
            assert_int_equal(instance_timer(play.now, TIMER_WAIT, 1)->due_ms,
                             PLAY_START_MS + cases[i].ms);
        }
        play_end(&play, flow);
    }
}

static void a_note_is_written_and_one_that_fails_harms_nothing(void **state)
{
    struct flow *flow = empty_flow();
    struct step *step = kit_step(flow, "one", STEP_SET, STEP_NONE);
    struct play play;

    (void)state;
    step->set = kit_template(flow, "{}");
    step->note = kit_template(flow, "\"order ${ .orderId }\"");
    step = kit_step(flow, "two", STEP_SET, 0);
    step->set = kit_template(flow, "{}");
    step->note = kit_template(flow, "\"${ .orderId.x }\"");
    start(&play, flow);
    assert_int_equal(play.now->status, RUN_COMPLETED);
    assert_true(decided(&play, "one: note: order A1"));
    play_end(&play, flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_merges_objects_and_replaces_the_rest),
        cmocka_unit_test(then_makes_a_loop_that_a_switch_leaves),
        cmocka_unit_test(a_loop_that_never_waits_is_stopped_and_on_failure_still_runs),
        cmocka_unit_test(a_switch_goes_into_its_block_or_on),
        cmocka_unit_test(a_step_whose_if_is_false_is_passed_by_without_its_then),
        cmocka_unit_test(wait_sleeps_for_a_span_or_until_a_time),
        cmocka_unit_test(a_computed_span_must_be_a_duration),
        cmocka_unit_test(a_note_is_written_and_one_that_fails_harms_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
