/* links: baton_core */
/* Starts, listens, early messages and repeats: LANGUAGE.md section 6. */
#include "core/transition.h"

#include "base/limits.h"
#include "support/flow_kit.h"
#include "support/play.h"

static const char order[] = "{\"orderId\":\"A1\"}";

/* paid -> shipped (only with .final), both listens; then "told" is emitted. */
static struct flow *journey(void)
{
    struct flow *flow = kit_flow();
    uint32_t payments = kit_topic(flow, "payments");
    uint32_t shipments = kit_topic(flow, "shipments");
    uint32_t told = kit_topic(flow, "told");
    struct step *step = kit_step(flow, "paid", STEP_LISTEN, STEP_NONE);

    flow->first_step = 0;
    step->as = TEXT("paid");
    kit_listen(flow, step, payments);
    step->timeout = (struct span){.kind = SPAN_FIXED, .ms = MS_PER_HOUR};
    step = kit_step(flow, "shipped", STEP_LISTEN, 0);
    step->as = TEXT("shipped");
    kit_listen(flow, step, shipments)->type = TEXT("Shipped");
    step->listen.items[0].when = kit_expr(flow, ".final == true and $data.paid.n > 0");
    step = kit_step(flow, "told", STEP_EMIT, 1);
    step->message = (struct message_spec){.topic = told};
    return flow;
}

static enum transition_result shipped(struct play *play, const char *payload)
{
    return play_with(
        play,
        (struct event){.kind = EVENT_MESSAGE, .topic = TEXT("shipments"), .type = TEXT("Shipped")},
        payload);
}

static void listens_take_their_messages_in_turn(void **state)
{
    struct flow *flow = journey();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_assert_place(&play, "paid");
    assert_non_null(instance_timer(play.now, TIMER_LISTEN, 1));
    assert_int_equal(play_message(&play, "payments", "{\"n\":5}"), TRANSITION_APPLIED);
    assert_int_equal(shipped(&play, "{\"final\":true}"), TRANSITION_APPLIED);
    assert_int_equal(play.now->status, RUN_COMPLETED);
    play_assert_data(&play, "{\"orderId\":\"A1\",\"paid\":{\"n\":5},\"shipped\":{\"final\":true}}");
    play_release(&play);
    flow_free(flow);
}

static void an_early_message_waits_while_a_step_may_still_want_it(void **state)
{
    struct flow *flow = journey();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    assert_int_equal(shipped(&play, "{\"final\":true}"), TRANSITION_APPLIED);
    assert_int_equal(play.now->mail_count, 1);
    play_message(&play, "payments", "{\"n\":5}");
    assert_int_equal(play.now->status, RUN_COMPLETED);
    play_release(&play);
    flow_free(flow);
}

static void early_messages_are_taken_in_order_and_the_unread_are_told(void **state)
{
    struct flow *flow = journey();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    shipped(&play, "{\"final\":false,\"n\":1}");
    shipped(&play, "{\"final\":true,\"n\":2}");
    shipped(&play, "{\"final\":true,\"n\":3}");
    play_message(&play, "payments", "{\"n\":5}");
    assert_int_equal(play.now->status, RUN_COMPLETED);
    assert_int_equal(json_member_int(json_member(play.now->data, "shipped"), "n", 0), 2);
    assert_int_equal(play.effects.count, 3); /* The emit, and two alerts about the unread. */
    assert_true(play_alerted(&play, ALERT_UNMATCHED));
    play_release(&play);
    flow_free(flow);
}

static void a_message_that_nothing_wants_is_told_not_kept(void **state)
{
    struct flow *flow = journey();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_message(&play, "payments", "{\"n\":5}");
    assert_int_equal(play_message(&play, "payments", "{\"n\":6}"), TRANSITION_IGNORED);
    assert_true(play_alerted(&play, ALERT_UNMATCHED));
    assert_int_equal(play_message(&play, "shipments", "{\"final\":true}"), TRANSITION_IGNORED);
    assert_int_equal(shipped(&play, "{\"final\":false}"), TRANSITION_IGNORED);
    assert_int_equal(play.now->mail_count, 0);
    play_release(&play);
    flow_free(flow);
}

static void a_message_whose_when_fails_is_told_and_the_run_lives(void **state)
{
    struct flow *flow = journey();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_message(&play, "payments", "{\"n\":5}");
    assert_int_equal(shipped(&play, "\"odd\""), TRANSITION_IGNORED);
    assert_true(play_alerted(&play, ALERT_DATA));
    play_assert_place(&play, "shipped");
    play_release(&play);
    flow_free(flow);
}

static void a_listen_times_out(void **state)
{
    struct flow *flow = journey();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_timer(&play, TIMER_LISTEN, 1);
    assert_int_equal(play.now->status, RUN_FAILED);
    assert_true(text_is(json_member_text(play.now->error, "type"), "timeout"));
    assert_true(text_is(json_member_text(play.now->error, "step"), "paid"));
    play_release(&play);
    flow_free(flow);
}

static void messages_before_the_start_wait_as_an_embryo(void **state)
{
    struct flow *flow = journey();
    struct run_id run;
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    assert_int_equal(play_message(&play, "payments", "{\"n\":5}"), TRANSITION_APPLIED);
    assert_int_equal(play.now->status, RUN_EMBRYO);
    assert_int_equal(play.now->seq, 1);
    run = play.now->run;
    shipped(&play, "{\"final\":true}");
    assert_int_equal(play.now->mail_count, 2);
    play_message(&play, "orders", order);
    assert_int_equal(play.now->status, RUN_COMPLETED);
    assert_true(run_id_equal(play.now->run, run));
    play_release(&play);
    flow_free(flow);
}

static void an_embryo_expires_with_an_alert_for_each_message(void **state)
{
    struct flow *flow = journey();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "payments", "{\"n\":5}");
    shipped(&play, "{\"final\":true}");
    play_timer(&play, TIMER_EARLY, 0);
    assert_int_equal(play.time_ms, PLAY_START_MS + 10 * MS_PER_MINUTE);
    assert_int_equal(play.now->status, RUN_EXPIRED);
    assert_int_equal(play.effects.count, 2);
    assert_true(play_alerted(&play, ALERT_EXPIRED));
    play_release(&play);
    flow_free(flow);
}

static void without_early_a_message_for_no_run_is_void_and_told(void **state)
{
    struct flow *flow = journey();
    struct play play;

    (void)state;
    flow->early_ms = 0;
    play_init(&play, flow, "A1");
    assert_int_equal(play_message(&play, "payments", "{\"n\":5}"), TRANSITION_VOID);
    assert_true(play_alerted(&play, ALERT_UNMATCHED));
    play_release(&play);
    flow_free(flow);
}

static void a_start_needs_its_type_and_its_when(void **state)
{
    struct flow *flow = journey();
    struct play play;

    (void)state;
    flow->starts[0].type = TEXT("Created");
    flow->starts[0].when = kit_expr(flow, ".total > 0");
    play_init(&play, flow, "A1");
    assert_int_equal(play_message(&play, "orders", "{\"total\":1}"), TRANSITION_VOID);
    assert_int_equal(play.effects.count, 0);
    for (int i = 0; i < 2; i++) {
        enum transition_result result = play_with(
            &play,
            (struct event){.kind = EVENT_MESSAGE, .topic = TEXT("orders"), .type = TEXT("Created")},
            i == 0 ? "{\"total\":0}" : "{\"total\":1}");

        assert_int_equal(result, i == 0 ? TRANSITION_VOID : TRANSITION_APPLIED);
    }
    play_release(&play);
    flow_free(flow);
}

static void a_second_start_of_a_living_run_is_ignored(void **state)
{
    struct flow *flow = journey();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    assert_int_equal(play_message(&play, "orders", order), TRANSITION_IGNORED);
    assert_int_equal(play.effects.count, 0);
    play_release(&play);
    flow_free(flow);
}

static void a_start_topic_that_a_step_listens_to_is_kept_for_it(void **state)
{
    struct flow *flow = journey();
    struct play play;

    (void)state;
    flow->steps[1].listen.items[0].topic = 0;
    flow->steps[1].listen.items[0].type = TEXT("");
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    assert_int_equal(play_message(&play, "orders", "{\"final\":true}"), TRANSITION_APPLIED);
    assert_int_equal(play.now->mail_count, 1);
    play_message(&play, "payments", "{\"n\":5}");
    assert_int_equal(play.now->status, RUN_COMPLETED);
    play_release(&play);
    flow_free(flow);
}

static void a_producers_repeat_is_known_by_its_id(void **state)
{
    struct flow *flow = journey();
    struct event paid = {.kind = EVENT_MESSAGE, .topic = TEXT("payments"), .id = TEXT("p-1")};
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    assert_int_equal(play_with(&play, paid, "{\"n\":5}"), TRANSITION_APPLIED);
    assert_int_equal(play_with(&play, paid, "{\"n\":5}"), TRANSITION_IGNORED);
    assert_int_equal(play.effects.count, 0); /* Known, so no alarm. */
    paid.id = TEXT("p-2");
    assert_int_equal(play_with(&play, paid, "{\"n\":5}"), TRANSITION_IGNORED);
    assert_true(play_alerted(&play, ALERT_UNMATCHED));
    play_release(&play);
    flow_free(flow);
}

static void an_early_repeat_is_kept_once(void **state)
{
    struct flow *flow = journey();
    struct event paid = {.kind = EVENT_MESSAGE, .topic = TEXT("payments"), .id = TEXT("p-1")};
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_with(&play, paid, "{\"n\":5}");
    assert_int_equal(play_with(&play, paid, "{\"n\":5}"), TRANSITION_IGNORED);
    assert_int_equal(play.now->mail_count, 1);
    play_release(&play);
    flow_free(flow);
}

static void the_mailbox_is_bounded(void **state)
{
    struct flow *flow = journey();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "payments", "{\"n\":5}");
    /* Filled directly: a thousand messages through all checks would take long. */
    for (uint32_t i = 1; i < MAILBOX_MAX; i++) {
        *instance_add_mail(play.now) = (struct mail){.number = play.now->mail_next++,
                                                     .message = play_json("{\"value\":1}")};
    }
    instance_free(play.folded);
    play.folded = instance_copy(play.now);
    assert_int_equal(play_message(&play, "payments", "{\"n\":6}"), TRANSITION_IGNORED);
    assert_true(play_alerted(&play, ALERT_UNMATCHED));
    assert_int_equal(play.now->mail_count, MAILBOX_MAX);
    play_release(&play);
    flow_free(flow);
}

static void a_listen_with_its_own_key_takes_only_what_that_key_found(void **state)
{
    struct flow *flow = journey();
    struct play play;

    (void)state;
    /* Both listens are on one topic: paid by the topic's rule, shipped by another place. */
    flow->topics[1].key = (struct correlation){.kind = CORRELATION_PATH,
                                               .path = kit_expr(flow, ".orderId")};
    flow->steps[1].listen.items[0].topic = 1;
    flow->steps[1].listen.items[0].type = TEXT("");
    flow->steps[1].listen.items[0].when = NULL;
    flow->steps[1].listen.items[0].key = (struct correlation){
        .kind = CORRELATION_PATH, .path = kit_expr(flow, ".parcel.order")};
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    assert_int_equal(play_message(&play, "payments", "{\"parcel\":{\"order\":\"A1\"}}"),
                     TRANSITION_APPLIED);
    play_assert_place(&play, "paid"); /* Kept: it is for shipped. */
    assert_int_equal(play.now->mail_count, 1);
    play_message(&play, "payments", "{\"orderId\":\"A1\"}");
    assert_int_equal(play.now->status, RUN_COMPLETED);
    play_release(&play);
    flow_free(flow);
}

static void the_first_document_is_the_payload_or_the_data_template(void **state)
{
    struct flow *flow = journey();
    struct play play;

    (void)state;
    flow->data = kit_template(flow, "{\"id\": \"${ .orderId }\", \"at\": \"${ $message.offset }\", "
                                    "\"now\": \"${ $now }\", \"run\": \"${ $instance.run }\"}");
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    play_assert_data(&play, "{\"id\":\"A1\",\"at\":100,\"now\":\"2026-01-01T00:00:00.000Z\","
                            "\"run\":\"0-100\"}");
    play_release(&play);
    flow_free(flow);
}

static void a_first_document_that_is_no_object_fails_the_run(void **state)
{
    struct flow *flow = journey();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", "\"A1\"");
    assert_int_equal(play.now->status, RUN_FAILED);
    assert_true(text_is(json_member_text(play.now->error, "type"), "validation"));
    play_release(&play);
    flow_free(flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listens_take_their_messages_in_turn),
        cmocka_unit_test(an_early_message_waits_while_a_step_may_still_want_it),
        cmocka_unit_test(early_messages_are_taken_in_order_and_the_unread_are_told),
        cmocka_unit_test(a_message_that_nothing_wants_is_told_not_kept),
        cmocka_unit_test(a_message_whose_when_fails_is_told_and_the_run_lives),
        cmocka_unit_test(a_listen_times_out),
        cmocka_unit_test(messages_before_the_start_wait_as_an_embryo),
        cmocka_unit_test(an_embryo_expires_with_an_alert_for_each_message),
        cmocka_unit_test(without_early_a_message_for_no_run_is_void_and_told),
        cmocka_unit_test(a_start_needs_its_type_and_its_when),
        cmocka_unit_test(a_second_start_of_a_living_run_is_ignored),
        cmocka_unit_test(a_start_topic_that_a_step_listens_to_is_kept_for_it),
        cmocka_unit_test(a_producers_repeat_is_known_by_its_id),
        cmocka_unit_test(an_early_repeat_is_kept_once),
        cmocka_unit_test(the_mailbox_is_bounded),
        cmocka_unit_test(a_listen_with_its_own_key_takes_only_what_that_key_found),
        cmocka_unit_test(the_first_document_is_the_payload_or_the_data_template),
        cmocka_unit_test(a_first_document_that_is_no_object_fails_the_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
