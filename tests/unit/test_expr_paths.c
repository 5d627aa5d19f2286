/* links: baton_expr */
#include <stdio.h>
#include <string.h>

#include "expr/expr.h"
#include "support/unit.h"

/* The paths of `source`, one after the other, each followed by '?' if it is guarded. */
static void assert_paths(const char *source, const char *wanted)
{
    struct expr_scope scope = {.names = {TEXT("m")}, .count = 1};
    const struct expr_path *paths;
    struct expr_problem problem;
    struct expr *expr = NULL;
    struct buffer text = {0};
    uint32_t count;

    if (expr_compile(text_of(source), &scope, &expr, &problem) != STATUS_OK) {
        fail_msg("%s: %s", source, problem.text);
    }
    count = expr_paths(expr, &paths);
    for (uint32_t i = 0; i < count; i++) {
        buffer_addf(&text, "%s%.*s%s", i == 0 ? "" : " ", TEXT_ARG(paths[i].path),
                    paths[i].guarded ? "?" : "");
    }
    if (strcmp(buffer_string(&text), wanted) != 0) {
        fail_msg("%s\n  wants %s\n  gives %s", source, wanted, buffer_string(&text));
    }
    buffer_release(&text);
    expr_free(expr);
}

static void plain_path_is_read_whole(void **state)
{
    (void)state;
    assert_paths(".", ".");
    assert_paths(".charge.paymentId", ".charge.paymentId");
    assert_paths(".\"a b\".c", ".\"a b\".c");
    assert_paths(".[\"a\"][\"b\"]", ".a.b");
    assert_paths(".lines[0].sku", ".lines[0].sku");
    assert_paths(".[0]", ".[0]");
    assert_paths(".lines[].sku", ".lines[].sku");
    assert_paths(". | .a", ".a");
}

static void pipe_continues_a_path(void **state)
{
    (void)state;
    assert_paths(".charge | .paymentId", ".charge.paymentId");
    assert_paths("(.a | .b).c", ".a.b.c");
    assert_paths(".lines | map(.sku)", ".lines[].sku");
    assert_paths(".lines | map(select(.n > 1) | .sku)", ".lines[].n .lines[].sku");
    assert_paths(".lines | any(.n > 1)", ".lines[].n");
    assert_paths(".lines | sort_by(.n)", ".lines .lines[].n");
    assert_paths("first(.lines[]).sku", ".lines[].sku");
    assert_paths(".a | length", ".a");
}

static void dynamic_index_cuts(void **state)
{
    (void)state;
    assert_paths(".a[.n].b", ".n .a");
    assert_paths(".a[1:2][0]", ".a");
    assert_paths(".[.key]", ".key .");
}

static void every_operand_is_read(void **state)
{
    (void)state;
    assert_paths(".a + .b * .c", ".a .b .c");
    assert_paths(".a == 1 and (.b | not)", ".a .b");
    assert_paths("{x: .a, (.k): .b, c}", ".a .k .b .c");
    assert_paths("[.a, .b[]]", ".a .b[]");
    assert_paths("\"\\(.a) and \\(.b.c)\"", ".a .b.c");
    assert_paths("if .a then .b elif .c then .d else 1 end", ".a .b .c .d");
    assert_paths(".a | has(\"k\")", ".a");
    assert_paths("range(.n)", ".n");
}

static void what_is_no_input_is_not_read(void **state)
{
    (void)state;
    assert_paths("$m.a.b", "");
    assert_paths("uuid", "");
    assert_paths("duration(\"1m\")", "");
    assert_paths("{a: 1} | .a", "");
    assert_paths("1, \"x\", null", "");
    assert_paths("[.a] | .[0].b", ".a");
}

static void path_left_of_alternative_before_question_mark_or_beside_null_is_guarded(void **state)
{
    (void)state;
    assert_paths(".charge.paymentId // null", ".charge.paymentId?");
    assert_paths(".a == null", ".a?");
    assert_paths("null != .a.b", ".a.b?");
    assert_paths(".a == .b", ".a .b");
    assert_paths(".a // .b", ".a? .b");
    assert_paths(".a? + .b", ".a? .b");
    assert_paths(".a?.b", ".a.b?");
    assert_paths("(.a + .b)?", ".a? .b?");
    assert_paths(".a[]?", ".a[]?");
}

static void path_has_its_place_in_the_source(void **state)
{
    const struct expr_path *paths;
    struct expr_problem problem;
    struct expr *expr = NULL;

    (void)state;
    assert_int_equal(expr_compile(TEXT("1 + (.a | .b) + .c"), NULL, &expr, &problem), STATUS_OK);
    assert_int_equal(expr_paths(expr, &paths), 2);
    assert_int_equal(paths[0].offset, 5);
    assert_int_equal(paths[1].offset, 16);
    expr_free(expr);
}

static void assert_warnings(const char *source, const char *wanted)
{
    struct expr_warning warnings[8];
    struct buffer text = {0};
    uint32_t count = expr_lint(text_of(source), warnings, 8);

    for (uint32_t i = 0; i < count; i++) {
        assert_true(warnings[i].text[0] != '\0');
        buffer_addf(&text, "%s%s %.*s", i == 0 ? "" : ", ",
                    warnings[i].kind == EXPR_WARNING_SUBTRACTION ? "minus" : "assign",
                    (int)warnings[i].bytes, source + warnings[i].offset);
    }
    if (strcmp(buffer_string(&text), wanted) != 0) {
        fail_msg("%s\n  wants %s\n  gives %s", source, wanted, buffer_string(&text));
    }
    buffer_release(&text);
}

static void key_with_a_hyphen_is_said_to_be_a_subtraction(void **state)
{
    (void)state;
    assert_warnings(".foo-bar", "minus .foo-bar");
    assert_warnings("1 + .a.order-id-x == 2", "minus .order-id-x");
    assert_warnings(".a - .b", "");
    assert_warnings(".a -b", "");
    assert_warnings(".a-1", "");
    assert_warnings(".a-.b", "");
    assert_warnings(".\"foo-bar\"", "");
    assert_warnings("\".foo-bar\"", "");
    assert_warnings("# .foo-bar\n.a", "");
}

static void assignment_is_said_to_be_one(void **state)
{
    (void)state;
    assert_warnings(".a = 1", "assign =");
    assert_warnings(".a |= 1", "assign |=");
    assert_warnings(".a == 1 and .b != 2 and .c >= 3 and .d <= 4", "");
    assert_warnings("\"a = b\"", "");
}

static void strings_are_looked_into_where_they_are_expressions(void **state)
{
    (void)state;
    assert_warnings("\"x \\(.foo-bar) = \\((.a) = 1) .b-c\" = 1",
                    "minus .foo-bar, assign =, assign =");
    assert_warnings("\"unclosed \\(.foo-bar", "minus .foo-bar");
    assert_warnings("\"unclosed .foo-bar", "");
    assert_warnings("\"\\", "");
}

static void warnings_are_counted_up_to_what_there_is_room_for(void **state)
{
    struct expr_warning warnings[2];

    (void)state;
    assert_int_equal(expr_lint(TEXT(".a = .b = .c = .d"), warnings, 2), 2);
    assert_int_equal(expr_lint(TEXT(".a = 1"), warnings, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_path_is_read_whole),
        cmocka_unit_test(pipe_continues_a_path),
        cmocka_unit_test(dynamic_index_cuts),
        cmocka_unit_test(every_operand_is_read),
        cmocka_unit_test(what_is_no_input_is_not_read),
        cmocka_unit_test(path_left_of_alternative_before_question_mark_or_beside_null_is_guarded),
        cmocka_unit_test(path_has_its_place_in_the_source),
        cmocka_unit_test(key_with_a_hyphen_is_said_to_be_a_subtraction),
        cmocka_unit_test(assignment_is_said_to_be_one),
        cmocka_unit_test(strings_are_looked_into_where_they_are_expressions),
        cmocka_unit_test(warnings_are_counted_up_to_what_there_is_room_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
