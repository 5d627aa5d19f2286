/* links: baton_app */
#include "app/dev_services.h"

#include "support/unit.h"

static void assert_findings(const char *source, const char *wanted)
{
    struct diagnostics diagnostics = {0};
    struct dev_services services;
    struct buffer out = {0};

    (void)!dev_services_read(TEXT("s.yaml"), text_of(source), &diagnostics, &services);
    for (uint32_t i = 0; i < diagnostics.count; i++) {
        const struct diagnostic *found = &diagnostics.items[i];

        buffer_addf(&out, "%.*s:%u:%u: %s %.*s\n", TEXT_ARG(found->place.file), found->place.line,
                    found->place.column, found->id, TEXT_ARG(found->message));
    }
    assert_string_equal(buffer_string(&out), wanted);
    buffer_release(&out);
    dev_services_release(&services);
    diagnostics_release(&diagnostics);
}

static void a_whole_file_is_read(void **state)
{
    static const char source[] = "delay: 10ms..1s\n"
                                 "services:\n"
                                 "  pay:\n"
                                 "    delay: 2s\n"
                                 "    failure: 12.5%\n"
                                 "    types:\n"
                                 "      Capture:\n"
                                 "        success: {ok: true, id: \"P-${ .id }\"}\n"
                                 "        failure: {every: 3, error: Broke, reason: no money}\n"
                                 "        silence: {attempts: 2, lost: true}\n"
                                 "        duplicate: {rate: 1%, after: 5s}\n";
    struct diagnostics diagnostics = {0};
    struct dev_services services;

    (void)state;
    assert_int_equal(dev_services_read(TEXT("s.yaml"), TEXT(source), &diagnostics, &services),
                     STATUS_OK);
    assert_int_equal(services.delay_from_ms, 10);
    assert_int_equal(services.delay_to_ms, 1000);
    struct dev_service *pay = dev_services_find(&services, TEXT("pay"));
    assert_non_null(pay);
    assert_int_equal(pay->behaviour.delay_from_ms, 2000);
    assert_int_equal(pay->behaviour.failure.chance.permille, 125);
    struct dev_type *capture = dev_services_type(pay, TEXT("Capture"));
    assert_non_null(capture);
    assert_non_null(capture->behaviour.success);
    assert_int_equal(capture->behaviour.failure.chance.every, 3);
    assert_int_equal(capture->behaviour.failure.chance.permille, 1000);
    assert_true(text_is(capture->behaviour.failure.error, "Broke"));
    assert_int_equal(capture->behaviour.failure.place.line, 9);
    assert_int_equal(capture->behaviour.silence.attempts, 2);
    assert_true(capture->behaviour.silent_before);
    assert_int_equal(capture->behaviour.duplicate.permille, 10);
    assert_int_equal(capture->behaviour.duplicate_ms, 5000);
    assert_null(dev_services_find(&services, TEXT("ship")));
    dev_services_release(&services);
    diagnostics_release(&diagnostics);
}

static void findings_name_line_and_column(void **state)
{
    (void)state;
    assert_findings("services:\n  pay: {delai: 1s}\n",
                    "s.yaml:2:9: D101 unknown key 'delai' (did you mean 'delay'?)\n");
    assert_findings("service: {}\n",
                    "s.yaml:1:1: D101 unknown key 'service' (did you mean 'services'?)\n");
    assert_findings("services: [pay]\n",
                    "s.yaml:1:11: D103 expected a map of services, found a list\n");
    assert_findings("services:\n  pay: {failure: 0.5}\n",
                    "s.yaml:2:18: D103 expected a rate from 0% to 100%, found number 0.5\n");
    assert_findings("services:\n  pay: {failure: 101%}\n",
                    "s.yaml:2:18: D103 expected a rate from 0% to 100%, found text '101%'\n");
    assert_findings("services:\n  pay: {silence: {every: 0}}\n",
                    "s.yaml:2:26: D103 expected a whole number from 1 on, found number 0\n");
    assert_findings("delay: 2s..1s\n", "s.yaml:1:8: D105 a range begins with the shorter span\n");
}

static void expressions_are_checked_where_they_stand(void **state)
{
    (void)state;
    assert_findings("services:\n  pay:\n    failure: {when: \".a == $dat\"}\n",
                    "s.yaml:3:28: D301 there is no variable '$dat'\n");
    assert_findings("services:\n  pay:\n    success: {a: {b: \"x ${ .a | nope }\"}}\n",
                    "s.yaml:3:33: D301 unknown function 'nope'\n");
    assert_findings("services:\n  pay:\n    success: {a: \"${ .a\"}\n",
                    "s.yaml:3:18: D301 '${' is not closed\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_is_read),
        cmocka_unit_test(findings_name_line_and_column),
        cmocka_unit_test(expressions_are_checked_where_they_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
