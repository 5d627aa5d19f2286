/* links: baton_json */
#include "support/random_json.h"

static void only_what_must_be_is_escaped(void **state)
{
    struct json *value = json_text(TEXT("\"\\/\b\f\n\r\t\0\x01\x0B\x1F\x7F\xC3\xA9\xE2\x80\xA8"));

    (void)state;
    assert_json(value, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u0001\\u000b\\u001f\x7F\xC3\xA9"
                       "\xE2\x80\xA8\"");
    json_free(value);
}

static void keys_are_escaped_and_keep_their_order(void **state)
{
    struct json *value = json_from("{\"z\":1,\"a\\n\\\"\":2,\"m\":{\"y\":[],\"b\":{}}}");

    (void)state;
    assert_json(value, "{\"z\":1,\"a\\n\\\"\":2,\"m\":{\"y\":[],\"b\":{}}}");
    json_free(value);
}

static void canonical_text_sorts_keys_and_normalizes_numbers(void **state)
{
    struct json *a = json_from("{\"b\":[1.0,{\"y\":-0,\"x\":1e2}],\"a\":0.10,\"\":null}");
    struct json *b = json_from("{\"\":null,\"a\":0.1,\"b\":[1,{\"x\":100,\"y\":0}]}");
    struct buffer text_a = {.data = NULL};
    struct buffer text_b = {.data = NULL};

    (void)state;
    json_write_canonical(a, &text_a);
    json_write_canonical(b, &text_b);
    assert_string_equal(buffer_string(&text_a),
                        "{\"\":null,\"a\":0.1,\"b\":[1,{\"x\":100,\"y\":0}]}");
    assert_string_equal(buffer_string(&text_b), buffer_string(&text_a));
    buffer_release(&text_a);
    buffer_release(&text_b);
    json_free(a);
    json_free(b);
}

static void equal_values_have_equal_canonical_text_and_others_not(void **state)
{
    struct rng rng = {.state = 21};
    unsigned equal_pairs = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct json *a = random_json(&rng, 1);
        struct json *b = random_json(&rng, 1);
        struct buffer text_a = {.data = NULL};
        struct buffer text_b = {.data = NULL};
        bool equal = json_equal(a, b);

        json_write_canonical(a, &text_a);
        json_write_canonical(b, &text_b);
        assert_int_equal(text_equal(buffer_text(&text_a), buffer_text(&text_b)), equal);
        equal_pairs += equal;
        buffer_release(&text_a);
        buffer_release(&text_b);
        json_free(a);
        json_free(b);
    }
    assert_true(equal_pairs > 100);
}

static void pretty_text_is_indented_by_two(void **state)
{
    struct json *value = json_from("{\"a\":[1,{\"b\":null}],\"c\":{},\"d\":[]}");
    struct buffer out = {.data = NULL};

    (void)state;
    json_write_pretty(value, &out);
    assert_string_equal(buffer_string(&out), "{\n"
                                             "  \"a\": [\n"
                                             "    1,\n"
                                             "    {\n"
                                             "      \"b\": null\n"
                                             "    }\n"
                                             "  ],\n"
                                             "  \"c\": {},\n"
                                             "  \"d\": []\n"
                                             "}");
    buffer_release(&out);
    json_free(value);
}

/* Written and read again in all three forms, a value is equal, and in the first also the same
 * text. */
static void what_is_written_reads_back_equal(void **state)
{
    void (*const writers[])(const struct json *, struct buffer *) = {json_write, json_write_pretty,
                                                                     json_write_canonical};
    struct rng rng = {.state = 22};

    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct json *value = random_json(&rng, 4);

        for (size_t w = 0; w < COUNT_OF(writers); w++) {
            struct buffer text = {.data = NULL};
            struct json *again;

            writers[w](value, &text);
            again = json_from(buffer_string(&text));
            assert_true(json_equal(value, again));
            if (w == 0) {
                assert_json(again, buffer_string(&text));
            }
            json_free(again);
            buffer_release(&text);
        }
        json_free(value);
    }
}

static void size_is_that_of_the_compact_text_up_to_the_bound(void **state)
{
    struct rng rng = {.state = 23};

    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct json *value = random_json(&rng, 4);
        struct buffer text = {.data = NULL};
        size_t most = (size_t)rng_below(&rng, 200);

        json_write(value, &text);
        assert_int_equal(json_size(value, SIZE_MAX - 1), text.bytes);
        assert_int_equal(json_size(value, text.bytes), text.bytes);
        assert_int_equal(json_size(value, most), text.bytes > most ? most + 1 : text.bytes);
        buffer_release(&text);
        json_free(value);
    }
}

static void a_full_buffer_says_so(void **state)
{
    struct json *value = json_from("[1,2,3,4,5,6,7,8,9]");
    struct buffer out = {.bytes_max = 8};

    (void)state;
    json_write(value, &out);
    assert_true(out.full);
    assert_true(text_is(buffer_text(&out), "[1,2,3,4"));
    buffer_release(&out);
    json_free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_must_be_is_escaped),
        cmocka_unit_test(keys_are_escaped_and_keep_their_order),
        cmocka_unit_test(canonical_text_sorts_keys_and_normalizes_numbers),
        cmocka_unit_test(equal_values_have_equal_canonical_text_and_others_not),
        cmocka_unit_test(pretty_text_is_indented_by_two),
        cmocka_unit_test(what_is_written_reads_back_equal),
        cmocka_unit_test(size_is_that_of_the_compact_text_up_to_the_bound),
        cmocka_unit_test(a_full_buffer_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
