/* links: baton_compile */
/* What is said about two versions of a flow. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "compile/compare.h"
#include "support/flow_text.h"

#define HEAD                                                                                       \
    "key: .id\nstart: {topic: orders}\n"                                                           \
    "topics: {orders: {name: orders}, news: {name: news}, more: {name: more}}\n"                   \
    "services:\n  stock: {commands: sc, replies: sr, success: .ok}\n"

static struct flow *open_new(const char *text)
{
    return open_text("new.yaml", text_of(text));
}

static void assert_changes(const char *old_text, const char *new_text, const char *expected)
{
    struct flow *old = open_text("old.yaml", text_of(old_text));
    struct flow *new = open_text("new.yaml", text_of(new_text));
    struct comparison comparison;
    struct buffer out = {0};

    compare_flows(old, new, &comparison);
    for (uint32_t i = 0; i < comparison.count; i++) {
        buffer_addf(&out, "%s %u: %.*s\n", change_kind_name(comparison.items[i].kind),
                    comparison.items[i].line, TEXT_ARG(comparison.items[i].text));
    }
    assert_string_equal(buffer_string(&out), expected);
    buffer_release(&out);
    comparison_release(&comparison);
    flow_free(old);
    flow_free(new);
}

static const char first[] =
    "flow: f\nversion: 1\ntimeout: 2h\n" HEAD "do:\n"
    "  - {step: a, request: stock, type: A, compensate: {request: stock, type: UndoA}}\n"
    "  - {step: b, request: stock, type: B, timeout: 1m}\n"
    "  - {step: c, emit: news}\n";

static void the_same_but_for_comments_has_no_changes(void **state)
{
    (void)state;
    assert_changes(first,
                   "# more\nflow: f\nversion: 2\ntitle: t\ntimeout: 2h\n" HEAD "do:\n"
                   "  - {step: a, request: stock, type: A, compensate: {request: stock, type: "
                   "UndoA}}\n"
                   "  - {step: b, request: stock, type: B, timeout: 60s}\n"
                   "  - {step: c, emit: news}\n",
                   "");
}

static void edits_are_told_with_what_was_and_is(void **state)
{
    (void)state;
    assert_changes(first,
                   "flow: f\nversion: 2\ntimeout: 3h\n" HEAD "do:\n"
                   "  - {step: a, request: stock, type: A, compensate: {request: stock, type: "
                   "Back}}\n"
                   "  - {step: b, request: stock, type: B, timeout: 90s, if: .x}\n"
                   "  - {step: c, emit: news}\n",
                   "edited 0: 'timeout' was 2h, is 3h\n"
                   "edited 10: 'a': 'compensate.type' was \"UndoA\", is \"Back\"\n"
                   "edited 11: 'b': 'timeout' was 1m, is 1m30s\n"
                   "edited 11: 'b': 'if' is new: \".x\"\n");
}

static void steps_come_go_move_and_change_their_names(void **state)
{
    (void)state;
    assert_changes(first,
                   "flow: f\nversion: 2\ntimeout: 2h\n" HEAD "do:\n"
                   "  - {step: c, emit: news}\n"
                   "  - {step: first, request: stock, type: A, compensate: {request: stock, type: "
                   "UndoB}}\n"
                   "  - {step: rest, wait: 5m}\n",
                   "renamed 11: 'a' is called 'first'\n"
                   "edited 11: 'first': 'compensate.type' was \"UndoA\", is \"UndoB\"\n"
                   "removed 0: 'b' (request) is gone\n"
                   "added 12: 'rest' (wait) is new\n");
    assert_changes(first,
                   "flow: f\nversion: 2\ntimeout: 2h\n" HEAD "do:\n"
                   "  - {step: b, request: stock, type: B, timeout: 1m}\n"
                   "  - step: group\n"
                   "    do:\n"
                   "      - {step: a, request: stock, type: A, compensate: {request: stock, type: "
                   "UndoA}}\n"
                   "  - {step: c, wait: 1h}\n",
                   "edited 0: 'topics.news' is gone (it was {\"envelope\":\"none\",\"format\":"
                   "\"json\",\"key\":{\"path\":\".id\"},\"tombstone\":\"s...)\n"
                   "moved 13: 'a' stands within 'group' now\n"
                   "action 14: the action of 'c' was emit, is wait\n"
                   "added 11: 'group' (do) is new\n");
}

static void another_key_or_start_is_another_identity(void **state)
{
    struct flow *old = open_text("old.yaml", text_of(first));
    struct flow *new = open_new(
        "flow: f\nversion: 2\ntimeout: 2h\nkey: .no\nstart: {topic: more}\n"
        "topics: {more: {name: more}, news: {name: news}}\n"
        "services:\n  stock: {commands: sc, replies: sr, success: .ok}\n"
        "do:\n"
        "  - {step: a, request: stock, type: A, compensate: {request: stock, type: UndoA}}\n");
    struct comparison comparison;

    (void)state;
    compare_flows(old, new, &comparison);
    assert_int_equal(comparison.items[0].kind, CHANGE_IDENTITY);
    assert_string_equal(comparison.items[0].text.data, "the flow's key was .id, is .no");
    assert_string_equal(comparison.items[1].text.data,
                        "the start topics were 'orders', are 'more'");
    assert_ptr_equal(comparison_hinders(&comparison, TEXT("a")), &comparison.items[0]);
    comparison_release(&comparison);
    flow_free(old);
    flow_free(new);
}

static void what_handlers_do_is_told_but_hinders_nobody(void **state)
{
    static const char flow[] = "flow: f\nversion: %d\ntimeout: 2h\n" HEAD
                               "do:\n  - {step: a, emit: news}\nhandle:\n"
                               "  - {listen: {signal: stop}, raise: %s}\n%s";
    char was[700];
    char is[700];

    (void)state;
    (void)snprintf(was, sizeof was, flow, 1, "Stopped",
                   "  - {listen: {signal: go}, set: {x: 1}}\n");
    (void)snprintf(is, sizeof is, flow, 2, "Cancelled", "");
    assert_changes(
        was, is,
        "edited 0: 'handle' was [{\"do\":null,\"listen\":{\"signal\":\"stop\"}},{"
        "\"do\":null,\"listen\":{\"signal\":..., is [{\"do\":null,\"listen\":{\"signal\":"
        "\"stop\"}}]\n"
        "edited 12: 'on_stop': 'raise.error' was \"Stopped\", is \"Cancelled\"\n"
        "edited 0: 'on_go' (set) is gone\n");
}

static void a_request_to_another_service_is_another_action(void **state)
{
    static const char other[] =
        "flow: f\nversion: 2\ntimeout: 2h\n" HEAD
        "  rest: {commands: rc, replies: rr, success: .ok}\ndo:\n"
        "  - {step: a, request: stock, type: A, compensate: {request: stock, type: UndoA}}\n"
        "  - {step: b, request: rest, type: B, timeout: 1m}\n"
        "  - {step: c, emit: news}\n";
    struct flow *old = open_new(first);
    struct flow *new = open_new(other);
    struct comparison comparison;

    (void)state;
    compare_flows(old, new, &comparison);
    assert_null(comparison_hinders(&comparison, TEXT("a")));
    assert_string_equal(comparison_hinders(&comparison, TEXT("b"))->text.data,
                        "'b' was a request to 'stock', is one to 'rest'");
    comparison_release(&comparison);
    flow_free(old);
    flow_free(new);
}

static void only_steps_that_are_not_there_hinder(void **state)
{
    struct flow *old = open_text("old.yaml", text_of(first));
    struct flow *new = open_new("flow: f\nversion: 2\ntimeout: 2h\n" HEAD "do:\n"
                                "  - {step: b, request: stock, type: Other}\n"
                                "  - {step: c, emit: news}\n");
    struct comparison comparison;

    (void)state;
    compare_flows(old, new, &comparison);
    assert_non_null(comparison_hinders(&comparison, TEXT("a")));
    assert_null(comparison_hinders(&comparison, TEXT("b")));
    comparison_release(&comparison);
    flow_free(old);
    flow_free(new);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_but_for_comments_has_no_changes),
        cmocka_unit_test(edits_are_told_with_what_was_and_is),
        cmocka_unit_test(steps_come_go_move_and_change_their_names),
        cmocka_unit_test(another_key_or_start_is_another_identity),
        cmocka_unit_test(what_handlers_do_is_told_but_hinders_nobody),
        cmocka_unit_test(a_request_to_another_service_is_another_action),
        cmocka_unit_test(only_steps_that_are_not_there_hinder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
