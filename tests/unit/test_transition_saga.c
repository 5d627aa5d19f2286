/* links: baton_core */
/* The compensation stack, doubt, and undos that stick: LANGUAGE.md section 5. */
#include "core/transition.h"

#include "support/flow_kit.h"
#include "support/play.h"

static const char order[] = "{\"orderId\":\"A1\"}";
static const char ok[] = "{\"ok\":true}";
static const char refused[] = "{\"ok\":false}";

/* Standing in ship, with reserve and charge done. */
static void play_to_ship(struct play *play, struct flow *flow)
{
    play_init(play, flow, "A1");
    play_message(play, "orders", order);
    play_reply(play, "inventory", 1, ok);
    play_reply(play, "payments", 2, ok);
    play_assert_place(play, "ship");
}

static void play_end(struct play *play, struct flow *flow)
{
    play_release(play);
    flow_free(flow);
}

static void an_undo_is_pending_then_armed_with_its_message(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    assert_int_equal(play.now->undo_count, 1);
    assert_int_equal(play.now->stack[0].state, UNDO_PENDING);
    assert_null(play.now->stack[0].message);
    play_reply(&play, "inventory", 1, ok);
    assert_int_equal(play.now->stack[0].state, UNDO_ARMED);
    assert_false(play.now->stack[0].in_doubt);
    assert_true(
        text_is(json_member_text(play.now->stack[0].message, "topic"), "inventory.commands"));
    play_end(&play, flow);
}

static void an_armed_undo_is_not_altered_by_later_data(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[1].as = TEXT("orderId"); /* charge's result takes the place of the order's id. */
    play_to_ship(&play, flow);
    play_reply(&play, "shipping", 3, refused);
    play_reply(&play, "payments", 4, ok);
    assert_true(text_is(json_member_text(play_effect(&play, EFFECT_COMMAND)->value, "id"), "A1"));
    play_end(&play, flow);
}

static void a_refused_step_is_not_undone(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_reply(&play, "inventory", 1, ok);
    play_reply(&play, "payments", 2, refused);
    play_assert_place(&play, "undo of reserve");
    assert_int_equal(play.now->undo_count, 1);
    play_end(&play, flow);
}

static void an_unknown_outcome_is_undone_unless_in_doubt_says_skip(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct flow *flow = kit_order_flow();
        struct play play;

        if (i == 1) {
            flow->saga_in_doubt = IN_DOUBT_SKIP;
        } else if (i == 2) {
            flow->steps[1].in_doubt = IN_DOUBT_SKIP;
        }
        play_init(&play, flow, "A1");
        play_message(&play, "orders", order);
        play_reply(&play, "inventory", 1, ok);
        play_timer(&play, TIMER_ATTEMPT, 2);
        play_assert_place(&play, i == 0 ? "undo of charge" : "undo of reserve");
        play_end(&play, flow);
    }
}

/* Charge's undo is in doubt, as after a timeout that something caught. */
static void doubt(struct play *play)
{
    play->now->stack[1].in_doubt = true;
    play->folded->stack[1].in_doubt = true;
}

static void a_late_refusal_drops_an_undo_that_was_not_sent_yet(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    /* An undo of charge in doubt waits while another one is under way. */
    flow->when_stuck = STUCK_HOLD;
    flow->steps[2].compensate = flow->steps[1].compensate;
    play_to_ship(&play, flow);
    doubt(&play);
    play_timer(&play, TIMER_ATTEMPT, 3);
    play_assert_place(&play, "undo of ship");
    /* It does not know either, so the undo stays. */
    assert_int_equal(play_reply(&play, "payments", 2, "{\"ok\":false,\"code\":\"timeout\"}"),
                     TRANSITION_IGNORED);
    assert_non_null(instance_find_undo(play.now, 2));
    assert_int_equal(play_reply(&play, "payments", 2, refused), TRANSITION_APPLIED);
    assert_null(instance_find_undo(play.now, 2));
    play_reply(&play, "payments", 4, ok);
    play_assert_place(&play, "undo of reserve");
    play_end(&play, flow);
}

static void a_late_success_confirms_an_undo_in_doubt(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[2].compensate = flow->steps[1].compensate;
    play_to_ship(&play, flow);
    doubt(&play);
    play_timer(&play, TIMER_ATTEMPT, 3);
    assert_int_equal(play_reply(&play, "payments", 2, ok), TRANSITION_APPLIED);
    assert_false(instance_find_undo(play.now, 2)->in_doubt);
    assert_int_equal(play_reply(&play, "payments", 2, refused), TRANSITION_IGNORED);
    assert_non_null(instance_find_undo(play.now, 2));
    play_end(&play, flow);
}

static void a_late_reply_after_the_undo_was_sent_is_ignored(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_timer(&play, TIMER_ATTEMPT, 1);
    play_assert_place(&play, "undo of reserve");
    assert_int_equal(play_reply(&play, "inventory", 1, refused), TRANSITION_IGNORED);
    assert_int_equal(play_reply(&play, "inventory", 1, ok), TRANSITION_IGNORED);
    assert_int_equal(play_reply(&play, "inventory", 2, ok), TRANSITION_APPLIED);
    assert_int_equal(play.now->status, RUN_FAILED);
    play_end(&play, flow);
}

static void parallel_unwinding_sends_all_undos_at_once(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->saga_order = SAGA_PARALLEL;
    play_to_ship(&play, flow);
    play_reply(&play, "shipping", 3, refused);
    play_assert_place(&play, "undo of charge, undo of reserve");
    assert_int_equal(play_sent(&play), 2);
    play_reply(&play, "inventory", 5, ok);
    assert_int_equal(play.now->status, RUN_COMPENSATING);
    play_reply(&play, "payments", 4, ok);
    assert_int_equal(play.now->status, RUN_FAILED);
    play_end(&play, flow);
}

static void a_reply_by_key_that_two_undos_could_mean_is_told(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->saga_order = SAGA_PARALLEL;
    flow->steps[0].compensate = flow->steps[1].compensate; /* Both undos go to payments. */
    play_to_ship(&play, flow);
    play_reply(&play, "shipping", 3, refused);
    assert_int_equal(play_key_reply(&play, "payments", ok), TRANSITION_IGNORED);
    assert_true(play_alerted(&play, ALERT_UNMATCHED));
    play_reply(&play, "payments", 4, ok);
    assert_int_equal(play_key_reply(&play, "payments", ok), TRANSITION_APPLIED);
    assert_int_equal(play.now->status, RUN_FAILED);
    play_end(&play, flow);
}

/* Let the undo that is open fail until nothing repeats it. */
static void exhaust(struct play *play, const char *service, uint32_t activation)
{
    while (instance_find_frame(play->now, activation)->state != FRAME_STUCK) {
        play_reply(play, service, activation, refused);
        if (instance_timer(play->now, TIMER_BACKOFF, activation) != NULL) {
            play_timer(play, TIMER_BACKOFF, activation);
        }
    }
}

static void an_undo_is_repeated_then_sticks_and_holds_the_rest(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    play_to_ship(&play, flow);
    play_reply(&play, "shipping", 3, refused);
    exhaust(&play, "payments", 4);
    assert_int_equal(play_frame(&play)->attempt, 3);
    assert_true(play_alerted(&play, ALERT_STUCK));
    assert_true(instance_is_stuck(play.now));
    play_assert_place(&play, "undo of charge (stuck)");
    assert_int_equal(instance_find_undo(play.now, 1)->state, UNDO_ARMED);
    assert_int_equal(play_reply(&play, "payments", 4, refused), TRANSITION_IGNORED);

    play_operator(&play, OPERATOR_RETRY, 4);
    assert_int_equal(play_effect(&play, EFFECT_COMMAND)->activation, 4);
    assert_int_equal(play_effect(&play, EFFECT_COMMAND)->attempt, 1);
    play_reply(&play, "payments", 4, ok);
    play_assert_place(&play, "undo of reserve");
    play_end(&play, flow);
}

static void when_stuck_continue_undoes_the_rest_and_stays_open(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->when_stuck = STUCK_CONTINUE;
    play_to_ship(&play, flow);
    play_reply(&play, "shipping", 3, refused);
    exhaust(&play, "payments", 4);
    play_assert_place(&play, "undo of charge (stuck), undo of reserve");
    play_reply(&play, "inventory", 5, ok);
    assert_int_equal(play.now->status, RUN_COMPENSATING);
    assert_int_equal(play_operator(&play, OPERATOR_SKIP, 2), TRANSITION_APPLIED); /* By its step. */
    assert_int_equal(play.now->status, RUN_FAILED);
    play_end(&play, flow);
}

static void a_late_success_frees_a_stuck_undo(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    play_to_ship(&play, flow);
    play_reply(&play, "shipping", 3, refused);
    exhaust(&play, "payments", 4);
    assert_int_equal(play_reply(&play, "payments", 4, ok), TRANSITION_APPLIED);
    play_assert_place(&play, "undo of reserve");
    play_end(&play, flow);
}

static void operators_settle_a_stuck_undo_by_hand(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    play_to_ship(&play, flow);
    assert_int_equal(play_operator(&play, OPERATOR_SKIP, 0), TRANSITION_IGNORED);
    play_reply(&play, "shipping", 3, refused);
    exhaust(&play, "payments", 4);
    assert_int_equal(play_operator(&play, OPERATOR_FAILED, 4), TRANSITION_IGNORED);
    assert_int_equal(play_operator(&play, OPERATOR_RETRY, 9), TRANSITION_IGNORED);
    assert_int_equal(play_operator(&play, OPERATOR_DONE, 0), TRANSITION_APPLIED);
    assert_true(
        text_is(play.effects.decided[0], "operator ann: undo of charge: done by hand: because"));
    play_assert_place(&play, "undo of reserve");
    play_end(&play, flow);
}

static void an_undo_that_reads_the_error_is_rendered_when_it_is_sent(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[0].compensate->message.value = kit_template(
        flow, "{\"id\": \"${ .orderId }\", \"why\": \"${ $error.title }\"}");
    flow->steps[1].as = TEXT("orderId");
    play_to_ship(&play, flow);
    play_reply(&play, "shipping", 3, "{\"ok\":false,\"why\":\"no truck\"}");
    play_reply(&play, "payments", 4, ok);
    assert_true(
        text_is(json_member_text(play_effect(&play, EFFECT_COMMAND)->value, "why"), "no truck"));
    /* Of the document as it was when reserve was done. */
    assert_true(text_is(json_member_text(play_effect(&play, EFFECT_COMMAND)->value, "id"), "A1"));
    play_end(&play, flow);
}

static void an_undo_that_cannot_be_rendered_sticks_and_is_not_lost(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[1].compensate->message.value = kit_template(flow, "\"${ .charge.ok + 1 }\"");
    play_to_ship(&play, flow);
    assert_int_equal(play.now->stack[1].state, UNDO_ARMED);
    play_reply(&play, "shipping", 3, refused);
    play_assert_place(&play, "undo of charge (stuck)");
    assert_true(play_alerted(&play, ALERT_STUCK));
    play_operator(&play, OPERATOR_RETRY, 4);
    play_assert_place(&play, "undo of charge (stuck)");
    play_operator(&play, OPERATOR_SKIP, 4);
    play_assert_place(&play, "undo of reserve");
    play_end(&play, flow);
}

static void an_emit_is_undone_by_an_emit_without_waiting(void **state)
{
    struct flow *flow = kit_flow();
    uint32_t service = kit_service(flow, "shipping");
    uint32_t topic = kit_topic(flow, "news");
    struct step *step = kit_step(flow, "tell", STEP_EMIT, STEP_NONE);
    struct play play;

    (void)state;
    flow->first_step = 0;
    step->message = (struct message_spec){.topic = topic};
    kit_undo(flow, step, service);
    step->compensate->message.is_request = false;
    step->compensate->message.topic = topic;
    kit_request(flow, "ship", service, 0);
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    assert_int_equal(play.now->stack[0].state, UNDO_ARMED);
    play_reply(&play, "shipping", 2, refused);
    assert_true(play_effect(&play, EFFECT_EMIT)->is_undo);
    assert_int_equal(play.now->status, RUN_FAILED);
    play_end(&play, flow);
}

static void a_result_that_cannot_be_kept_fails_the_run_and_undoes_the_step(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[0].keep = kit_template(flow, "\"${ .ok + 1 }\"");
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_reply(&play, "inventory", 1, ok);
    assert_true(text_is(json_member_text(play.now->error, "type"), "expression"));
    play_assert_place(&play, "undo of reserve");
    assert_false(play.now->stack[0].in_doubt);
    play_end(&play, flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_undo_is_pending_then_armed_with_its_message),
        cmocka_unit_test(an_armed_undo_is_not_altered_by_later_data),
        cmocka_unit_test(a_refused_step_is_not_undone),
        cmocka_unit_test(an_unknown_outcome_is_undone_unless_in_doubt_says_skip),
        cmocka_unit_test(a_late_refusal_drops_an_undo_that_was_not_sent_yet),
        cmocka_unit_test(a_late_success_confirms_an_undo_in_doubt),
        cmocka_unit_test(a_late_reply_after_the_undo_was_sent_is_ignored),
        cmocka_unit_test(parallel_unwinding_sends_all_undos_at_once),
        cmocka_unit_test(a_reply_by_key_that_two_undos_could_mean_is_told),
        cmocka_unit_test(an_undo_is_repeated_then_sticks_and_holds_the_rest),
        cmocka_unit_test(when_stuck_continue_undoes_the_rest_and_stays_open),
        cmocka_unit_test(a_late_success_frees_a_stuck_undo),
        cmocka_unit_test(operators_settle_a_stuck_undo_by_hand),
        cmocka_unit_test(an_undo_that_reads_the_error_is_rendered_when_it_is_sent),
        cmocka_unit_test(an_undo_that_cannot_be_rendered_sticks_and_is_not_lost),
        cmocka_unit_test(an_emit_is_undone_by_an_emit_without_waiting),
        cmocka_unit_test(a_result_that_cannot_be_kept_fails_the_run_and_undoes_the_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
