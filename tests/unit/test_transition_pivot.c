/* links: baton_core */
/* The pivot: what sticks after it, and what happens when nobody knows whether it took place. */
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

static void a_pivot_seals_and_later_errors_stick(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[1].pivot = true;
    play_to_ship(&play, flow);
    assert_true(play.now->sealed);
    play_reply(&play, "shipping", 3, refused);
    assert_int_equal(play.now->status, RUN_RUNNING);
    play_assert_place(&play, "ship (stuck)");
    assert_true(play_alerted(&play, ALERT_STUCK));
    assert_int_equal(play_operator(&play, OPERATOR_CANCEL, 0), TRANSITION_IGNORED);
    play_timer(&play, TIMER_FLOW, 0);
    play_assert_place(&play, "ship (stuck)");
    play_operator(&play, OPERATOR_RETRY, 3);
    assert_int_equal(play_effect(&play, EFFECT_COMMAND)->activation, 3);
    play_reply(&play, "shipping", 3, ok);
    assert_int_equal(play.now->status, RUN_COMPLETED);
    play_end(&play, flow);
}

static void operators_settle_a_step_that_stuck_after_the_pivot(void **state)
{
    static const struct {
        enum operator_verb verb;
        const char *data;
    } cases[] = {
        {OPERATOR_SKIP, "{\"orderId\":\"A1\",\"reserve\":{\"ok\":true},\"charge\":{\"ok\":true}}"},
        {OPERATOR_DONE, "{\"orderId\":\"A1\",\"reserve\":{\"ok\":true},\"charge\":{\"ok\":true},"
                        "\"ship\":null}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct flow *flow = kit_order_flow();
        struct play play;

        flow->steps[1].pivot = true;
        play_to_ship(&play, flow);
        play_reply(&play, "shipping", 3, refused);
        assert_int_equal(play_operator(&play, OPERATOR_FAILED, 3), TRANSITION_IGNORED);
        play_operator(&play, cases[i].verb, 3);
        assert_int_equal(play.now->status, RUN_COMPLETED);
        play_assert_data(&play, cases[i].data);
        play_end(&play, flow);
    }
}

static void a_late_success_frees_a_step_that_stuck_after_the_pivot(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[1].pivot = true;
    play_to_ship(&play, flow);
    play_timer(&play, TIMER_ATTEMPT, 3);
    play_assert_place(&play, "ship (stuck)");
    assert_int_equal(play_reply(&play, "shipping", 3, ok), TRANSITION_APPLIED);
    assert_int_equal(play.now->status, RUN_COMPLETED);
    play_end(&play, flow);
}

/* The pivot ship has ended without a reply. */
static struct flow *play_into_doubt(struct play *play)
{
    struct flow *flow = kit_order_flow();

    flow->steps[2].pivot = true;
    play_to_ship(play, flow);
    play_timer(play, TIMER_ATTEMPT, 3);
    play_assert_place(play, "ship (stuck)");
    assert_false(play->now->sealed);
    assert_true(play_alerted(play, ALERT_STUCK));
    return flow;
}

static void a_pivot_without_a_reply_waits_for_a_decision(void **state)
{
    static const struct {
        enum operator_verb verb;
        enum transition_result result;
        const char *place;
    } cases[] = {
        {OPERATOR_DONE, TRANSITION_APPLIED, "completed"},
        {OPERATOR_FAILED, TRANSITION_APPLIED, "undo of charge"},
        {OPERATOR_RETRY, TRANSITION_APPLIED, "ship"},
        {OPERATOR_SKIP, TRANSITION_IGNORED, "ship (stuck)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct play play;
        struct flow *flow = play_into_doubt(&play);

        assert_int_equal(play_operator(&play, cases[i].verb, 3), cases[i].result);
        play_assert_place(&play, cases[i].place);
        play_end(&play, flow);
    }
}

static void a_pivot_that_did_not_take_place_is_not_undone(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[2].pivot = true;
    flow->steps[2].compensate = flow->steps[1].compensate;
    play_to_ship(&play, flow);
    play_timer(&play, TIMER_ATTEMPT, 3);
    assert_int_equal(play.now->undo_count, 3);
    play_operator(&play, OPERATOR_FAILED, 3);
    play_assert_place(&play, "undo of charge");
    assert_int_equal(play.now->undo_count, 2);
    play_end(&play, flow);
}

static void a_late_reply_decides_a_pivot_in_doubt(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct play play;
        struct flow *flow = play_into_doubt(&play);

        assert_int_equal(play_reply(&play, "shipping", 3, i == 0 ? ok : refused),
                         TRANSITION_APPLIED);
        play_assert_place(&play, i == 0 ? "completed" : "undo of charge");
        play_end(&play, flow);
    }
}

static void a_cancel_waits_for_a_pivot_in_flight(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[2].pivot = true;
    play_to_ship(&play, flow);
    assert_int_equal(play_operator(&play, OPERATOR_CANCEL, 0), TRANSITION_APPLIED);
    play_assert_place(&play, "ship (stuck)");
    play_reply(&play, "shipping", 3, refused);
    assert_int_equal(play.now->closing, RUN_CANCELLED);
    play_assert_place(&play, "undo of charge");
    play_end(&play, flow);
}

static void a_pivot_in_doubt_is_undone_or_skipped_if_the_flow_says_so(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct flow *flow = kit_order_flow();
        struct play play;

        flow->steps[2].pivot = true;
        flow->steps[2].in_doubt = i == 0 ? IN_DOUBT_COMPENSATE : IN_DOUBT_SKIP;
        flow->steps[2].compensate = flow->steps[1].compensate;
        play_to_ship(&play, flow);
        play_timer(&play, TIMER_ATTEMPT, 3);
        play_assert_place(&play, i == 0 ? "undo of ship" : "undo of charge");
        play_end(&play, flow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pivot_seals_and_later_errors_stick),
        cmocka_unit_test(operators_settle_a_step_that_stuck_after_the_pivot),
        cmocka_unit_test(a_late_success_frees_a_step_that_stuck_after_the_pivot),
        cmocka_unit_test(a_pivot_without_a_reply_waits_for_a_decision),
        cmocka_unit_test(a_pivot_that_did_not_take_place_is_not_undone),
        cmocka_unit_test(a_late_reply_decides_a_pivot_in_doubt),
        cmocka_unit_test(a_cancel_waits_for_a_pivot_in_flight),
        cmocka_unit_test(a_pivot_in_doubt_is_undone_or_skipped_if_the_flow_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
