/* links: baton_expr */
#include "expr/example.h"
#include "support/unit.h"

static struct expr *compile(const char *source)
{
    struct expr_scope scope = {.names = {TEXT("m")}, .count = 1};
    struct expr_problem problem;
    struct expr *expr = NULL;

    if (expr_compile(text_of(source), &scope, &expr, &problem) != STATUS_OK) {
        fail_msg("%s: %s", source, problem.text);
    }
    return expr;
}

/* `wanted` NULL: nothing is to be found. */
static void assert_example(const char *source, bool truth, const char *wanted)
{
    struct expr *expr = compile(source);
    struct json *value = expr_example(expr, NULL, truth);
    struct buffer text = {0};

    if (value != NULL) {
        json_write(value, &text);
    }
    if (wanted == NULL ? value != NULL : value == NULL || !text_is(buffer_text(&text), wanted)) {
        fail_msg("%s\n  wants %s\n  gives %s", source, wanted == NULL ? "nothing" : wanted,
                 value == NULL ? "nothing" : buffer_string(&text));
    }
    buffer_release(&text);
    json_free(value);
    expr_free(expr);
}

static void paths_become_true_or_false(void **state)
{
    (void)state;
    assert_example(".ok", true, "{\"ok\":true}");
    assert_example(".ok", false, "{\"ok\":false}");
    assert_example(".result.ok?", true, "{\"result\":{\"ok\":true}}");
    assert_example(".parts[1].ok", true, "{\"parts\":[null,{\"ok\":true}]}");
    assert_example(".ok | not", true, "{\"ok\":false}");
    assert_example("(.failed // false) | not", true, "{\"failed\":false}");
}

static void comparisons_are_met(void **state)
{
    (void)state;
    assert_example(".status == \"OK\"", true, "{\"status\":\"OK\"}");
    assert_example("\"OK\" == .status", true, "{\"status\":\"OK\"}");
    assert_example(".status == \"OK\"", false, "{\"status\":\"FAILED\"}");
    assert_example(".status != \"REJECTED\"", true, "{\"status\":\"OK\"}");
    assert_example(".outcome == \"DECLINED\"", false, "{\"outcome\":\"OK\"}");
    assert_example(".code < 400", true, "{\"code\":399}");
    assert_example(".code < 400", false, "{\"code\":400}");
    assert_example("200 <= .code", true, "{\"code\":200}");
    assert_example("(.code | tonumber) >= 200", true, "{\"code\":200}");
    assert_example(".body | .status == \"OK\"", true, "{\"body\":{\"status\":\"OK\"}}");
    assert_example(".id | startswith(\"R-\")", true, "{\"id\":\"R-\"}");
}

static void parts_are_put_together(void **state)
{
    (void)state;
    assert_example(".status == \"OK\" and .code >= 200 and .code < 300", true,
                   "{\"status\":\"OK\",\"code\":200}");
    assert_example(".a == 1 or .b == 2", true, "{\"a\":1}");
    assert_example(".a == 1 or .b == 2", false, "{\"a\":2,\"b\":3}");
    assert_example("(.a and .b) | not", true, "{\"a\":false}");
}

static void what_is_not_understood_gives_nothing(void **state)
{
    (void)state;
    assert_example(".total == $m.total", true, "{}"); /* Null is null. */
    assert_example(".total == $m.total + 1", true, NULL);
    assert_example(".a == .b and .a > 1", true, NULL);
    assert_example("false", true, NULL);
    assert_example("[.lines[] | .n] | add == 3", true, NULL);
}

static void the_seed_is_kept(void **state)
{
    struct expr *expr = compile(".status == \"OK\"");
    struct json *seed = NULL;
    struct buffer text = {0};

    (void)state;
    assert_int_equal(json_parse(TEXT("{\"id\":7,\"status\":\"?\"}"), &seed, NULL), STATUS_OK);
    struct json *value = expr_example(expr, seed, true);
    json_write(value, &text);
    assert_string_equal(buffer_string(&text), "{\"id\":7,\"status\":\"OK\"}");
    buffer_release(&text);
    json_free(value);
    json_free(seed);
    expr_free(expr);
}

static void assert_put(const char *path, const char *into, const char *wanted)
{
    struct expr *expr = compile(path);
    struct json *value = NULL;
    struct buffer text = {0};

    assert_int_equal(json_parse(text_of(into), &value, NULL), STATUS_OK);
    struct json *made = expr_put(expr, value, json_integer(5));
    if (wanted == NULL) {
        assert_null(made);
    } else {
        assert_non_null(made);
        json_write(made, &text);
        assert_string_equal(buffer_string(&text), wanted);
    }
    buffer_release(&text);
    json_free(made);
    json_free(value);
    expr_free(expr);
}

/* `$m` begins as `seed`. */
static void assert_both(const char *source, bool truth, const char *seed, const char *wanted)
{
    struct expr *expr = compile(source);
    struct json *made = NULL;
    struct json *value;
    struct buffer text = {0};

    assert_int_equal(json_parse(text_of(seed), &made, NULL), STATUS_OK);
    value = expr_example_with(expr, NULL, truth, 0, &made);
    if (value != NULL) {
        json_write(value, &text);
        buffer_add_char(&text, ' ');
    }
    json_write(made, &text);
    assert_string_equal(buffer_string(&text), wanted);
    buffer_release(&text);
    json_free(value);
    json_free(made);
    expr_free(expr);
}

static void a_variable_is_made_as_the_input_is(void **state)
{
    (void)state;
    assert_both("$m.headers.kind == \"Done\"", true, "{\"headers\":{\"a\":\"1\"}}",
                "{} {\"headers\":{\"a\":\"1\",\"kind\":\"Done\"}}");
    assert_both("$m.headers.kind == \"Done\"", false, "{}",
                "{} {\"headers\":{\"kind\":\"FAILED\"}}");
    assert_both("$m.headers.kind == \"Done\" and .ok", true, "{}",
                "{\"ok\":true} {\"headers\":{\"kind\":\"Done\"}}");
    assert_both("$m.headers | .kind | startswith(\"D\")", true, "{}",
                "{} {\"headers\":{\"kind\":\"D\"}}");
    assert_both("$m.headers[\"reply_outcome-type\"] == \"SUCCESS\"", true, "{}",
                "{} {\"headers\":{\"reply_outcome-type\":\"SUCCESS\"}}");
    assert_both(".ok", true, "{}", "{\"ok\":true} {}");
    assert_both("($m.a + 1) == 3", true, "{\"a\":1}", "{\"a\":1}");
}

static void a_value_is_put_where_a_path_points(void **state)
{
    (void)state;
    assert_put(".", "{\"a\":1}", "5");
    assert_put(".a.b", "{\"a\":{\"c\":1}}", "{\"a\":{\"c\":1,\"b\":5}}");
    assert_put(".a.b", "[1]", "{\"a\":{\"b\":5}}");
    assert_put(".a[].b", "{\"a\":[{\"c\":1},2]}", "{\"a\":[{\"c\":1,\"b\":5},2]}");
    assert_put(".a // .b", "{}", "{\"a\":5}");
    assert_put(".a[.i]", "{}", NULL);
    assert_put(".a + 1", "{}", NULL);
    assert_put(".a[1000000]", "{}", NULL);
}

static void note_pair(void *self, struct text name, const struct json *constant)
{
    struct buffer *out = self;

    buffer_addf(out, "%.*s=", TEXT_ARG(name));
    json_write(constant, out);
    buffer_add_char(out, ' ');
}

static void constants_tell_what_belongs_to_a_name(void **state)
{
    struct expr *expr = compile(".total * 100 > 50 and .country == \"DE\" and .a == .b");
    struct buffer out = {0};
    struct expr_visitor visitor = {.self = &out, .visit = note_pair};

    (void)state;
    expr_compared(expr, &visitor);
    assert_string_equal(buffer_string(&out), "country=\"DE\" total=100 ");
    buffer_release(&out);
    expr_free(expr);
}

static void what_stands_in_for_a_name_tells_what_belongs_to_it(void **state)
{
    struct expr *expr = compile("[.a.more // [], .b // {}, .limit // \"20s\", .slow // false, "
                                "(.c + 1) // 2, .d // .e, .f // null]");
    struct buffer out = {0};
    struct expr_visitor visitor = {.self = &out, .visit = note_pair};

    (void)state;
    expr_defaulted(expr, &visitor);
    assert_string_equal(buffer_string(&out), "f=null limit=\"20s\" b={} more=[] ");
    buffer_release(&out);
    expr_free(expr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_become_true_or_false),
        cmocka_unit_test(comparisons_are_met),
        cmocka_unit_test(parts_are_put_together),
        cmocka_unit_test(what_is_not_understood_gives_nothing),
        cmocka_unit_test(the_seed_is_kept),
        cmocka_unit_test(a_variable_is_made_as_the_input_is),
        cmocka_unit_test(a_value_is_put_where_a_path_points),
        cmocka_unit_test(constants_tell_what_belongs_to_a_name),
        cmocka_unit_test(what_stands_in_for_a_name_tells_what_belongs_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
