/* links: baton_compile */
/*
 * Every finding stands as a file in tests/lint, with what is printed about it in a file beside it.
 * UPDATE=1 rewrites what is expected.
 */
#include "support/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compile/flow_file.h"

static int is_case(const struct dirent *entry)
{
    return text_ends(text_of(entry->d_name), TEXT(".yaml"));
}

static void expected_path(const char *name, char out[300])
{
    snprintf(out, 300, "%.*s.expected", (int)(strlen(name) - strlen(".yaml")), name);
}

static void read_whole(const char *path, struct buffer *out)
{
    FILE *file = fopen(path, "rb");
    int c;

    if (file == NULL) {
        return;
    }
    while ((c = fgetc(file)) != EOF) {
        buffer_add_char(out, (char)c);
    }
    fclose(file);
}

static void write_whole(const char *path, struct text text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.bytes, file), text.bytes);
    assert_int_equal(fclose(file), 0);
}

/* What `baton check` prints about the file, and the outcome. */
static void check(const char *name, struct buffer *out)
{
    struct diagnostics found = {0};
    struct buffer definition = {0};
    struct error err = {0};
    enum status status = flow_file_check(name, &found, &definition, &err);

    diagnostics_print(&found, DIAGNOSTIC_TEXT, out);
    buffer_addf(out, "%s\n", status_name(status));
    assert_true((status == STATUS_REJECT) == (found.error_count > 0));
    diagnostics_release(&found);
    buffer_release(&definition);
}

static bool run_case(const char *name)
{
    struct buffer expected = {0};
    struct buffer actual = {0};
    char path[300];
    bool same;

    check(name, &actual);
    expected_path(name, path);
    if (getenv("UPDATE") != NULL) {
        write_whole(path, buffer_text(&actual));
    }
    read_whole(path, &expected);
    same = text_equal(buffer_text(&expected), buffer_text(&actual));
    if (!same) {
        print_error("%s: expected\n%s\ngot\n%s\n", name, buffer_string(&expected),
                    buffer_string(&actual));
    }
    /* A case named after a finding has to show it, or an update could lose it unseen. */
    if (name[0] == 'F') {
        char id[8];

        snprintf(id, sizeof(id), " %.4s:", name);
        assert_non_null(strstr(buffer_string(&actual), id));
    }
    buffer_release(&expected);
    buffer_release(&actual);
    return same;
}

static void every_finding_is_printed_as_expected(void **state)
{
    struct dirent **entries = NULL;
    int failed = 0;
    int count;

    (void)state;
    assert_int_equal(chdir(BATON_SOURCE_DIR "/tests/lint"), 0);
    count = scandir(".", &entries, is_case, alphasort);

    assert_true(count > 60);
    for (int i = 0; i < count; i++) {
        failed += run_case(entries[i]->d_name) ? 0 : 1;
        free(entries[i]);
    }
    free(entries);
    assert_int_equal(failed, 0);
}

static void the_published_example_has_no_findings(void **state)
{
    struct buffer out = {0};

    (void)state;
    assert_int_equal(chdir(BATON_SOURCE_DIR "/workflows"), 0);
    check("order-saga.yaml", &out);
    check("estate.yaml", &out);

    assert_string_equal(buffer_string(&out), "ok\nok\n");
    buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_finding_is_printed_as_expected),
        cmocka_unit_test(the_published_example_has_no_findings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
