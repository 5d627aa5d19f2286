/* links: baton_json */
#include "support/random_json.h"

static int order_of(const char *a, const char *b)
{
    struct json *value_a = json_from(a);
    struct json *value_b = json_from(b);
    int order = json_compare(value_a, value_b);

    assert_int_equal(json_equal(value_a, value_b), order == 0);
    json_free(value_a);
    json_free(value_b);
    return (order > 0) - (order < 0);
}

static void the_order_is_that_of_jq(void **state)
{
    /* Each comes before all that follow it. */
    static const char *const ascending[] = {
        "null",
        "false",
        "true",
        "-1e999",
        "-9223372036854775808",
        "-1.5",
        "0",
        "1e-999",
        "0.1",
        "1",
        "9007199254740992",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "1e20",
        "1e998",
        "1e999",
        "\"\"",
        "\"\\u0000\"",
        "\"a\"",
        "\"a\\u0000\"",
        "\"aa\"",
        "\"b\"",
        "\"\\u00e9\"",
        "\"\\uffff\"",
        "\"\\ud83d\\ude00\"",
        "[]",
        "[null]",
        "[1]",
        "[1,0]",
        "[2]",
        "[[]]",
        "{}",
        "{\"a\":2}",
        "{\"a\":1,\"b\":1}",
        "{\"a\":1,\"b\":2}",
        "{\"a\":0,\"c\":0}",
        "{\"b\":0}",
    };

    (void)state;
    for (size_t a = 0; a < COUNT_OF(ascending); a++) {
        for (size_t b = 0; b < COUNT_OF(ascending); b++) {
            if (order_of(ascending[a], ascending[b]) != (a > b) - (a < b)) {
                fail_msg("%s and %s", ascending[a], ascending[b]);
            }
        }
    }
}

static void numbers_are_equal_however_they_are_written(void **state)
{
    (void)state;
    assert_int_equal(order_of("1", "1.0"), 0);
    assert_int_equal(order_of("1", "10e-1"), 0);
    assert_int_equal(order_of("0", "-0"), 0);
    assert_int_equal(order_of("-0.0", "0e7"), 0);
    assert_int_equal(order_of("1e999", "10e998"), 0);
    assert_int_equal(order_of("{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"a\":1}"), 0);
}

static void digits_beyond_a_double_count(void **state)
{
    (void)state;
    assert_int_equal(order_of("9007199254740993", "9007199254740992.0"), 1);
    assert_int_equal(order_of("9007199254740993", "9007199254740993.0"), 0);
    assert_int_equal(order_of("9007199254740993", "9007199254740993.1"), -1);
    assert_int_equal(order_of("-9007199254740993", "-9007199254740993.1"), 1);
    assert_int_equal(order_of("18446744073709551615", "18446744073709551615.5"), -1);
    assert_int_equal(order_of("0.1000000000000000000001", "0.1"), 1);
    assert_int_equal(order_of("-0.1000000000000000000001", "-0.1"), -1);
    assert_int_equal(order_of("1e-998", "1e-999"), 1);
    assert_int_equal(order_of("-1e-999", "1e-999"), -1);
}

static void big_objects_compare_as_small_ones(void **state)
{
    struct json *a = json_object();
    struct json *b = json_object();

    (void)state;
    for (int i = 0; i < 100; i++) {
        char key[16];

        snprintf(key, sizeof(key), "k%d", i);
        json_put_integer(a, key, i);
        snprintf(key, sizeof(key), "k%d", 99 - i);
        json_put_integer(b, key, 99 - i);
    }
    assert_int_equal(json_compare(a, b), 0);
    assert_true(json_equal(a, b));
    json_put_integer(b, "k50", 51);
    assert_true(json_compare(a, b) < 0);
    assert_false(json_equal(a, b));
    json_free(a);
    json_free(b);
}

static void the_order_is_total(void **state)
{
    struct rng rng = {.state = 41};

    (void)state;
    for (int i = 0; i < 10000; i++) {
        struct json *v[3] = {random_json(&rng, 2), random_json(&rng, 2), random_json(&rng, 2)};
        int ab = json_compare(v[0], v[1]);
        int bc = json_compare(v[1], v[2]);

        assert_int_equal((ab > 0) - (ab < 0),
                         (json_compare(v[1], v[0]) < 0) - (json_compare(v[1], v[0]) > 0));
        assert_int_equal(ab == 0, json_equal(v[0], v[1]));
        if (ab <= 0 && bc <= 0) {
            assert_true(json_compare(v[0], v[2]) <= 0);
        }
        for (size_t k = 0; k < 3; k++) {
            json_free(v[k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_is_that_of_jq),
        cmocka_unit_test(numbers_are_equal_however_they_are_written),
        cmocka_unit_test(digits_beyond_a_double_count),
        cmocka_unit_test(big_objects_compare_as_small_ones),
        cmocka_unit_test(the_order_is_total),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
