/* links: baton_expr */
/* The conformance cases of tests/expr: program, input, output. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr/expr.h"
#include "support/unit.h"

#define CASES_DIR BATON_SOURCE_DIR "/tests/expr/"
#define CASES_MIN 400 /* So that a reader that finds none does not pass. */

struct conformance_case {
    char *lines[3]; /* Program, input, output. */
    size_t count;
};

static struct json *parse(const char *text)
{
    struct json *value = NULL;
    struct error err;

    if (json_parse(text_of(text), &value, &err) != STATUS_OK) {
        fail_msg("no JSON: %s: %s", text, err.text);
    }
    return value;
}

/* What evaluation gives, or NULL if the program is refused or fails. */
static struct json *result_of(const char *program, const struct json *input)
{
    struct expr_env env = {.input = input};
    struct expr_problem problem;
    struct json *value = NULL;
    struct expr *expr = NULL;
    struct error err;

    if (expr_compile(text_of(program), NULL, &expr, &problem) != STATUS_OK) {
        assert_true(problem.offset <= strlen(program));
        assert_true(problem.text[0] != '\0');
        return NULL;
    }
    if (expr_eval(expr, &env, &value, &err) != STATUS_OK) {
        assert_true(err.text[0] != '\0');
        assert_null(value);
    }
    expr_free(expr);
    return value;
}

static void check_case(const char *file, const struct conformance_case *given)
{
    struct json *input = parse(given->lines[1]);
    bool refused = strcmp(given->lines[2], "!") == 0;
    struct json *wanted = refused ? NULL : parse(given->lines[2]);
    struct json *value = result_of(given->lines[0], input);
    struct buffer text = {0};

    if (value != NULL) {
        json_write(value, &text);
    }
    if ((value == NULL) != refused || (value != NULL && !json_equal(value, wanted))) {
        fail_msg("%s: %s\n  input %s\n  wants %s\n  gives %s", file, given->lines[0],
                 given->lines[1], given->lines[2], value == NULL ? "!" : buffer_string(&text));
    }
    buffer_release(&text);
    json_free(value);
    json_free(wanted);
    json_free(input);
}

static size_t end_case(const char *file, struct conformance_case *given)
{
    size_t count = given->count;

    if (count == 3) {
        check_case(file, given);
    } else if (count != 0) {
        fail_msg("%s: a case of %zu lines at: %s", file, count, given->lines[0]);
    }
    for (size_t i = 0; i < count; i++) {
        free(given->lines[i]);
    }
    given->count = 0;
    return count == 3 ? 1 : 0;
}

static size_t run_file(const char *name)
{
    struct conformance_case given = {.count = 0};
    char path[512];
    char *line = NULL;
    size_t room = 0;
    size_t cases = 0;
    ssize_t bytes;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s%s", CASES_DIR, name);
    file = fopen(path, "r");
    assert_non_null(file);
    while ((bytes = getline(&line, &room, file)) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0') {
            cases += end_case(name, &given);
        } else if (given.count == 3) {
            fail_msg("%s: a case of more than three lines at: %s", name, line);
        } else if (given.count > 0 || strncmp(line, "# ", 2) != 0) {
            given.lines[given.count++] = strdup(line);
        }
    }
    cases += end_case(name, &given);
    free(line);
    (void)fclose(file);
    return cases;
}

static void conformance_cases_hold(void **state)
{
    DIR *folder = opendir(CASES_DIR);
    const struct dirent *entry;
    size_t cases = 0;

    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (text_ends(text_of(entry->d_name), TEXT(".txt"))) {
            cases += run_file(entry->d_name);
        }
    }
    (void)closedir(folder);
    print_message("%zu cases\n", cases);
    assert_true(cases >= CASES_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conformance_cases_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
