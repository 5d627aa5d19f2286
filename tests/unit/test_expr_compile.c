/* links: baton_expr */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "expr/expr.h"
#include "support/unit.h"

static struct expr_scope scope_of_two(void)
{
    return (struct expr_scope){.names = {TEXT("message"), TEXT("error")}, .count = 2};
}

static struct expr_problem problem_of(const char *source)
{
    struct expr_scope scope = scope_of_two();
    struct expr_problem problem;
    struct expr *expr = NULL;

    if (expr_compile(text_of(source), &scope, &expr, &problem) == STATUS_OK) {
        expr_free(expr);
        fail_msg("compiles: %s", source);
    }
    assert_null(expr);
    return problem;
}

static void assert_compiles(const char *source)
{
    struct expr_scope scope = scope_of_two();
    struct expr_problem problem;
    struct expr *expr = NULL;

    if (expr_compile(text_of(source), &scope, &expr, &problem) != STATUS_OK) {
        fail_msg("%s: %zu: %s", source, problem.offset, problem.text);
    }
    expr_free(expr);
}

/* The problem is of this kind and stands under `piece`, marked in the source by its place. */
static void assert_problem(const char *source, enum expr_problem_kind kind, const char *piece,
                           const char *words)
{
    struct expr_problem problem = problem_of(source);
    const char *place = strstr(source, piece);

    assert_non_null(place);
    if (problem.kind != kind || problem.offset != (size_t)(place - source) ||
        problem.bytes != strlen(piece) || strstr(problem.text, words) == NULL) {
        fail_msg("%s: kind %d at %zu+%zu: %s", source, (int)problem.kind, problem.offset,
                 problem.bytes, problem.text);
    }
}

static void assert_ends_early(const char *source, const char *words)
{
    struct expr_problem problem = problem_of(source);

    if (problem.kind != EXPR_PROBLEM_SYNTAX || problem.offset != strlen(source) ||
        problem.bytes != 1 || strstr(problem.text, words) == NULL) {
        fail_msg("%s: at %zu+%zu: %s", source, problem.offset, problem.bytes, problem.text);
    }
}

static void syntax_problem_stands_under_the_offending_piece(void **state)
{
    (void)state;
    assert_problem(".a .. .b", EXPR_PROBLEM_SYNTAX, "..", "recursion");
    assert_problem(".a ] .b", EXPR_PROBLEM_SYNTAX, "]", "an operator or the end");
    assert_problem(".a + * .b", EXPR_PROBLEM_SYNTAX, "*", "expected an expression");
    assert_problem("[.a, .b)", EXPR_PROBLEM_SYNTAX, ")", "']'");
    assert_problem("{a 1}", EXPR_PROBLEM_SYNTAX, "1", "',' or '}'");
    assert_problem("{(.a) 1}", EXPR_PROBLEM_SYNTAX, "1", "':'");
    assert_problem("if .a else 1 end", EXPR_PROBLEM_SYNTAX, "else", "'then'");
    assert_problem("1 < 2 <= 3", EXPR_PROBLEM_SYNTAX, "<=", "chained");
    assert_problem(".a.b = 1", EXPR_PROBLEM_SYNTAX, "=", "'=='");
    assert_problem(".a |= 1", EXPR_PROBLEM_SYNTAX, "|=", "assigns");
    assert_problem("\"x\\qy\"", EXPR_PROBLEM_SYNTAX, "\\q", "escape");
    assert_problem("\"x\\u12\"", EXPR_PROBLEM_SYNTAX, "\\u", "hexadecimal");
    assert_problem("\"\\ud83d.\"", EXPR_PROBLEM_SYNTAX, "\\ud83d", "surrogate");
    assert_problem("1 + \"abc", EXPR_PROBLEM_SYNTAX, "\"", "not closed");
    assert_problem("99999999999999999999", EXPR_PROBLEM_SYNTAX, "99999999999999999999", "64 bits");
    assert_problem("del(.a + 1)", EXPR_PROBLEM_SYNTAX, ".a + 1", "paths");
    assert_problem(".a | test(\"a(b\")", EXPR_PROBLEM_SYNTAX, "\"a(b\"", "'(' is not closed");
    assert_problem("\"ü\" + ä", EXPR_PROBLEM_SYNTAX, "ä", "expected an expression");
}

static void unfinished_source_is_a_problem_at_its_end(void **state)
{
    (void)state;
    assert_ends_early("", "empty");
    assert_ends_early("  # nothing", "empty");
    assert_ends_early(".a +", "found the end");
    assert_ends_early("[1, 2", "']'");
    assert_ends_early("{a: 1", "'}'");
    assert_ends_early("(.a", "')'");
    assert_ends_early(".a.", "after '.'");
    assert_ends_early("if .a then 1", "'end'");
    assert_ends_early("split(\",\"", "')'");
}

static void habits_from_other_languages_get_a_hint(void **state)
{
    (void)state;
    assert_problem(".a && .b", EXPR_PROBLEM_SYNTAX, "&&", "'and'");
    assert_problem(".a || .b", EXPR_PROBLEM_SYNTAX, "||", "'or'");
    assert_problem("!.a", EXPR_PROBLEM_SYNTAX, "!", "| not");
    assert_problem(".a == 'x'", EXPR_PROBLEM_SYNTAX, "'", "double quotes");
    assert_problem("reduce .[] as $x (0; 1)", EXPR_PROBLEM_SYNTAX, "reduce", "loops");
    assert_problem(".a as $x | $x", EXPR_PROBLEM_SYNTAX, "as", "not part of the language");
    assert_problem("def f: 1; f", EXPR_PROBLEM_SYNTAX, "def", "not part of the language");
}

static void unknown_function_names_the_nearest(void **state)
{
    struct expr_problem problem;

    (void)state;
    problem = problem_of(".a | lenght");
    assert_int_equal(problem.kind, EXPR_PROBLEM_UNKNOWN_FUNCTION);
    assert_int_equal(problem.offset, 5);
    assert_int_equal(problem.bytes, 6);
    assert_string_equal(problem.name, "lenght");
    assert_string_equal(problem.suggestion, "length");
    assert_string_equal(problem_of("selct(.a)").suggestion, "select");
    assert_string_equal(problem_of("@bas64").suggestion, "@base64");
    assert_string_equal(problem_of("frobnicate").suggestion, "");
}

static void function_with_another_number_of_arguments_is_told_so(void **state)
{
    (void)state;
    assert_problem(".a | split", EXPR_PROBLEM_UNKNOWN_FUNCTION, "split", "1 argument, not 0");
    assert_problem("length(.a)", EXPR_PROBLEM_UNKNOWN_FUNCTION, "length", "0 arguments, not 1");
    assert_problem("range(1;2;3;4;5;6)", EXPR_PROBLEM_UNKNOWN_FUNCTION, "range", "argument");
}

static void function_of_jq_that_is_not_here_names_what_is(void **state)
{
    (void)state;
    assert_problem("map_values(.x)", EXPR_PROBLEM_UNKNOWN_FUNCTION, "map_values", "with_entries");
    assert_problem("error(\"x\")", EXPR_PROBLEM_UNKNOWN_FUNCTION, "error", "raise");
    assert_problem("@csv", EXPR_PROBLEM_UNKNOWN_FUNCTION, "@csv", "not part of the language");
    assert_problem("@uri \"\\(.a)\"", EXPR_PROBLEM_UNKNOWN_FUNCTION, "@uri", "not part");
}

static void forbidden_function_says_why_and_what_instead(void **state)
{
    (void)state;
    assert_problem("now", EXPR_PROBLEM_FORBIDDEN_FUNCTION, "now", "use $now");
    assert_problem(".a + env.HOME", EXPR_PROBLEM_FORBIDDEN_FUNCTION, "env", "secrets");
    assert_problem("$ENV.HOME", EXPR_PROBLEM_FORBIDDEN_FUNCTION, "$ENV", "secrets");
    assert_problem("input", EXPR_PROBLEM_FORBIDDEN_FUNCTION, "input", "reads only");
    assert_problem("[inputs]", EXPR_PROBLEM_FORBIDDEN_FUNCTION, "inputs", "reads only");
    assert_problem(".a | debug", EXPR_PROBLEM_FORBIDDEN_FUNCTION, "debug", "side effects");
    assert_problem(". | stderr", EXPR_PROBLEM_FORBIDDEN_FUNCTION, "stderr", "side effects");
    assert_problem("halt", EXPR_PROBLEM_FORBIDDEN_FUNCTION, "halt", "raise an error");
    assert_problem("halt_error(1)", EXPR_PROBLEM_FORBIDDEN_FUNCTION, "halt_error", "raise");
    assert_problem("input_line_number", EXPR_PROBLEM_FORBIDDEN_FUNCTION, "input_line_number", "");
    assert_problem("{$__loc__}", EXPR_PROBLEM_FORBIDDEN_FUNCTION, "$__loc__", "not allowed");
}

static void unknown_variable_names_the_nearest(void **state)
{
    struct expr_problem problem = problem_of(".a + $eror.title");

    (void)state;
    assert_int_equal(problem.kind, EXPR_PROBLEM_UNKNOWN_VARIABLE);
    assert_int_equal(problem.offset, 5);
    assert_int_equal(problem.bytes, 5);
    assert_string_equal(problem.name, "eror");
    assert_string_equal(problem.suggestion, "$error");
    assert_string_equal(problem_of("$count").suggestion, "");
}

static void problem_inside_an_interpolation_has_its_place_in_the_whole(void **state)
{
    (void)state;
    assert_problem("\"a\\(.b | foo)c\"", EXPR_PROBLEM_UNKNOWN_FUNCTION, "foo", "unknown function");
    assert_problem("\"a\\(.b ] .c)d\"", EXPR_PROBLEM_SYNTAX, "]", "expected");
    assert_problem("\"a\\( \"b\\(]) \" )\"", EXPR_PROBLEM_SYNTAX, "]", "expected");
}

static void what_is_not_utf8_is_refused_at_its_byte(void **state)
{
    struct expr_problem problem;
    struct expr *expr;

    (void)state;
    assert_int_equal(expr_compile(TEXT("\"ü\xFF\""), NULL, &expr, &problem), STATUS_REJECT);
    assert_int_equal(problem.offset, 3);
    assert_non_null(strstr(problem.text, "UTF-8"));
}

/* `count` times `open`, then "1", then `count` times `close`. */
static struct buffer nested(const char *open, const char *close, size_t count)
{
    struct buffer source = {0};

    for (size_t i = 0; i < count; i++) {
        buffer_add_text(&source, text_of(open));
    }
    buffer_add_char(&source, '1');
    for (size_t i = 0; i < count; i++) {
        buffer_add_text(&source, text_of(close));
    }
    return source;
}

static void assert_nesting_is_limited(const char *open, const char *close)
{
    struct buffer deep = nested(open, close, EXPR_DEPTH_MAX - 1);
    struct buffer deeper = nested(open, close, 2000);
    struct expr_problem problem;

    assert_compiles(buffer_string(&deep));
    problem = problem_of(buffer_string(&deeper));
    if (strstr(problem.text, "deep") == NULL) {
        fail_msg("%s: %s", open, problem.text);
    }
    buffer_release(&deep);
    buffer_release(&deeper);
}

static void nesting_of_the_source_is_limited(void **state)
{
    (void)state;
    assert_nesting_is_limited("(", ")");
    assert_nesting_is_limited("[", "]");
    assert_nesting_is_limited("{a:", "}");
    assert_nesting_is_limited("\"\\(", ")\"");
    assert_nesting_is_limited("map(", ")");
    assert_nesting_is_limited(".[", "]");
}

static void chains_that_would_nest_the_evaluation_are_limited(void **state)
{
    static const char *const links[] = {"1 + ",   ". | ",   "1 // ",    "-",
                                        "[.] | ", ".[] | ", "true and "};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(links); i++) {
        struct buffer few = nested(links[i], "", 100);
        struct buffer many = nested(links[i], "", 1500);
        struct expr_problem problem;

        assert_compiles(buffer_string(&few));
        problem = problem_of(buffer_string(&many));
        if (strstr(problem.text, "deep") == NULL) {
            fail_msg("%s: %s", links[i], problem.text);
        }
        buffer_release(&few);
        buffer_release(&many);
    }
}

static void long_lists_are_no_depth(void **state)
{
    struct buffer list = nested("[1", "]", 1);

    (void)state;
    buffer_clear(&list);
    buffer_add_text(&list, TEXT("[0"));
    for (int i = 0; i < 3000; i++) {
        buffer_add_text(&list, TEXT(", 1"));
    }
    buffer_add_text(&list, TEXT("]"));
    assert_compiles(buffer_string(&list));
    buffer_release(&list);
}

static void source_length_is_limited(void **state)
{
    struct buffer source = {0};
    struct expr_problem problem;

    (void)state;
    while (source.bytes <= EXPR_SOURCE_BYTES_MAX) {
        buffer_add_text(&source, TEXT("1, "));
    }
    problem = problem_of(buffer_string(&source));
    assert_non_null(strstr(problem.text, "too long"));
    buffer_release(&source);
}

static void variables_that_are_read_are_known(void **state)
{
    struct expr_scope scope = scope_of_two();
    struct expr_problem problem;
    struct expr *expr = NULL;

    (void)state;
    assert_int_equal(expr_compile(TEXT(".a == $error.title"), &scope, &expr, &problem), STATUS_OK);
    assert_int_equal(expr_variables(expr), 1U << 1);
    assert_true(text_is(expr_source(expr), ".a == $error.title"));
    expr_free(expr);
    assert_int_equal(expr_compile(TEXT("{$message} + $error"), &scope, &expr, &problem), STATUS_OK);
    assert_int_equal(expr_variables(expr), 3);
    expr_free(expr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syntax_problem_stands_under_the_offending_piece),
        cmocka_unit_test(unfinished_source_is_a_problem_at_its_end),
        cmocka_unit_test(habits_from_other_languages_get_a_hint),
        cmocka_unit_test(unknown_function_names_the_nearest),
        cmocka_unit_test(function_with_another_number_of_arguments_is_told_so),
        cmocka_unit_test(function_of_jq_that_is_not_here_names_what_is),
        cmocka_unit_test(forbidden_function_says_why_and_what_instead),
        cmocka_unit_test(unknown_variable_names_the_nearest),
        cmocka_unit_test(problem_inside_an_interpolation_has_its_place_in_the_whole),
        cmocka_unit_test(what_is_not_utf8_is_refused_at_its_byte),
        cmocka_unit_test(nesting_of_the_source_is_limited),
        cmocka_unit_test(chains_that_would_nest_the_evaluation_are_limited),
        cmocka_unit_test(long_lists_are_no_depth),
        cmocka_unit_test(source_length_is_limited),
        cmocka_unit_test(variables_that_are_read_are_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
