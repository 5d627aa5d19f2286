/* links: baton_core */
/* Requests and how they end: LANGUAGE.md sections 4 and 6. */
#include "core/transition.h"

#include "support/flow_kit.h"
#include "support/play.h"

static const char order[] = "{\"orderId\":\"A1\"}";

static void a_saga_that_goes_well_completes(void **state)
{
    struct flow *flow = kit_order_flow();
    const struct effect *sent;
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    assert_int_equal(play_message(&play, "orders", order), TRANSITION_APPLIED);
    sent = play_effect(&play, EFFECT_COMMAND);
    assert_true(text_is(sent->topic, "inventory.commands"));
    assert_true(text_is(sent->type, "Do"));
    assert_true(text_is(sent->key, "A1"));
    assert_true(text_is(json_member_text(sent->value, "id"), "A1"));
    assert_int_equal(sent->activation, 1);
    assert_int_equal(sent->deadline_ms, PLAY_START_MS + 30000);
    play_assert_place(&play, "reserve");

    assert_int_equal(play_reply(&play, "inventory", 1, "{\"ok\":true,\"n\":1}"),
                     TRANSITION_APPLIED);
    assert_int_equal(play_reply(&play, "payments", 2, "{\"ok\":true}"), TRANSITION_APPLIED);
    assert_int_equal(play_reply(&play, "shipping", 3, "{\"ok\":true}"), TRANSITION_APPLIED);

    sent = play_effect(&play, EFFECT_EMIT);
    assert_true(text_is(sent->topic, "orders.confirmed"));
    assert_int_equal(play.now->status, RUN_COMPLETED);
    play_assert_place(&play, "completed");
    play_assert_data(&play, "{\"orderId\":\"A1\",\"reserve\":{\"ok\":true,\"n\":1},"
                            "\"charge\":{\"ok\":true},\"ship\":{\"ok\":true}}");
    assert_true(json_equal(play.now->result, play.now->data));
    play_release(&play);
    flow_free(flow);
}

static void a_refusal_unwinds_in_reverse_and_runs_on_failure(void **state)
{
    struct flow *flow = kit_order_flow();
    const struct effect *sent;
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_reply(&play, "inventory", 1, "{\"ok\":true}");
    play_reply(&play, "payments", 2, "{\"ok\":true}");
    play_reply(&play, "shipping", 3, "{\"ok\":false,\"code\":\"NoTruck\",\"why\":\"no truck\"}");
    assert_int_equal(play.now->status, RUN_COMPENSATING);
    assert_int_equal(play.now->closing, RUN_FAILED);
    play_assert_place(&play, "undo of charge");
    sent = play_effect(&play, EFFECT_COMMAND);
    assert_true(sent->is_undo);
    assert_int_equal(sent->undo_of, 2);
    assert_true(text_is(sent->undo_of_step, "charge"));
    assert_true(text_is(sent->topic, "payments.commands"));

    play_reply(&play, "payments", 4, "{\"ok\":true}");
    play_assert_place(&play, "undo of reserve");
    play_reply(&play, "inventory", 5, "{\"ok\":true}");

    sent = play_effect(&play, EFFECT_EMIT);
    assert_true(text_is(sent->topic, "orders.rejected"));
    assert_true(text_is(json_member_text(sent->value, "reason"), "no truck"));
    assert_int_equal(play.now->status, RUN_FAILED);
    assert_true(text_is(json_member_text(play.now->error, "type"), "NoTruck"));
    assert_int_equal(json_member_int(play.now->error, "status", 0), 409);
    assert_null(play.now->result);
    play_release(&play);
    flow_free(flow);
}

static void repeated_and_foreign_replies_are_recorded_and_ignored(void **state)
{
    struct flow *flow = kit_order_flow();
    struct event reply;
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_reply(&play, "inventory", 1, "{\"ok\":true}");
    assert_int_equal(play_reply(&play, "inventory", 1, "{\"ok\":true}"), TRANSITION_IGNORED);
    assert_int_equal(play_reply(&play, "inventory", 77, "{\"ok\":true}"), TRANSITION_IGNORED);
    assert_int_equal(play_reply(&play, "shipping", 2, "{\"ok\":true}"), TRANSITION_IGNORED);
    reply = play_reply_event(&play, "payments", 2);
    reply.command_run.offset++;
    assert_int_equal(play_with(&play, reply, "{\"ok\":true}"), TRANSITION_IGNORED);
    play_assert_place(&play, "charge");
    assert_true(play.effects.decided_count > 0);
    play_release(&play);
    flow_free(flow);
}

static void a_reply_that_is_neither_leaves_the_step_open(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    assert_int_equal(play_reply(&play, "inventory", 1, "{\"state\":\"busy\"}"), TRANSITION_IGNORED);
    assert_true(text_is(play.effects.decided[0],
                        "reserve: reply ignored: unclassified, neither success nor failure"));
    play_assert_place(&play, "reserve");
    play_release(&play);
    flow_free(flow);
}

static void with_one_rule_all_else_is_the_opposite(void **state)
{
    (void)state;
    for (int has_success = 0; has_success < 2; has_success++) {
        struct flow *flow = kit_order_flow();
        struct play play;

        if (has_success) {
            flow->steps[0].message.reply.failure = NULL;
        } else {
            flow->steps[0].message.reply.success = NULL;
        }
        play_init(&play, flow, "A1");
        play_message(&play, "orders", order);
        play_reply(&play, "inventory", 1, "{\"state\":\"busy\"}");
        assert_int_equal(play.now->status, has_success ? RUN_FAILED : RUN_RUNNING);
        play_release(&play);
        flow_free(flow);
    }
}

static void a_reply_that_cannot_be_read_fails_the_step_in_doubt(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_reply(&play, "inventory", 1, "\"what\"");
    assert_int_equal(play.now->status, RUN_COMPENSATING);
    assert_true(text_is(json_member_text(play.now->error, "type"), "expression"));
    assert_true(play.now->stack[0].in_doubt);
    play_release(&play);
    flow_free(flow);
}

static void a_reply_by_business_key_needs_exactly_one_open_request(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    assert_int_equal(play_key_reply(&play, "payments", "{\"ok\":true}"), TRANSITION_IGNORED);
    assert_true(play_alerted(&play, ALERT_UNMATCHED));
    assert_int_equal(play_key_reply(&play, "inventory", "{\"busy\":1}"), TRANSITION_IGNORED);
    assert_false(play_alerted(&play, ALERT_UNMATCHED));
    assert_int_equal(play_key_reply(&play, "inventory", "{\"ok\":true}"), TRANSITION_APPLIED);
    play_assert_place(&play, "charge");
    play_release(&play);
    flow_free(flow);
}

static void late_replies_and_timers_of_an_ended_run_are_void(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    assert_int_equal(play_reply(&play, "inventory", 1, "{\"ok\":true}"), TRANSITION_VOID);
    play_message(&play, "orders", order);
    play_reply(&play, "inventory", 1, "{\"ok\":false}");
    assert_int_equal(play.now->status, RUN_FAILED);
    assert_int_equal(play_reply(&play, "inventory", 1, "{\"ok\":true}"), TRANSITION_VOID);
    assert_true(play_alerted(&play, ALERT_UNMATCHED));
    assert_int_equal(play_timer(&play, TIMER_FLOW, 0), TRANSITION_VOID);
    assert_int_equal(play_operator(&play, OPERATOR_CANCEL, 0), TRANSITION_VOID);
    assert_int_equal(play_message(&play, "orders", order), TRANSITION_VOID);
    assert_int_equal(play.effects.count, 0);
    play_release(&play);
    flow_free(flow);
}

static void a_timer_counts_only_when_armed_due_and_of_this_run(void **state)
{
    struct flow *flow = kit_order_flow();
    struct event timer;
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    timer = (struct event){
        .kind = EVENT_TIMER, .timer = TIMER_ATTEMPT, .activation = 1, .timer_run = play.now->run};
    assert_int_equal(play_event(&play, timer), TRANSITION_VOID); /* 30 s too early. */
    play.time_ms += 30000;
    timer.timer_run.offset++;
    assert_int_equal(play_event(&play, timer), TRANSITION_VOID);
    timer.timer_run.offset--;
    timer.timer = TIMER_LISTEN;
    assert_int_equal(play_event(&play, timer), TRANSITION_VOID);
    timer.timer = TIMER_ATTEMPT;
    assert_int_equal(play_event(&play, timer), TRANSITION_APPLIED);
    play_release(&play);
    flow_free(flow);
}

static void keep_as_and_headers_shape_what_goes_in_and_out(void **state)
{
    struct flow *flow = kit_order_flow();
    const struct effect *sent;
    struct play play;

    (void)state;
    flow->steps[0].as = TEXT("stock");
    flow->steps[0].keep = kit_template(flow,
                                       "{\"n\": \"${ .n }\", \"of\": \"${ $data.orderId }\"}");
    flow->steps[1].as = TEXT("");
    flow->steps[1].message.key = kit_template(flow, "\"${ .stock.n }-${ .orderId }\"");
    flow->steps[1].message.headers = kit_template(
        flow, "{\"tenant\": 7, \"none\": null, \"try\": \"${ $step.attempt }\"}");
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_reply(&play, "inventory", 1, "{\"ok\":true,\"n\":5}");
    sent = play_effect(&play, EFFECT_COMMAND);
    assert_true(text_is(sent->key, "5-A1"));
    assert_int_equal(json_count(sent->headers), 2);
    assert_true(text_is(json_member_text(sent->headers, "tenant"), "7"));
    assert_true(text_is(json_member_text(sent->headers, "try"), "1"));
    play_reply(&play, "payments", 2, "{\"ok\":true}");
    play_assert_data(&play, "{\"orderId\":\"A1\",\"stock\":{\"n\":5,\"of\":\"A1\"}}");
    play_release(&play);
    flow_free(flow);
}

static void an_expression_that_fails_fails_the_run(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[1].message.value = kit_template(flow, "\"${ .orderId + 1 }\"");
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_reply(&play, "inventory", 1, "{\"ok\":true}");
    assert_int_equal(play.now->status, RUN_COMPENSATING);
    assert_true(text_is(json_member_text(play.now->error, "type"), "expression"));
    assert_true(text_is(json_member_text(play.now->error, "step"), "charge"));
    play_assert_place(&play, "undo of reserve"); /* Nothing was sent, so no undo of charge. */
    play_release(&play);
    flow_free(flow);
}

static void a_message_above_the_limit_is_an_error_of_the_run(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[0].message.value = kit_template(flow,
                                                "\"${ [range(60000)] | map(\\\"12345\\\") }\"");
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    assert_int_equal(play.now->status, RUN_FAILED);
    assert_true(text_is(json_member_text(play.now->error, "type"), "runtime"));
    play_release(&play);
    flow_free(flow);
}

static void an_operator_cancels_and_the_run_unwinds(void **state)
{
    struct flow *flow = kit_order_flow();
    const struct effect *sent;
    struct play play;

    (void)state;
    flow->steps[1].message.cancel_type = kit_template(flow, "\"Stop\"");
    flow->steps[1].message.cancel_value = kit_template(flow, "{\"id\": \"${ .orderId }\"}");
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_reply(&play, "inventory", 1, "{\"ok\":true}");
    assert_int_equal(play_operator(&play, OPERATOR_CANCEL, 0), TRANSITION_APPLIED);
    sent = play_effect(&play, EFFECT_CANCEL);
    assert_true(text_is(sent->type, "Stop"));
    assert_int_equal(sent->undo_of, 2);
    assert_int_equal(play.now->closing, RUN_CANCELLED);
    play_assert_place(&play, "undo of charge"); /* Its outcome is unknown. */
    assert_int_equal(play_operator(&play, OPERATOR_CANCEL, 0), TRANSITION_IGNORED);
    play_reply(&play, "payments", 4, "{\"ok\":true}");
    play_reply(&play, "inventory", 5, "{\"ok\":true}");
    assert_int_equal(play.now->status, RUN_CANCELLED);
    assert_true(text_is(play_effect(&play, EFFECT_EMIT)->topic, "orders.rejected"));
    play_release(&play);
    flow_free(flow);
}

static void the_flow_timeout_unwinds_once(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[0].timeout = (struct span){.kind = SPAN_ENDLESS};
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    assert_int_equal(play_effect(&play, EFFECT_COMMAND)->deadline_ms, 0);
    assert_int_equal(play_timer(&play, TIMER_FLOW, 0), TRANSITION_APPLIED);
    assert_int_equal(play.time_ms, PLAY_START_MS + 2 * MS_PER_HOUR);
    assert_int_equal(play.now->status, RUN_COMPENSATING);
    assert_null(instance_timer(play.now, TIMER_FLOW, 0));
    assert_null(json_member(play.now->error, "step"));
    play_release(&play);
    flow_free(flow);
}

static void a_warning_alerts_and_keeps_waiting(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[0].warn_after = (struct span){.kind = SPAN_EXPR, .expr = kit_expr(flow, "\"5s\"")};
    flow->warn_after = (struct span){.kind = SPAN_FIXED, .ms = 9000};
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    assert_int_equal(play_timer(&play, TIMER_WARN, 1), TRANSITION_APPLIED);
    assert_int_equal(play.time_ms, PLAY_START_MS + 5000);
    assert_true(play_alerted(&play, ALERT_LATE));
    play_assert_place(&play, "reserve");
    assert_int_equal(play_timer(&play, TIMER_WARN, 1), TRANSITION_VOID);
    assert_int_equal(play_timer(&play, TIMER_WARN, 0), TRANSITION_APPLIED);
    play_release(&play);
    flow_free(flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_saga_that_goes_well_completes),
        cmocka_unit_test(a_refusal_unwinds_in_reverse_and_runs_on_failure),
        cmocka_unit_test(repeated_and_foreign_replies_are_recorded_and_ignored),
        cmocka_unit_test(a_reply_that_is_neither_leaves_the_step_open),
        cmocka_unit_test(with_one_rule_all_else_is_the_opposite),
        cmocka_unit_test(a_reply_that_cannot_be_read_fails_the_step_in_doubt),
        cmocka_unit_test(a_reply_by_business_key_needs_exactly_one_open_request),
        cmocka_unit_test(late_replies_and_timers_of_an_ended_run_are_void),
        cmocka_unit_test(a_timer_counts_only_when_armed_due_and_of_this_run),
        cmocka_unit_test(keep_as_and_headers_shape_what_goes_in_and_out),
        cmocka_unit_test(an_expression_that_fails_fails_the_run),
        cmocka_unit_test(a_message_above_the_limit_is_an_error_of_the_run),
        cmocka_unit_test(an_operator_cancels_and_the_run_unwinds),
        cmocka_unit_test(the_flow_timeout_unwinds_once),
        cmocka_unit_test(a_warning_alerts_and_keeps_waiting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
