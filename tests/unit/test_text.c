/* links: baton_base */
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/text.h"

static void empty_text_of_null_equals_the_empty_literal(void **state)
{
    (void)state;
    assert_true(text_equal(text_of(NULL), TEXT("")));
    assert_true(text_equal((struct text){NULL, 0}, TEXT("")));
    assert_int_equal(text_compare((struct text){NULL, 0}, TEXT("a")), -1);
}

static void sub_is_clamped_to_the_text(void **state)
{
    (void)state;
    assert_true(text_is(text_sub(TEXT("saga"), 1, 2), "ag"));
    assert_true(text_is(text_sub(TEXT("saga"), 2, SIZE_MAX), "ga"));
    assert_true(text_is(text_sub(TEXT("saga"), 4, 1), ""));
    assert_true(text_is(text_sub(TEXT("saga"), SIZE_MAX, SIZE_MAX), ""));
}

static void compare_is_bytewise_and_shorter_first(void **state)
{
    (void)state;
    assert_true(text_compare(TEXT("ab"), TEXT("abc")) < 0);
    assert_true(text_compare(TEXT("b"), TEXT("abc")) > 0);
    assert_true(text_compare(TEXT("\xC3\xA9"), TEXT("z")) > 0);
    assert_int_equal(text_compare(TEXT("a\0b"), TEXT("a\0b")), 0);
    assert_true(text_compare(TEXT("a\0b"), TEXT("a\0c")) < 0);
}

static void starts_ends_and_finds(void **state)
{
    (void)state;
    assert_true(text_starts(TEXT("order.id"), TEXT("order")));
    assert_false(text_starts(TEXT("or"), TEXT("order")));
    assert_true(text_ends(TEXT("order.yaml"), TEXT(".yaml")));
    assert_false(text_ends(TEXT("yaml"), TEXT(".yaml")));
    assert_int_equal(text_find(TEXT("a.b.c"), '.'), 1);
    assert_int_equal(text_find_last(TEXT("a.b.c"), '.'), 3);
    assert_int_equal(text_find(TEXT("abc"), '.'), SIZE_MAX);
    assert_int_equal(text_find_last(TEXT(""), '.'), SIZE_MAX);
}

static void utf8_is_strict(void **state)
{
    static const struct text good[] = {
        TEXT_INIT(""),
        TEXT_INIT("plain"),
        TEXT_INIT("\xC2\x80"),
        TEXT_INIT("\xE0\xA0\x80"),
        TEXT_INIT("\xED\x9F\xBF"),
        TEXT_INIT("\xEF\xBF\xBF"),
        TEXT_INIT("\xF0\x90\x80\x80"),
        TEXT_INIT("\xF4\x8F\xBF\xBF"),
    };
    static const struct text bad[] = {
        TEXT_INIT("\x80"),
        TEXT_INIT("\xC0\x80"),
        TEXT_INIT("\xC1\xBF"),
        TEXT_INIT("\xC3"),
        TEXT_INIT("\xE0\x9F\xBF"),
        TEXT_INIT("\xED\xA0\x80"),
        TEXT_INIT("\xE2\x82"),
        TEXT_INIT("\xF0\x8F\xBF\xBF"),
        TEXT_INIT("\xF4\x90\x80\x80"),
        TEXT_INIT("\xF5\x80\x80\x80"),
        TEXT_INIT("\xFF"),
        TEXT_INIT("ab\xC3("),
        TEXT_INIT("\xF0\x9F\x98"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        assert_true(text_is_utf8(good[i]));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(text_is_utf8(bad[i]));
    }
}

static void utf8_step_stops_at_the_end(void **state)
{
    (void)state;
    assert_int_equal(text_utf8_step(TEXT("a\xE2\x82\xAC"), 0), 1);
    assert_int_equal(text_utf8_step(TEXT("a\xE2\x82\xAC"), 1), 3);
    assert_int_equal(text_utf8_step(TEXT("a\xE2\x82\xAC"), 4), 0);
}

static void length_counts_code_points(void **state)
{
    (void)state;
    assert_int_equal(text_length(TEXT("")), 0);
    assert_int_equal(text_length(TEXT("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80")), 4);
}

static void integers_fill_the_whole_text_and_64_bits(void **state)
{
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1x",
                                      "0x1",
                                      "--1",
                                      "1.0",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999999"};
    int64_t value = 0;

    (void)state;
    assert_true(text_to_int64(TEXT("9223372036854775807"), &value));
    assert_true(value == INT64_MAX);
    assert_true(text_to_int64(TEXT("-9223372036854775808"), &value));
    assert_true(value == INT64_MIN);
    assert_true(text_to_int64(TEXT("-0"), &value));
    assert_int_equal(value, 0);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(text_to_int64(text_of(bad[i]), &value));
    }
}

static void distance_counts_edits_and_swaps_up_to_the_bound(void **state)
{
    (void)state;
    assert_int_equal(text_distance(TEXT("ship"), TEXT("ship"), 3), 0);
    assert_int_equal(text_distance(TEXT("ship"), TEXT("shp"), 3), 1);
    assert_int_equal(text_distance(TEXT("retry"), TEXT("rerty"), 3), 1);
    assert_int_equal(text_distance(TEXT("timeout"), TEXT("tiemout"), 1), 1);
    assert_int_equal(text_distance(TEXT("kitten"), TEXT("sitting"), 5), 3);
    assert_int_equal(text_distance(TEXT("kitten"), TEXT("sitting"), 2), 3);
    assert_int_equal(text_distance(TEXT(""), TEXT("ab"), 3), 2);
    assert_int_equal(text_distance(TEXT("ab"), TEXT(""), 3), 2);
    assert_int_equal(text_distance(TEXT("compensate"), TEXT("kafka"), 2), 3);
    assert_int_equal(text_distance(TEXT("abcdefgh"), TEXT("badcfehg"), 3), 4);
    assert_int_equal(text_distance(TEXT("abcdefgh"), TEXT("badcfehg"), 4), 4);
}

static size_t plain_by_bytes(struct text text, size_t at)
{
    size_t start = at;

    while (at < text.bytes && text.data[at] >= 0x20 && text.data[at] != '"' &&
           text.data[at] != '\\') {
        at++;
    }
    return at - start;
}

static bool utf8_by_steps(struct text text)
{
    size_t step = 1;

    for (size_t at = 0; at < text.bytes && step > 0; at += step) {
        step = text_utf8_step(text, at);
    }
    return step > 0;
}

/* Whole blocks are looked at in one go: a byte that counts must be seen wherever it stands. */
static void every_byte_is_seen_wherever_it_stands(void **state)
{
    static const char others[] = {'"',  '\\',       0x00,       0x1F, 0x20,
                                  0x7F, (char)0x80, (char)0xFF, '!',  '['};
    struct rng rng = {5};
    char room[80];

    (void)state;
    for (int round = 0; round < 200000; round++) {
        struct text text = {room, (size_t)rng_below(&rng, sizeof(room) + 1)};
        size_t from = (size_t)rng_below(&rng, text.bytes + 1);

        for (size_t i = 0; i < text.bytes; i++) {
            room[i] = (char)('0' + (int)rng_below(&rng, 70));
        }
        for (uint64_t n = rng_below(&rng, 3); n > 0 && text.bytes > 0; n--) {
            room[rng_below(&rng, text.bytes)] = others[rng_below(&rng, sizeof(others))];
        }
        assert_int_equal(text_plain_run(text, from), plain_by_bytes(text, from));
        assert_int_equal(text_is_utf8(text), utf8_by_steps(text));
    }
}

static void integers_are_written_to_their_last_digit(void **state)
{
    char room[INTEGER_TEXT_BYTES];

    (void)state;
    assert_true(text_is(text_integer(0, room), "0"));
    assert_true(text_is(text_integer(-1, room), "-1"));
    assert_true(text_is(text_integer(INT64_MAX, room), "9223372036854775807"));
    assert_true(text_is(text_integer(INT64_MIN, room), "-9223372036854775808"));
    assert_true(text_is(text_unsigned(UINT64_MAX, room), "18446744073709551615"));
}

static void dup_is_terminated(void **state)
{
    char *copy = text_dup(text_sub(TEXT("payment"), 0, 3));

    (void)state;
    assert_string_equal(copy, "pay");
    free(copy);
    copy = text_dup((struct text){NULL, 0});
    assert_string_equal(copy, "");
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_text_of_null_equals_the_empty_literal),
        cmocka_unit_test(sub_is_clamped_to_the_text),
        cmocka_unit_test(compare_is_bytewise_and_shorter_first),
        cmocka_unit_test(starts_ends_and_finds),
        cmocka_unit_test(utf8_is_strict),
        cmocka_unit_test(utf8_step_stops_at_the_end),
        cmocka_unit_test(length_counts_code_points),
        cmocka_unit_test(integers_fill_the_whole_text_and_64_bits),
        cmocka_unit_test(distance_counts_edits_and_swaps_up_to_the_bound),
        cmocka_unit_test(every_byte_is_seen_wherever_it_stands),
        cmocka_unit_test(integers_are_written_to_their_last_digit),
        cmocka_unit_test(dup_is_terminated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
