/* links: baton_json */
#include "support/random_json.h"

#include <float.h>
#include <math.h>
#include <string.h>

static void assert_canonical(const char *number, const char *expected)
{
    struct json *value = json_from(number);
    struct buffer out = {.data = NULL};

    assert_true(json_scalar_text(value, &out));
    assert_string_equal(buffer_string(&out), expected);
    buffer_release(&out);
    json_free(value);
}

static void equal_numbers_have_one_canonical_text(void **state)
{
    static const char *const cases[][2] = {
        {"1", "1"},
        {"1.0", "1"},
        {"1e0", "1"},
        {"100e-2", "1"},
        {"0.01E+2", "1"},
        {"-0", "0"},
        {"0.000", "0"},
        {"-0e5", "0"},
        {"0e-9", "0"},
        {"0.10", "0.1"},
        {"-12.3400", "-12.34"},
        {"1234e-2", "12.34"},
        {"1.5e3", "1500"},
        {"0.00012e2", "0.012"},
        {"12e-4", "0.0012"},
        {"120", "120"},
        {"1200e-1", "120"},
        {"10.01", "10.01"},
        {"9007199254740993", "9007199254740993"},
        {"9007199254740993.0", "9007199254740993"},
        {"18446744073709551615", "18446744073709551615"},
        {"123456789012345678901234567890.50", "123456789012345678901234567890.5"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_canonical(cases[i][0], cases[i][1]);
    }
}

static void huge_exponents_are_never_expanded(void **state)
{
    (void)state;
    assert_canonical("1e999999999", "1e999999999");
    assert_canonical("10e999999998", "1e999999999");
    assert_canonical("-12.50e-999999999", "-1.25e-999999998");
    assert_canonical("1e19", "10000000000000000000");
    assert_canonical("1e20", "1e20");
    assert_canonical("0.1e42", "1e41");
    assert_canonical("1e-41", "0.00000000000000000000000000000000000000001");
    assert_canonical("1e-42", "1e-42");
}

/* "125" and seventeen zeros would be refused when it is read again. */
static void integers_beyond_64_bits_have_an_exponent(void **state)
{
    (void)state;
    assert_canonical("18446744073709551615.0", "18446744073709551615");
    assert_canonical("18446744073709551616.0", "1.8446744073709551616e19");
    assert_canonical("-9223372036854775808.0", "-9223372036854775808");
    assert_canonical("-9223372036854775809.0", "-9.223372036854775809e18");
    assert_canonical("-12.5e+21", "-1.25e22");
    assert_canonical("99999999999999999999.0", "9.9999999999999999999e19");
}

static void texts_and_booleans_are_their_own_scalar_text(void **state)
{
    struct json *array = json_from("[\"a\\u0000\\n\",true,false,null,[],{}]");
    struct buffer out = {.data = NULL};

    (void)state;
    assert_true(json_scalar_text(json_at(array, 0), &out));
    assert_true(json_scalar_text(json_at(array, 1), &out));
    assert_true(json_scalar_text(json_at(array, 2), &out));
    assert_true(text_equal(buffer_text(&out), TEXT("a\0\ntruefalse")));
    assert_false(json_scalar_text(json_at(array, 3), &out));
    assert_false(json_scalar_text(json_at(array, 4), &out));
    assert_false(json_scalar_text(json_at(array, 5), &out));
    buffer_release(&out);
    json_free(array);
}

static void assert_int(const char *text, bool is_integer, int64_t expected)
{
    struct json *value = json_from(text);
    int64_t out = -7;

    assert_int_equal(json_int64(value, &out), is_integer);
    assert_true(out == (is_integer ? expected : -7));
    json_free(value);
}

static void an_integer_is_one_however_it_is_written(void **state)
{
    int64_t out;

    (void)state;
    assert_int("1.0", true, 1);
    assert_int("1e3", true, 1000);
    assert_int("-0", true, 0);
    assert_int("9007199254740993.0", true, INT64_C(9007199254740993));
    assert_int("9223372036854775807", true, INT64_MAX);
    assert_int("-9223372036854775808", true, INT64_MIN);
    assert_int("-9.223372036854775808e18", true, INT64_MIN);
    assert_int("9223372036854775808", false, 0);
    assert_int("9223372036854775808.0", false, 0);
    assert_int("1.5", false, 0);
    assert_int("1e999999999", false, 0);
    assert_int("1e-999999999", false, 0);
    assert_int("\"1\"", false, 0);
    assert_int("true", false, 0);
    assert_false(json_int64(NULL, &out));
}

static void doubles_are_written_as_short_as_they_read_back(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {1, "1"},
        {-3, "-3"},
        {0.1, "0.1"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {9007199254740991.0, "9007199254740991"},
        {1e17, "1e+17"},
        {1.5e-7, "1.5e-07"},
        {NAN, "null"},
        {INFINITY, "1.7976931348623157e+308"},
        {-INFINITY, "-1.7976931348623157e+308"},
        {5e-324, "4.94065645841247e-324"},
        {-0.0, "-0"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json *value = json_number(cases[i].value);

        assert_json(value, cases[i].text);
        json_free(value);
    }
}

static void doubles_survive_writing_and_reading(void **state)
{
    struct rng rng = {.state = 31};

    (void)state;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = rng_next(&rng);
        struct buffer text = {.data = NULL};
        struct json *value;
        struct json *again;
        double number;

        memcpy(&number, &bits, sizeof(number));
        if (!isfinite(number)) {
            continue;
        }
        value = json_number(number);
        json_write(value, &text);
        again = json_from(buffer_string(&text));
        assert_true(json_double(again) == number);
        json_free(value);
        json_free(again);
        buffer_release(&text);
    }
}

/* The quick way for short decimals must round as strtod() does. */
static void short_decimals_are_the_nearest_double(void **state)
{
    struct rng rng = {.state = 32};

    (void)state;
    for (int i = 0; i < 50000; i++) {
        uint64_t digits = rng_below(&rng, UINT64_C(1000000000000000));
        unsigned places = (unsigned)rng_below(&rng, 15) + 1;
        struct buffer text = {.data = NULL};
        struct json *value;

        digits >>= rng_below(&rng, 50);
        buffer_addf(&text, "%s%llu", rng_chance(&rng, 500) ? "-" : "", (unsigned long long)digits);
        buffer_addf(&text, ".%0*llu", (int)places, (unsigned long long)rng_below(&rng, 10));
        value = json_from(buffer_string(&text));
        assert_true(json_double(value) == strtod(buffer_string(&text), NULL));
        json_free(value);
        buffer_release(&text);
    }
}

static void what_is_beyond_a_double_is_its_largest(void **state)
{
    struct json *value = json_from("[1e999,-1e999,1e-999,18446744073709551615]");

    (void)state;
    assert_true(json_double(json_at(value, 0)) == DBL_MAX);
    assert_true(json_double(json_at(value, 1)) == -DBL_MAX);
    assert_true(json_double(json_at(value, 2)) == 0);
    assert_true(json_double(json_at(value, 3)) == 18446744073709551615.0);
    assert_true(json_double(NULL) == 0);
    json_free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_numbers_have_one_canonical_text),
        cmocka_unit_test(huge_exponents_are_never_expanded),
        cmocka_unit_test(integers_beyond_64_bits_have_an_exponent),
        cmocka_unit_test(texts_and_booleans_are_their_own_scalar_text),
        cmocka_unit_test(an_integer_is_one_however_it_is_written),
        cmocka_unit_test(doubles_are_written_as_short_as_they_read_back),
        cmocka_unit_test(doubles_survive_writing_and_reading),
        cmocka_unit_test(short_decimals_are_the_nearest_double),
        cmocka_unit_test(what_is_beyond_a_double_is_its_largest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
