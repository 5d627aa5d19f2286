/* links: baton_json */
#include "support/random_json.h"

#include <string.h>

#include "base/limits.h"

static void assert_refused(struct text text, const char *why)
{
    struct json *value = NULL;
    struct error err = {{0}};

    if (json_parse(text, &value, &err) != STATUS_REJECT) {
        fail_msg("'%.*s' was taken", TEXT_ARG(text));
    }
    assert_null(value);
    if (strcmp(err.text, why) != 0) {
        fail_msg("'%.*s' was refused for: %s", TEXT_ARG(text), err.text);
    }
}

static void assert_read(const char *text, const char *written)
{
    struct json *value = json_from(text);

    assert_json(value, written);
    json_free(value);
}

static void all_kinds_are_read(void **state)
{
    (void)state;
    assert_read(" {\"a\" : [ 1 , -2.50 ,true,false,null, \"x\" , {} , [] ] }\r\n\t",
                "{\"a\":[1,-2.50,true,false,null,\"x\",{},[]]}");
    assert_read("null", "null");
    assert_read("\"\"", "\"\"");
    assert_read("[[],[[]]]", "[[],[[]]]");
}

static void escapes_are_decoded(void **state)
{
    struct json *value = json_from(
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\ud83d\\uDE00\"");

    (void)state;
    assert_true(
        text_is(json_text_of(value), "\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
    json_free(value);
}

static void keys_may_have_escapes_and_any_length(void **state)
{
    struct buffer text = {.data = NULL};
    struct json *value;
    char key[300];

    (void)state;
    assert_read("{\"\\u0061\\n\":{\"b\":\"\\u0062\"}}", "{\"a\\n\":{\"b\":\"b\"}}");
    memset(key, 'k', sizeof(key));
    buffer_addf(&text, "{\"%.*s\":1,\"%.*s\":2}", 64, key, 300, key);
    value = json_from(buffer_string(&text));
    assert_int_equal(json_count(value), 2);
    assert_int_equal(json_count(json_get(value, (struct text){key, 64})), 0);
    assert_non_null(json_get(value, (struct text){key, 64}));
    assert_non_null(json_get(value, (struct text){key, 300}));
    assert_null(json_get(value, (struct text){key, 65}));
    json_free(value);
    buffer_release(&text);
}

static void nul_in_a_text_survives(void **state)
{
    struct json *value = json_from("\"a\\u0000b\"");

    (void)state;
    assert_true(text_equal(json_text_of(value), TEXT("a\0b")));
    json_free(value);
}

static void nul_in_a_key_is_refused(void **state)
{
    (void)state;
    assert_refused(TEXT("{\"a\":1,\"\\u0000\":2}"), "NUL in a key at byte 7");
    assert_refused(TEXT("{\"id\\u0000x\":2}"), "NUL in a key at byte 1");
}

static void duplicate_keys_are_refused_however_they_are_written(void **state)
{
    (void)state;
    assert_refused(TEXT("{\"a\":1,\"b\":2,\"a\":3}"), "duplicate key at byte 13");
    assert_refused(TEXT("{\"a\":1,\"\\u0061\":1}"), "duplicate key at byte 7");
    assert_refused(TEXT("{\"a\":null,\"a\":null}"), "duplicate key at byte 10");
    assert_refused(TEXT("[{\"x\":{\"\":[],\"\":{}}}]"), "duplicate key at byte 13");
    assert_read("{\"a\":{\"a\":1},\"b\":{\"a\":1}}", "{\"a\":{\"a\":1},\"b\":{\"a\":1}}");
}

static void what_rfc_8259_forbids_is_refused(void **state)
{
    static const char *const bad[] = {
        "nul",
        "True",
        "NaN",
        "Infinity",
        "-Infinity",
        "undefined",
        "'a'",
        "{a:1}",
        "{'a':1}",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\":1,}",
        "{\"a\"}",
        "{\"a\":}",
        "{,}",
        "{1:2}",
        "[1}",
        "{]",
        "01",
        "-01",
        "+1",
        "1.",
        ".5",
        "-",
        "-.5",
        "1.e5",
        "1e",
        "1e+",
        "0x10",
        "1_0",
        "--1",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12G4\"",
        "\"\t\"",
        "\"\n\"",
        "// c\n1",
        "1/**/",
        "[1]]",
        "{}{}",
        "1 2",
        "\xEF\xBB\xBF[]",
        "\f1",
        "\"a",
        "[",
        "{\"a\":",
        "[\"a\"",
        "",
        " ",
        "tru",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct json *value = NULL;
        struct error err = {{0}};

        if (json_parse(text_of(bad[i]), &value, &err) != STATUS_REJECT) {
            fail_msg("'%s' was taken", bad[i]);
        }
        assert_non_null(strstr(err.text, " at byte "));
    }
}

static void the_error_says_what_and_where(void **state)
{
    (void)state;
    assert_refused(TEXT(""), "the text ends too early at byte 0");
    assert_refused(TEXT("{\"a\":1"), "the text ends too early at byte 6");
    assert_refused(TEXT("{\"a\" 1}"), "no ':' after a key at byte 5");
    assert_refused(TEXT("[1;2]"), "neither ',' nor ']' at byte 2");
    assert_refused(TEXT("{\"a\":1;2}"), "neither ',' nor '}' at byte 6");
    assert_refused(TEXT("1 x"), "more text after the value at byte 2");
    assert_refused(TEXT("[1,\0]"), "no JSON value at byte 3");
    assert_refused(TEXT("1\0"), "more text after the value at byte 1");
    assert_refused(TEXT("\"a\1\""), "control character in a string at byte 2");
    assert_refused(TEXT("\"a\0\""), "control character in a string at byte 2");
    assert_refused(TEXT("007"), "number with a leading zero at byte 0");
}

static void invalid_utf8_and_lone_surrogates_are_refused(void **state)
{
    (void)state;
    assert_refused(TEXT("\"a\xFF\""), "invalid UTF-8 at byte 2");
    assert_refused(TEXT("\"\xC0\x80\""), "invalid UTF-8 at byte 1");
    assert_refused(TEXT("\"\xED\xA0\x80\""), "invalid UTF-8 at byte 1");
    assert_refused(TEXT("{\"\xE2\x82\":1}"), "invalid UTF-8 at byte 2");
    assert_refused(TEXT("\"\\ud800\""), "lone surrogate at byte 1");
    assert_refused(TEXT("\"ab\\udc00\""), "lone surrogate at byte 3");
    assert_refused(TEXT("\"\\ud800\\u0041\""), "lone surrogate at byte 1");
    assert_refused(TEXT("\"\\ud800\\n\""), "lone surrogate at byte 1");
}

static void integers_of_64_bits_are_kept_and_longer_ones_refused(void **state)
{
    (void)state;
    assert_read("[9223372036854775807,9223372036854775808,18446744073709551615]",
                "[9223372036854775807,9223372036854775808,18446744073709551615]");
    assert_read("-9223372036854775808", "-9223372036854775808");
    assert_read("9007199254740993", "9007199254740993");
    assert_refused(TEXT("[18446744073709551616]"), "integer beyond 64 bits at byte 1");
    assert_refused(TEXT("-9223372036854775809"), "integer beyond 64 bits at byte 0");
    assert_refused(TEXT("99999999999999999999999999"), "integer beyond 64 bits at byte 0");
}

static void decimals_keep_what_was_written(void **state)
{
    static const char *const texts[] = {
        "0.10",
        "1.0",
        "1e0",
        "1E+2",
        "-0",
        "-0.0",
        "0.1000000000000000055511151231257827",
        "123456789012345678901234567890.123456789",
        "1e999",
        "-1e-999",
        "1e0000000000000001",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_read(texts[i], texts[i]);
    }
    assert_read("1e999999999", "1e999999999");
    assert_read("0e999999999", "0e999999999");
    assert_refused(TEXT("10e999999999"), "exponent of more than 9 digits at byte 3");
    assert_refused(TEXT("0.1e-999999999"), "exponent of more than 9 digits at byte 5");
    assert_refused(TEXT("[1e1000000000]"), "exponent of more than 9 digits at byte 3");
    assert_refused(TEXT("1e-99999999999999999999"), "exponent of more than 9 digits at byte 3");
}

static void depth_is_bounded(void **state)
{
    char text[2 * (JSON_DEPTH_MAX + 1) + 1];
    struct json *value = NULL;
    struct error err = {{0}};

    (void)state;
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    assert_int_equal(json_parse((struct text){text + 1, 2 * JSON_DEPTH_MAX}, &value, &err),
                     STATUS_OK);
    assert_int_equal(json_depth(value, SIZE_MAX - 1), JSON_DEPTH_MAX);
    json_free(value);
    assert_refused((struct text){text, 2 * (JSON_DEPTH_MAX + 1)}, "too deep at byte 64");
    assert_int_equal(json_parse_within((struct text){text, 2 * (JSON_DEPTH_MAX + 1)},
                                       JSON_DEPTH_MAX + 1, &value, &err),
                     STATUS_OK);
    json_free(value);
    assert_int_equal(json_parse_within(TEXT("[]"), 0, &value, &err), STATUS_REJECT);
    assert_int_equal(json_parse_within(TEXT("1"), 0, &value, &err), STATUS_OK);
    json_free(value);
}

/* Every cut and every changed byte of a valid text is either read or refused, and the sanitizers
 * watch. */
static void damaged_text_is_refused_not_overrun(void **state)
{
    static const char text[] = "{\"a\\u00e9\":[1.5e3,-2,\"\\ud83d\\ude00\xE2\x82\xAC\",true,null]}";
    struct rng rng = {.state = 11};
    char *damaged;
    struct json *value;
    struct error err;

    (void)state;
    for (size_t bytes = 0; bytes < sizeof(text) - 1; bytes++) {
        damaged = text_dup(text_sub(TEXT(text), 0, bytes));
        assert_int_equal(json_parse((struct text){damaged, bytes}, &value, &err), STATUS_REJECT);
        free(damaged);
    }
    for (int i = 0; i < 20000; i++) {
        damaged = malloc(sizeof(text) - 1);
        memcpy(damaged, text, sizeof(text) - 1);
        damaged[rng_below(&rng, sizeof(text) - 1)] = (char)rng_below(&rng, 256);
        if (json_parse((struct text){damaged, sizeof(text) - 1}, &value, &err) == STATUS_OK) {
            json_free(value);
        }
        free(damaged);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kinds_are_read),
        cmocka_unit_test(escapes_are_decoded),
        cmocka_unit_test(keys_may_have_escapes_and_any_length),
        cmocka_unit_test(nul_in_a_text_survives),
        cmocka_unit_test(nul_in_a_key_is_refused),
        cmocka_unit_test(duplicate_keys_are_refused_however_they_are_written),
        cmocka_unit_test(what_rfc_8259_forbids_is_refused),
        cmocka_unit_test(the_error_says_what_and_where),
        cmocka_unit_test(invalid_utf8_and_lone_surrogates_are_refused),
        cmocka_unit_test(integers_of_64_bits_are_kept_and_longer_ones_refused),
        cmocka_unit_test(decimals_keep_what_was_written),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(damaged_text_is_refused_not_overrun),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
