/* links: baton_codec */
#include "support/unit.h"

#include <string.h>

#include "codec/command.h"

struct given {
    struct header_name renames[2];
    struct service service;
    struct topic topic;
    struct flow flow;
    struct instance instance;
    struct effect effect;
    struct command_source source;
    struct arena arena;
};

/* The third transition of order:7, run 0-4711, sends the first attempt of step `charge`. */
static void given_a_command(struct given *given)
{
    *given = (struct given){0};
    given->service = (struct service){
        .name = TEXT("payments"),
        .commands = TEXT("payments.commands"),
        .replies = TEXT("payments.replies"),
        .type = {.kind = LOCATOR_HEADER, .header = TEXT("message-type")},
    };
    given->topic = (struct topic){.alias = TEXT("done"), .name = TEXT("orders.confirmed")};
    given->flow.services = &given->service;
    given->flow.service_count = 1;
    given->flow.topics = &given->topic;
    given->flow.topic_count = 1;
    given->instance = (struct instance){.name = TEXT("order:7"), .run = {0, 4711}, .seq = 3};
    given->effect = (struct effect){
        .kind = EFFECT_COMMAND,
        .activation = 2,
        .step = TEXT("charge"),
        .attempt = 1,
        .topic = TEXT("payments.commands"),
        .type = TEXT("charge"),
        .deadline_ms = 1790000000123,
    };
    given->source = (struct command_source){TEXT("baton"), &given->flow, &given->instance,
                                            &given->effect};
}

/* "name=value" lines, in their order; the traceparent only as its length. */
static void assert_headers(struct given *given, const char *expected)
{
    struct command_headers headers = command_headers(&given->source, &given->arena);
    struct buffer lines = {0};

    for (uint32_t i = 0; i < headers.count; i++) {
        const struct command_header *header = &headers.items[i];

        buffer_add_text(&lines, header->name);
        if (text_is(header->name, "traceparent")) {
            buffer_addf(&lines, " of %zu\n", header->value.bytes);
        } else {
            buffer_addf(&lines, "=%.*s\n", TEXT_ARG(header->value));
        }
    }
    assert_string_equal(buffer_string(&lines), expected);
    buffer_release(&lines);
    arena_release(&given->arena);
}

static void a_command_says_who_sends_it_and_where_the_answer_goes(void **state)
{
    struct given given;

    (void)state;
    given_a_command(&given);
    assert_headers(&given, "baton-instance=order:7\n"
                           "baton-run=0-4711\n"
                           "baton-step=charge\n"
                           "baton-attempt=1\n"
                           "correlation-id=baton~order:7/0-4711/3/2\n"
                           "idempotency-key=order:7/0-4711/charge/2\n"
                           "message-type=charge\n"
                           "reply-topic=payments.replies\n"
                           "deadline=2026-09-21T14:13:20.123Z\n"
                           "traceparent of 55\n");
}

static void every_attempt_has_another_id_and_the_same_idempotency_key(void **state)
{
    struct given given;
    struct text first_id, first_key;

    (void)state;
    given_a_command(&given);
    first_id = command_id(&given.source, &given.arena);
    first_key = command_idempotency_key(&given.source, &given.arena);
    given.instance.seq = 5;
    given.effect.attempt = 2;
    assert_false(text_equal(first_id, command_id(&given.source, &given.arena)));
    assert_true(text_equal(first_key, command_idempotency_key(&given.source, &given.arena)));
    arena_release(&given.arena);
}

static void a_renamed_step_keeps_its_idempotency_key(void **state)
{
    struct given given;
    struct text first_key;

    (void)state;
    given_a_command(&given);
    first_key = command_idempotency_key(&given.source, &given.arena);
    given.effect.key_step = given.effect.step;
    given.effect.step = TEXT("another");
    assert_true(text_equal(first_key, command_idempotency_key(&given.source, &given.arena)));
    arena_release(&given.arena);
}

static void an_undo_names_what_it_undoes_and_is_no_repeat_of_it(void **state)
{
    struct given given;

    (void)state;
    given_a_command(&given);
    given.instance.seq = 9;
    given.effect.activation = 6;
    given.effect.type = TEXT("refund");
    given.effect.deadline_ms = 0;
    given.effect.is_undo = true;
    given.effect.undo_of = 2;
    given.effect.undo_of_step = TEXT("charge");
    assert_headers(&given, "baton-instance=order:7\n"
                           "baton-run=0-4711\n"
                           "baton-step=charge\n"
                           "baton-attempt=1\n"
                           "baton-undo-of=order:7/0-4711/charge/2\n"
                           "correlation-id=baton~order:7/0-4711/9/6\n"
                           "idempotency-key=order:7/0-4711/charge:undo/6\n"
                           "message-type=refund\n"
                           "reply-topic=payments.replies\n"
                           "traceparent of 55\n");
}

static void a_step_of_an_undo_is_known_by_its_first_attempt(void **state)
{
    struct given given;

    (void)state;
    given_a_command(&given);
    given.instance.seq = 9;
    given.effect.activation = 12;
    given.effect.type = TEXT("refund");
    given.effect.deadline_ms = 0;
    given.effect.in_undo = true;
    given.effect.key_activation = 8;
    given.effect.undo_of = 2;
    given.effect.undo_of_step = TEXT("reserve");
    assert_headers(&given, "baton-instance=order:7\n"
                           "baton-run=0-4711\n"
                           "baton-step=charge\n"
                           "baton-attempt=1\n"
                           "baton-undo-of=order:7/0-4711/reserve/2\n"
                           "correlation-id=baton~order:7/0-4711/9/12\n"
                           "idempotency-key=order:7/0-4711/charge/8\n"
                           "message-type=refund\n"
                           "reply-topic=payments.replies\n"
                           "traceparent of 55\n");
}

static void a_cancel_names_what_it_calls_off_and_wants_no_reply(void **state)
{
    struct given given;

    (void)state;
    given_a_command(&given);
    given.effect.kind = EFFECT_CANCEL;
    given.effect.activation = 4;
    given.effect.undo_of = 2;
    given.effect.undo_of_step = TEXT("charge");
    given.effect.type = TEXT("");
    assert_headers(&given, "baton-instance=order:7\n"
                           "baton-run=0-4711\n"
                           "baton-step=charge\n"
                           "baton-attempt=1\n"
                           "baton-undo-of=order:7/0-4711/charge/2\n"
                           "correlation-id=baton~order:7/0-4711/3/4\n"
                           "idempotency-key=order:7/0-4711/charge:cancel/4\n"
                           "traceparent of 55\n");
}

static void an_emitted_record_wants_no_reply(void **state)
{
    struct given given;

    (void)state;
    given_a_command(&given);
    given.effect.kind = EFFECT_EMIT;
    given.effect.service = UINT32_MAX;
    given.effect.topic = TEXT("orders.confirmed");
    assert_headers(&given, "baton-instance=order:7\n"
                           "baton-run=0-4711\n"
                           "baton-step=charge\n"
                           "idempotency-key=order:7/0-4711/charge/2\n"
                           "message-type=charge\n"
                           "traceparent of 55\n");
}

static void the_services_names_take_the_place_of_ours(void **state)
{
    struct given given;

    (void)state;
    given_a_command(&given);
    given.renames[0] = (struct header_name){TEXT("correlation-id"), TEXT("kafka_correlationId")};
    given.renames[1] = (struct header_name){TEXT("reply-topic"), TEXT("kafka_replyTopic")};
    given.service.headers = given.renames;
    given.service.header_count = 2;
    assert_headers(&given, "baton-instance=order:7\n"
                           "baton-run=0-4711\n"
                           "baton-step=charge\n"
                           "baton-attempt=1\n"
                           "kafka_correlationId=baton~order:7/0-4711/3/2\n"
                           "idempotency-key=order:7/0-4711/charge/2\n"
                           "message-type=charge\n"
                           "kafka_replyTopic=payments.replies\n"
                           "deadline=2026-09-21T14:13:20.123Z\n"
                           "traceparent of 55\n");
}

/* The value under `name`, or NULL. */
static const struct command_header *header_of(struct given *given, const char *name)
{
    struct command_headers headers = command_headers(&given->source, &given->arena);
    const struct command_header *found = NULL;

    for (uint32_t i = 0; i < headers.count; i++) {
        if (text_is(headers.items[i].name, name)) {
            assert_null(found);
            found = &headers.items[i];
        }
    }
    return found;
}

static void the_type_goes_where_it_would_be_looked_for(void **state)
{
    struct given given;

    (void)state;
    given_a_command(&given);
    given.service.type.header = TEXT("x-kind");
    assert_true(text_is(header_of(&given, "x-kind")->value, "charge"));
    assert_null(header_of(&given, "message-type"));
    given.renames[0] = (struct header_name){TEXT("message-type"), TEXT("x-command")};
    given.service.headers = given.renames;
    given.service.header_count = 1;
    assert_true(text_is(header_of(&given, "x-command")->value, "charge"));
    assert_null(header_of(&given, "x-kind"));
    given.effect.kind = EFFECT_EMIT;
    given.effect.topic = given.topic.name;
    given.topic.type = (struct locator){.kind = LOCATOR_HEADER, .header = TEXT("event")};
    assert_true(text_is(header_of(&given, "event")->value, "charge"));
    arena_release(&given.arena);
}

static void a_command_to_a_topic_of_events_is_one(void **state)
{
    struct given given;

    (void)state;
    given_a_command(&given);
    given.flow.name = TEXT("order");
    given.instance.time_ms = 1790000000123;
    given.effect.deadline_ms = 0;
    given.service.command_events = true;
    assert_headers(&given, "baton-instance=order:7\n"
                           "baton-run=0-4711\n"
                           "baton-step=charge\n"
                           "baton-attempt=1\n"
                           "correlation-id=baton~order:7/0-4711/3/2\n"
                           "idempotency-key=order:7/0-4711/charge/2\n"
                           "message-type=charge\n"
                           "reply-topic=payments.replies\n"
                           "traceparent of 55\n"
                           "ce_specversion=1.0\n"
                           "ce_id=order:7/0-4711/charge/2\n"
                           "ce_source=/baton/order\n"
                           "ce_type=charge\n"
                           "ce_subject=order:7\n"
                           "ce_time=2026-09-21T14:13:20.123Z\n"
                           "content-type=application/json\n");
}

static void an_emitted_event_has_its_topics_name_for_a_type_if_it_has_none(void **state)
{
    struct given given;

    (void)state;
    given_a_command(&given);
    given.effect.kind = EFFECT_EMIT;
    given.effect.topic = given.topic.name;
    given.effect.type = TEXT("");
    given.topic.cloudevents = true;
    given.topic.format = FORMAT_STRING;
    given.topic.type = (struct locator){.kind = LOCATOR_HEADER, .header = TEXT("ce_type")};
    assert_true(text_is(header_of(&given, "ce_type")->value, "orders.confirmed"));
    assert_true(text_is(header_of(&given, "content-type")->value, "text/plain; charset=utf-8"));
    given.effect.type = TEXT("Confirmed");
    assert_true(text_is(header_of(&given, "ce_type")->value, "Confirmed"));
    assert_null(header_of(&given, "message-type"));
    arena_release(&given.arena);
}

static void the_flows_own_headers_win(void **state)
{
    struct given given;

    (void)state;
    given_a_command(&given);
    given.effect.headers = json_object();
    json_put_string(given.effect.headers, "tenant", "acme");
    json_put_string(given.effect.headers, "idempotency-key", "mine");
    json_put_integer(given.effect.headers, "priority", 3);
    json_put(given.effect.headers, TEXT("deadline"), json_null());
    assert_true(text_is(header_of(&given, "tenant")->value, "acme"));
    assert_true(text_is(header_of(&given, "idempotency-key")->value, "mine"));
    assert_true(text_is(header_of(&given, "priority")->value, "3"));
    assert_null(header_of(&given, "deadline"));
    assert_non_null(header_of(&given, "correlation-id"));
    json_free(given.effect.headers);
    arena_release(&given.arena);
}

static void assert_hex(struct text text)
{
    bool all_zero = true;

    for (size_t i = 0; i < text.bytes; i++) {
        assert_non_null(strchr("0123456789abcdef", text.data[i]));
        all_zero = all_zero && text.data[i] == '0';
    }
    assert_false(all_zero);
}

static void a_run_is_one_trace_and_a_command_one_span(void **state)
{
    struct given given;
    struct text first, second;

    (void)state;
    given_a_command(&given);
    first = header_of(&given, "traceparent")->value;
    assert_true(text_starts(first, TEXT("00-")));
    assert_true(text_ends(first, TEXT("-01")));
    assert_hex(text_sub(first, 3, 32));
    assert_hex(text_sub(first, 36, 16));
    assert_true(text_equal(first, header_of(&given, "traceparent")->value));
    given.instance.seq = 5;
    second = header_of(&given, "traceparent")->value;
    assert_true(text_equal(text_sub(first, 0, 36), text_sub(second, 0, 36)));
    assert_false(text_equal(first, second));
    given.instance.run.offset = 4712;
    assert_false(text_equal(text_sub(first, 0, 36),
                            text_sub(header_of(&given, "traceparent")->value, 0, 36)));
    arena_release(&given.arena);
}

/* Two instances whose keys differ only behind a NUL are two. */
static void a_nul_in_a_key_does_not_end_the_id(void **state)
{
    struct given given;
    struct text id;

    (void)state;
    given_a_command(&given);
    given.instance.name = TEXT("order:a\0b");
    id = command_id(&given.source, &given.arena);
    assert_true(text_equal(id, TEXT("baton~order:a\0b/0-4711/3/2")));
    arena_release(&given.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_says_who_sends_it_and_where_the_answer_goes),
        cmocka_unit_test(every_attempt_has_another_id_and_the_same_idempotency_key),
        cmocka_unit_test(a_renamed_step_keeps_its_idempotency_key),
        cmocka_unit_test(an_undo_names_what_it_undoes_and_is_no_repeat_of_it),
        cmocka_unit_test(a_step_of_an_undo_is_known_by_its_first_attempt),
        cmocka_unit_test(a_cancel_names_what_it_calls_off_and_wants_no_reply),
        cmocka_unit_test(an_emitted_record_wants_no_reply),
        cmocka_unit_test(the_services_names_take_the_place_of_ours),
        cmocka_unit_test(the_type_goes_where_it_would_be_looked_for),
        cmocka_unit_test(a_command_to_a_topic_of_events_is_one),
        cmocka_unit_test(an_emitted_event_has_its_topics_name_for_a_type_if_it_has_none),
        cmocka_unit_test(the_flows_own_headers_win),
        cmocka_unit_test(a_run_is_one_trace_and_a_command_one_span),
        cmocka_unit_test(a_nul_in_a_key_does_not_end_the_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
