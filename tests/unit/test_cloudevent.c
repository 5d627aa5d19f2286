/* links: baton_codec */
#include "support/unit.h"

#include <string.h>

#include "codec/cloudevent.h"

#define EVENT(rest)                                                                                \
    "{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"/shop\",\"type\":\"Paid\"" rest "}"
#define AS_JSON TEXT("application/cloudevents+json; charset=UTF-8")

struct opened {
    struct arena arena;
    struct cloudevent event;
    struct error err;
    enum status status;
};

static void open_as(struct opened *opened, struct text value, struct text type, enum format format)
{
    *opened = (struct opened){.status = STATUS_OK};
    opened->status = cloudevent_open(value, type, format, &opened->arena, &opened->event,
                                     &opened->err);
}

static void assert_refused(struct text value, struct text type, const char *why)
{
    struct opened opened;

    open_as(&opened, value, type, FORMAT_JSON);
    assert_int_equal(opened.status, STATUS_REJECT);
    if (strstr(opened.err.text, why) == NULL) {
        fail_msg("'%s' does not say '%s'", opened.err.text, why);
    }
    arena_release(&opened.arena);
}

static void assert_data(const char *value, enum format format, const char *expected)
{
    struct opened opened;

    open_as(&opened, text_of(value), AS_JSON, format);
    if (opened.status != STATUS_OK) {
        fail_msg("%s: %s", value, opened.err.text);
    }
    assert_non_null(opened.event.data.data);
    assert_int_equal(opened.event.data.bytes, strlen(expected));
    assert_memory_equal(opened.event.data.data, expected, strlen(expected));
    arena_release(&opened.arena);
}

static void attributes_become_the_headers_of_binary_mode(void **state)
{
    static const char *const expected[][2] = {
        {"ce_specversion", "1.0"}, {"ce_id", "7"},        {"ce_source", "/shop"},
        {"ce_type", "Paid"},       {"ce_subject", "Zoë"}, {"ce_datacontenttype", "text/plain"},
        {"ce_sequence", "17"},     {"ce_final", "true"}};
    struct opened opened;

    (void)state;
    open_as(&opened,
            TEXT(EVENT(",\"subject\":\"Zoë\",\"datacontenttype\":\"text/plain\",\"sequence\":17,"
                       "\"final\":true,\"none\":null,\"data\":{}")),
            AS_JSON, FORMAT_JSON);
    assert_int_equal(opened.status, STATUS_OK);
    assert_int_equal(opened.event.attribute_count, sizeof expected / sizeof expected[0]);
    for (uint32_t i = 0; i < opened.event.attribute_count; i++) {
        assert_true(text_is(opened.event.attributes[i].name, expected[i][0]));
        assert_true(text_is(opened.event.attributes[i].value, expected[i][1]));
    }
    arena_release(&opened.arena);
}

static void data_are_the_bytes_of_a_payload_of_the_format(void **state)
{
    (void)state;
    assert_data(EVENT(",\"data\":{\"n\":9007199254740993}"), FORMAT_JSON,
                "{\"n\":9007199254740993}");
    assert_data(EVENT(",\"data\":\"a\""), FORMAT_JSON, "\"a\"");
    assert_data(EVENT(",\"data\":\"a\""), FORMAT_STRING, "a");
    assert_data(EVENT(",\"data\":\"a\""), FORMAT_BYTES, "a");
    assert_data(EVENT(",\"data\":[1]"), FORMAT_STRING, "[1]");
    assert_data(EVENT(",\"data_base64\":\"eyJhIjoxfQ==\""), FORMAT_JSON, "{\"a\":1}");
    assert_data(EVENT(",\"data_base64\":\"\""), FORMAT_BYTES, "");
    assert_data(EVENT(",\"data\":null"), FORMAT_JSON, "null");
    assert_data(EVENT(""), FORMAT_JSON, "null");
    assert_data(EVENT(""), FORMAT_STRING, "");
}

static void what_is_no_event_is_refused_with_the_reason(void **state)
{
    (void)state;
    assert_refused(TEXT("{"), AS_JSON, "");
    assert_refused(TEXT(""), AS_JSON, "");
    assert_refused(TEXT("[]"), AS_JSON, "is no object");
    assert_refused(TEXT("{\"id\":\"7\"}"), AS_JSON, "'specversion'");
    assert_refused(TEXT("{\"specversion\":\"0.3\",\"id\":\"7\"}"), AS_JSON, "'specversion'");
    assert_refused(TEXT("{\"specversion\":\"1.0\",\"id\":7,\"source\":\"/\",\"type\":\"t\"}"),
                   AS_JSON, "no 'id'");
    assert_refused(TEXT("{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"\",\"type\":\"t\"}"),
                   AS_JSON, "no 'source'");
    assert_refused(TEXT("{\"specversion\":\"1.0\",\"id\":\"7\",\"source\":\"/\"}"), AS_JSON,
                   "no 'type'");
    assert_refused(TEXT(EVENT(",\"x\":{}")), AS_JSON, "attribute 'x'");
    assert_refused(TEXT(EVENT(",\"data\":1,\"data_base64\":\"\"")), AS_JSON, "both");
    assert_refused(TEXT(EVENT(",\"data_base64\":7")), AS_JSON, "base64");
    assert_refused(TEXT(EVENT(",\"data_base64\":\"%\"")), AS_JSON, "");
    assert_refused(TEXT(EVENT("")), TEXT("application/cloudevents+avro"), "+avro");
    assert_refused(TEXT("[]"), TEXT("application/cloudevents-batch+json"), "-batch+json");
}

static void the_content_type_says_whether_the_value_is_an_event(void **state)
{
    (void)state;
    assert_true(cloudevent_is_structured(AS_JSON));
    assert_true(cloudevent_is_structured(TEXT("Application/CloudEvents+JSON")));
    assert_true(cloudevent_is_structured(TEXT("application/cloudevents+protobuf")));
    assert_true(cloudevent_is_structured(TEXT("application/cloudevents-batch+json")));
    assert_false(cloudevent_is_structured(TEXT("application/json")));
    assert_false(cloudevent_is_structured(TEXT("application/cloudevent")));
    assert_false(cloudevent_is_structured(TEXT("")));
    assert_true(text_is(cloudevent_data_type(FORMAT_JSON), "application/json"));
    assert_true(text_is(cloudevent_data_type(FORMAT_BYTES), "application/octet-stream"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_become_the_headers_of_binary_mode),
        cmocka_unit_test(data_are_the_bytes_of_a_payload_of_the_format),
        cmocka_unit_test(what_is_no_event_is_refused_with_the_reason),
        cmocka_unit_test(the_content_type_says_whether_the_value_is_an_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
