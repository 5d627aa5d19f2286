/* links: baton_core */
/* How a run ends: raise, end, its result, its limits. */
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

static void raise_makes_the_error_that_it_describes(void **state)
{
    struct flow *flow = empty_flow();
    struct step *step = kit_step(flow, "stop", STEP_RAISE, STEP_NONE);
    struct json *expected = play_json(
        "{\"type\":\"OutOfStock\",\"title\":\"none left of A1\",\"status\":410,"
        "\"detail\":\"x\",\"step\":\"stop\"}");
    struct play play;

    (void)state;
    step->raise.error = kit_template(flow, "\"OutOfStock\"");
    step->raise.title = kit_template(flow, "\"none left of ${ .orderId }\"");
    step->raise.detail = kit_template(flow, "\"x\"");
    step->raise.status = kit_template(flow, "410");
    start(&play, flow);
    assert_int_equal(play.now->status, RUN_FAILED);
    assert_true(json_equal(play.now->error, expected));
    json_free(expected);
    play_end(&play, flow);
}

static void end_ends_the_run_as_it_says(void **state)
{
    static const struct {
        enum end_status end;
        enum run_status status;
        const char *type;
    } cases[] = {
        {END_COMPLETED, RUN_COMPLETED, NULL},
        {END_FAILED, RUN_FAILED, "failed"},
        {END_CANCELLED, RUN_CANCELLED, "cancelled"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct flow *flow = empty_flow();
        struct step *step = kit_step(flow, "stop", STEP_END, STEP_NONE);
        struct play play;

        step->end.status = cases[i].end;
        step->end.reason = kit_template(flow, "\"of ${ .orderId }\"");
        kit_step(flow, "never", STEP_SET, 0)->set = kit_template(flow, "{\"never\": 1}");
        start(&play, flow);
        assert_int_equal(play.now->status, cases[i].status);
        assert_null(json_member(play.now->data, "never"));
        if (cases[i].type != NULL) {
            assert_true(text_is(json_member_text(play.now->error, "type"), cases[i].type));
            assert_true(text_is(json_member_text(play.now->error, "title"), "of A1"));
        }
        play_end(&play, flow);
    }
}

static void end_failed_after_the_pivot_undoes_nothing_and_does_not_stick(void **state)
{
    struct flow *flow = kit_order_flow();
    struct step *step;
    struct play play;

    (void)state;
    flow->steps[1].pivot = true;
    step = &flow->steps[2];
    step->kind = STEP_END;
    step->end.status = END_FAILED;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_reply(&play, "inventory", 1, "{\"ok\":true}");
    play_reply(&play, "payments", 2, "{\"ok\":true}");
    assert_int_equal(play.now->status, RUN_FAILED);
    assert_true(text_is(play_effect(&play, EFFECT_EMIT)->topic, "orders.rejected"));
    play_end(&play, flow);
}

static void raise_again_in_on_failure_ends_as_planned(void **state)
{
    struct flow *flow = empty_flow();
    struct play play;

    (void)state;
    kit_step(flow, "stop", STEP_RAISE, STEP_NONE)->raise.error = kit_template(flow, "\"Oops\"");
    flow->failure_step = flow->step_count;
    kit_step(flow, "again", STEP_RAISE, STEP_NONE)->raise.again = true;
    start(&play, flow);
    assert_int_equal(play.now->status, RUN_FAILED);
    assert_true(decided(&play, "again: failed: Oops"));
    play_end(&play, flow);
}

static void an_error_in_on_failure_leaves_the_rest_out(void **state)
{
    struct flow *flow = kit_order_flow();
    struct step *step;
    struct play play;

    (void)state;
    flow->steps[4].message.value = kit_template(flow, "\"${ .orderId + 1 }\"");
    step = kit_step(flow, "last", STEP_EMIT, 4);
    step->message = (struct message_spec){.topic = 1};
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_reply(&play, "inventory", 1, "{\"ok\":false}");
    assert_int_equal(play.now->status, RUN_FAILED);
    assert_int_equal(play_sent(&play), 0);
    assert_true(play_alerted(&play, ALERT_DATA));
    assert_true(text_is(json_member_text(play.now->error, "type"), "rejected"));
    play_end(&play, flow);
}

static void the_completion_record_is_the_result_template(void **state)
{
    struct flow *flow = empty_flow();
    struct play play;

    (void)state;
    kit_step(flow, "one", STEP_SET, STEP_NONE)->set = kit_template(flow, "{}");
    flow->result = kit_template(flow, "\"${ .orderId }\"");
    start(&play, flow);
    assert_true(text_is(json_text_of(play.now->result), "A1"));
    play_end(&play, flow);
}

static void a_state_above_the_limit_is_an_error_of_the_run(void **state)
{
    struct flow *flow = empty_flow();
    struct play play;

    (void)state;
    kit_step(flow, "grow", STEP_SET, STEP_NONE)->set = kit_template(
        flow, "{\"big\": \"${ [range(50000)] | map(\\\"1234567890\\\") }\"}");
    kit_step(flow, "more", STEP_SET, 0)->set = kit_template(
        flow, "{\"more\": \"${ [range(50000)] | map(\\\"1234567890\\\") }\"}");
    start(&play, flow);
    assert_int_equal(play.now->status, RUN_FAILED);
    assert_true(text_is(json_member_text(play.now->error, "type"), "runtime"));
    assert_true(text_is(json_member_text(play.now->error, "step"), "more"));
    assert_true(json_size(play.now->data, STATE_BYTES_MAX) <= STATE_BYTES_MAX);
    play_end(&play, flow);
}

static void what_is_replaced_does_not_count_for_the_limit(void **state)
{
    struct flow *flow = empty_flow();
    struct step *step;
    struct play play;

    (void)state;
    kit_step(flow, "big", STEP_SET, STEP_NONE)->set = kit_template(
        flow, "{\"big\": \"${ [range(50000)] | map(\\\"1234567890\\\") }\"}");
    kit_step(flow, "same", STEP_SET, 0)->set = flow->steps[0].set;
    step = kit_step(flow, "count", STEP_SET, 1);
    step->set = kit_template(flow, "{\"n\": \"${ .n + 1 }\"}");
    step = kit_step(flow, "again", STEP_SET, 2);
    step->set = kit_template(flow, "{}");
    step->condition = kit_expr(flow, ".n < 4");
    step->then = (struct then){.kind = THEN_STEP, .step = 0};
    start(&play, flow);
    assert_int_equal(play.now->status, RUN_COMPLETED);
    assert_int_equal(json_member_int(play.now->data, "n", 0), 4);
    play_end(&play, flow);
}

static void an_inline_step_that_fails_after_the_pivot_can_be_run_again(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[1].pivot = true;
    flow->steps[2].kind = STEP_RAISE;
    flow->steps[2].raise.error = kit_template(flow, "\"Oops\"");
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_reply(&play, "inventory", 1, "{\"ok\":true}");
    play_reply(&play, "payments", 2, "{\"ok\":true}");
    play_assert_place(&play, "ship (stuck)");
    play_operator(&play, OPERATOR_RETRY, 0);
    play_assert_place(&play, "ship (stuck)");
    play_operator(&play, OPERATOR_SKIP, 0);
    assert_int_equal(play.now->status, RUN_COMPLETED);
    play_end(&play, flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raise_makes_the_error_that_it_describes),
        cmocka_unit_test(end_ends_the_run_as_it_says),
        cmocka_unit_test(end_failed_after_the_pivot_undoes_nothing_and_does_not_stick),
        cmocka_unit_test(raise_again_in_on_failure_ends_as_planned),
        cmocka_unit_test(an_error_in_on_failure_leaves_the_rest_out),
        cmocka_unit_test(the_completion_record_is_the_result_template),
        cmocka_unit_test(a_state_above_the_limit_is_an_error_of_the_run),
        cmocka_unit_test(what_is_replaced_does_not_count_for_the_limit),
        cmocka_unit_test(an_inline_step_that_fails_after_the_pivot_can_be_run_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
