/* links: baton_base */
#include "support/unit.h"

#include <string.h>

#include "base/status.h"
#include "base/text.h"

static void fail_sets_the_text_and_gives_the_status(void **state)
{
    struct error err = {{0}};

    (void)state;
    assert_int_equal(fail(&err, STATUS_RETRY, "cannot reach '%s'", "redis"), STATUS_RETRY);
    assert_string_equal(err.text, "cannot reach 'redis'");
    assert_int_equal(fail(NULL, STATUS_FATAL, "%d", 1), STATUS_FATAL);
    assert_int_equal(fail_in(NULL, STATUS_FATAL, "%d", 1), STATUS_FATAL);
}

static void each_level_puts_where_it_was_before(void **state)
{
    struct error err = {{0}};

    (void)state;
    fail(&err, STATUS_REJECT, "permission denied");
    fail_in(&err, STATUS_REJECT, "cannot open");
    assert_int_equal(fail_in(&err, STATUS_REJECT, "flow file '%s'", "order.yaml"), STATUS_REJECT);
    assert_string_equal(err.text, "flow file 'order.yaml': cannot open: permission denied");
}

static void the_text_may_be_its_own_argument(void **state)
{
    struct error err = {"no leader"};

    (void)state;
    fail(&err, STATUS_RETRY, "broker says: %s", err.text);
    assert_string_equal(err.text, "broker says: no leader");
}

static void a_long_text_is_cut_between_characters(void **state)
{
    char input[ERROR_TEXT_BYTES * 2];
    struct error err = {{0}};

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        memset(input, 'a', sizeof(input));
        for (size_t i = shift; i + 4 < sizeof(input); i += 4) {
            memcpy(input + i, "\xF0\x9F\x98\x80", 4);
        }
        input[sizeof(input) - 1] = '\0';
        fail(&err, STATUS_REJECT, "%s", input);
        assert_true(text_is_utf8(text_of(err.text)));
        assert_true(strlen(err.text) > ERROR_TEXT_BYTES - 5);
        fail_in(&err, STATUS_REJECT, "ab");
        assert_true(text_is_utf8(text_of(err.text)));
        assert_true(text_starts(text_of(err.text), TEXT("ab: ")));
        fail_in(&err, STATUS_REJECT, "%s", input);
        assert_true(text_is_utf8(text_of(err.text)));
    }
}

static void every_status_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(status_name(STATUS_OK), "ok");
    assert_string_equal(status_name(STATUS_RETRY), "retry");
    assert_string_equal(status_name(STATUS_ABORT), "abort");
    assert_string_equal(status_name(STATUS_REJECT), "reject");
    assert_string_equal(status_name(STATUS_STALE), "stale");
    assert_string_equal(status_name(STATUS_FENCED), "fenced");
    assert_string_equal(status_name(STATUS_FATAL), "fatal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fail_sets_the_text_and_gives_the_status),
        cmocka_unit_test(each_level_puts_where_it_was_before),
        cmocka_unit_test(the_text_may_be_its_own_argument),
        cmocka_unit_test(a_long_text_is_cut_between_characters),
        cmocka_unit_test(every_status_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
