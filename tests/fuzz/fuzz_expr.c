/* links: baton_expr */
/*
 * Any text compiles or is refused, with a place inside of the text; what compiles gives a value or
 * an error over a small document, within its limits.
 */
#include <stdint.h>

#include "base/check.h"
#include "expr/expr.h"
#include "expr/template.h"

#define WARNINGS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const char document[] =
    "{\"orderId\":\"A-1\",\"total\":12.50,\"lines\":[{\"sku\":\"a\",\"n\":2},{\"sku\":\"b\"}],"
    "\"none\":null,\"yes\":true,\"big\":18446744073709551615}";

static void evaluate(const struct expr *expr, struct json *input)
{
    struct json *value = NULL;
    struct expr_env env = {.input = input};
    struct error err;

    if (expr_eval(expr, &env, &value, &err) == STATUS_OK) {
        json_free(value);
    }
}

static void try_template(struct text source, const struct expr_scope *scope)
{
    struct template_problem problem;
    struct template *template = NULL;
    struct json *string = json_text(source);

    if (template_compile(string, scope, &template, &problem) == STATUS_OK) {
        template_free(template);
    }
    json_free(string);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct text source = {(const char *)data, bytes};
    struct expr_warning warnings[WARNINGS_MAX];
    struct expr_scope scope = {.count = 0};
    struct expr_problem problem;
    struct expr *expr = NULL;
    struct json *input = NULL;
    struct error err;

    CHECK(json_parse(TEXT(document), &input, &err) == STATUS_OK);
    if (expr_compile(source, &scope, &expr, &problem) == STATUS_OK) {
        evaluate(expr, input);
        expr_free(expr);
    } else {
        CHECK(problem.offset <= bytes);
    }
    CHECK(expr_lint(source, warnings, WARNINGS_MAX) <= WARNINGS_MAX);
    try_template(source, &scope);
    json_free(input);
    return 0;
}
