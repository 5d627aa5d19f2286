/* links: baton_base */
#include "support/unit.h"

#include <string.h>

#include "base/buffer.h"

static void a_zeroed_buffer_is_empty_and_grows(void **state)
{
    struct buffer buffer = {.data = NULL};

    (void)state;
    assert_true(text_is(buffer_text(&buffer), ""));
    assert_string_equal(buffer_string(&buffer), "");
    for (int i = 0; i < 1000; i++) {
        buffer_add_char(&buffer, (char)('a' + i % 26));
    }
    buffer_add_text(&buffer, TEXT("-end"));
    buffer_add(&buffer, NULL, 0);
    assert_int_equal(buffer.bytes, 1004);
    assert_string_equal(buffer_string(&buffer) + 1000, "-end");
    assert_int_equal(buffer.data[26], 'a');
    buffer_release(&buffer);
    assert_null(buffer.data);
    buffer_release(&buffer);
    buffer_release(NULL);
}

static void printing_is_never_cut(void **state)
{
    struct buffer buffer = {.data = NULL};

    (void)state;
    buffer_addf(&buffer, "%s", "");
    buffer_addf(&buffer, "%0200d|", 7);
    buffer_addf(&buffer, "%s=%d", "x", 1);
    assert_int_equal(buffer.bytes, 204);
    assert_string_equal(buffer_string(&buffer) + 199, "7|x=1");
    buffer_release(&buffer);
}

static void what_grows_past_the_bound_is_dropped_and_said(void **state)
{
    struct buffer buffer = {.bytes_max = 5};

    (void)state;
    buffer_add_text(&buffer, TEXT("abcd"));
    assert_false(buffer.full);
    buffer_add_text(&buffer, TEXT("ef"));
    assert_true(buffer.full);
    /* What follows would fit, but then the text would have a hole. */
    buffer_add_char(&buffer, 'g');
    buffer_addf(&buffer, "%d", 1);
    assert_true(text_is(buffer_text(&buffer), "abcd"));
    buffer_clear(&buffer);
    buffer_add_text(&buffer, TEXT("12345"));
    assert_false(buffer.full);
    assert_true(text_is(buffer_text(&buffer), "12345"));
    buffer_add_char(&buffer, '6');
    assert_true(buffer.full);
    buffer_release(&buffer);
}

static void reserved_room_can_be_written_directly(void **state)
{
    struct buffer buffer = {.data = NULL};

    (void)state;
    buffer_add_text(&buffer, TEXT("a"));
    buffer_reserve(&buffer, 5000);
    memset(buffer.data + buffer.bytes, 'x', 5000);
    buffer.bytes += 5000;
    assert_true(buffer.capacity >= 5001);
    assert_int_equal(buffer.data[0], 'a');
    buffer_release(&buffer);
}

static void clearing_keeps_the_memory(void **state)
{
    struct buffer buffer = {.data = NULL};
    const char *data;

    (void)state;
    buffer_add_text(&buffer, TEXT("abc"));
    data = buffer.data;
    buffer_clear(&buffer);
    buffer_add_text(&buffer, TEXT("xyz"));
    assert_ptr_equal(buffer.data, data);
    assert_true(text_is(buffer_text(&buffer), "xyz"));
    buffer_release(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zeroed_buffer_is_empty_and_grows),
        cmocka_unit_test(printing_is_never_cut),
        cmocka_unit_test(what_grows_past_the_bound_is_dropped_and_said),
        cmocka_unit_test(reserved_room_can_be_written_directly),
        cmocka_unit_test(clearing_keeps_the_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
