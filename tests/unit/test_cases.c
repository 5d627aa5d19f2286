/* links: baton_core baton_compile */
/* The golden cases, tests/cases/: a flow as people write it, a story of events, and what came of
 * each. UPDATE=1 rewrites them; commit the difference only if each line of it can be explained.
 *
 * A case has parts that begin with "=== flow" (YAML, or the path of a file in the tree), "=== file
 * <name>" (beside the flow), "=== next" (another version, to migrate to) and "=== story". Lines of a story that begin with two blanks are what
 * came of the line above (support/case_story.h). */
#include <glob.h>
#include <stdio.h>
#include <unistd.h>

#include "compile/flow_file.h"
#include "support/case_story.h"

#define CASES_MAX 200

static void file_read(const char *path, struct buffer *out)
{
    FILE *file = fopen(path, "rb");
    size_t bytes;

    if (file == NULL) {
        fail_msg("cannot open %s", path);
        return;
    }
    do {
        buffer_reserve(out, 4096);
        bytes = fread(out->data + out->bytes, 1, 4096, file);
        out->bytes += bytes;
    } while (bytes > 0);
    (void)fclose(file);
}

static void file_write(const char *path, struct text text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.bytes, file), text.bytes);
    assert_int_equal(fclose(file), 0);
}

static struct text next_line(struct text *rest)
{
    size_t end = text_find(*rest, '\n');
    struct text line = text_sub(*rest, 0, end == SIZE_MAX ? rest->bytes : end);

    *rest = end == SIZE_MAX ? TEXT("") : text_sub(*rest, end + 1, rest->bytes);
    return line;
}

static struct flow *load_flow(const char *path)
{
    struct diagnostics diagnostics = {0};
    struct buffer definition = {0};
    struct buffer found = {0};
    struct error err = {0};
    struct flow *flow = NULL;

    if (flow_file_check(path, &diagnostics, &definition, &err) != STATUS_OK) {
        diagnostics_print(&diagnostics, DIAGNOSTIC_TEXT, &found);
        fail_msg("%s\n%s", err.text, buffer_string(&found));
    }
    if (flow_build(buffer_text(&definition), &flow, &err) != STATUS_OK) {
        fail_msg("%s", err.text);
    }
    diagnostics_release(&diagnostics);
    buffer_release(&definition);
    buffer_release(&found);
    return flow;
}

/* The files of a case, in a folder of their own. */
struct files {
    char folder[64];
    char flow[256];
    char next[256]; /* Empty: there is none. */
    struct buffer text;
    char name[256]; /* Of the file that `text` is for; empty: none. */
};

static void files_flush(struct files *files)
{
    if (files->name[0] != '\0') {
        file_write(files->name, buffer_text(&files->text));
    }
    files->name[0] = '\0';
    buffer_clear(&files->text);
}

/* "flow", "flow workflows/x.yaml", "file estate.yaml" */
static void files_begin(struct files *files, struct text title)
{
    struct text what = story_word(&title);

    files_flush(files);
    if (text_is(what, "flow") && title.bytes > 0) {
        (void)snprintf(files->flow, sizeof(files->flow), "%s/%.*s", BATON_SOURCE_DIR,
                       TEXT_ARG(title));
    } else if (text_is(what, "flow")) {
        (void)snprintf(files->name, sizeof(files->name), "%s/flow.yaml", files->folder);
        memcpy(files->flow, files->name, sizeof(files->flow));
    } else if (text_is(what, "next")) {
        (void)snprintf(files->name, sizeof(files->name), "%s/next.yaml", files->folder);
        memcpy(files->next, files->name, sizeof(files->next));
    } else if (text_is(what, "file")) {
        (void)snprintf(files->name, sizeof(files->name), "%s/%.*s", files->folder, TEXT_ARG(title));
    }
}

static void files_remove(const struct files *files)
{
    char pattern[128];
    glob_t found;

    (void)snprintf(pattern, sizeof(pattern), "%s/*", files->folder);
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            (void)unlink(found.gl_pathv[i]);
        }
        globfree(&found);
    }
    (void)rmdir(files->folder);
}

/* Read up to the story, and build the flow, and *next if there is one. */
static struct flow *read_head(struct text *rest, struct buffer *out, struct flow **next)
{
    struct files files = {.folder = "/tmp/baton-case-XXXXXX"};
    struct flow *flow = NULL;

    assert_non_null(mkdtemp(files.folder));
    while (rest->bytes > 0 && flow == NULL) {
        struct text line = next_line(rest);

        buffer_addf(out, "%.*s\n", TEXT_ARG(line));
        if (!text_starts(line, TEXT("=== "))) {
            buffer_addf(&files.text, "%.*s\n", TEXT_ARG(line));
            continue;
        }
        files_begin(&files, text_sub(line, 4, line.bytes));
        if (text_is(line, "=== story")) {
            flow = load_flow(files.flow);
            *next = files.next[0] == '\0' ? NULL : load_flow(files.next);
        }
    }
    files_remove(&files);
    buffer_release(&files.text);
    assert_non_null(flow);
    return flow;
}

static void play_case(struct text text, struct buffer *out)
{
    struct text rest = text;
    struct flow *next = NULL;
    struct flow *flow = read_head(&rest, out, &next);
    struct story story;

    story_init(&story, flow, "A1");
    story.play.next = next;
    while (rest.bytes > 0) {
        struct text line = next_line(&rest);

        if (text_starts(line, TEXT("  "))) {
            continue;
        }
        buffer_addf(out, "%.*s\n", TEXT_ARG(line));
        if (line.bytes > 0 && line.data[0] != '#') {
            story_play(&story, line, out);
        }
    }
    story_release(&story);
    flow_free(flow);
    flow_free(next);
}

/* Tell the first line that differs. */
static void assert_same_text(const char *path, struct text expected, struct text actual)
{
    for (uint32_t number = 1; expected.bytes > 0 || actual.bytes > 0; number++) {
        struct text want = next_line(&expected);
        struct text is = next_line(&actual);

        if (!text_equal(want, is)) {
            fail_msg("%s:%u:\n  expected: %.*s\n  but it is: %.*s", path, number, TEXT_ARG(want),
                     TEXT_ARG(is));
        }
    }
}

static void case_holds(void **state)
{
    const char *path = *state;
    struct buffer expected = {0};
    struct buffer actual = {0};

    file_read(path, &expected);
    play_case(buffer_text(&expected), &actual);
    if (getenv("UPDATE") != NULL) {
        file_write(path, buffer_text(&actual));
    } else {
        assert_same_text(path, buffer_text(&expected), buffer_text(&actual));
    }
    buffer_release(&expected);
    buffer_release(&actual);
}

int main(void)
{
    static struct CMUnitTest tests[CASES_MAX];
    glob_t found;
    int failed;

    if (glob(BATON_SOURCE_DIR "/tests/cases/*.case", 0, NULL, &found) != 0 ||
        found.gl_pathc > CASES_MAX) {
        (void)fprintf(stderr, "no cases, or more than %d\n", CASES_MAX);
        return 1;
    }
    for (size_t i = 0; i < found.gl_pathc; i++) {
        tests[i] = (struct CMUnitTest){.name = strrchr(found.gl_pathv[i], '/') + 1,
                                       .test_func = case_holds,
                                       .initial_state = found.gl_pathv[i]};
    }
    failed = _cmocka_run_group_tests("cases", tests, found.gl_pathc, NULL, NULL);
    globfree(&found);
    return failed;
}
