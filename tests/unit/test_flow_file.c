/* links: baton_compile */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "compile/flow_file.h"

#define HEAD                                                                                       \
    "topics: {in: {name: orders}, out: {name: done}}\n"                                            \
    "services: {stock: {commands: c, replies: r, success: .ok}}\n"                                 \
    "retries: {steady: {attempts: 5}}\n"

static const char base[] =
    "flow: shop\nversion: 1\nkey: .id\nstart: {topic: in}\ntimeout: 1h\n" HEAD "do:\n"
    "  - {step: a, request: stock, retry: steady, value: {x: 1, y: .y}}\n"
    "  - {step: b, emit: out}\n";

static void identity_of(const char *source, char hash[FLOW_HASH_BYTES + 1])
{
    struct diagnostics found = {0};
    struct buffer definition = {0};
    struct flow *flow = NULL;
    struct error err;

    if (flow_text_check("f.yaml", text_of(source), &found, &definition) != STATUS_OK) {
        struct buffer text = {0};

        diagnostics_print(&found, DIAGNOSTIC_TEXT, &text);
        fail_msg("%s", buffer_string(&text));
    }
    assert_int_equal(flow_build(buffer_text(&definition), &flow, &err), STATUS_OK);
    memcpy(hash, flow->hash, FLOW_HASH_BYTES + 1);
    assert_int_equal(strlen(hash), FLOW_HASH_BYTES);
    flow_free(flow);
    buffer_release(&definition);
    diagnostics_release(&found);
}

static void assert_same_identity(const char *source)
{
    char expected[FLOW_HASH_BYTES + 1];
    char actual[FLOW_HASH_BYTES + 1];

    identity_of(base, expected);
    identity_of(source, actual);
    assert_string_equal(actual, expected);
}

static void assert_other_identity(const char *source)
{
    char expected[FLOW_HASH_BYTES + 1];
    char actual[FLOW_HASH_BYTES + 1];

    identity_of(base, expected);
    identity_of(source, actual);
    assert_string_not_equal(actual, expected);
}

static void what_means_the_same_has_the_same_identity(void **state)
{
    (void)state;
    /* Comments, titles, order of keys. */
    assert_same_identity("# A comment\ntitle: Shop\ndescription: more\nlabels: {a: b}\nowner: me\n"
                         "version: 1\nflow: shop\nstart: {topic: in}\n" HEAD
                         "key: .id # here\ntimeout: 1h\ndo:\n"
                         "  - value: {y: .y, x: 1}\n    retry: steady\n    request: stock\n"
                         "    step: a\n"
                         "  - emit: out\n    step: b\n");
    /* Defaults written out, other forms of the same duration, key and policy, other aliases. */
    assert_same_identity(
        "flow: shop\nversion: 1\nmode: orchestrate\nkey: {path: .id}\n"
        "start: [{topic: first, from: now}]\ntimeout: PT60M\nearly: 10m\nremember: {days: 1}\n"
        "keep: 1w\nsaga: {order: reverse, whenStuck: hold}\n"
        "topics: {first: orders, last: {name: done, format: json, key: .id, tombstone: skip}}\n"
        "services: {stock: {commands: c, replies: r, success: '${ .ok }', timeout: 1m,\n"
        "  correlate: {header: correlation-id}, type: {header: message-type}}}\n"
        "do:\n"
        "  - {step: a, request: stock, retry: {attempts: 5, backoff: exponential, delay: 1s},\n"
        "     value: {x: 1, y: .y}, timeout: 60s, as: a, pivot: false}\n"
        "  - {step: b, emit: last}\nonFailure: []\n");
    /* What nobody uses. */
    assert_same_identity("flow: shop\nversion: 1\nkey: .id\nstart: {topic: in}\ntimeout: 1h\n"
                         "topics: {in: {name: orders}, out: {name: done}, more: {name: more}}\n"
                         "services: {stock: {commands: c, replies: r, success: .ok},\n"
                         "  other: {commands: x, replies: y, success: .ok}}\n"
                         "retries: {steady: {attempts: 5}, rash: {attempts: 9}}\n"
                         "do:\n"
                         "  - {step: a, request: stock, retry: steady, value: {x: 1, y: .y}}\n"
                         "  - {step: b, emit: out}\n");
}

/* The base with one piece of text replaced. */
static void replaced(const char *from, const char *to, char *out, size_t bytes)
{
    const char *at = strstr(base, from);

    assert_non_null(at);
    snprintf(out, bytes, "%.*s%s%s", (int)(at - base), base, to, at + strlen(from));
}

static void what_means_something_else_has_another_identity(void **state)
{
    static const char *const changes[][2] = {
        {"flow: shop", "flow: shops"},
        {"version: 1", "version: 2"},
        {"key: .id", "key: .no"},
        {"key: .id", "key: {header: id}"},
        {"start: {topic: in}", "start: {topic: in, when: .x}"},
        {"start: {topic: in}", "start: {topic: in, from: earliest}"},
        {"timeout: 1h", "timeout: 61m"},
        {"timeout: 1h", "timeout: 1h\nearly: 11m"},
        {"timeout: 1h", "timeout: 1h\nsaga: {inDoubt: skip}"},
        {"timeout: 1h", "timeout: 1h\nresult: {a: 1}"},
        {"name: orders", "name: orders2"},
        {"name: done", "name: done, tombstone: deliver"},
        {"success: .ok", "success: .fine"},
        {"commands: c", "commands: c2"},
        {"attempts: 5", "attempts: 6"},
        {"x: 1", "x: 2"},
        {"x: 1", "x: \"1\""},
        {"step: b", "step: c"},
        {"step: b", "step: b, if: .x"},
        {"step: b", "step: b, then: end"},
        {"step: a,", "step: a, timeout: 59s,"},
        {"step: a,", "step: a, as: false,"},
        {"step: a,", "step: a, pivot: true,"},
        {"step: a,", "step: a, compensate: {request: stock},"},
        {"step: a,", "step: a, reply: {failure: .no},"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        char source[2048];

        replaced(changes[i][0], changes[i][1], source, sizeof(source));
        assert_other_identity(source);
    }
}

static void too_many_steps_are_refused(void **state)
{
    struct diagnostics found = {0};
    struct buffer definition = {0};
    struct buffer source = {0};

    (void)state;
    buffer_addf(&source, "flow: a\nversion: 1\nkey: .id\nstart: {topic: in}\n%sdo:\n", HEAD);
    for (int i = 0; i <= STEPS_MAX; i++) {
        buffer_addf(&source, "  - {step: s%d, emit: out}\n", i);
    }
    assert_int_equal(flow_text_check("f.yaml", buffer_text(&source), &found, &definition),
                     STATUS_REJECT);
    assert_string_equal(found.items[0].id, "F701");
    assert_int_equal(definition.bytes, 0);
    diagnostics_release(&found);
    buffer_release(&source);
    buffer_release(&definition);
}

static void a_definition_above_the_limit_is_refused(void **state)
{
    struct diagnostics found = {0};
    struct buffer definition = {0};
    struct buffer source = {0};

    (void)state;
    buffer_addf(&source,
                "flow: a\nversion: 1\nkey: .id\nstart: {topic: in}\ntimeout: 1h\n%sdo:\n"
                "  - {step: b, emit: out}\n",
                HEAD);
    for (int i = 0; i < 3000; i++) {
        buffer_addf(&source, "  - {step: s%d, request: stock, retry: steady, compensate: none}\n",
                    i);
    }
    assert_int_equal(flow_text_check("f.yaml", buffer_text(&source), &found, &definition),
                     STATUS_REJECT);
    assert_int_equal(found.error_count, 1);
    diagnostics_sort(&found);
    assert_string_equal(found.items[0].id, "F701");
    diagnostics_release(&found);
    buffer_release(&source);
    buffer_release(&definition);
}

static void a_missing_file_is_told_from_a_bad_one(void **state)
{
    struct diagnostics found = {0};
    struct buffer definition = {0};
    struct error err = {0};

    (void)state;
    assert_int_equal(flow_file_check("/nowhere/f.yaml", &found, &definition, &err), STATUS_FATAL);
    assert_non_null(strstr(err.text, "/nowhere/f.yaml"));
    assert_int_equal(found.error_count, 0);
    diagnostics_release(&found);
}

static void a_flow_is_told_by_its_first_key(void **state)
{
    static const char *const flows[] = {"flow: a",
                                        "# x\n---\nflow: a",
                                        "\n\n 'flow': a",
                                        "{flow: a}",
                                        "\"document\" : {}",
                                        "\357\273\277flow: a",
                                        "%YAML 1.2\n---\nflow : a\n"};
    static const char *const others[] = {"",          "topics: {}\nflow: a", "flows: a", "flow",
                                         "# flow: a", "- flow: a",           "test: x"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(flows); i++) {
        assert_true(flow_file_is_flow(text_of(flows[i])));
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_false(flow_file_is_flow(text_of(others[i])));
    }
}

/* Each prefix of a rich file, and each with one byte changed: findings, no crash. */
static void broken_files_give_findings(void **state)
{
    size_t bytes = strlen(base);
    char source[sizeof(base)];

    (void)state;
    for (size_t i = 0; i < bytes * 2; i++) {
        struct diagnostics found = {0};
        struct buffer definition = {0};
        struct text text = {source, i < bytes ? i : bytes};
        enum status status;

        memcpy(source, base, sizeof(base));
        if (i >= bytes) {
            source[i - bytes] = "{}[]:\"'\t#\n&*!|>%@`,\xFF"[i % 21];
        }
        status = flow_text_check("f.yaml", text, &found, &definition);
        assert_int_equal(status, found.error_count > 0 ? STATUS_REJECT : STATUS_OK);
        diagnostics_release(&found);
        buffer_release(&definition);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_means_the_same_has_the_same_identity),
        cmocka_unit_test(what_means_something_else_has_another_identity),
        cmocka_unit_test(too_many_steps_are_refused),
        cmocka_unit_test(a_definition_above_the_limit_is_refused),
        cmocka_unit_test(a_missing_file_is_told_from_a_bad_one),
        cmocka_unit_test(a_flow_is_told_by_its_first_key),
        cmocka_unit_test(broken_files_give_findings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
