/* links: baton_json */
#include "support/random_json.h"

#include <string.h>

static void assert_delta(const char *before, const char *after, const char *expected)
{
    struct json *a = json_from(before);
    struct json *b = json_from(after);
    struct json *delta = json_diff(a, b);

    if (expected == NULL) {
        assert_null(delta);
    } else {
        assert_non_null(delta);
        assert_json(delta, expected);
    }
    json_free(a);
    json_free(b);
    json_free(delta);
}

static void a_delta_holds_what_changed(void **state)
{
    (void)state;
    assert_delta("{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":3}", "{\"b\":[3]}");
    assert_delta("{\"a\":1}", "{\"a\":1,\"b\":2}", "{\"b\":[2]}");
    assert_delta("{\"a\":1,\"b\":2}", "{\"b\":2}", "{\"a\":null}");
    assert_delta("{\"a\":{\"x\":1,\"y\":2}}", "{\"a\":{\"x\":1,\"y\":3}}", "{\"a\":{\"y\":[3]}}");
    assert_delta("{\"a\":[1,2]}", "{\"a\":[1,2,3]}", "{\"a\":[[1,2,3]]}");
    assert_delta("{\"a\":{}}", "{\"a\":[]}", "{\"a\":[[]]}");
    assert_delta("1", "2", "[2]");
    assert_delta("{}", "null", "[null]");
    assert_delta("[1]", "[2]", "[[2]]");
}

static void null_and_absent_are_told_apart(void **state)
{
    (void)state;
    assert_delta("{\"a\":1}", "{\"a\":null}", "{\"a\":[null]}");
    assert_delta("{\"a\":null}", "{}", "{\"a\":null}");
    assert_delta("{}", "{\"a\":null}", "{\"a\":[null]}");
    assert_delta("{\"a\":null}", "{\"a\":null}", NULL);
}

static void equal_values_have_no_delta(void **state)
{
    (void)state;
    assert_delta("{\"a\":[1,{\"b\":2}]}", "{\"a\":[1,{\"b\":2}]}", NULL);
    assert_delta("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", NULL);
    assert_delta("1.50", "1.50", NULL);
}

static void a_number_that_is_written_differently_has_changed(void **state)
{
    (void)state;
    assert_delta("{\"price\":1.5}", "{\"price\":1.50}", "{\"price\":[1.50]}");
    assert_delta("[1]", "[1.0]", "[[1.0]]");
    assert_delta("18446744073709551615", "18446744073709551614", "[18446744073709551614]");
}

static void from_absent_the_delta_is_the_whole_value(void **state)
{
    struct json *after = json_from("{\"a\":1}");
    struct json *delta = json_diff(NULL, after);
    struct json *patched = NULL;
    struct error err;

    (void)state;
    assert_json(delta, "[{\"a\":1}]");
    assert_int_equal(json_patch(NULL, delta, &patched, &err), STATUS_OK);
    assert_true(json_equal(patched, after));
    json_free(after);
    json_free(delta);
    json_free(patched);
}

/* The value with some members changed, added or dropped, sharing what is left as it is. */
static struct json *changed(const struct json *value, struct rng *rng, unsigned depth)
{
    struct json_cursor cursor = {.at = NULL};
    const struct json *item;
    struct json *copy;
    struct text key;

    if (json_kind(value) != JSON_OBJECT || depth == 0) {
        return rng_chance(rng, 500) ? json_copy(value) : random_json(rng, 2);
    }
    copy = json_open_copy(value);
    while (json_next(value, &cursor, &key, &item)) {
        if (rng_chance(rng, 150)) {
            json_drop(copy, key);
        } else if (rng_chance(rng, 300)) {
            json_put(copy, key, changed(item, rng, depth - 1));
        }
    }
    if (rng_chance(rng, 300)) {
        json_put(copy, TEXT("added"), random_json(rng, 2));
    }
    return copy;
}

static void assert_canonically_same(const struct json *a, const struct json *b)
{
    struct json *difference = json_diff(a, b);

    assert_true(json_equal(a, b));
    assert_null(difference); /* Also the text of every number. */
}

static void patching_with_the_delta_gives_the_new_value(void **state)
{
    struct rng rng = {.state = 51};
    unsigned without_delta = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct json *before = random_json(&rng, 4);
        struct json *after = rng_chance(&rng, 200) ? random_json(&rng, 4)
                                                   : changed(before, &rng, 4);
        struct json *delta = json_diff(before, after);
        struct json *patched = NULL;
        struct error err;

        if (delta == NULL) {
            assert_canonically_same(before, after);
            without_delta++;
        } else {
            struct buffer text = {.data = NULL};
            struct json *stored;

            /* As the history keeps it: written and read again. */
            json_write(delta, &text);
            stored = json_from(buffer_string(&text));
            assert_int_equal(json_patch(before, stored, &patched, &err), STATUS_OK);
            assert_canonically_same(patched, after);
            json_free(stored);
            buffer_release(&text);
        }
        json_free(before);
        json_free(after);
        json_free(delta);
        json_free(patched);
    }
    assert_in_range(without_delta, 500, 15000);
}

static void patching_leaves_the_old_value_alone(void **state)
{
    struct json *before = json_from("{\"a\":{\"b\":1},\"c\":2}");
    struct json *delta = json_from("{\"a\":{\"b\":[9]},\"c\":null,\"d\":[[]]}");
    struct json *after = NULL;
    struct error err;

    (void)state;
    assert_int_equal(json_patch(before, delta, &after, &err), STATUS_OK);
    assert_json(before, "{\"a\":{\"b\":1},\"c\":2}");
    assert_json(after, "{\"a\":{\"b\":9},\"d\":[]}");
    json_free(before);
    json_free(delta);
    json_free(after);
}

static void what_is_no_delta_is_refused(void **state)
{
    static const char *const bad[] = {"null",
                                      "1",
                                      "\"x\"",
                                      "[]",
                                      "[1,2]",
                                      "{\"a\":1}",
                                      "{\"a\":{\"b\":[1]}}",
                                      "{\"o\":{\"x\":\"y\"}}",
                                      "{\"o\":[]}"};
    struct json *before = json_from("{\"a\":1,\"o\":{}}");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct json *delta = json_from(bad[i]);
        struct json *after = NULL;
        struct error err = {{0}};

        if (json_patch(before, delta, &after, &err) != STATUS_REJECT) {
            fail_msg("'%s' was taken", bad[i]);
        }
        assert_null(after);
        assert_non_null(strstr(err.text, "delta"));
        json_free(delta);
    }
    assert_json(before, "{\"a\":1,\"o\":{}}");
    json_free(before);
}

static void deleting_what_is_absent_changes_nothing(void **state)
{
    struct json *before = json_from("{\"a\":1}");
    struct json *delta = json_from("{\"b\":null}");
    struct json *after = NULL;
    struct error err;

    (void)state;
    assert_int_equal(json_patch(before, delta, &after, &err), STATUS_OK);
    assert_json(after, "{\"a\":1}");
    json_free(before);
    json_free(delta);
    json_free(after);
}

static void merging_is_deep_for_objects_and_replaces_the_rest(void **state)
{
    static const char *const cases[][3] = {
        {"{\"a\":{\"x\":1,\"y\":[1]},\"b\":1}", "{\"a\":{\"y\":[2],\"z\":3},\"c\":null}",
         "{\"a\":{\"x\":1,\"y\":[2],\"z\":3},\"b\":1,\"c\":null}"},
        {"{\"a\":{\"x\":1}}", "{\"a\":null}", "{\"a\":null}"},
        {"{\"a\":1}", "{\"a\":{\"x\":1}}", "{\"a\":{\"x\":1}}"},
        {"[1,2]", "[3]", "[3]"},
        {"{\"a\":1}", "2", "2"},
        {"{\"a\":1}", "{}", "{\"a\":1}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json *under = json_from(cases[i][0]);
        struct json *over = json_from(cases[i][1]);
        struct json *merged = json_merge(under, over);

        assert_json(merged, cases[i][2]);
        assert_json(under, cases[i][0]);
        json_free(under);
        json_free(over);
        json_free(merged);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delta_holds_what_changed),
        cmocka_unit_test(null_and_absent_are_told_apart),
        cmocka_unit_test(equal_values_have_no_delta),
        cmocka_unit_test(a_number_that_is_written_differently_has_changed),
        cmocka_unit_test(from_absent_the_delta_is_the_whole_value),
        cmocka_unit_test(patching_with_the_delta_gives_the_new_value),
        cmocka_unit_test(patching_leaves_the_old_value_alone),
        cmocka_unit_test(what_is_no_delta_is_refused),
        cmocka_unit_test(deleting_what_is_absent_changes_nothing),
        cmocka_unit_test(merging_is_deep_for_objects_and_replaces_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
