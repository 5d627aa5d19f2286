/* links: baton_codec */
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/rng.h"
#include "codec/base64.h"
#include "codec/payload.h"
#include "json/json.h"

static void assert_decodes(struct text bytes, enum format format, const char *expected)
{
    struct buffer out = {0};
    struct json *payload = NULL;
    struct error err = {{0}};

    assert_int_equal(payload_decode(bytes, format, &payload, &err), STATUS_OK);
    json_write(payload, &out);
    assert_string_equal(buffer_string(&out), expected);
    json_free(payload);
    buffer_release(&out);
}

static void assert_refused(struct text bytes, enum format format)
{
    struct json *payload = NULL;
    struct error err = {{0}};

    assert_int_equal(payload_decode(bytes, format, &payload, &err), STATUS_REJECT);
    assert_null(payload);
    assert_true(err.text[0] != '\0');
}

static void a_tombstone_is_null_in_every_format(void **state)
{
    static const enum format formats[] = {FORMAT_JSON, FORMAT_STRING, FORMAT_BYTES, FORMAT_AVRO};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        assert_decodes((struct text){NULL, 0}, formats[i], "null");
    }
}

static void json_is_parsed_and_numbers_stay_as_written(void **state)
{
    (void)state;
    assert_decodes(TEXT("{\"a\": 9007199254740993, \"b\":0.10}"), FORMAT_JSON,
                   "{\"a\":9007199254740993,\"b\":0.10}");
    assert_refused(TEXT("{\"a\":"), FORMAT_JSON);
    assert_refused(TEXT(""), FORMAT_JSON);
    assert_refused(TEXT("\"\xFF\""), FORMAT_JSON);
}

static void a_string_is_a_text_if_it_is_utf8(void **state)
{
    (void)state;
    assert_decodes(TEXT("caf\xC3\xA9"), FORMAT_STRING, "\"caf\xC3\xA9\"");
    assert_decodes(TEXT(""), FORMAT_STRING, "\"\"");
    assert_refused(TEXT("caf\xE9"), FORMAT_STRING);
}

/* RFC 4648, section 10. */
static void bytes_are_base64_text(void **state)
{
    (void)state;
    assert_decodes(TEXT(""), FORMAT_BYTES, "\"\"");
    assert_decodes(TEXT("f"), FORMAT_BYTES, "\"Zg==\"");
    assert_decodes(TEXT("fo"), FORMAT_BYTES, "\"Zm8=\"");
    assert_decodes(TEXT("foo"), FORMAT_BYTES, "\"Zm9v\"");
    assert_decodes(TEXT("foob"), FORMAT_BYTES, "\"Zm9vYg==\"");
    assert_decodes(TEXT("\xFF\xFE\xFD"), FORMAT_BYTES, "\"//79\"");
}

static void without_a_registry_avro_is_json_text(void **state)
{
    struct json *value = json_integer(1);
    struct buffer out = {0};
    struct error err;

    (void)state;
    assert_refused(TEXT("\x02"), FORMAT_AVRO);
    assert_decodes(TEXT("{\"a\": 1}"), FORMAT_AVRO, "{\"a\":1}");
    assert_int_equal(payload_encode(value, FORMAT_AVRO, &out, &err), STATUS_OK);
    assert_string_equal(buffer_string(&out), "1");
    json_free(value);
    buffer_release(&out);
}

static void a_value_above_the_limit_is_refused(void **state)
{
    static const enum format formats[] = {FORMAT_STRING, FORMAT_BYTES};
    size_t bytes = PAYLOAD_BYTES_MAX + 1;
    char *large = malloc(bytes);

    (void)state;
    memset(large, 'a', bytes);
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        struct json *payload = NULL;
        struct buffer out = {0};
        struct error err;

        assert_refused((struct text){large, bytes}, formats[i]);
        assert_int_equal(
            payload_decode((struct text){large, bytes - 1}, formats[i], &payload, &err), STATUS_OK);
        assert_int_equal(payload_encode(payload, formats[i], &out, &err), STATUS_OK);
        assert_int_equal(out.bytes, bytes - 1);
        assert_memory_equal(out.data, large, bytes - 1);
        /* As JSON it has quotes around it. */
        assert_int_equal(payload_encode(payload, FORMAT_JSON, &out, &err), STATUS_REJECT);
        assert_int_equal(out.bytes, bytes - 1);
        json_free(payload);
        buffer_release(&out);
    }
    memset(large, '1', bytes);
    assert_refused((struct text){large, bytes}, FORMAT_JSON);
    free(large);
}

static void assert_encodes(const char *json, enum format format, const char *expected)
{
    struct buffer out = {0};
    struct json *value = NULL;
    struct error err = {{0}};

    assert_int_equal(json_parse(text_of(json), &value, &err), STATUS_OK);
    buffer_add_text(&out, TEXT("+"));
    if (expected == NULL) {
        assert_int_equal(payload_encode(value, format, &out, &err), STATUS_REJECT);
        assert_int_equal(out.bytes, 1);
    } else {
        assert_int_equal(payload_encode(value, format, &out, &err), STATUS_OK);
        assert_string_equal(buffer_string(&out) + 1, expected);
    }
    json_free(value);
    buffer_release(&out);
}

static void a_value_is_written_as_its_format_wants_it(void **state)
{
    (void)state;
    assert_encodes("{\"a\": 1.50}", FORMAT_JSON, "{\"a\":1.50}");
    assert_encodes("null", FORMAT_JSON, "null");
    assert_encodes("\"caf\xC3\xA9\"", FORMAT_STRING, "caf\xC3\xA9");
    assert_encodes("12.50", FORMAT_STRING, "12.50");
    assert_encodes("true", FORMAT_STRING, "true");
    assert_encodes("\"Zm9vYg==\"", FORMAT_BYTES, "foob");
}

static void a_value_that_its_format_cannot_carry_is_refused(void **state)
{
    static const char *const wrong[] = {
        "1",        "null",         "\"Zg\"",   "\"Zg=\"",     "\"Zh==\"",
        "\"Zm9=\"", "\"Z===\"",     "\"====\"", "\"Zm 9v==\"", "\"Zg==Zg==\"",
        "\"Zm-_\"", "\"Zm9vZ=g=\"", "[1]",      "{}"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_encodes(wrong[i], FORMAT_BYTES, NULL);
    }
    assert_encodes("null", FORMAT_STRING, NULL);
    assert_encodes("[]", FORMAT_STRING, NULL);
    assert_encodes("{}", FORMAT_STRING, NULL);
}

static void no_value_adds_nothing(void **state)
{
    struct buffer out = {0};
    struct error err;

    (void)state;
    assert_int_equal(payload_encode(NULL, FORMAT_JSON, &out, &err), STATUS_OK);
    assert_null(out.data);
}

static void base64_gives_back_what_it_took(void **state)
{
    struct rng rng = {31};

    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct buffer bytes = {0}, text = {0}, back = {0};
        struct error err;

        for (uint64_t left = rng_below(&rng, 40); left > 0; left--) {
            buffer_add_char(&bytes, (char)rng_below(&rng, 256));
        }
        base64_encode(buffer_text(&bytes), &text);
        assert_int_equal(base64_decode(buffer_text(&text), &back, &err), STATUS_OK);
        assert_true(text_equal(buffer_text(&bytes), buffer_text(&back)));
        buffer_release(&bytes);
        buffer_release(&text);
        buffer_release(&back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tombstone_is_null_in_every_format),
        cmocka_unit_test(json_is_parsed_and_numbers_stay_as_written),
        cmocka_unit_test(a_string_is_a_text_if_it_is_utf8),
        cmocka_unit_test(bytes_are_base64_text),
        cmocka_unit_test(without_a_registry_avro_is_json_text),
        cmocka_unit_test(a_value_above_the_limit_is_refused),
        cmocka_unit_test(a_value_is_written_as_its_format_wants_it),
        cmocka_unit_test(a_value_that_its_format_cannot_carry_is_refused),
        cmocka_unit_test(no_value_adds_nothing),
        cmocka_unit_test(base64_gives_back_what_it_took),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
