/* links: baton_app */
#include "support/unit.h"

#include "app/flow_test_rename.h"
#include "app/flow_test_running.h"

static void renamed_is(const char *definition, const char *wanted)
{
    struct buffer out = {.data = NULL};
    struct error err;

    assert_int_equal(flow_test_rename(text_of(definition), TEXT("t."), &out, &err), STATUS_OK);
    assert_string_equal(buffer_string(&out), wanted);
    buffer_release(&out);
}

static void topics_get_the_prefix_wherever_the_definition_names_them(void **state)
{
    (void)state;
    renamed_is("{\"topics\":{\"orders\":{\"key\":{\"path\":\".id\"}}}}",
               "{\"topics\":{\"t.orders\":{\"key\":{\"path\":\".id\"}}}}");
    renamed_is("{\"start\":[{\"topic\":\"orders\",\"from\":\"now\"}]}",
               "{\"start\":[{\"from\":\"now\",\"topic\":\"t.orders\"}]}");
    renamed_is("{\"services\":{\"s\":{\"commands\":\"c\",\"replies\":\"r\"}}}",
               "{\"services\":{\"s\":{\"commands\":\"t.c\",\"replies\":\"t.r\"}}}");
    renamed_is(
        "{\"do\":[{\"listen\":{\"any\":[{\"topic\":\"a\",\"as\":\"a\"},{\"signal\":\"b\"}]}}]}",
        "{\"do\":[{\"listen\":{\"any\":[{\"as\":\"a\",\"topic\":\"t.a\"},{\"signal\":\"b\"}]}}]}");
    renamed_is("{\"info\":{\"aliases\":{\"orders\":\"topic\"},\"lines\":{\"emit\":3}}}",
               "{\"info\":{\"aliases\":{\"t.orders\":\"topic\"},\"lines\":{\"emit\":3}}}");
}

static void what_the_author_sends_is_left_as_it_is(void **state)
{
    (void)state;
    renamed_is("{\"do\":[{\"emit\":\"a\",\"value\":{\"topic\":\"a\",\"emit\":\"a\"}}]}",
               "{\"do\":[{\"emit\":\"t.a\",\"value\":{\"emit\":\"a\",\"topic\":\"a\"}}]}");
    renamed_is(
        "{\"do\":[{\"set\":{\"topic\":\"a\"}},{\"run\":\"f\",\"input\":{\"topic\":\"a\"}}]}",
        "{\"do\":[{\"set\":{\"topic\":\"a\"}},{\"input\":{\"topic\":\"a\"},\"run\":\"f\"}]}");
}

static void names_that_the_author_gave_to_branches_and_services_mean_nothing(void **state)
{
    (void)state;
    renamed_is("{\"do\":[{\"fork\":{\"branches\":{\"value\":[{\"emit\":\"a\"}]}}}]}",
               "{\"do\":[{\"fork\":{\"branches\":{\"value\":[{\"emit\":\"t.a\"}]}}}]}");
    renamed_is("{\"services\":{\"data\":{\"commands\":\"c\"}}}",
               "{\"services\":{\"data\":{\"commands\":\"t.c\"}}}");
}

static void what_is_no_definition_is_refused(void **state)
{
    struct buffer out = {.data = NULL};
    struct error err;

    (void)state;
    assert_int_equal(flow_test_rename(TEXT("{"), TEXT("t."), &out, &err), STATUS_REJECT);
    buffer_release(&out);
}

static void the_prefix_is_hidden_wherever_it_stands(void **state)
{
    char text[] = "t.a -> t.b (part of it: at.)";

    (void)state;
    flow_test_hide(text, TEXT("t."));
    assert_string_equal(text, "a -> b (part of it: a)");
    flow_test_hide(text, TEXT(""));
    assert_string_equal(text, "a -> b (part of it: a)");
    flow_test_hide(NULL, TEXT("t."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_get_the_prefix_wherever_the_definition_names_them),
        cmocka_unit_test(what_the_author_sends_is_left_as_it_is),
        cmocka_unit_test(names_that_the_author_gave_to_branches_and_services_mean_nothing),
        cmocka_unit_test(what_is_no_definition_is_refused),
        cmocka_unit_test(the_prefix_is_hidden_wherever_it_stands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
