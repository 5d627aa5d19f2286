/* links: baton_expr */
#include <string.h>

#include "base/limits.h"
#include "expr/expr.h"
#include "support/unit.h"

static struct json *parse(const char *text)
{
    struct json *value = NULL;
    struct error err;

    if (json_parse(text_of(text), &value, &err) != STATUS_OK) {
        fail_msg("no JSON: %s: %s", text, err.text);
    }
    return value;
}

static struct expr *compile(const char *source, const struct expr_scope *scope)
{
    struct expr_problem problem;
    struct expr *expr = NULL;

    if (expr_compile(text_of(source), scope, &expr, &problem) != STATUS_OK) {
        fail_msg("%s: %s", source, problem.text);
    }
    return expr;
}

/* Evaluates to NULL or an error whose text holds `words`. */
static void assert_fails(const char *source, const char *input_text, const char *words)
{
    struct expr *expr = compile(source, NULL);
    struct json *input = parse(input_text);
    struct expr_env env = {.input = input};
    struct error err = {{0}};
    struct json *value = NULL;

    assert_int_equal(expr_eval(expr, &env, &value, &err), STATUS_REJECT);
    assert_null(value);
    if (strstr(err.text, words) == NULL) {
        fail_msg("%s: %s", source, err.text);
    }
    json_free(input);
    expr_free(expr);
}

static bool truth_of(const char *source, const char *input_text)
{
    struct expr *expr = compile(source, NULL);
    struct json *input = parse(input_text);
    struct expr_env env = {.input = input};
    struct error err;
    bool truth = false;

    if (expr_test(expr, &env, &truth, &err) != STATUS_OK) {
        fail_msg("%s: %s", source, err.text);
    }
    json_free(input);
    expr_free(expr);
    return truth;
}

static void limit_is_not_hidden_by_a_question_mark(void **state)
{
    (void)state;
    assert_fails("[([range(100000000)])?]", "null", "steps");
    assert_fails("[(\"x\" * 100000000)?]", "null", "1048576 bytes");
    assert_fails("first(range(0; 1; 0.0000001) | select(. > 2)) // 1", "null", "steps");
}

static void bombs_are_stopped(void **state)
{
    (void)state;
    assert_fails("[range(10000) | range(10000)]", "null", "steps");
    assert_fails("[range(1e18)] | length", "null", "steps");
    assert_fails("range(1; 2; 1e-300)", "null", "more than one value");
    assert_fails("[range(1; 2; 1e-300)]", "null", "steps");
    assert_fails("last(range(1e9))", "null", "steps");
    assert_fails("\"abc\" * 1e18", "null", "bytes");
    assert_fails("[range(100000) | \"x\" * 1000000]", "null", "steps");
    assert_fails("[range(300000)] | sort_by(-.)", "null", "steps");
}

/* `source` with `.` put through `step` so many times. */
static struct buffer repeated(const char *start, const char *step, int times)
{
    struct buffer source = {0};

    buffer_add_text(&source, text_of(start));
    for (int i = 0; i < times; i++) {
        buffer_add_text(&source, text_of(step));
    }
    return source;
}

/* Sharing makes these small in memory and endless when they are gone through. */
static void values_that_share_their_parts_are_stopped(void **state)
{
    static const char *const ends[] = {
        "", " | tojson", " | flatten | length", " | \"\\(.)\"", " | {a: .} | tojson", " | @base64"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct buffer source = repeated("[1]", " | [., .]", 60);

        buffer_add_text(&source, text_of(ends[i]));
        assert_fails(buffer_string(&source), "null", i == 2 ? "steps" : "1048576 bytes");
        buffer_release(&source);
    }
}

/* Two such values that share nothing with each other. */
static void comparing_values_that_share_their_parts_is_stopped(void **state)
{
    static const char *const operators[] = {"(%s) == (%s)",
                                            "(%s) <= (%s)",
                                            "(%s) | contains(%s)",
                                            "[(%s), (%s)] | sort | 1",
                                            "[%s] - [%s] | length",
                                            "[(%s), (%s)] | unique | length",
                                            "[(%s), (%s)] | max_by(.) | 1"};
    struct buffer value = repeated("[1]", " | [., .]", 60);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(operators); i++) {
        const char *rest = strstr(operators[i], "%s") + 2;
        const char *second = strstr(rest, "%s");
        struct buffer source = {0};

        buffer_add(&source, operators[i], (size_t)(rest - 2 - operators[i]));
        buffer_add_text(&source, buffer_text(&value));
        buffer_add(&source, rest, (size_t)(second - rest));
        buffer_add_text(&source, buffer_text(&value));
        buffer_add_text(&source, text_of(second + 2));
        assert_fails(buffer_string(&source), "null", "steps");
        buffer_release(&source);
    }
    buffer_release(&value);
}

static void deep_merge_of_shared_parts_is_stopped(void **state)
{
    struct buffer source = repeated("{x: 1}", " | {a: ., b: (. + {})}", 60);

    (void)state;
    buffer_add_text(&source, TEXT(" | (. * .).x"));
    assert_fails(buffer_string(&source), "null", "steps");
    buffer_release(&source);
}

static void text_that_doubles_is_stopped(void **state)
{
    struct buffer source = repeated("\"0123456789\"", " | . + .", 60);

    (void)state;
    assert_fails(buffer_string(&source), "null", "1048576 bytes");
    buffer_release(&source);
}

static void array_that_doubles_is_stopped(void **state)
{
    struct buffer source = repeated("[1]", " | . + .", 60);

    (void)state;
    assert_fails(buffer_string(&source), "null", "steps");
    buffer_release(&source);
}

static void value_too_deep_is_stopped(void **state)
{
    struct buffer deep = repeated("1", " | [.]", JSON_DEPTH_MAX);
    struct buffer deeper = repeated("1", " | [.]", JSON_DEPTH_MAX + 1);
    struct expr *expr = compile(buffer_string(&deep), NULL);
    struct json *input = json_null();
    struct expr_env env = {.input = input};
    struct json *value = NULL;
    struct error err;

    (void)state;
    assert_int_equal(expr_eval(expr, &env, &value, &err), STATUS_OK);
    json_free(value);
    assert_fails(buffer_string(&deeper), "null", "64 deep");
    json_free(input);
    expr_free(expr);
    buffer_release(&deep);
    buffer_release(&deeper);
}

static void value_too_large_is_stopped(void **state)
{
    (void)state;
    assert_fails("\"x\" * 1000000 | [., .]", "null", "1048576 bytes");
}

/* Patterns that take a backtracking engine for ever. */
static void regular_expressions_take_linear_time(void **state)
{
    static const char *const patterns[] = {"^(a+)+$",          "^(a|a)*$",        "^(a|aa)+$",
                                           "(a*)*(a*)*(a*)*b", "^(a?){60}a{60}$", "((a*)*)*c"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        struct buffer source = {0};

        buffer_addf(&source, "(\"a\" * 3000 + \"!\") | test(\"%s\")", patterns[i]);
        assert_false(truth_of(buffer_string(&source), "null"));
        buffer_release(&source);
    }
}

static void costly_regular_expression_is_stopped(void **state)
{
    (void)state;
    assert_fails("\"a\" * 1000000 | test(\"(a?){900}b\")", "null", "steps");
    assert_fails("\"a\" | test(.p)", "{\"p\":\"(((a{100}){100}){100})\"}", "");
    assert_fails("test(\"(\" * 100)", "\"a\"", "nested");
    assert_fails("test(\"(()\" + \"{1000}\" * 5 + \")\")", "\"a\"", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limit_is_not_hidden_by_a_question_mark),
        cmocka_unit_test(bombs_are_stopped),
        cmocka_unit_test(values_that_share_their_parts_are_stopped),
        cmocka_unit_test(comparing_values_that_share_their_parts_is_stopped),
        cmocka_unit_test(deep_merge_of_shared_parts_is_stopped),
        cmocka_unit_test(text_that_doubles_is_stopped),
        cmocka_unit_test(array_that_doubles_is_stopped),
        cmocka_unit_test(value_too_deep_is_stopped),
        cmocka_unit_test(value_too_large_is_stopped),
        cmocka_unit_test(regular_expressions_take_linear_time),
        cmocka_unit_test(costly_regular_expression_is_stopped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
