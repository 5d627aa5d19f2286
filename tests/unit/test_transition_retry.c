/* links: baton_core */
/* Attempts, delays, and replies that come between them. */
#include "core/transition.h"

#include <stdio.h>

#include "support/flow_kit.h"
#include "support/play.h"

static const char order[] = "{\"orderId\":\"A1\"}";

static void the_idempotency_number_stays_and_the_sequence_moves(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[0].retry = kit_retry(flow, 3, 1000);
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    assert_int_equal(play_frame(&play)->sent_seq, 1);
    play_timer(&play, TIMER_ATTEMPT, 1);
    play_timer(&play, TIMER_BACKOFF, 1);
    assert_int_equal(play_effect(&play, EFFECT_COMMAND)->activation, 1);
    assert_int_equal(play_effect(&play, EFFECT_COMMAND)->attempt, 2);
    assert_int_equal(play_frame(&play)->sent_seq, 3);
    play_release(&play);
    flow_free(flow);
}

static void delays_follow_their_backoff_up_to_the_maximum(void **state)
{
    static const struct {
        enum backoff backoff;
        int64_t delays_ms[4];
    } cases[] = {
        {BACKOFF_CONSTANT, {1000, 1000, 1000, 1000}},
        {BACKOFF_LINEAR, {1000, 2000, 3000, 4000}},
        {BACKOFF_EXPONENTIAL, {1000, 3000, 5000, 5000}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct flow *flow = kit_order_flow();
        struct retry_policy *retry = kit_retry(flow, 5, 1000);
        struct play play;

        retry->backoff = cases[i].backoff;
        retry->factor = 3;
        retry->max_ms = 5000;
        flow->steps[0].retry = retry;
        play_init(&play, flow, "A1");
        play_message(&play, "orders", order);
        for (size_t n = 0; n < 4; n++) {
            play_timer(&play, TIMER_ATTEMPT, 1);
            assert_int_equal(instance_timer(play.now, TIMER_BACKOFF, 1)->due_ms - play.time_ms,
                             cases[i].delays_ms[n]);
            play_timer(&play, TIMER_BACKOFF, 1);
        }
        play_release(&play);
        flow_free(flow);
    }
}

static void jitter_differs_by_instance_and_repeats_in_a_replay(void **state)
{
    int64_t seen[20];
    uint32_t different = 0;

    (void)state;
    for (size_t i = 0; i < 20; i++) {
        struct flow *flow = kit_order_flow();
        struct retry_policy *retry = kit_retry(flow, 5, 1000);
        char key[8];
        struct play play;

        retry->jitter_percent = 20;
        flow->steps[0].retry = retry;
        (void)snprintf(key, sizeof(key), "K%zu", i / 2); /* Each key twice. */
        play_init(&play, flow, key);
        play_message(&play, "orders", order);
        play_timer(&play, TIMER_ATTEMPT, 1);
        seen[i] = instance_timer(play.now, TIMER_BACKOFF, 1)->due_ms - play.time_ms;
        assert_in_range(seen[i], 800, 1200);
        different += seen[i] != 1000;
        play_release(&play);
        flow_free(flow);
    }
    for (size_t i = 0; i < 20; i += 2) {
        assert_int_equal(seen[i], seen[i + 1]);
    }
    assert_true(different > 10);
}

static void attempts_count_all_tries(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;
    uint32_t attempts = 1;

    (void)state;
    flow->steps[0].retry = kit_retry(flow, 3, 1000);
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    while (play.now->status == RUN_RUNNING) {
        play_timer(&play, TIMER_ATTEMPT, 1);
        if (instance_timer(play.now, TIMER_BACKOFF, 1) != NULL) {
            play_timer(&play, TIMER_BACKOFF, 1);
            attempts++;
        }
    }
    assert_int_equal(attempts, 3);
    assert_true(text_is(json_member_text(play.now->error, "type"), "timeout"));
    assert_int_equal(json_member_int(play.now->error, "attempt", 0), 3);
    play_release(&play);
    flow_free(flow);
}

static void no_attempt_starts_after_the_total_and_the_last_is_cut(void **state)
{
    struct flow *flow = kit_order_flow();
    struct retry_policy *retry = kit_retry(flow, UINT32_MAX, 10000);
    struct play play;

    (void)state;
    retry->total_ms = 50000; /* 0: sent, 30 s: timeout, 40 s: sent, cut to 50 s. */
    flow->steps[0].retry = retry;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_timer(&play, TIMER_ATTEMPT, 1);
    play_timer(&play, TIMER_BACKOFF, 1);
    assert_int_equal(play.time_ms, PLAY_START_MS + 40000);
    assert_int_equal(play_effect(&play, EFFECT_COMMAND)->deadline_ms, PLAY_START_MS + 50000);
    play_timer(&play, TIMER_ATTEMPT, 1);
    assert_int_equal(play.now->status, RUN_COMPENSATING);
    play_release(&play);
    flow_free(flow);
}

static void a_refusal_is_repeated_only_if_named(void **state)
{
    static struct text rejected[] = {{"rejected", 8}, {"Busy", 4}};
    static struct text any[] = {{"any", 3}};
    static struct text busy[] = {{"Busy", 4}};
    static const struct {
        struct text *errors;
        uint32_t count;
        struct text *except;
        uint32_t except_count;
        const char *reply;
        bool repeats;
    } cases[] = {
        {rejected, 2, NULL, 0, "{\"ok\":false}", true},
        {rejected, 2, NULL, 0, "{\"ok\":false,\"code\":\"Busy\"}", true},
        {rejected, 2, NULL, 0, "{\"ok\":false,\"code\":\"Gone\"}", false},
        {rejected, 2, busy, 1, "{\"ok\":false,\"code\":\"Busy\"}", false},
        {any, 1, NULL, 0, "{\"ok\":false,\"code\":\"Gone\"}", true},
        {any, 1, busy, 1, "{\"ok\":false,\"code\":\"Busy\"}", false},
        {any, 1, NULL, 0, "{\"ok\":false,\"code\":\"cancelled\"}", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct flow *flow = kit_order_flow();
        struct retry_policy *retry = kit_retry(flow, 3, 1000);
        struct play play;

        retry->errors = cases[i].errors;
        retry->error_count = cases[i].count;
        retry->except_errors = cases[i].except;
        retry->except_error_count = cases[i].except_count;
        flow->steps[0].retry = retry;
        play_init(&play, flow, "A1");
        play_message(&play, "orders", order);
        play_reply(&play, "inventory", 1, cases[i].reply);
        assert_int_equal(play.now->status, cases[i].repeats ? RUN_RUNNING : RUN_FAILED);
        play_release(&play);
        flow_free(flow);
    }
}

static void a_late_success_completes_a_step_that_backs_off(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[0].retry = kit_retry(flow, 3, 1000);
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_timer(&play, TIMER_ATTEMPT, 1);
    assert_int_equal(play_frame(&play)->state, FRAME_BACKING_OFF);
    assert_int_equal(play_reply(&play, "inventory", 1, "{\"ok\":true}"), TRANSITION_APPLIED);
    play_assert_place(&play, "charge");
    assert_null(instance_timer(play.now, TIMER_BACKOFF, 1));
    play_release(&play);
    flow_free(flow);
}

static void a_success_of_an_earlier_attempt_completes_the_later_one(void **state)
{
    struct flow *flow = kit_order_flow();
    struct event reply;
    struct play play;

    (void)state;
    flow->steps[0].retry = kit_retry(flow, 3, 1000);
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_timer(&play, TIMER_ATTEMPT, 1);
    play_timer(&play, TIMER_BACKOFF, 1);
    reply = play_reply_event(&play, "inventory", 1);
    reply.command_seq = 1;
    assert_int_equal(play_with(&play, reply, "{\"ok\":true}"), TRANSITION_APPLIED);
    play_assert_place(&play, "charge");
    play_release(&play);
    flow_free(flow);
}

static void a_repeatable_refusal_of_an_earlier_attempt_changes_nothing(void **state)
{
    static struct text any[] = {{"any", 3}};
    struct flow *flow = kit_order_flow();
    struct retry_policy *retry = kit_retry(flow, 3, 1000);
    struct event reply;
    struct play play;

    (void)state;
    retry->errors = any;
    flow->steps[0].retry = retry;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_timer(&play, TIMER_ATTEMPT, 1);
    assert_int_equal(play_reply(&play, "inventory", 1, "{\"ok\":false}"), TRANSITION_IGNORED);
    play_timer(&play, TIMER_BACKOFF, 1);
    reply = play_reply_event(&play, "inventory", 1);
    reply.command_seq = 1;
    assert_int_equal(play_with(&play, reply, "{\"ok\":false}"), TRANSITION_IGNORED);
    play_assert_place(&play, "reserve");
    play_release(&play);
    flow_free(flow);
}

static void a_final_refusal_while_backing_off_fails_the_step_at_once(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    flow->steps[0].retry = kit_retry(flow, 3, 1000);
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_timer(&play, TIMER_ATTEMPT, 1);
    play_reply(&play, "inventory", 1, "{\"ok\":false}");
    assert_int_equal(play.now->status, RUN_FAILED); /* Refused: there was nothing to undo. */
    play_release(&play);
    flow_free(flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_idempotency_number_stays_and_the_sequence_moves),
        cmocka_unit_test(delays_follow_their_backoff_up_to_the_maximum),
        cmocka_unit_test(jitter_differs_by_instance_and_repeats_in_a_replay),
        cmocka_unit_test(attempts_count_all_tries),
        cmocka_unit_test(no_attempt_starts_after_the_total_and_the_last_is_cut),
        cmocka_unit_test(a_refusal_is_repeated_only_if_named),
        cmocka_unit_test(a_late_success_completes_a_step_that_backs_off),
        cmocka_unit_test(a_success_of_an_earlier_attempt_completes_the_later_one),
        cmocka_unit_test(a_repeatable_refusal_of_an_earlier_attempt_changes_nothing),
        cmocka_unit_test(a_final_refusal_while_backing_off_fails_the_step_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
