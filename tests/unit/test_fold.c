/* links: baton_core */
#include "core/fold.h"

#include <string.h>

#include "support/play.h"

/* An instance with something in every field. */
static struct instance *rich(void)
{
    struct instance *instance = instance_new(TEXT("order-saga"), TEXT("A-1"));

    instance->run = (struct run_id){.generation = 2, .offset = 99};
    memset(instance->flow_hash, 'a', FLOW_HASH_BYTES);
    instance->seq = 12;
    instance->status = RUN_COMPENSATING;
    instance->closing = RUN_FAILED;
    instance->sealed = true;
    instance->started_ms = 1000;
    instance->time_ms = 2000;
    instance->activation_next = 9;
    instance->mail_next = 4;
    instance->data = play_json("{\"a\":{\"b\":1,\"n\":null},\"list\":[1,2]}");
    instance->error = play_json("{\"type\":\"timeout\"}");
    instance->ids = play_json("{\"t/1\":1}");
    *instance_add_frame(instance, 8) = (struct frame){.activation = 8,
                                                      .kind = FRAME_UNDO,
                                                      .state = FRAME_BACKING_OFF,
                                                      .step = 1,
                                                      .undo_of = 3,
                                                      .attempt = 2,
                                                      .opened_ms = 1500,
                                                      .attempt_ms = 1600,
                                                      .sent_seq = 11,
                                                      .error = json_string("why")};
    instance_arm(instance, TIMER_BACKOFF, 8, 2500);
    instance_arm(instance, TIMER_WARN, 0, 9000);
    *instance_add_undo(instance,
                       2) = (struct undo){.activation = 2, .step = 0, .state = UNDO_PENDING};
    *instance_add_undo(instance, 3) = (struct undo){.activation = 3,
                                                    .step = 1,
                                                    .state = UNDO_RUNNING,
                                                    .in_doubt = true,
                                                    .message = play_json("{\"topic\":\"t\"}")};
    *instance_add_mail(instance) = (struct mail){
        .number = 3, .topic = 1, .message = play_json("{\"value\":null}")};
    return instance;
}

static void assert_leads(const struct instance *before, const struct instance *after)
{
    struct json *delta = instance_delta(before, after);
    struct instance *applied = NULL;
    struct error err = {0};

    assert_int_equal(instance_apply(before, delta, &applied, &err), STATUS_OK);
    play_assert_same(applied, after);
    instance_free(applied);
    json_free(delta);
}

static void a_snapshot_is_the_delta_from_nothing(void **state)
{
    struct instance *instance = rich();

    (void)state;
    assert_leads(NULL, instance);
    instance_free(instance);
}

static void every_field_travels_in_a_delta(void **state)
{
    struct instance *blank = instance_new(TEXT("order-saga"), TEXT("A-1"));
    struct instance *full = rich();

    (void)state;
    assert_leads(blank, full);
    assert_leads(full, blank); /* And every field can go away again. */
    instance_free(blank);
    instance_free(full);
}

static void nothing_changed_is_an_empty_delta(void **state)
{
    struct instance *instance = rich();
    struct instance *copy = instance_copy(instance);
    struct json *delta = instance_delta(instance, copy);

    (void)state;
    assert_int_equal(json_count(delta), 0);
    json_free(delta);
    instance_free(copy);
    instance_free(instance);
}

static void a_delta_holds_what_changed_and_no_more(void **state)
{
    struct instance *before = rich();
    struct instance *after = instance_copy(before);
    struct json *delta;
    struct buffer text = {0};

    (void)state;
    after->seq = 13;
    json_free(after->data);
    after->data = play_json("{\"a\":{\"b\":2,\"n\":null},\"list\":[1,2]}");
    instance_disarm(after, TIMER_BACKOFF, 8);
    instance_drop_undo(after, 3);
    delta = instance_delta(before, after);
    json_write_canonical(delta, &text);
    assert_string_equal(buffer_string(&text),
                        "{\"data\":{\"a\":{\"b\":[2]}},\"seq\":13,\"stack\":{\"3\":null},"
                        "\"timers\":{\"backoff/8\":null}}");
    buffer_release(&text);
    json_free(delta);
    instance_free(after);
    instance_free(before);
}

static void a_change_of_any_field_changes_the_canonical_text(void **state)
{
    struct instance *instance = rich();
    struct buffer one = {0};
    struct buffer two = {0};

    (void)state;
    instance_canonical(instance, &one);
    instance->frames[0].attempt++;
    instance_canonical(instance, &two);
    assert_string_not_equal(buffer_string(&one), buffer_string(&two));
    buffer_release(&one);
    buffer_release(&two);
    instance_free(instance);
}

static void each_field_of_a_frame_travels_alone(void **state)
{
    struct instance *before = rich();

    (void)state;
    for (int i = 0; i < 8; i++) {
        struct instance *after = instance_copy(before);
        struct frame *frame = &after->frames[0];

        frame->state = i == 0 ? FRAME_STUCK : frame->state;
        frame->step += i == 1;
        frame->undo_of += i == 2;
        frame->attempt += i == 3;
        frame->opened_ms += i == 4;
        frame->attempt_ms += i == 5;
        frame->sent_seq += i == 6;
        if (i == 7) {
            json_free(frame->error);
            frame->error = NULL;
        }
        assert_leads(before, after);
        instance_free(after);
    }
    instance_free(before);
}

static void an_undo_is_read_back(void **state)
{
    struct instance *instance = rich();
    struct error err = {0};

    (void)state;
    for (uint32_t i = 0; i < instance->undo_count; i++) {
        struct json *json = undo_to_json(&instance->stack[i]);
        struct json *again;
        struct undo undo;

        assert_int_equal(undo_from_json(json, &undo, &err), STATUS_OK);
        again = undo_to_json(&undo);
        assert_true(json_equal(json, again));
        json_free(undo.message);
        json_free(again);
        json_free(json);
    }
    instance_free(instance);
}

static void the_stack_hash_knows_order_and_content(void **state)
{
    struct instance *instance = rich();
    uint64_t hash = instance_stack_hash(instance);
    struct undo first = instance->stack[0];

    (void)state;
    assert_int_not_equal(hash, 0);
    instance->stack[0] = instance->stack[1];
    instance->stack[1] = first;
    assert_int_not_equal(instance_stack_hash(instance), hash);
    instance->stack[1] = instance->stack[0];
    instance->stack[0] = first;
    assert_int_equal(instance_stack_hash(instance), hash);
    instance->stack[1].in_doubt = false;
    assert_int_not_equal(instance_stack_hash(instance), hash);
    instance_free(instance);
}

static void malformed_deltas_are_refused(void **state)
{
    static const char *const wrong[] = {
        "[]",
        "null",
        "{\"unknown\":1}",
        "{\"seq\":\"1\"}",
        "{\"seq\":-1}",
        "{\"seq\":1.5}",
        "{\"status\":\"happy\"}",
        "{\"closing\":1}",
        "{\"sealed\":1}",
        "{\"run\":\"x\"}",
        ("{\"flowHash\":"
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}"),
        "{\"name\":\"order-saga:A\"}",
        "{\"flowBytes\":3}",
        "{\"name\":\"order-saga:A\",\"flowBytes\":3}",
        "{\"name\":7,\"flowBytes\":0}",
        "{\"data\":7}",
        "{\"data\":[1,2]}",
        "{\"ids\":{\"a\":7}}",
        "{\"frames\":[]}",
        "{\"frames\":{\"x\":null}}",
        "{\"frames\":{\"1\":{}}}",
        "{\"frames\":{\"1\":{\"kind\":\"step\",\"state\":\"tired\"}}}",
        "{\"frames\":{\"1\":{\"kind\":\"step\",\"state\":\"stuck\",\"step\":0}}}",
        "{\"frames\":{\"1\":7}}",
        "{\"timers\":{\"attempt\":1}}",
        "{\"timers\":{\"nap/1\":1}}",
        "{\"timers\":{\"wait/1\":\"soon\"}}",
        "{\"timers\":{\"wait/-1\":1}}",
        "{\"stack\":{\"1\":{\"state\":\"armed\",\"step\":0}}}",
        "{\"stack\":{\"1\":{\"state\":\"armed\",\"message\":{}}}}",
        "{\"mailbox\":{\"1\":{\"topic\":0}}}",
        "{\"mailbox\":{\"1\":{\"message\":{}}}}",
        "{\"activationNext\":4294967296}",
    };
    struct instance *before = rich();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct json *delta = play_json(wrong[i]);
        struct instance *after = before;
        struct error err = {0};

        if (instance_apply(before, delta, &after, &err) != STATUS_REJECT) {
            fail_msg("accepted: %s", wrong[i]);
        }
        assert_null(after);
        assert_true(strncmp(err.text, "delta", 5) == 0);
        json_free(delta);
    }
    instance_free(before);
}

static void the_first_delta_needs_a_name(void **state)
{
    struct json *delta = play_json("{\"seq\":1}");
    struct instance *after = NULL;
    struct error err = {0};

    (void)state;
    assert_int_equal(instance_apply(NULL, delta, &after, &err), STATUS_REJECT);
    json_free(delta);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_is_the_delta_from_nothing),
        cmocka_unit_test(every_field_travels_in_a_delta),
        cmocka_unit_test(nothing_changed_is_an_empty_delta),
        cmocka_unit_test(a_delta_holds_what_changed_and_no_more),
        cmocka_unit_test(a_change_of_any_field_changes_the_canonical_text),
        cmocka_unit_test(each_field_of_a_frame_travels_alone),
        cmocka_unit_test(an_undo_is_read_back),
        cmocka_unit_test(the_stack_hash_knows_order_and_content),
        cmocka_unit_test(malformed_deltas_are_refused),
        cmocka_unit_test(the_first_delta_needs_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
