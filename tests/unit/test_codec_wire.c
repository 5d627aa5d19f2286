/* links: baton_codec */
#include "support/unit.h"

#include <string.h>

#include "base/rng.h"
#include "codec/wire.h"

static void assert_long(int64_t value, const char *bytes, size_t count)
{
    struct buffer out = {0};
    struct wire_reader in;
    struct error err;

    wire_put_long(&out, value);
    assert_int_equal(out.bytes, count);
    assert_memory_equal(out.data, bytes, count);
    in = wire_open(buffer_text(&out));
    assert_true(wire_take_long(&in, "n") == value);
    assert_int_equal(wire_finish(&in, "test", &err), STATUS_OK);
    buffer_release(&out);
}

/* The examples of Apache Avro's specification, and the ends of the range. */
static void numbers_are_zigzag_in_groups_of_seven_bits(void **state)
{
    (void)state;
    assert_long(0, "\x00", 1);
    assert_long(-1, "\x01", 1);
    assert_long(1, "\x02", 1);
    assert_long(-64, "\x7F", 1);
    assert_long(64, "\x80\x01", 2);
    assert_long(INT64_MAX, "\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 10);
    assert_long(INT64_MIN, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 10);
}

/* Read one field by `take` from the bytes and give the message of the refusal. */
static const char *refusal_of(struct wire_reader *in, struct error *err)
{
    assert_int_equal(wire_finish(in, "test", err), STATUS_REJECT);
    return err->text;
}

static void numbers_that_are_no_numbers_are_refused(void **state)
{
    const struct {
        struct text bytes;
        const char *why;
    } cases[] = {
        {TEXT(""), "the record ends here"},
        {TEXT("\x80"), "the record ends here"},
        {TEXT("\x80\x00"), "shortest form"},
        {TEXT("\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"), "more than 64 bits"},
        {TEXT("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x81\x00"), "more than 64 bits"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct wire_reader in = wire_open(cases[i].bytes);
        struct error err;

        assert_int_equal(wire_take_long(&in, "n"), 0);
        assert_non_null(strstr(refusal_of(&in, &err), cases[i].why));
    }
}

static void numbers_out_of_their_range_are_refused(void **state)
{
    struct buffer out = {0};
    struct wire_reader in;
    struct error err;

    (void)state;
    wire_put_long(&out, INT64_C(2147483648));
    in = wire_open(buffer_text(&out));
    assert_int_equal(wire_take_int(&in, "n"), 0);
    assert_non_null(strstr(refusal_of(&in, &err), "32 bits"));
    in = wire_open(buffer_text(&out));
    assert_int_equal(wire_take_uint(&in, "n"), 2147483648U);
    in = wire_open(buffer_text(&out));
    assert_int_equal(wire_take_index(&in, "n", 3), 0);
    assert_string_equal(refusal_of(&in, &err), "test record: field 'n': no such choice");
    buffer_clear(&out);
    wire_put_long(&out, -1);
    in = wire_open(buffer_text(&out));
    assert_int_equal(wire_take_uint(&in, "n"), 0);
    assert_false(wire_is_good(&in));
    in = wire_open(buffer_text(&out));
    assert_int_equal(wire_take_index(&in, "n", 3), 0);
    assert_false(wire_is_good(&in));
    buffer_release(&out);
}

/* avro-c asks for as much memory as the length says; we look first. */
static void lengths_beyond_the_record_are_refused_before_memory_is_asked_for(void **state)
{
    static const int64_t lengths[] = {4, 1 << 30, INT64_MAX, -1, INT64_MIN};
    struct arena arena = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct buffer out = {0};
        struct wire_reader in;
        struct error err;
        uint32_t count = 7;

        wire_put_long(&out, lengths[i]);
        buffer_add_text(&out, TEXT("abc"));
        in = wire_open(buffer_text(&out));
        assert_int_equal(wire_take_bytes(&in, "b").bytes, 0);
        assert_non_null(strstr(refusal_of(&in, &err), "beyond the end"));
        in = wire_open(buffer_text(&out));
        (void)wire_take_texts(&in, "t", &arena, &count);
        assert_int_equal(count, 0);
        assert_non_null(strstr(refusal_of(&in, &err), "more items"));
        buffer_release(&out);
    }
    arena_release(&arena);
}

static void text_that_is_not_utf8_is_refused_when_read(void **state)
{
    const struct text wrong[] = {TEXT("\xFF"), TEXT("12345678\xC3"), TEXT("\xED\xA0\x80"),
                                 TEXT("\xC0\x80")};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct buffer out = {0};
        struct wire_reader in;
        struct error err;

        wire_put_bytes(&out, wrong[i]);
        in = wire_open(buffer_text(&out));
        assert_int_equal(wire_take_text(&in, "t").bytes, 0);
        assert_non_null(strstr(refusal_of(&in, &err), "not UTF-8"));
        buffer_release(&out);
    }
}

/* Words of eight bytes are a short cut: it must find what the slow way finds, at every place. */
static void the_check_for_utf8_agrees_with_the_slow_one(void **state)
{
    static const char *const parts[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x9A\x80",
                                        "\x80"};
    struct rng rng = {21};

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct buffer text = {0}, out = {0};
        struct wire_reader in;
        uint64_t count = rng_below(&rng, 24);

        for (uint64_t j = 0; j < count; j++) {
            bool plain = rng_chance(&rng, 850);

            buffer_add_text(&text, text_of(parts[plain ? 0 : rng_below(&rng, COUNT_OF(parts))]));
        }
        wire_put_bytes(&out, buffer_text(&text));
        in = wire_open(buffer_text(&out));
        (void)wire_take_text(&in, "t");
        assert_true(wire_is_good(&in) == text_is_utf8(buffer_text(&text)));
        buffer_release(&text);
        buffer_release(&out);
    }
}

static void an_array_in_several_blocks_is_refused(void **state)
{
    struct arena arena = {0};
    struct buffer out = {0};
    struct wire_reader in;
    struct error err;
    uint32_t count;

    (void)state;
    for (int block = 0; block < 2; block++) {
        wire_put_array(&out, 1);
        wire_put_text(&out, TEXT("a"));
    }
    wire_put_array_end(&out);
    in = wire_open(buffer_text(&out));
    (void)wire_take_texts(&in, "t", &arena, &count);
    assert_non_null(strstr(refusal_of(&in, &err), "several blocks"));
    buffer_release(&out);
    arena_release(&arena);
}

static void the_first_problem_is_the_one_told(void **state)
{
    struct wire_reader in = wire_open(TEXT("\x06"
                                           "abc"));
    unsigned char digest[4] = {1, 2, 3, 4};
    struct error err;

    (void)state;
    assert_true(text_is(wire_take_text(&in, "first"), "abc"));
    wire_take_fixed(&in, "second", digest, sizeof(digest));
    assert_memory_equal(digest, "\0\0\0\0", 4);
    assert_int_equal(wire_take_long(&in, "third"), 0);
    assert_string_equal(refusal_of(&in, &err), "test record: field 'second': the record ends here");
}

static void bytes_left_over_are_refused(void **state)
{
    struct wire_reader in = wire_open(TEXT("\x02\x00\x00"));
    struct error err;

    (void)state;
    assert_int_equal(wire_take_long(&in, "n"), 1);
    assert_string_equal(refusal_of(&in, &err), "test record: 2 bytes after its end");
}

static void the_bound_of_the_buffer_holds(void **state)
{
    struct buffer out = {.bytes_max = 8};

    (void)state;
    wire_put_text(&out, TEXT("1234567"));
    assert_false(out.full);
    wire_put_long(&out, 0);
    assert_true(out.full);
    assert_int_equal(out.bytes, 8);
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_zigzag_in_groups_of_seven_bits),
        cmocka_unit_test(numbers_that_are_no_numbers_are_refused),
        cmocka_unit_test(numbers_out_of_their_range_are_refused),
        cmocka_unit_test(lengths_beyond_the_record_are_refused_before_memory_is_asked_for),
        cmocka_unit_test(text_that_is_not_utf8_is_refused_when_read),
        cmocka_unit_test(the_check_for_utf8_agrees_with_the_slow_one),
        cmocka_unit_test(an_array_in_several_blocks_is_refused),
        cmocka_unit_test(the_first_problem_is_the_one_told),
        cmocka_unit_test(bytes_left_over_are_refused),
        cmocka_unit_test(the_bound_of_the_buffer_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
