/* links: baton_app */
#include "app/flow_test_run.h"

#include <stdlib.h>

#include "base/rng.h"
#include "support/unit.h"

static const char whole[] =
    "flows: [parcel.yaml, ../b/child.yaml]\n"
    "clock: 2026-03-02T09:00:00Z\n"
    "start: {id: p-1}\n"
    "answers:\n"
    "  weigh: {reply: {ok: true, kg: \"${ .kg }\"}, after: 2s, twice: 1m}\n"
    "cases:\n"
    "  - case: first\n"
    "    start: {kg: 3}\n"
    "    send:\n"
    "      - {at: 3d, topic: news, value: {id: p-1}, type: Seen, key: p-1, headers: {a: b}}\n"
    "      - {at: 4d, cancel: enough, instance: p-1}\n"
    "    answers:\n"
    "      weigh: [silence, {failure: TooHeavy, when: .kg > 2, times: 2}, success]\n"
    "      undo weigh: {failure: {error: E, reason: why}}\n"
    "    until: 6w\n"
    "    expect:\n"
    "      end: completed\n"
    "      took: 2h..3h\n"
    "      undone: [weigh]\n"
    "      commands: {weigh: 2, undo weigh: {times: 1, value: {id: \"${ . != null }\"}}}\n"
    "      instances: {p-2: {end: open}}\n";

static void read_findings(const char *source, struct buffer *out)
{
    struct diagnostics diagnostics = {0};
    struct flow_test test;

    (void)!flow_test_read(TEXT("a/parcel.test.yaml"), text_of(source), &diagnostics, &test);
    for (uint32_t i = 0; i < diagnostics.count; i++) {
        const struct diagnostic *found = &diagnostics.items[i];

        buffer_addf(out, "%u:%u: %s %.*s\n", found->place.line, found->place.column, found->id,
                    TEXT_ARG(found->message));
    }
    flow_test_release(&test);
    diagnostics_release(&diagnostics);
}

static void assert_findings(const char *source, const char *wanted)
{
    struct buffer out = {0};

    read_findings(source, &out);
    assert_string_equal(buffer_string(&out), wanted);
    buffer_release(&out);
}

static void a_whole_file_is_read(void **state)
{
    struct diagnostics diagnostics = {0};
    struct flow_test test;

    (void)state;
    assert_int_equal(flow_test_read(TEXT("a/parcel.test.yaml"), TEXT(whole), &diagnostics, &test),
                     STATUS_OK);
    assert_int_equal(test.flow_count, 2);
    assert_true(text_is(test.flows[0], "a/parcel.yaml"));
    assert_true(text_is(test.flows[1], "a/../b/child.yaml"));
    assert_int_equal(test.case_count, 1);
    const struct flow_test_case *one = &test.cases[0];
    assert_int_equal(one->until_ms, INT64_C(6) * 7 * 24 * 3600 * 1000);
    assert_int_equal(one->sends.count, 2);
    assert_int_equal(one->sends.items[0].at_ms, INT64_C(3) * 24 * 3600 * 1000);
    assert_true(one->sends.items[1].is_operator);
    assert_int_equal(one->sends.items[1].verb, OPERATOR_CANCEL);
    assert_int_equal(one->answers.count, 2);
    assert_int_equal(one->answers.items[0].count, 3);
    assert_int_equal(one->answers.items[0].answers[1].times, 2);
    assert_true(one->answers.items[1].is_undo);
    assert_true(text_is(one->answers.items[1].answers[0].said.failure.reason, "why"));
    assert_int_equal(one->expect.took_from_ms, 2 * 3600 * 1000);
    assert_int_equal(one->expect.took_to_ms, 3 * 3600 * 1000);
    assert_non_null(one->expect.of[0].end);
    assert_int_equal(test.answers.items[0].answers[0].said.again_ms, 60000);
    flow_test_release(&test);
    diagnostics_release(&diagnostics);
}

static void without_flows_the_file_beside_is_meant(void **state)
{
    struct diagnostics diagnostics = {0};
    struct flow_test test;

    (void)state;
    assert_int_equal(flow_test_read(TEXT("a/b.test.yml"),
                                    TEXT("cases: [{case: x, expect: {end: open}}]"), &diagnostics,
                                    &test),
                     STATUS_OK);
    assert_true(text_is(test.flows[0], "a/b.yml"));
    flow_test_release(&test);
    diagnostics_release(&diagnostics);
}

#define CASE "cases:\n  - case: x\n"
#define HOPE "    expect: {end: open}\n"

static void findings_name_line_and_column(void **state)
{
    (void)state;
    assert_findings("case: []\n", "1:1: D101 unknown key 'case' (did you mean 'cases'?)\n"
                                  "1:1: D102 missing required 'cases'\n");
    assert_findings("cases: []\n",
                    "1:8: D103 expected a list of 1 to 1000 cases, found an empty list\n");
    assert_findings(CASE, "2:5: D102 missing required 'expect'\n");
    assert_findings(CASE "    expect: {}\n",
                    "3:13: D108 nothing is expected, so the case cannot fail\n");
    assert_findings(CASE HOPE "  - case: x\n" HOPE, "4:11: D109 there is a case 'x' already\n");
    assert_findings(CASE "    expect: {ende: open}\n",
                    "3:14: D101 unknown key 'ende' (did you mean 'end'?)\n");
    assert_findings(CASE "    expect: {end: done}\n",
                    "3:19: D103 expected completed, failed, cancelled, expired, open or stuck, "
                    "found text 'done'\n");
    assert_findings(CASE "    expect: {took: 5}\n",
                    "3:20: D103 expected a duration such as 2h, or a range such as 2h..3h, found "
                    "number 5\n");
    assert_findings(CASE HOPE "    send: [{at: 3d}]\n",
                    "4:12: D106 nothing is sent: 'value' is missing (or 'signal', 'cancel', "
                    "'pause', 'resume', "
                    "'retry', 'skip', 'done', 'failed')\n");
    assert_findings(CASE HOPE "    send: [{value: 1, signal: a}]\n", "");
    assert_findings(CASE HOPE "    send: [{value: 1, cancel: a}]\n",
                    "4:12: D106 two things at once: one item for each\n");
    assert_findings(CASE HOPE "    answers: {a: {reply: {}, silence: true}}\n",
                    "4:18: D107 one of 'reply', 'failure' and 'silence' only\n");
    assert_findings(CASE HOPE "    answers: {a: nothing}\n",
                    "4:18: D103 expected success, failure, silence, or a map such as {reply: "
                    "{...}}, found text 'nothing'\n");
    assert_findings(CASE "    expect: {result: {a: \"${ .b + }\"}}\n",
                    "3:35: D301 expected an expression, found the end\n");
}

/* Whatever bytes are in such a file, there are findings or none; the process goes on. */
static void damaged_files_never_abort(void **state)
{
    static const char bits[] = "{}[]:,-#\"'${|>&* \n\t0a.";
    struct rng rng = {.state = 7};
    struct buffer out = {0};

    (void)state;
    for (int i = 0; i < 3000; i++) {
        char *damaged = text_dup(TEXT(whole));
        size_t changes = 1 + rng_below(&rng, 6);

        for (size_t k = 0; k < changes; k++) {
            size_t at = rng_below(&rng, sizeof(whole) - 2);

            if (rng_chance(&rng, 500)) {
                damaged[at] = bits[rng_below(&rng, sizeof(bits) - 1)];
            } else {
                size_t from = rng_below(&rng, sizeof(whole) - 2);
                size_t most = sizeof(whole) - 1 - (at > from ? at : from);
                size_t bytes = rng_below(&rng, most < 40 ? most : 40);

                memmove(damaged + at, damaged + from, bytes);
            }
        }
        buffer_clear(&out);
        read_findings(damaged, &out);
        free(damaged);
    }
    buffer_release(&out);
}

static void the_schema_has_all_keys(void **state)
{
    struct json *schema = flow_test_schema();
    const struct json *definitions = json_member(schema, "definitions");
    const struct json *expect = json_member(definitions, "expect");

    (void)state;
    assert_non_null(json_member(json_member(schema, "properties"), "cases"));
    assert_non_null(json_member(json_member(expect, "properties"), "took"));
    assert_non_null(json_member(definitions, "answer"));
    json_free(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_is_read),
        cmocka_unit_test(without_flows_the_file_beside_is_meant),
        cmocka_unit_test(findings_name_line_and_column),
        cmocka_unit_test(damaged_files_never_abort),
        cmocka_unit_test(the_schema_has_all_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
