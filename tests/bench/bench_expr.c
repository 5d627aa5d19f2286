/* links: baton_expr */
/*
 * bench_expr - evaluations a second on one core, of what flows do all day. No test: it prints.
 *
 *     build/tests/bench_expr [seconds for each line]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "expr/expr.h"
#include "expr/template.h"

static const char message[] =
    "{\"orderId\":\"A-1000017\",\"customer\":{\"id\":42,\"name\":\"Ada\",\"tier\":\"gold\"},"
    "\"status\":\"OK\",\"total\":129.90,\"currency\":\"EUR\",\"charge\":{\"paymentId\":\"p-77\"},"
    "\"lines\":[{\"sku\":\"a\",\"n\":2,\"price\":10.5},{\"sku\":\"b\",\"n\":1,\"price\":108.9}],"
    "\"code\":\"\",\"message\":null,\"attempt\":1}";

static const char *const tests[] = {
    ".status == \"OK\"",
    ".status == \"OK\" and .attempt < 3",
    ".customer.tier == \"gold\" or .total > 1000",
    ".status | test(\"^(OK|DONE)$\")",
    ".lines | any(.n > 1)",
    "[.lines[] | .n] | any(. > 1)",
};

static const char *const values[] = {
    ".orderId",
    ".charge.paymentId // null",
    "{orderId, amount: .total, currency}",
    "\"order \\(.orderId) of \\(.customer.name)\"",
    ".lines | map(.n * .price) | add",
    "[.lines[] | select(.n > 1) | .sku]",
    ".",
};

static const char template_text[] =
    "{\"orderId\":\"${ .orderId }\",\"amount\":\"${ .total }\",\"currency\":\"${ .currency }\","
    "\"note\":\"for ${ .customer.name }\"}";

static double now(void)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void report(const char *what, uint64_t count, double seconds)
{
    (void)printf("%-50s %9.0f /s %8.0f ns\n", what, (double)count / seconds,
                 seconds * 1e9 / (double)count);
}

/* What a message costs of which one field is asked: parsed, compared, freed. */
static void bench_parsed(double seconds)
{
    struct expr_problem problem;
    struct expr *expr;
    struct error err;
    uint64_t count = 0;
    double from = now();
    bool truth;

    CHECK(expr_compile(text_of(tests[0]), NULL, &expr, &problem) == STATUS_OK);
    do {
        for (int k = 0; k < 1000; k++) {
            struct json *input = NULL;
            CHECK(json_parse(text_of(message), &input, &err) == STATUS_OK);
            struct expr_env env = {.input = input};
            CHECK(expr_test(expr, &env, &truth, &err) == STATUS_OK && truth);
            json_free(input);
        }
        count += 1000;
    } while (now() - from < seconds);
    report("the first, with parsing the message", count, now() - from);
    expr_free(expr);
}

static void bench_tests(const struct expr_env *env, double seconds)
{
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        struct expr_problem problem;
        struct expr *expr;
        struct error err;
        uint64_t count = 0;
        double from = now();
        bool truth;

        if (expr_compile(text_of(tests[i]), NULL, &expr, &problem) != STATUS_OK) {
            (void)printf("%-50s %s\n", tests[i], problem.text);
            continue;
        }
        do {
            for (int k = 0; k < 1000; k++) {
                CHECK(expr_test(expr, env, &truth, &err) == STATUS_OK);
            }
            count += 1000;
        } while (now() - from < seconds);
        report(tests[i], count, now() - from);
        expr_free(expr);
    }
}

static void bench_values(const struct expr_env *env, double seconds)
{
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct expr_problem problem;
        struct json *value;
        struct expr *expr;
        struct error err;
        uint64_t count = 0;
        double from = now();

        CHECK(expr_compile(text_of(values[i]), NULL, &expr, &problem) == STATUS_OK);
        do {
            for (int k = 0; k < 1000; k++) {
                CHECK(expr_eval(expr, env, &value, &err) == STATUS_OK);
                json_free(value);
            }
            count += 1000;
        } while (now() - from < seconds);
        report(values[i], count, now() - from);
        expr_free(expr);
    }
}

static void bench_template(const struct expr_env *env, double seconds)
{
    struct template_problem problem;
    struct template *template;
    struct json *source;
    struct json *value;
    struct error err;
    uint64_t count = 0;
    double from;

    CHECK(json_parse(TEXT(template_text), &source, &err) == STATUS_OK);
    CHECK(template_compile(source, NULL, &template, &problem) == STATUS_OK);
    from = now();
    do {
        for (int k = 0; k < 1000; k++) {
            CHECK(template_render(template, env, &value, &err) == STATUS_OK);
            json_free(value);
        }
        count += 1000;
    } while (now() - from < seconds);
    report("a template of four expressions", count, now() - from);
    template_free(template);
    json_free(source);
}

static void bench_compile(double seconds)
{
    static const char source[] = ".customer.tier == \"gold\" or .total > 1000";
    struct expr_problem problem;
    struct expr *expr;
    uint64_t count = 0;
    double from = now();

    do {
        for (int k = 0; k < 100; k++) {
            CHECK(expr_compile(TEXT(source), NULL, &expr, &problem) == STATUS_OK);
            expr_free(expr);
        }
        count += 100;
    } while (now() - from < seconds);
    report("compile and free", count, now() - from);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 0.5;
    struct json *input;
    struct error err;
    struct expr_env env = {0};

    CHECK(json_parse(TEXT(message), &input, &err) == STATUS_OK);
    env.input = input;
    (void)printf("a message of %zu bytes\n", strlen(message));
    bench_tests(&env, seconds);
    bench_parsed(seconds);
    bench_values(&env, seconds);
    bench_template(&env, seconds);
    bench_compile(seconds);
    json_free(input);
    return 0;
}
