/* links: baton_expr */
#include <string.h>

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

static void assert_value(const struct json *value, const char *wanted)
{
    struct buffer text = {0};

    json_write(value, &text);
    assert_string_equal(buffer_string(&text), wanted);
    buffer_release(&text);
}

/* Evaluates to NULL or an error whose text holds `words`. */
static void assert_fails(const char *source, const char *input_text, const char *words)
{
    struct expr *expr = compile(source, NULL);
    struct json *input = parse(input_text);
    struct expr_env env = {.input = input};
    struct error err = {{0}};
    struct json *value = NULL;
    bool truth = true;

    assert_int_equal(expr_eval(expr, &env, &value, &err), STATUS_REJECT);
    assert_null(value);
    if (strstr(err.text, words) == NULL) {
        fail_msg("%s: %s", source, err.text);
    }
    assert_int_equal(expr_test(expr, &env, &truth, &err), STATUS_REJECT);
    assert_false(truth);
    assert_int_equal(expr_eval(expr, &env, &value, NULL), STATUS_REJECT); /* err may be NULL. */
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

static void exactly_one_value_is_asked_for(void **state)
{
    (void)state;
    assert_fails(".[]", "[1,2]", "more than one value");
    assert_fails("1, 2", "null", "more than one value");
    assert_fails("empty", "null", "no value");
    assert_fails(".[]", "[]", "no value");
    assert_fails(".a?", "5", "no value");
}

static void error_names_kinds_and_the_piece_of_source(void **state)
{
    (void)state;
    assert_fails(".total + .code | length", "{\"total\":1,\"code\":\"x\"}",
                 "cannot add number and string, in '.total + .code'");
    assert_fails("1 + (.a | length) * (.b)", "{\"a\":1,\"b\":[]}",
                 "cannot multiply number and array, in '(.a | length) * (.b)'");
    assert_fails("{a: .b.c}", "{\"b\":5}", "cannot read \"c\" of number, in '.b.c'");
    assert_fails(".a / 0", "{\"a\":1}", "division by zero");
    assert_fails(".a | tonumber", "{\"a\":\"x\"}", "in 'tonumber'");
}

static void error_does_not_repeat_values_of_the_message(void **state)
{
    struct expr *expr = compile(".card | tonumber", NULL);
    struct json *input = parse("{\"card\":\"4111-1111-1111-1111\"}");
    struct expr_env env = {.input = input};
    struct json *value = NULL;
    struct error err;

    (void)state;
    assert_int_equal(expr_eval(expr, &env, &value, &err), STATUS_REJECT);
    assert_null(strstr(err.text, "4111"));
    json_free(input);
    expr_free(expr);
}

static void hidden_error_leaves_no_text(void **state)
{
    struct expr *expr = compile("(.a.b)? // 1", NULL);
    struct json *input = parse("{\"a\":5}");
    struct expr_env env = {.input = input};
    struct error err = {{0}};
    struct json *value = NULL;

    (void)state;
    assert_int_equal(expr_eval(expr, &env, &value, &err), STATUS_OK);
    assert_value(value, "1");
    assert_string_equal(err.text, "");
    json_free(value);
    json_free(input);
    expr_free(expr);
}

static void test_tells_truth_as_jq_does(void **state)
{
    (void)state;
    assert_true(truth_of(".status == \"OK\"", "{\"status\":\"OK\"}"));
    assert_false(truth_of(".status == \"OK\"", "{\"status\":\"NO\"}"));
    assert_false(truth_of(".status == \"OK\"", "{}"));
    assert_true(truth_of(".n", "{\"n\":0}"));
    assert_false(truth_of(".n", "{}"));
    assert_true(truth_of(".a and (.b | not)", "{\"a\":1,\"b\":false}"));
    assert_true(truth_of("first(.[] | select(. > 1))", "[1,2]"));
    assert_true(truth_of(".[] | select(. > 1)", "[1,2]"));
}

static void variables_are_read_by_slot_and_absent_ones_are_null(void **state)
{
    struct expr_scope scope = {.names = {TEXT("message"), TEXT("error")}, .count = 2};
    struct expr *expr = compile("[$message.topic, $error, .a]", &scope);
    struct json *message = parse("{\"topic\":\"orders\"}");
    struct json *input = parse("{\"a\":1}");
    const struct json *variables[] = {message, NULL};
    struct expr_env env = {.input = input, .variables = variables, .variable_count = 2};
    struct json *value = NULL;
    struct error err;

    (void)state;
    assert_int_equal(expr_eval(expr, &env, &value, &err), STATUS_OK);
    assert_value(value, "[\"orders\",null,1]");
    json_free(value);
    env.variable_count = 1; /* Fewer than the scope had. */
    assert_int_equal(expr_eval(expr, &env, &value, &err), STATUS_OK);
    assert_value(value, "[\"orders\",null,1]");
    json_free(value);
    json_free(message);
    json_free(input);
    expr_free(expr);
}

static void absent_input_is_null(void **state)
{
    struct expr *expr = compile("[., .a]", NULL);
    struct expr_env env = {.input = NULL};
    struct json *value = NULL;
    struct error err;

    (void)state;
    assert_int_equal(expr_eval(expr, &env, &value, &err), STATUS_OK);
    assert_value(value, "[null,null]");
    json_free(value);
    expr_free(expr);
}

/* The text of `source` for this seed and this many draws before. */
static struct json *drawn(const char *source, struct text seed, uint32_t *draws)
{
    struct expr *expr = compile(source, NULL);
    struct json *input = json_null();
    struct expr_env env = {.input = input, .seed = seed, .draws = draws};
    struct json *value = NULL;
    struct error err;

    assert_int_equal(expr_eval(expr, &env, &value, &err), STATUS_OK);
    json_free(input);
    expr_free(expr);
    return value;
}

static void same_seed_and_draw_give_the_same_again(void **state)
{
    uint32_t first_draws = 0;
    uint32_t second_draws = 0;
    struct json *first = drawn("[uuid, random, uuid]", TEXT("app~f:k/1/2/3"), &first_draws);
    struct json *second = drawn("[uuid, random, uuid]", TEXT("app~f:k/1/2/3"), &second_draws);

    (void)state;
    assert_true(json_equal(first, second));
    assert_int_equal(first_draws, 3);
    assert_false(json_equal(json_at(first, 0), json_at(first, 2)));
    json_free(first);
    json_free(second);
}

static void draws_of_one_event_and_seeds_of_two_differ(void **state)
{
    uint32_t draws = 0;
    struct json *first = drawn("uuid", TEXT("a"), &draws);
    struct json *second = drawn("uuid", TEXT("a"), &draws);
    struct json *other = drawn("uuid", TEXT("b"), NULL);

    (void)state;
    assert_false(json_equal(first, second));
    assert_false(json_equal(first, other));
    json_free(first);
    json_free(second);
    json_free(other);
}

/* Other systems hold what we derived: it must never change. */
static void derived_values_are_stable_for_ever(void **state)
{
    struct json *value = drawn("[uuid, random]", TEXT("baton~order:1/0-1/2/0"), NULL);

    (void)state;
    assert_value(value, "[\"594e9205-600d-42e4-b3c0-856003fa5f21\",0.3453567103727273]");
    json_free(value);
}

static void uuid_has_the_form_of_a_random_one(void **state)
{
    uint32_t draws = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct json *value = drawn("uuid | test(\"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-"
                                   "[89ab][0-9a-f]{3}-[0-9a-f]{12}$\")",
                                   TEXT("seed"), &draws);
        assert_true(json_is_true(value));
        json_free(value);
    }
}

static void random_lies_between_zero_and_one(void **state)
{
    struct json *value = drawn("[range(1000) | random] | [min >= 0, max < 1, (add / 1000 > 0.4), "
                               "(add / 1000 < 0.6)] | all",
                               TEXT("seed"), NULL);

    (void)state;
    assert_true(json_is_true(value));
    json_free(value);
}

static void passing_a_value_shares_it(void **state)
{
    struct expr *expr = compile(".a", NULL);
    struct json *input = parse("{\"a\":{\"b\":[1,2,3]}}");
    struct expr_env env = {.input = input};
    struct json *value = NULL;
    struct error err;

    (void)state;
    assert_int_equal(expr_eval(expr, &env, &value, &err), STATUS_OK);
    assert_ptr_equal(value, json_member(input, "a"));
    json_free(value);
    json_free(input);
    expr_free(expr);
}

static void one_expression_serves_many_inputs(void **state)
{
    struct expr *expr = compile("{id, sum: ([.lines[]? | .n] | add), big: (.id > 5)}", NULL);
    struct error err;

    (void)state;
    for (int i = 0; i < 10; i++) {
        struct json *input = json_object();
        struct expr_env env = {.input = input};
        struct json *value = NULL;

        json_put_integer(input, "id", i);
        assert_int_equal(expr_eval(expr, &env, &value, &err), STATUS_OK);
        assert_int_equal(json_member_int(value, "id", -1), i);
        assert_int_equal(json_is_true(json_member(value, "big")), i > 5);
        json_free(value);
        json_free(input);
    }
    expr_free(expr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exactly_one_value_is_asked_for),
        cmocka_unit_test(error_names_kinds_and_the_piece_of_source),
        cmocka_unit_test(error_does_not_repeat_values_of_the_message),
        cmocka_unit_test(hidden_error_leaves_no_text),
        cmocka_unit_test(test_tells_truth_as_jq_does),
        cmocka_unit_test(variables_are_read_by_slot_and_absent_ones_are_null),
        cmocka_unit_test(absent_input_is_null),
        cmocka_unit_test(same_seed_and_draw_give_the_same_again),
        cmocka_unit_test(draws_of_one_event_and_seeds_of_two_differ),
        cmocka_unit_test(derived_values_are_stable_for_ever),
        cmocka_unit_test(uuid_has_the_form_of_a_random_one),
        cmocka_unit_test(random_lies_between_zero_and_one),
        cmocka_unit_test(passing_a_value_shares_it),
        cmocka_unit_test(one_expression_serves_many_inputs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
