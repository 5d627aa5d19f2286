/* links: baton_model */
#include "model/instance.h"

#include <string.h>

#include "model/effect.h"
#include "support/unit.h"

static void name_splits_into_flow_and_key(void **state)
{
    struct instance *instance = instance_new(TEXT("order-saga"), TEXT("A:1"));

    (void)state;
    assert_true(text_is(instance->name, "order-saga:A:1"));
    assert_true(text_is(instance_flow_name(instance), "order-saga"));
    assert_true(text_is(instance_key(instance), "A:1"));
    assert_int_equal(instance->status, RUN_NONE);
    assert_int_equal(instance->activation_next, 1);
    instance_free(instance);
}

static void copy_does_not_share_what_changes(void **state)
{
    struct instance *instance = instance_new(TEXT("f"), TEXT("k"));
    struct instance *copy;
    struct frame *frame = instance_add_frame(instance, 7);

    (void)state;
    frame->activation = 7;
    frame->error = json_string("why");
    instance_add_undo(instance, 0)->message = json_object();
    instance_add_mail(instance)->message = json_object();
    instance_arm(instance, TIMER_WAIT, 7, 100);
    instance->data = json_object();

    copy = instance_copy(instance);
    instance_drop_frame(instance, 7);
    instance_drop_undo(instance, 0);
    instance_drop_mail(instance, 0);
    instance_disarm_owner(instance, 7);
    instance_free(instance);

    assert_int_equal(copy->frame_count, 1);
    assert_true(text_is(json_text_of(copy->frames[0].error), "why"));
    assert_int_equal(copy->undo_count, 1);
    assert_int_equal(copy->mail_count, 1);
    assert_int_equal(instance_timer(copy, TIMER_WAIT, 7)->due_ms, 100);
    assert_true(text_is(copy->name, "f:k"));
    instance_free(copy);
}

static void many_items_come_and_go(void **state)
{
    struct instance *instance = instance_new(TEXT("f"), TEXT("k"));

    (void)state;
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 1; i <= 100; i++) {
            struct instance *copy;

            (void)instance_add_frame(instance, i);
            instance_arm(instance, TIMER_ATTEMPT, i, i);
            copy = instance_copy(instance);
            instance_free(instance);
            instance = copy;
        }
        assert_int_equal(instance_frame(instance, 50)->activation, 50);
        for (uint32_t i = 1; i <= 100; i++) {
            instance_drop_frame(instance, i);
            instance_disarm_owner(instance, i);
        }
        assert_int_equal(instance->frame_count, 0);
        assert_int_equal(instance->timer_count, 0);
    }
    instance_free(instance);
}

static void timers_stand_in_an_order_of_their_own(void **state)
{
    struct instance *instance = instance_new(TEXT("f"), TEXT("k"));

    (void)state;
    instance_arm(instance, TIMER_WARN, 2, 50);
    instance_arm(instance, TIMER_ATTEMPT, 2, 40);
    instance_arm(instance, TIMER_FLOW, 0, 60);
    instance_arm(instance, TIMER_ATTEMPT, 2, 30); /* Again: moved, not doubled. */

    assert_int_equal(instance->timer_count, 3);
    assert_int_equal(instance->timers[0].kind, TIMER_FLOW);
    assert_int_equal(instance->timers[1].kind, TIMER_ATTEMPT);
    assert_int_equal(instance->timers[2].kind, TIMER_WARN);
    assert_int_equal(instance_next_due(instance), 30);
    instance_disarm(instance, TIMER_ATTEMPT, 2);
    instance_disarm(instance, TIMER_ATTEMPT, 2);
    assert_int_equal(instance_next_due(instance), 50);
    instance_disarm_owner(instance, 2);
    assert_int_equal(instance->timer_count, 1);
    instance_disarm_owner(instance, 0);
    assert_int_equal(instance_next_due(instance), INT64_MAX);
    instance_free(instance);
}

static void names_lead_back_to_their_constants(void **state)
{
    (void)state;
    for (int i = 0; i < TIMER_KIND_COUNT; i++) {
        enum timer_kind kind;

        assert_true(timer_kind_of(text_of(timer_kind_name((enum timer_kind)i)), &kind));
        assert_int_equal(kind, i);
    }
    for (int i = RUN_NONE; i <= RUN_EXPIRED; i++) {
        enum run_status status;

        assert_true(run_status_of(text_of(run_status_name((enum run_status)i)), &status));
        assert_int_equal(status, i);
    }
    for (int i = FRAME_AWAITING_REPLY; i <= FRAME_STUCK; i++) {
        enum frame_state frame;

        assert_true(frame_state_of(text_of(frame_state_name((enum frame_state)i)), &frame));
        assert_int_equal(frame, i);
    }
    for (int i = UNDO_PENDING; i <= UNDO_RUNNING; i++) {
        enum undo_state undo;

        assert_true(undo_state_of(text_of(undo_state_name((enum undo_state)i)), &undo));
        assert_int_equal(undo, i);
    }
}

static void run_ids_are_read_back_and_nonsense_is_refused(void **state)
{
    static const char *const wrong[] = {
        "", "-", "1", "1-", "-1", "-1-2", "1--2", "a-1", "1-a", "1-2-3", "99999999999-1", " 1-2"};
    struct run_id run = {.generation = 3, .offset = INT64_MAX};
    struct run_id read;
    char text[RUN_ID_BYTES];

    (void)state;
    run_id_format(run, text);
    assert_string_equal(text, "3-9223372036854775807");
    assert_true(run_id_parse(text_of(text), &read));
    assert_true(run_id_equal(run, read));
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_false(run_id_parse(text_of(wrong[i]), &read));
    }
}

static void deadlines_are_told_from_delays(void **state)
{
    (void)state;
    assert_true(timer_is_deadline(TIMER_ATTEMPT));
    assert_true(timer_is_deadline(TIMER_LISTEN));
    assert_true(timer_is_deadline(TIMER_FLOW));
    assert_true(timer_is_deadline(TIMER_EARLY));
    assert_false(timer_is_deadline(TIMER_BACKOFF));
    assert_false(timer_is_deadline(TIMER_WAIT));
    assert_false(timer_is_deadline(TIMER_WARN));
}

static void long_decided_texts_are_cut_between_characters(void **state)
{
    struct arena arena = {0};
    struct effect_list effects = {.arena = &arena};
    char text[2001];

    (void)state;
    for (size_t i = 0; i < 1000; i++) {
        memcpy(text + 2 * i, "\xc3\xa4", 2);
    }
    text[2000] = '\0';
    effect_decide(&effects, "%s", text);
    effect_decide(&effects, "x%s", text);
    for (uint32_t i = 0; i < 2; i++) {
        assert_true(text_is_utf8(effects.decided[i]));
        assert_true(effects.decided[i].bytes > 1000 && effects.decided[i].bytes < 1024);
    }
    effect_release(&effects);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_splits_into_flow_and_key),
        cmocka_unit_test(copy_does_not_share_what_changes),
        cmocka_unit_test(many_items_come_and_go),
        cmocka_unit_test(timers_stand_in_an_order_of_their_own),
        cmocka_unit_test(names_lead_back_to_their_constants),
        cmocka_unit_test(run_ids_are_read_back_and_nonsense_is_refused),
        cmocka_unit_test(deadlines_are_told_from_delays),
        cmocka_unit_test(long_decided_texts_are_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
