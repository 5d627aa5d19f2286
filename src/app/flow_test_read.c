/* Reading a file of tests: the file itself, its cases, what is sent. */
#include <stdlib.h>
#include <string.h>

#include "app/flow_test_keys.h"
#include "base/duration.h"

/* ---- the file ---- */

static struct flow_test *file_of(struct dev_reader *reader)
{
    return (struct flow_test *)(void *)((char *)reader->services -
                                        offsetof(struct flow_test, memory));
}

/* Relative to the file of tests. */
static struct text beside(struct flow_test *test, struct text name)
{
    size_t slash = text_find_last(test->path, '/');

    if (slash == SIZE_MAX || text_starts(name, TEXT("/"))) {
        return arena_text(&test->memory.arena, name);
    }
    return arena_printf(&test->memory.arena, "%.*s/%.*s", TEXT_ARG(text_sub(test->path, 0, slash)),
                        TEXT_ARG(name));
}

void flow_test_read_paths(struct dev_reader *reader, const struct node *node, void *out)
{
    struct flow_test *test = file_of(reader);

    (void)out;
    if (node->kind != NODE_LIST || node->count == 0) {
        dev_wrong(reader, node, "a list of flow files");
        return;
    }
    test->flows = arena_array(&test->memory.arena, node->count, sizeof(*test->flows));
    for (uint32_t i = 0; i < node->count; i++) {
        if (node->items[i]->kind != NODE_TEXT) {
            dev_wrong(reader, node->items[i], "the path of a flow file");
        } else {
            test->flows[test->flow_count++] = beside(test, node->items[i]->text);
        }
    }
}

void flow_test_read_replay(struct dev_reader *reader, const struct node *node, void *out)
{
    if (node->kind != NODE_TEXT || node->text.bytes == 0) {
        dev_wrong(reader, node, "the path of a recorded run");
        return;
    }
    *(struct text *)out = beside(file_of(reader), node->text);
}

void flow_test_read_clock(struct dev_reader *reader, const struct node *node, void *out)
{
    struct error err;

    if (node->kind != NODE_TEXT || time_parse(node->text, out, &err) != STATUS_OK) {
        dev_wrong(reader, node, "a time such as 2026-01-01T09:00:00Z");
    }
}

/* ---- cases ---- */

/* A recorded run says what comes and what has to come of it; any other case says so itself. */
static void check_kind(struct dev_reader *reader, const struct node *node,
                       const struct flow_test_case *one)
{
    bool is_map = node->kind == NODE_MAP;

    if (is_map && one->replay.bytes == 0 && node_get(node, "replay") == NULL &&
        node_get(node, "expect") == NULL) {
        diagnostics_error(reader->diagnostics, "D102", node_place(node),
                          "missing required 'expect'");
    }
    for (uint32_t i = 0; is_map && one->replay.bytes > 0 && i < node->count; i++) {
        const struct node *key = node->pairs[i].key;

        if (!text_is(key->text, "case") && !text_is(key->text, "replay")) {
            diagnostics_error(reader->diagnostics, "D107", node_place(key),
                              "'%.*s' has no meaning beside 'replay'", TEXT_ARG(key->text));
        }
    }
}

static void check_name(struct dev_reader *reader, const struct flow_test *test,
                       const struct flow_test_case *one)
{
    for (uint32_t i = 0; i < test->case_count; i++) {
        if (one->name.bytes > 0 && text_equal(test->cases[i].name, one->name)) {
            diagnostics_error(reader->diagnostics, "D109", one->place,
                              "there is a case '%.*s' already", TEXT_ARG(one->name));
            diagnostics_note(reader->diagnostics, test->cases[i].place, "the first one");
        }
    }
}

void flow_test_read_cases(struct dev_reader *reader, const struct node *node, void *out)
{
    struct flow_test *test = out;

    if (node->kind != NODE_LIST || node->count == 0 || node->count > FLOW_TEST_CASES_MAX) {
        dev_wrong(reader, node, "a list of 1 to 1000 cases");
        return;
    }
    test->cases = arena_array(&test->memory.arena, node->count, sizeof(*test->cases));
    for (uint32_t i = 0; i < node->count; i++) {
        struct flow_test_case *one = &test->cases[test->case_count];
        const struct node *name = node->items[i]->kind == NODE_MAP
                                      ? node_get(node->items[i], "case")
                                      : NULL;

        one->place = node_place(name == NULL ? node->items[i] : name);
        flow_test_map(reader, FLOW_TEST_CASE, node->items[i], one);
        check_name(reader, test, one);
        check_kind(reader, node->items[i], one);
        test->case_count++;
    }
}

/* ---- what is sent ---- */

static void check_send(struct dev_reader *reader, const struct node *node,
                       const struct flow_test_send *send)
{
    static const char *const verbs[] = {"signal", "cancel", "pause", "resume",
                                        "retry",  "skip",   "done",  "failed"};
    /* The value of a signal is its data. */
    bool is_signal = send->is_operator && send->verb == OPERATOR_SIGNAL;
    uint32_t count = send->value != NULL && !is_signal;

    if (node->kind != NODE_MAP) {
        return;
    }
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        count += node_get(node, verbs[i]) != NULL;
    }
    if (count != 1) {
        diagnostics_error(reader->diagnostics, "D106", node_place(node),
                          count == 0
                              ? "nothing is sent: 'value' is missing (or 'signal', 'cancel', "
                                "'pause', 'resume', 'retry', 'skip', 'done', 'failed')"
                              : "two things at once: one item for each");
    }
}

void flow_test_read_sends(struct dev_reader *reader, const struct node *node, void *out)
{
    struct flow_test_sends *sends = out;

    if (node->kind != NODE_LIST) {
        dev_wrong(reader, node, "a list of messages");
        return;
    }
    sends->items = arena_array(&reader->services->arena, node->count, sizeof(*sends->items));
    for (uint32_t i = 0; i < node->count; i++) {
        struct flow_test_send *send = &sends->items[sends->count++];

        send->place = node_place(node->items[i]);
        flow_test_map(reader, FLOW_TEST_SEND, node->items[i], send);
        check_send(reader, node->items[i], send);
    }
}

static void read_verb(struct dev_reader *reader, const struct node *node, void *out,
                      enum operator_verb verb)
{
    struct flow_test_send *send = out;

    send->is_operator = true;
    send->verb = verb;
    dev_read_text(reader, node, &send->target);
}

void flow_test_read_signal(struct dev_reader *reader, const struct node *node, void *out)
{
    read_verb(reader, node, out, OPERATOR_SIGNAL);
}

void flow_test_read_cancel(struct dev_reader *reader, const struct node *node, void *out)
{
    read_verb(reader, node, out, OPERATOR_CANCEL);
}

void flow_test_read_pause(struct dev_reader *reader, const struct node *node, void *out)
{
    read_verb(reader, node, out, OPERATOR_PAUSE);
}

void flow_test_read_resume(struct dev_reader *reader, const struct node *node, void *out)
{
    read_verb(reader, node, out, OPERATOR_RESUME);
}

void flow_test_read_retry(struct dev_reader *reader, const struct node *node, void *out)
{
    read_verb(reader, node, out, OPERATOR_RETRY);
}

void flow_test_read_skip(struct dev_reader *reader, const struct node *node, void *out)
{
    read_verb(reader, node, out, OPERATOR_SKIP);
}

void flow_test_read_done(struct dev_reader *reader, const struct node *node, void *out)
{
    read_verb(reader, node, out, OPERATOR_DONE);
}

void flow_test_read_failed(struct dev_reader *reader, const struct node *node, void *out)
{
    read_verb(reader, node, out, OPERATOR_FAILED);
}

/* ---- begin and end ---- */

/* "a/order.test.yaml" is beside "a/order.yaml". */
static void name_flow(struct flow_test *test)
{
    static const struct text endings[] = {TEXT_INIT(".test.yaml"), TEXT_INIT(".test.yml")};

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (text_ends(test->path, endings[i])) {
            size_t stem = test->path.bytes - endings[i].bytes;

            test->flows = arena_alloc(&test->memory.arena, sizeof(*test->flows));
            test->flows[0] = arena_printf(&test->memory.arena, "%.*s%s",
                                          TEXT_ARG(text_sub(test->path, 0, stem)),
                                          endings[i].data + sizeof(".test") - 1);
            test->flow_count = 1;
            return;
        }
    }
}

enum status flow_test_read(struct text path, struct text source, struct diagnostics *diagnostics,
                           struct flow_test *test)
{
    struct dev_reader reader = {&test->memory, diagnostics};

    *test = (struct flow_test){.clock_ms = FLOW_TEST_CLOCK_MS};
    test->path = arena_text(&test->memory.arena, path);
    /* A reply takes no time unless a case says so. */
    test->memory.has_delay = true;
    if (document_parse(path, source, diagnostics, &test->document) != STATUS_OK) {
        return STATUS_REJECT;
    }
    flow_test_map(&reader, FLOW_TEST_FILE, test->document->root, test);
    if (test->flow_count == 0 && node_get(test->document->root, "flows") == NULL) {
        name_flow(test);
    }
    if (test->flow_count == 0 && diagnostics->error_count == 0) {
        diagnostics_error(diagnostics, "D102", node_place(test->document->root),
                          "missing required 'flows': the file's name does not say which flow is "
                          "tested");
    }
    return diagnostics->error_count > 0 ? STATUS_REJECT : STATUS_OK;
}

void flow_test_release(struct flow_test *test)
{
    document_free(test->document);
    dev_services_release(&test->memory);
    *test = (struct flow_test){.flow_count = 0};
}
