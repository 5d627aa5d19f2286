/* links: baton_app */
/* What `baton debug` says changed between two states. */
#include "app/state_sight.h"
#include "support/unit.h"

static struct json *parse(const char *text)
{
    struct json *value = NULL;
    struct error err = {0};

    if (json_parse(text_of(text), &value, &err) != STATUS_OK) {
        fail_msg("%s: %s", text, err.text);
    }
    return value;
}

/* The changes, one a line. */
static void assert_changes(const char *before, const char *after, const char *wanted)
{
    struct json *was = parse(before);
    struct json *is = parse(after);
    struct json *changes = value_changes(was, is);
    struct buffer lines = {0};

    for (size_t i = 0; i < json_count(changes); i++) {
        change_write(json_at(changes, i), &lines);
        buffer_add_char(&lines, '\n');
    }
    assert_string_equal(buffer_string(&lines), wanted);
    buffer_release(&lines);
    json_free(changes);
    json_free(was);
    json_free(is);
}

static void only_what_differs_is_told_with_its_path(void **state)
{
    (void)state;
    assert_changes("{\"a\":1,\"b\":{\"c\":2,\"d\":3}}", "{\"a\":1,\"b\":{\"c\":4,\"d\":3}}",
                   ".b.c: 2 -> 4\n");
    assert_changes("{\"a\":1}", "{\"a\":1}", "");
    assert_changes("1", "\"1\"", ".: 1 -> \"1\"\n");
}

static void what_comes_and_what_goes_is_told(void **state)
{
    (void)state;
    assert_changes("{\"a\":1}", "{\"b\":{\"c\":null}}", ".a is gone\n.b = {\"c\":null}\n");
    assert_changes("{\"a\":null}", "{}", ".a is gone\n");
    assert_changes("{\"a\":null}", "{\"a\":0}", ".a: null -> 0\n");
}

static void lists_are_compared_item_by_item(void **state)
{
    (void)state;
    assert_changes("[1,2]", "[1,3,4]", "[1]: 2 -> 3\n[2] = 4\n");
    assert_changes("{\"l\":[{\"x\":1}]}", "{\"l\":[]}", ".l[0] is gone\n");
}

static void keys_that_are_no_names_are_quoted(void **state)
{
    (void)state;
    assert_changes("{}", "{\"a-b\":1,\"1\":2,\"\":3}", "[\"a-b\"] = 1\n[\"1\"] = 2\n[\"\"] = 3\n");
}

/* Two entries of one step are told apart by their numbers. */
static void what_waits_is_named_by_step_and_activation(void **state)
{
    struct instance *instance = instance_new(TEXT("demo"), TEXT("A1"));
    struct frame *frame = instance_add_frame(instance, 7);
    struct json *before = state_sight(NULL, NULL);
    struct json *after;
    struct json *changes;
    bool found = false;

    (void)state;
    frame->kind = FRAME_STEP;
    frame->state = FRAME_BACKING_OFF;
    frame->step = 3;
    frame->attempt = 2;
    instance->status = RUN_RUNNING;
    instance_arm(instance, TIMER_BACKOFF, 7, 0);
    after = state_sight(NULL, instance);
    changes = state_changes(before, after);
    for (size_t i = 0; i < json_count(changes); i++) {
        struct buffer line = {0};

        change_write(json_at(changes, i), &line);
        found = found || text_is(buffer_text(&line), "step 3#7 = \"backing-off, attempt 2\"");
        buffer_release(&line);
    }
    assert_true(found);
    assert_int_equal(json_count(changes), 3); /* status, waits, timers */
    json_free(changes);
    json_free(before);
    json_free(after);
    instance_free(instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_differs_is_told_with_its_path),
        cmocka_unit_test(what_comes_and_what_goes_is_told),
        cmocka_unit_test(lists_are_compared_item_by_item),
        cmocka_unit_test(keys_that_are_no_names_are_quoted),
        cmocka_unit_test(what_waits_is_named_by_step_and_activation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
