/* links: baton_expr */
#include <string.h>

#include "expr/template.h"
#include "support/unit.h"

static const char document[] =
    "{\"orderId\":\"A-1\",\"total\":12.50,\"n\":9007199254740993,\"none\":null,\"yes\":true,"
    "\"lines\":[{\"sku\":\"a\"}],\"trap\":\"${ .orderId }\"}";

static struct json *parse(const char *text)
{
    struct json *value = NULL;
    struct error err;

    if (json_parse(text_of(text), &value, &err) != STATUS_OK) {
        fail_msg("no JSON: %s: %s", text, err.text);
    }
    return value;
}

static struct template *compile(const char *source_text, const struct expr_scope *scope)
{
    struct json *source = parse(source_text);
    struct template_problem problem;
    struct template *template = NULL;

    if (template_compile(source, scope, &template, &problem) != STATUS_OK) {
        fail_msg("%s: %s", source_text, problem.expr.text);
    }
    json_free(source);
    return template;
}

static void assert_renders(const char *source, const char *wanted)
{
    struct template *template = compile(source, NULL);
    struct json *input = parse(document);
    struct expr_env env = {.input = input};
    struct json *value = NULL;
    struct buffer text = {0};
    struct error err;

    if (template_render(template, &env, &value, &err) != STATUS_OK) {
        fail_msg("%s: %s", source, err.text);
    }
    json_write(value, &text);
    assert_string_equal(buffer_string(&text), wanted);
    buffer_release(&text);
    json_free(value);
    json_free(input);
    template_free(template);
}

static void whole_expression_keeps_its_type(void **state)
{
    (void)state;
    assert_renders("\"${ .orderId }\"", "\"A-1\"");
    assert_renders("\"${ .total }\"", "12.50");
    assert_renders("\"${ .n }\"", "9007199254740993");
    assert_renders("\"${ .none }\"", "null");
    assert_renders("\"${.yes}\"", "true");
    assert_renders("\"${ .lines }\"", "[{\"sku\":\"a\"}]");
}

static void embedded_expression_becomes_text(void **state)
{
    (void)state;
    assert_renders("\"order ${ .orderId } of ${ .total }\"", "\"order A-1 of 12.50\"");
    assert_renders("\"${ .none }${ .yes }\"", "\"nulltrue\"");
    assert_renders("\" ${ .lines }\"", "\" [{\\\"sku\\\":\\\"a\\\"}]\"");
    assert_renders("\"${ .n } \"", "\"9007199254740993 \"");
}

static void doubled_dollar_is_a_literal(void **state)
{
    (void)state;
    assert_renders("\"$${ .orderId }\"", "\"${ .orderId }\"");
    assert_renders("\"$${ ${ .orderId }\"", "\"${ A-1\"");
    assert_renders("\"$$${ .orderId }\"", "\"$${ .orderId }\"");
    assert_renders("\"$5 and $x and $$ and {a}\"", "\"$5 and $x and $$ and {a}\"");
}

static void structure_and_keys_are_literal(void **state)
{
    (void)state;
    assert_renders("{\"id\":\"${ .orderId }\",\"k\":[1,\"${ .total }\",{\"x\":null}],"
                   "\"${ .orderId }\":true}",
                   "{\"id\":\"A-1\",\"k\":[1,12.50,{\"x\":null}],\"${ .orderId }\":true}");
}

static void values_from_messages_are_not_scanned(void **state)
{
    (void)state;
    assert_renders("\"${ .trap }\"", "\"${ .orderId }\"");
    assert_renders("\"x${ .trap }\"", "\"x${ .orderId }\"");
}

static void expression_ends_at_its_own_brace(void **state)
{
    (void)state;
    assert_renders("\"${ {a: {b: .orderId}} }\"", "{\"a\":{\"b\":\"A-1\"}}");
    assert_renders("\"${ \\\"}\\\" + .orderId }\"", "\"}A-1\"");
    assert_renders("\"${ \\\"\\\\({a: \\\"}\\\"} | .a)\\\" }!\"", "\"}!\"");
    assert_renders("\"${ \\\"\\\\\\\"}\\\" }\"", "\"\\\"}\"");
    assert_renders("\"{${ .yes }}\"", "\"{true}\"");
}

static void constant_template_is_known_and_shared(void **state)
{
    struct template *constant = compile("{\"a\":[1,\"$${x}\",{\"b\":null}]}", NULL);
    struct template *other = compile("{\"a\":[1,\"${ .x }\"]}", NULL);
    struct expr_env env = {0};
    struct json *first = NULL;
    struct json *second = NULL;
    struct error err;

    (void)state;
    assert_true(template_is_constant(constant));
    assert_false(template_is_constant(other));
    assert_int_equal(template_expr_count(constant), 0);
    assert_int_equal(template_render(constant, &env, &first, &err), STATUS_OK);
    assert_int_equal(template_render(constant, &env, &second, &err), STATUS_OK);
    assert_ptr_equal(first, second);
    json_free(first);
    json_free(second);
    template_free(constant);
    template_free(other);
}

static void expressions_and_variables_are_known_in_order(void **state)
{
    struct expr_scope scope = {.names = {TEXT("a"), TEXT("b"), TEXT("c")}, .count = 3};
    struct template *template = compile("{\"x\":\"${ $c }\",\"y\":[\"${ .p } ${ $a }\"]}", &scope);

    (void)state;
    assert_int_equal(template_variables(template), 5);
    assert_int_equal(template_expr_count(template), 3);
    assert_true(text_is(expr_source(template_expr_at(template, 0)), " $c "));
    assert_true(text_is(expr_source(template_expr_at(template, 1)), " .p "));
    assert_true(text_is(expr_source(template_expr_at(template, 2)), " $a "));
    template_free(template);
}

static void problem_names_the_string_and_the_place_in_it(void **state)
{
    struct json *source = parse("{\"a\":\"fine\",\"b\":[\"x ${ .a } ${ .b | lenght }\"]}");
    struct template_problem problem;
    struct template *template;

    (void)state;
    assert_int_equal(template_compile(source, NULL, &template, &problem), STATUS_REJECT);
    assert_null(template);
    assert_ptr_equal(problem.string, json_at(json_member(source, "b"), 0));
    assert_false(problem.unclosed);
    assert_int_equal(problem.expr.kind, EXPR_PROBLEM_UNKNOWN_FUNCTION);
    assert_int_equal(problem.expr.offset, strlen("x ${ .a } ${ .b | "));
    assert_string_equal(problem.expr.suggestion, "length");
    json_free(source);
}

static void assert_unclosed(const char *source_text, size_t offset)
{
    struct json *source = parse(source_text);
    struct template_problem problem;
    struct template *template;

    assert_int_equal(template_compile(source, NULL, &template, &problem), STATUS_REJECT);
    assert_true(problem.unclosed);
    assert_ptr_equal(problem.string, source);
    assert_int_equal(problem.expr.offset, offset);
    json_free(source);
}

static void unclosed_expression_is_told_with_its_place(void **state)
{
    (void)state;
    assert_unclosed("\"${ .a\"", 0);
    assert_unclosed("\"ab ${ .a } ${ {x: 1 }\"", 11);
    assert_unclosed("\"${ \\\"} \"", 0);
    assert_unclosed("\"${\"", 0);
}

static void empty_expression_is_refused(void **state)
{
    struct json *source = json_string("a ${} b");
    struct template_problem problem;
    struct template *template;

    (void)state;
    assert_int_equal(template_compile(source, NULL, &template, &problem), STATUS_REJECT);
    assert_int_equal(problem.expr.offset, 4);
    json_free(source);
}

static void failure_names_the_way_to_the_expression(void **state)
{
    struct template *template = compile("{\"a\":{\"list\":[1,\"${ .n + .orderId }\"]}}", NULL);
    struct json *input = parse(document);
    struct expr_env env = {.input = input};
    struct json *value = NULL;
    struct error err;

    (void)state;
    assert_int_equal(template_render(template, &env, &value, &err), STATUS_REJECT);
    assert_null(value);
    assert_string_equal(err.text, "'a': 'list': [1]: cannot add number and string, in "
                                  "'.n + .orderId'");
    json_free(input);
    template_free(template);
}

static void limits_hold_for_the_whole(void **state)
{
    struct template *large = compile("[\"${ \\\"x\\\" * 900000 }\",\"${ \\\"x\\\" * 900000 }\"]",
                                     NULL);
    struct template *text = compile("\"${ \\\"x\\\" * 900000 }${ \\\"x\\\" * 900000 }\"", NULL);
    struct expr_env env = {.input = NULL};
    struct json *input = json_null();
    struct json *value = NULL;
    struct error err;

    (void)state;
    env.input = input;
    assert_int_equal(template_render(large, &env, &value, &err), STATUS_REJECT);
    assert_non_null(strstr(err.text, "1048576 bytes"));
    assert_int_equal(template_render(text, &env, &value, &err), STATUS_REJECT);
    assert_non_null(strstr(err.text, "1048576 bytes"));
    json_free(input);
    template_free(large);
    template_free(text);
}

static void pieces_are_found_with_their_places(void **state)
{
    struct text text = TEXT("a ${ .b } $${c} ${.d}");
    struct template_piece piece;
    bool unclosed;

    (void)state;
    assert_true(template_next_piece(text, 0, &piece, &unclosed));
    assert_int_equal(piece.offset, 2);
    assert_int_equal(piece.bytes, 7);
    assert_int_equal(piece.source_offset, 4);
    assert_int_equal(piece.source_bytes, 4);
    assert_true(template_next_piece(text, piece.offset + piece.bytes, &piece, &unclosed));
    assert_int_equal(piece.offset, 16);
    assert_int_equal(piece.source_bytes, 2);
    assert_false(template_next_piece(text, piece.offset + piece.bytes, &piece, &unclosed));
    assert_false(unclosed);
}

static void nesting_beyond_reason_is_unclosed(void **state)
{
    struct buffer text = {0};
    struct template_piece piece;
    bool unclosed = false;

    (void)state;
    buffer_add_text(&text, TEXT("${"));
    for (int i = 0; i < 1000; i++) {
        buffer_add_char(&text, '{');
    }
    for (int i = 0; i < 1001; i++) {
        buffer_add_char(&text, '}');
    }
    assert_false(template_next_piece(buffer_text(&text), 0, &piece, &unclosed));
    assert_true(unclosed);
    buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_expression_keeps_its_type),
        cmocka_unit_test(embedded_expression_becomes_text),
        cmocka_unit_test(doubled_dollar_is_a_literal),
        cmocka_unit_test(structure_and_keys_are_literal),
        cmocka_unit_test(values_from_messages_are_not_scanned),
        cmocka_unit_test(expression_ends_at_its_own_brace),
        cmocka_unit_test(constant_template_is_known_and_shared),
        cmocka_unit_test(expressions_and_variables_are_known_in_order),
        cmocka_unit_test(problem_names_the_string_and_the_place_in_it),
        cmocka_unit_test(unclosed_expression_is_told_with_its_place),
        cmocka_unit_test(empty_expression_is_refused),
        cmocka_unit_test(failure_names_the_way_to_the_expression),
        cmocka_unit_test(limits_hold_for_the_whole),
        cmocka_unit_test(pieces_are_found_with_their_places),
        cmocka_unit_test(nesting_beyond_reason_is_unclosed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
