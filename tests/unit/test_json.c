/* links: baton_json */
#include "support/random_json.h"

#include <string.h>

static void null_is_a_value_and_not_absent(void **state)
{
    struct json *object = json_object();
    struct json *array = json_array();
    struct json *copy;

    (void)state;
    json_put(object, TEXT("n"), json_null());
    json_push(array, json_null());
    assert_non_null(json_member(object, "n"));
    assert_int_equal(json_kind(json_member(object, "n")), JSON_NULL);
    assert_null(json_member(object, "m"));
    assert_int_equal(json_kind(json_at(array, 0)), JSON_NULL);
    assert_null(json_at(array, 1));
    copy = json_copy(json_at(array, 0));
    assert_int_equal(json_kind(copy), JSON_NULL);
    json_free(copy);
    assert_json(object, "{\"n\":null}");
    assert_json(array, "[null]");
    json_free(object);
    json_free(array);
    json_free(NULL);
    assert_null(json_copy(NULL));
}

static void constructors_make_what_they_say(void **state)
{
    struct json *object = json_object();

    (void)state;
    json_put_string(object, "s", "x");
    json_put_text(object, "t", text_sub(TEXT("abc"), 1, 1));
    json_put_integer(object, "i", INT64_MIN);
    json_put_bool(object, "b", true);
    json_put(object, TEXT("f"), json_bool(false));
    json_put(object, TEXT("e"), json_text((struct text){NULL, 0}));
    assert_json(object, "{\"s\":\"x\",\"t\":\"b\",\"i\":-9223372036854775808,\"b\":true,"
                        "\"f\":false,\"e\":\"\"}");
    json_free(object);
}

static void invalid_utf8_is_replaced_in_texts_and_keys(void **state)
{
    struct json *object = json_object();

    (void)state;
    json_put(object, TEXT("a\xFF"), json_text(TEXT("\xC3(\xE2\x82")));
    json_put(object, TEXT("n\0l"), json_text(TEXT("n\0l")));
    assert_json(object, "{\"a\xEF\xBF\xBD\":\"\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\","
                        "\"n\xEF\xBF\xBDl\":\"n\\u0000l\"}");
    json_free(object);
}

static void putting_again_replaces_in_the_old_place(void **state)
{
    struct json *parsed = json_from("{\"a\":1,\"b\":2}");
    struct json *object = json_open_copy(parsed);

    (void)state;
    json_free(parsed);
    json_put_integer(object, "a", 3);
    json_put_integer(object, "c", 4);
    json_drop(object, TEXT("b"));
    json_drop(object, TEXT("nowhere"));
    json_drop(object, TEXT("a\0"));
    assert_json(object, "{\"a\":3,\"c\":4}");
    json_free(object);
}

/* The values of a short text are freed as one, those of a long one apart: a part outlives the rest
 * either way, and tests run with memory that is checked. */
static void a_part_outlives_the_value_that_it_was_parsed_in(void **state)
{
    static const size_t paddings[] = {0, 100, 2000, 5000};

    (void)state;
    for (size_t i = 0; i < sizeof(paddings) / sizeof(paddings[0]); i++) {
        struct buffer text = {.data = NULL};
        struct json *whole;
        struct json *kept;
        struct json *outer = json_object();

        buffer_add_text(&text, TEXT("{\"a\":{\"b\":[1,2.50,\"x\",null]},\"pad\":\""));
        for (size_t n = 0; n < paddings[i]; n++) {
            buffer_add_char(&text, 'p');
        }
        buffer_add_text(&text, TEXT("\"}"));
        whole = json_from(buffer_string(&text));
        kept = json_copy(json_member(json_member(whole, "a"), "b"));
        json_put(outer, TEXT("again"), json_copy(kept));
        json_free(whole);
        assert_json(kept, "[1,2.50,\"x\",null]");
        json_free(kept);
        assert_json(outer, "{\"again\":[1,2.50,\"x\",null]}");
        json_free(outer);
        buffer_release(&text);
    }
}

/* A bound may say too much, never too little; what exceeds is measured. */
static void a_size_bound_is_never_below_the_size(void **state)
{
    static const char *const texts[] = {"{ \"a\" : [ 1 , 2.50 , \"\\u0041\\n\" ] }", "[1,-0,1e5]",
                                        "\"\\u000b\"", "true"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct json *value = json_from(texts[i]);
        struct json *outer = json_array();
        size_t size;

        json_push(outer, json_copy(value));
        json_push(outer, value);
        size = json_size(outer, 1000);
        assert_true(json_size_bound(outer, 1000) >= size);
        assert_int_equal(json_size_bound(outer, size - 1), size);
        assert_true(json_exceeds(outer, size - 1));
        assert_false(json_exceeds(outer, size));
        json_free(outer);
    }
}

static void an_open_copy_shares_items_and_changes_alone(void **state)
{
    struct json *object = json_from("{\"a\":{\"x\":1},\"n\":null}");
    struct json *array = json_from("[null,[1]]");
    struct json *object_copy = json_open_copy(object);
    struct json *array_copy = json_open_copy(array);

    (void)state;
    assert_ptr_equal(json_member(object, "a"), json_member(object_copy, "a"));
    assert_ptr_equal(json_at(array, 1), json_at(array_copy, 1));
    json_put_integer(object_copy, "b", 1);
    json_push(array_copy, json_integer(2));
    assert_json(object, "{\"a\":{\"x\":1},\"n\":null}");
    assert_json(object_copy, "{\"a\":{\"x\":1},\"n\":null,\"b\":1}");
    json_free(object);
    json_free(array);
    assert_json(object_copy, "{\"a\":{\"x\":1},\"n\":null,\"b\":1}");
    assert_json(array_copy, "[null,[1],2]");
    json_free(object_copy);
    json_free(array_copy);
}

/* Small objects are searched another way than big ones. */
static void members_are_found_in_objects_of_any_size(void **state)
{
    struct json *object = json_object();
    char key[32];

    (void)state;
    json_put_integer(object, "", -1);
    for (int count = 0; count < 40; count++) {
        snprintf(key, sizeof(key), "key%d", count);
        json_put_integer(object, key, count);
        for (int i = 0; i <= count; i++) {
            snprintf(key, sizeof(key), "key%d", i);
            assert_int_equal(json_member_int(object, key, -2), i);
            assert_non_null(json_get(object, text_of(key)));
            assert_null(json_get(object, text_sub(text_of(key), 0, 3)));
        }
        assert_null(json_member(object, "key"));
        assert_null(json_member(object, "key1x"));
        assert_null(json_get(object, TEXT("key1\0")));
        assert_null(json_get(object, TEXT("\0")));
        assert_int_equal(json_member_int(object, "", -2), -1);
        assert_non_null(json_get(object, (struct text){NULL, 0}));
    }
    json_free(object);
}

static void a_long_key_is_found(void **state)
{
    struct json *object = json_object();
    char key[1000];

    (void)state;
    memset(key, 'k', sizeof(key));
    for (size_t bytes = 100; bytes <= sizeof(key); bytes += 20) {
        json_put(object, (struct text){key, bytes}, json_integer((int64_t)bytes));
    }
    assert_non_null(json_get(object, (struct text){key, 120}));
    assert_non_null(json_get(object, (struct text){key, 1000}));
    assert_null(json_get(object, (struct text){key, 999}));
    json_drop(object, (struct text){key, 1000});
    assert_null(json_get(object, (struct text){key, 1000}));
    json_free(object);
}

static void asking_the_wrong_kind_gives_nothing(void **state)
{
    struct json *array = json_from("[1,\"t\",{},true]");
    struct json_cursor cursor = {.at = NULL};
    const struct json *value;
    struct text key;

    (void)state;
    assert_null(json_member(array, "a"));
    assert_null(json_get(NULL, TEXT("a")));
    assert_null(json_at(json_at(array, 2), 0));
    assert_null(json_at(NULL, 0));
    assert_int_equal(json_count(json_at(array, 1)), 0);
    assert_int_equal(json_count(NULL), 0);
    assert_true(text_is(json_text_of(json_at(array, 0)), ""));
    assert_true(text_is(json_text_of(NULL), ""));
    assert_false(json_next(array, &cursor, &key, &value));
    assert_int_equal(json_member_int(json_at(array, 2), "x", 7), 7);
    assert_true(text_is(json_member_text(json_at(array, 2), "x"), ""));
    json_free(array);
}

static void truth_is_that_of_jq(void **state)
{
    struct json *array = json_from("[null,false,true,0,\"\",[]]");
    static const bool truthy[] = {false, false, true, true, true, true};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(truthy); i++) {
        assert_int_equal(json_is_truthy(json_at(array, i)), truthy[i]);
        assert_int_equal(json_is_true(json_at(array, i)), i == 2);
    }
    assert_false(json_is_truthy(NULL));
    assert_false(json_is_true(NULL));
    json_free(array);
}

static void a_walk_gives_members_in_their_order(void **state)
{
    struct json *object = json_from("{\"z\":1,\"a\":null,\"m\":3}");
    struct json_cursor cursor = {.at = NULL};
    const struct json *value;
    struct text key;
    char keys[8] = "";

    (void)state;
    while (json_next(object, &cursor, &key, &value)) {
        strncat(keys, key.data, key.bytes);
        assert_non_null(value);
    }
    assert_string_equal(keys, "zam");
    assert_false(json_next(object, &cursor, &key, &value));
    json_free(object);
}

static void depth_counts_containers_up_to_the_bound(void **state)
{
    struct json *value = json_from("{\"a\":[1,{\"b\":[]}],\"c\":[[2]]}");

    (void)state;
    assert_int_equal(json_depth(value, 100), 4);
    assert_int_equal(json_depth(value, 4), 4);
    assert_int_equal(json_depth(value, 3), 4);
    assert_int_equal(json_depth(value, 1), 2);
    assert_int_equal(json_depth(json_null(), 0), 0);
    json_free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_a_value_and_not_absent),
        cmocka_unit_test(constructors_make_what_they_say),
        cmocka_unit_test(invalid_utf8_is_replaced_in_texts_and_keys),
        cmocka_unit_test(putting_again_replaces_in_the_old_place),
        cmocka_unit_test(a_part_outlives_the_value_that_it_was_parsed_in),
        cmocka_unit_test(a_size_bound_is_never_below_the_size),
        cmocka_unit_test(an_open_copy_shares_items_and_changes_alone),
        cmocka_unit_test(members_are_found_in_objects_of_any_size),
        cmocka_unit_test(a_long_key_is_found),
        cmocka_unit_test(asking_the_wrong_kind_gives_nothing),
        cmocka_unit_test(truth_is_that_of_jq),
        cmocka_unit_test(a_walk_gives_members_in_their_order),
        cmocka_unit_test(depth_counts_containers_up_to_the_bound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
