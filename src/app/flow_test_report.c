#include "app/flow_test_report.h"

#include <stdio.h>
#include <string.h>

#include "app/dev_print_json.h"
#include "app/flow_test_story.h"
#include "app/output.h"
#include "base/duration.h"
#include "json/json.h"

#define RED "\033[1;31m"
#define GREEN "\033[32m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"
#define NAME_WIDTH 60

static const char *paint(const struct flow_test_report *report, const char *code)
{
    return report->coloured ? code : "";
}

/* ---- lines for people ---- */

static void print_indented(const char *text, const char *indent)
{
    while (*text != '\0') {
        size_t bytes = strcspn(text, "\n");

        printf("%s%.*s\n", bytes > 0 ? indent : "", (int)bytes, text);
        text += bytes + (text[bytes] == '\n');
    }
}

static void print_findings(struct diagnostics *diagnostics, bool coloured, const char *indent)
{
    struct buffer out = {.data = NULL};

    diagnostics_print(diagnostics, coloured ? DIAGNOSTIC_COLOURED : DIAGNOSTIC_TEXT, &out);
    print_indented(buffer_string(&out), indent);
    buffer_release(&out);
}

/* As much of it as is to be shown. */
static void add_story(const struct flow_test_report *report, const char *story, struct buffer *out)
{
    if (story != NULL && report->verbose) {
        buffer_add_text(out, text_of(story));
    } else if (story != NULL) {
        flow_test_story_cut(text_of(story), out);
    }
}

static void print_story(const struct flow_test_report *report, const char *story)
{
    struct buffer shown = {.data = NULL};

    add_story(report, story, &shown);
    printf("        %swhat happened:%s\n", paint(report, DIM), paint(report, PLAIN));
    print_indented(buffer_string(&shown), "          ");
    buffer_release(&shown);
}

static void print_case(const struct flow_test_report *report, const struct flow_test_case *one,
                       struct flow_test_outcome *outcome)
{
    bool failed = outcome->diagnostics.error_count > 0;
    bool skipped = !failed && outcome->skipped[0] != '\0';
    size_t width = text_length(one->name);
    char took[TIME_TEXT_BYTES];

    duration_format(outcome->virtual_ms, took);
    printf("  %s%s%s  %.*s%*s  %s%s%s\n",
           paint(report, failed    ? RED
                         : skipped ? DIM
                                   : GREEN),
           failed    ? "FAIL"
           : skipped ? "skip"
                     : "ok  ",
           paint(report, PLAIN), TEXT_ARG(one->name),
           width < NAME_WIDTH ? (int)(NAME_WIDTH - width) : 0, "", paint(report, DIM),
           skipped ? outcome->skipped : took, paint(report, PLAIN));
    if (failed) {
        print_findings(&outcome->diagnostics, report->coloured, "        ");
    }
    if (failed || (report->verbose && outcome->story != NULL)) {
        print_story(report, outcome->story);
    }
}

/* ---- JSON ---- */

static struct json *findings_json(struct diagnostics *diagnostics)
{
    struct json *all = json_array();

    diagnostics_sort(diagnostics);
    for (uint32_t i = 0; i < diagnostics->count; i++) {
        const struct diagnostic *item = &diagnostics->items[i];
        struct json *one = json_object();

        json_put_string(one, "id", item->id);
        json_put_text(one, "file", item->place.file);
        json_put_integer(one, "line", item->place.line);
        json_put_integer(one, "column", item->place.column);
        json_put_text(one, "message", item->message);
        json_push(all, one);
    }
    return all;
}

static void json_case(const struct flow_test *test, const struct flow_test_case *one,
                      struct flow_test_outcome *outcome)
{
    struct json *object = json_object();
    bool failed = outcome->diagnostics.error_count > 0;

    json_put_string(object, "event", "case");
    json_put_text(object, "file", test->path);
    json_put_text(object, "case", one->name);
    json_put_integer(object, "line", one->place.line);
    json_put_bool(object, "passed", !failed);
    if (!failed && outcome->skipped[0] != '\0') {
        json_put_string(object, "skipped", outcome->skipped);
    }
    json_put_integer(object, "tookMs", outcome->virtual_ms);
    json_put_integer(object, "realMs", outcome->real_ms);
    json_put_integer(object, "instances", outcome->instances);
    json_put(object, TEXT("failures"), findings_json(&outcome->diagnostics));
    if (failed) {
        json_put_string(object, "story", outcome->story == NULL ? "" : outcome->story);
    }
    dev_json_print(object);
}

/* ---- JUnit ---- */

/* Characters that XML 1.0 has no form for become '?'. */
static void add_xml(struct buffer *out, struct text text)
{
    for (size_t i = 0; i < text.bytes;) {
        size_t step = text_utf8_step(text, i);
        unsigned char c = (unsigned char)text.data[i];
        bool is_unfit = step == 0 || (c < 0x20 && c != '\n' && c != '\t');
        bool is_end = step == 3 && memcmp(text.data + i, "\xEF\xBF", 2) == 0 &&
                      (unsigned char)text.data[i + 2] >= 0xBE; /* U+FFFE, U+FFFF */

        if (is_unfit || is_end) {
            buffer_add_char(out, '?');
        } else if (c == '&') {
            buffer_add_text(out, TEXT("&amp;"));
        } else if (c == '<') {
            buffer_add_text(out, TEXT("&lt;"));
        } else if (c == '>') {
            buffer_add_text(out, TEXT("&gt;"));
        } else if (c == '"') {
            buffer_add_text(out, TEXT("&quot;"));
        } else {
            buffer_add(out, text.data + i, step);
        }
        i += step == 0 ? 1 : step;
    }
}

static void add_seconds(struct buffer *out, int64_t ms)
{
    buffer_addf(out, "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
}

static void add_junit_case(struct flow_test_report *report, struct text file, struct text name,
                           int64_t real_ms)
{
    buffer_addf(&report->cases, "    <testcase classname=\"");
    add_xml(&report->cases, file);
    buffer_addf(&report->cases, "\" name=\"");
    add_xml(&report->cases, name);
    buffer_addf(&report->cases, "\" time=\"");
    add_seconds(&report->cases, real_ms);
    buffer_addf(&report->cases, "\">");
    report->suite_tests++;
    report->suite_ms += real_ms;
}

static void add_junit_failure(struct flow_test_report *report, struct diagnostics *diagnostics,
                              const char *story)
{
    struct buffer text = {.data = NULL};

    diagnostics_sort(diagnostics);
    buffer_addf(&report->cases, "\n      <failure message=\"");
    add_xml(&report->cases,
            diagnostics->count > 0 ? diagnostics->items[0].message : TEXT("it failed"));
    buffer_addf(&report->cases, "\" type=\"%s\">",
                diagnostics->count > 0 ? diagnostics->items[0].id : "D501");
    diagnostics_print(diagnostics, DIAGNOSTIC_TEXT, &text);
    if (story != NULL) {
        buffer_add_char(&text, '\n');
        add_story(report, story, &text);
    }
    add_xml(&report->cases, buffer_text(&text));
    buffer_addf(&report->cases, "</failure>\n    ");
    buffer_release(&text);
    report->suite_failures++;
}

/* ---- telling ---- */

void flow_test_report_file(struct flow_test_report *report, const struct flow_test *test)
{
    if (!report->json) {
        printf("%.*s\n", TEXT_ARG(test->path));
    }
}

void flow_test_report_case(struct flow_test_report *report, const struct flow_test *test,
                           const struct flow_test_case *one, struct flow_test_outcome *outcome)
{
    bool failed = outcome->diagnostics.error_count > 0;
    bool skipped = !failed && outcome->skipped[0] != '\0';

    report->passed += !failed && !skipped;
    report->failed += failed;
    report->skipped += skipped;
    report->real_ms += outcome->real_ms;
    if (report->json) {
        json_case(test, one, outcome);
    } else {
        print_case(report, one, outcome);
    }
    add_junit_case(report, test->path, one->name, outcome->real_ms);
    if (failed) {
        add_junit_failure(report, &outcome->diagnostics, outcome->story);
    } else if (skipped) {
        report->suite_skipped++;
        buffer_addf(&report->cases, "<skipped message=\"");
        add_xml(&report->cases, text_of(outcome->skipped));
        buffer_addf(&report->cases, "\"/>");
    }
    buffer_addf(&report->cases, "</testcase>\n");
    fflush(stdout);
}

void flow_test_report_broken(struct flow_test_report *report, struct text path,
                             struct diagnostics *diagnostics)
{
    struct json *object;

    report->broken++;
    if (report->json) {
        object = json_object();
        json_put_string(object, "event", "broken");
        json_put_text(object, "file", path);
        json_put(object, TEXT("failures"), findings_json(diagnostics));
        dev_json_print(object);
    } else {
        printf("%.*s\n", TEXT_ARG(path));
        print_findings(diagnostics, report->coloured, "  ");
    }
    add_junit_case(report, path, TEXT("the file can be read"), 0);
    add_junit_failure(report, diagnostics, NULL);
    buffer_addf(&report->cases, "</testcase>\n");
}

void flow_test_report_close(struct flow_test_report *report, struct text path)
{
    if (report->suite_tests > 0) {
        buffer_addf(&report->suites, "  <testsuite name=\"");
        add_xml(&report->suites, path);
        buffer_addf(&report->suites,
                    "\" tests=\"%u\" failures=\"%u\" skipped=\"%u\" errors=\"0\" time=\"",
                    report->suite_tests, report->suite_failures, report->suite_skipped);
        add_seconds(&report->suites, report->suite_ms);
        buffer_addf(&report->suites, "\">\n");
        buffer_add_text(&report->suites, buffer_text(&report->cases));
        buffer_addf(&report->suites, "  </testsuite>\n");
    }
    buffer_clear(&report->cases);
    report->suite_tests = 0;
    report->suite_failures = 0;
    report->suite_skipped = 0;
    report->suite_ms = 0;
}

void flow_test_report_summary(struct flow_test_report *report)
{
    uint32_t count = report->passed + report->failed + report->skipped;
    char took[TIME_TEXT_BYTES];

    if (report->json) {
        struct json *object = json_object();

        json_put_string(object, "event", "summary");
        json_put_integer(object, "passed", report->passed);
        json_put_integer(object, "failed", report->failed);
        json_put_integer(object, "skipped", report->skipped);
        json_put_integer(object, "broken", report->broken);
        json_put_integer(object, "realMs", report->real_ms);
        dev_json_print(object);
        return;
    }
    duration_format(report->real_ms, took);
    printf("%u %s: %u passed, %u failed", count, count == 1 ? "case" : "cases", report->passed,
           report->failed);
    if (report->skipped > 0) {
        printf(", %u skipped", report->skipped);
    }
    if (report->broken > 0) {
        printf("; %u %s not run", report->broken, report->broken == 1 ? "file" : "files");
    }
    printf(" (in %s)\n", took);
}

enum status flow_test_report_junit(struct flow_test_report *report, const char *path,
                                   struct error *err)
{
    struct buffer out = {.data = NULL};
    enum status status;

    buffer_addf(&out,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<testsuites name=\"baton test\" tests=\"%u\" failures=\"%u\" errors=\"0\" "
                "time=\"",
                report->passed + report->failed + report->skipped + report->broken,
                report->failed + report->broken);
    add_seconds(&out, report->real_ms);
    buffer_addf(&out, "\">\n");
    buffer_add_text(&out, buffer_text(&report->suites));
    buffer_addf(&out, "</testsuites>\n");
    status = output_write(path, buffer_text(&out), err);
    buffer_release(&out);
    return status;
}

void flow_test_report_release(struct flow_test_report *report)
{
    buffer_release(&report->suites);
    buffer_release(&report->cases);
}
