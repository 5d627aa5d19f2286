/*
 * expr_eval - programs and inputs on standard input, one a line, results on standard output. For
 * differential.py.
 *
 *     P "<program>"   compile (a JSON string); answers "P", or "X <problem>"
 *     I <input>       evaluate; answers "V <value>", or "E <error>"
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr/expr.h"

static struct json *parse_line(const char *line)
{
    struct json *value = NULL;
    struct error err = {{0}};

    if (json_parse(text_of(line), &value, &err) != STATUS_OK) {
        (void)fprintf(stderr, "expr_eval: %s: %s\n", line, err.text);
        exit(2);
    }
    return value;
}

static void compile(const char *line, struct expr **expr)
{
    struct expr_problem problem;
    struct json *source = parse_line(line);

    expr_free(*expr);
    if (expr_compile(json_text_of(source), NULL, expr, &problem) == STATUS_OK) {
        (void)printf("P\n");
    } else {
        (void)printf("X %zu %s\n", problem.offset, problem.text);
    }
    json_free(source);
}

static void evaluate(const char *line, const struct expr *expr)
{
    struct json *input = parse_line(line);
    struct expr_env env = {.input = input};
    struct json *value = NULL;
    struct buffer text = {0};
    struct error err = {{0}};

    if (expr == NULL) {
        (void)printf("E not compiled\n");
    } else if (expr_eval(expr, &env, &value, &err) == STATUS_OK) {
        json_write(value, &text);
        (void)printf("V %s\n", buffer_string(&text));
    } else {
        (void)printf("E %s\n", err.text);
    }
    buffer_release(&text);
    json_free(value);
    json_free(input);
}

int main(void)
{
    struct expr *expr = NULL;
    char *line = NULL;
    size_t room = 0;
    ssize_t bytes;

    while ((bytes = getline(&line, &room, stdin)) > 0) {
        if (line[bytes - 1] == '\n') {
            line[bytes - 1] = '\0';
        }
        if (strncmp(line, "P ", 2) == 0) {
            compile(line + 2, &expr);
        } else if (strncmp(line, "I ", 2) == 0) {
            evaluate(line + 2, expr);
        } else {
            (void)fprintf(stderr, "expr_eval: what is '%s'?\n", line);
            return 2;
        }
    }
    free(line);
    expr_free(expr);
    return 0;
}
