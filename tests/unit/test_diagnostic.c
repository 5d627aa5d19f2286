/* links: baton_compile */
#include "support/unit.h"

#include <string.h>

#include "compile/diagnostic.h"
#include "json/json.h"

static struct place at(const char *file, uint32_t line, uint32_t column, uint32_t width)
{
    return (struct place){.file = text_of(file), .line = line, .column = column, .width = width};
}

static void assert_printed(struct diagnostics *found, enum diagnostic_format format,
                           const char *expected)
{
    struct buffer out = {0};

    diagnostics_print(found, format, &out);
    assert_string_equal(buffer_string(&out), expected);
    buffer_release(&out);
}

static void findings_are_ordered_by_file_and_place(void **state)
{
    struct diagnostics found = {0};

    (void)state;
    diagnostics_source(&found, TEXT("main.yaml"), TEXT("a\n"));
    diagnostics_source(&found, TEXT("estate.yaml"), TEXT("a\n"));
    diagnostics_error(&found, "F101", at("estate.yaml", 1, 1, 1), "four");
    diagnostics_error(&found, "F101", at("main.yaml", 9, 1, 1), "three");
    diagnostics_warn(&found, "F101", at("main.yaml", 1, 5, 1), "two");
    diagnostics_error(&found, "F101", at("main.yaml", 1, 1, 1), "one");
    diagnostics_error(&found, "F102", at("main.yaml", 1, 1, 1), "one again");
    diagnostics_sort(&found);
    assert_true(text_is(found.items[0].message, "one"));
    assert_true(text_is(found.items[1].message, "one again"));
    assert_true(text_is(found.items[2].message, "two"));
    assert_true(text_is(found.items[3].message, "three"));
    assert_true(text_is(found.items[4].message, "four"));
    diagnostics_release(&found);
}

static void the_caret_stands_below_its_character(void **state)
{
    struct diagnostics found = {0};

    (void)state;
    diagnostics_source(&found, TEXT("f"), TEXT("x\r\n\t\xC3\xA4 word\n"));
    diagnostics_error(&found, "F204", at("f", 2, 4, 4), "bad '%s'", "word");
    diagnostics_note(&found, at("f", 1, 1, 1), "see");
    assert_printed(&found, DIAGNOSTIC_TEXT,
                   "f:2:4: error F204: bad 'word'\n"
                   "    2 |  \xC3\xA4 word\n"
                   "      |    ^~~~\n"
                   "f:1:1: note: see\n"
                   "    1 | x\n"
                   "      | ^\n");
    diagnostics_release(&found);
}

static void control_characters_of_a_file_are_not_printed(void **state)
{
    struct diagnostics found = {0};

    (void)state;
    diagnostics_source(&found, TEXT("f"), TEXT("a\033[31mb"));
    diagnostics_warn(&found, "F001", at("f", 1, 1, 1), "odd");
    assert_printed(&found, DIAGNOSTIC_TEXT,
                   "f:1:1: warning F001: odd\n    1 | a [31mb\n      | ^\n");
    diagnostics_release(&found);
}

static void a_place_outside_of_the_file_prints_no_line(void **state)
{
    struct diagnostics found = {0};

    (void)state;
    diagnostics_error(&found, "F701", (struct place){.file = TEXT("f")}, "too long");
    diagnostics_error(&found, "F701", at("f", 7, 1, 1), "where");
    assert_printed(&found, DIAGNOSTIC_TEXT, "f: error F701: too long\nf:7:1: error F701: where\n");
    diagnostics_release(&found);
}

static void errors_are_kept_when_there_are_many_warnings(void **state)
{
    struct diagnostics found = {0};

    (void)state;
    for (int i = 0; i < DIAGNOSTICS_MAX + 5; i++) {
        diagnostics_warn(&found, "F207", at("f", 1, 1, 1), "many");
        diagnostics_note(&found, at("f", 1, 1, 1), "note %d", i);
    }
    diagnostics_error(&found, "F101", at("f", 1, 1, 1), "one");
    assert_int_equal(found.warning_count, DIAGNOSTICS_MAX + 5);
    assert_int_equal(found.count, DIAGNOSTICS_MAX + 1);
    assert_string_equal(found.items[DIAGNOSTICS_MAX].id, "F101");
    assert_int_equal(found.items[DIAGNOSTICS_MAX].note_place.line, 0);
    assert_true(text_is(found.items[DIAGNOSTICS_MAX - 1].note, "note 999"));
    diagnostics_release(&found);
}

static void json_counts_and_lists_findings(void **state)
{
    struct diagnostics found = {0};
    struct buffer out = {0};
    struct json *root = NULL;
    struct error err;

    (void)state;
    diagnostics_warn(&found, "F410", at("a\"b", 3, 2, 4), "say \"x\"");
    diagnostics_print(&found, DIAGNOSTIC_JSON, &out);
    assert_int_equal(json_parse(text_sub(buffer_text(&out), 0, out.bytes - 1), &root, &err),
                     STATUS_OK);
    assert_int_equal(json_member_int(root, "errors", -1), 0);
    assert_int_equal(json_member_int(root, "warnings", -1), 1);
    assert_true(text_is(json_member_text(json_at(json_member(root, "findings"), 0), "message"),
                        "say \"x\""));
    json_free(root);
    buffer_release(&out);
    diagnostics_release(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(findings_are_ordered_by_file_and_place),
        cmocka_unit_test(the_caret_stands_below_its_character),
        cmocka_unit_test(control_characters_of_a_file_are_not_printed),
        cmocka_unit_test(a_place_outside_of_the_file_prints_no_line),
        cmocka_unit_test(errors_are_kept_when_there_are_many_warnings),
        cmocka_unit_test(json_counts_and_lists_findings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
