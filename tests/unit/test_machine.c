/* links: baton_compile */
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "compile/flow_file.h"
#include "compile/machine.h"

#define HEAD                                                                                       \
    "flow: shop\nversion: 1\nkey: .id\nstart: {topic: in}\ntimeout: 2h\n"                          \
    "topics: {in: {name: orders}, out: {name: done}}\n"                                            \
    "services: {stock: {commands: stock.c, replies: stock.r, success: .ok}}\n"

struct drawn {
    struct flow *flow;
    struct machine *machine;
};

static struct drawn draw(const char *steps)
{
    struct diagnostics found = {0};
    struct buffer definition = {0};
    struct buffer source = {0};
    struct drawn drawn = {0};
    struct error err;

    buffer_addf(&source, "%s%s", HEAD, steps);
    if (flow_text_check("f.yaml", buffer_text(&source), &found, &definition) != STATUS_OK) {
        fail_msg("%.*s", TEXT_ARG(found.items[0].message));
    }
    assert_int_equal(flow_build(buffer_text(&definition), &drawn.flow, &err), STATUS_OK);
    drawn.machine = machine_new(drawn.flow);
    diagnostics_release(&found);
    buffer_release(&definition);
    buffer_release(&source);
    return drawn;
}

static void release(struct drawn *drawn)
{
    machine_free(drawn->machine);
    flow_free(drawn->flow);
}

/* Transitions from one state to another with this trigger. */
static uint32_t count_of(const struct drawn *drawn, const char *from, const char *trigger,
                         const char *to)
{
    const struct machine *machine = drawn->machine;
    uint32_t count = 0;

    for (uint32_t i = 0; i < machine->transition_count; i++) {
        const struct transition *one = &machine->transitions[i];

        if (text_is(machine->states[one->from].name, from) &&
            text_is(machine->states[one->to].name, to) &&
            strcmp(trigger_name(one->trigger), trigger) == 0) {
            count++;
        }
    }
    return count;
}

static const struct transition *only(const struct drawn *drawn, const char *from,
                                     const char *trigger, const char *to)
{
    const struct machine *machine = drawn->machine;
    const struct transition *found = NULL;

    assert_int_equal(count_of(drawn, from, trigger, to), 1);
    for (uint32_t i = 0; i < machine->transition_count; i++) {
        const struct transition *one = &machine->transitions[i];

        if (text_is(machine->states[one->from].name, from) &&
            text_is(machine->states[one->to].name, to) &&
            strcmp(trigger_name(one->trigger), trigger) == 0) {
            found = one;
        }
    }
    return found;
}

static void records_drive_the_way_forward(void **state)
{
    struct drawn drawn = draw("do:\n"
                              "  - {step: a, request: stock, retry: 3, timeout: 30s}\n"
                              "  - {step: b, listen: {topic: out, when: .x}, timeout: 5m}\n"
                              "  - {step: c, wait: 5s}\n"
                              "  - {step: d, emit: out}\n");

    (void)state;
    assert_true(text_is(only(&drawn, "start", "message", "a")->topic, "orders"));
    assert_true(text_is(only(&drawn, "a", "reply", "b")->topic, "stock.r"));
    assert_true(text_is(only(&drawn, "a", "reply", "b")->when, ".ok"));
    assert_true(text_is(only(&drawn, "a", "failure", "unwind")->when, "(.ok) | not"));
    assert_true(text_is(only(&drawn, "a", "timeout", "unwind")->when, "30s"));
    assert_true(text_is(only(&drawn, "a", "retry", "a")->when, "up to 3 attempts"));
    assert_true(text_is(only(&drawn, "b", "message", "c")->topic, "done"));
    only(&drawn, "b", "timeout", "unwind");
    only(&drawn, "c", "timer", "d");
    only(&drawn, "d", "done", "completed");
    only(&drawn, "any step", "timeout", "unwind");
    only(&drawn, "unwind", "stack empty", "failed");
    release(&drawn);
}

static void choices_and_jumps_lead_where_they_say(void **state)
{
    struct drawn drawn = draw("do:\n"
                              "  - {step: a, if: .x, set: {y: 1}, then: z}\n"
                              "  - step: s\n"
                              "    switch:\n"
                              "      - {when: .b, then: a}\n"
                              "      - {when: .c, do: [{step: in, emit: out}]}\n"
                              "      - {when: .d, then: end}\n"
                              "  - {step: z, raise: Odd}\n"
                              "onFailure:\n  - {step: f, emit: out}\n");

    (void)state;
    only(&drawn, "a", "done", "z");
    assert_true(text_is(only(&drawn, "a", "choice", "s")->when, "(.x) | not"));
    assert_true(text_is(only(&drawn, "s", "choice", "a")->when, ".b"));
    only(&drawn, "s", "choice", "in");
    only(&drawn, "s", "choice", "completed");
    assert_true(text_is(only(&drawn, "s", "choice", "z")->when, "else"));
    only(&drawn, "in", "done", "z");
    only(&drawn, "z", "failure", "unwind");
    only(&drawn, "unwind", "stack empty", "f");
    only(&drawn, "f", "done", "failed");
    release(&drawn);
}

static void undos_hang_on_the_way_back(void **state)
{
    struct drawn drawn = draw("do:\n"
                              "  - {step: a, request: stock, compensate: {request: stock}}\n"
                              "  - {step: b, emit: out, compensate: {emit: out}}\n");
    struct buffer mermaid = {0};
    struct buffer dot = {0};

    (void)state;
    only(&drawn, "unwind", "undo", "undo a");
    only(&drawn, "undo a", "reply", "unwind");
    only(&drawn, "undo a", "failure", "stuck");
    assert_true(text_is(only(&drawn, "undo a", "retry", "undo a")->when, "for 1d"));
    only(&drawn, "undo b", "done", "unwind");

    machine_mermaid(drawn.machine, &mermaid);
    assert_non_null(strstr(buffer_string(&mermaid), "unwind -.->|\"undo: a\"| undo_a"));
    assert_non_null(strstr(buffer_string(&mermaid), "step_a -->|\"reply stock.r: .ok\"| step_b"));
    machine_dot(drawn.machine, &dot);
    assert_non_null(
        strstr(buffer_string(&dot), "unwind -> undo_a [label=\"undo: a\", style=dashed]"));
    buffer_release(&mermaid);
    buffer_release(&dot);
    release(&drawn);
}

static void after_a_pivot_there_is_no_way_back(void **state)
{
    struct drawn drawn = draw("do:\n"
                              "  - {step: a, request: stock}\n"
                              "  - {step: p, request: stock, pivot: true}\n"
                              "  - {step: b, request: stock}\n");

    (void)state;
    only(&drawn, "a", "failure", "unwind");
    only(&drawn, "p", "failure", "unwind");
    only(&drawn, "p", "timeout", "stuck"); /* In doubt. */
    only(&drawn, "b", "failure", "stuck");
    only(&drawn, "b", "timeout", "stuck");
    assert_int_equal(count_of(&drawn, "b", "failure", "unwind"), 0);
    release(&drawn);
}

static void a_step_on_both_sides_of_a_pivot_may_go_either_way(void **state)
{
    struct drawn drawn = draw("do:\n"
                              "  - {step: p, if: .x, request: stock, pivot: true}\n"
                              "  - {step: b, request: stock}\n");

    (void)state;
    only(&drawn, "b", "failure", "unwind");
    only(&drawn, "b", "failure", "stuck");
    release(&drawn);
}

static void labels_cannot_break_the_picture(void **state)
{
    struct drawn drawn = draw(
        "do:\n"
        "  - {step: a, listen: {topic: out, when: '.x == \"a\\\"<b>#|\"'}}\n");
    struct buffer mermaid = {0};
    struct buffer dot = {0};

    (void)state;
    machine_mermaid(drawn.machine, &mermaid);
    assert_non_null(
        strstr(buffer_string(&mermaid), ".x == #quot;a#92;#quot;#60;b#62;#35;|#quot;\"|"));
    machine_dot(drawn.machine, &dot);
    assert_non_null(strstr(buffer_string(&dot), ".x == \\\"a\\\\\\\"<b>#|\\\"\"]"));
    buffer_release(&mermaid);
    buffer_release(&dot);
    release(&drawn);
}

static void the_json_names_states_that_are_there(void **state)
{
    struct drawn drawn = draw("do:\n"
                              "  - {step: a, request: stock, compensate: {request: stock}}\n"
                              "  - {step: b, listen: out, timeout: \"${ .d }\", warnAfter: 5m}\n");
    const struct json *timers;
    const struct json *list;
    struct buffer text = {0};
    struct json *root = NULL;
    struct error err;

    (void)state;
    machine_json(drawn.machine, &text);
    assert_int_equal(json_parse(text_sub(buffer_text(&text), 0, text.bytes - 1), &root, &err),
                     STATUS_OK);

    list = json_member(root, "transitions");
    for (size_t i = 0; i < json_count(list); i++) {
        uint32_t found = 0;

        for (uint32_t k = 0; k < drawn.machine->state_count; k++) {
            struct text name = drawn.machine->states[k].name;

            found += text_equal(name, json_member_text(json_at(list, i), "from")) ? 1 : 0;
            found += text_equal(name, json_member_text(json_at(list, i), "to")) ? 1 : 0;
        }
        assert_int_equal(found, 2);
    }
    timers = json_member(root, "timers");
    assert_int_equal(json_count(timers), 6); /* early, flow, attempt, undo's, listen, warn. */
    assert_true(text_is(json_member_text(json_at(timers, 4), "expr"), ".d"));
    assert_int_equal(json_count(json_member(root, "undo")), 1);
    assert_true(text_is(json_member_text(root, "hash"), drawn.flow->hash));
    json_free(root);
    buffer_release(&text);
    release(&drawn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_drive_the_way_forward),
        cmocka_unit_test(choices_and_jumps_lead_where_they_say),
        cmocka_unit_test(undos_hang_on_the_way_back),
        cmocka_unit_test(after_a_pivot_there_is_no_way_back),
        cmocka_unit_test(a_step_on_both_sides_of_a_pivot_may_go_either_way),
        cmocka_unit_test(labels_cannot_break_the_picture),
        cmocka_unit_test(the_json_names_states_that_are_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
