/* links: baton_verify baton_compile */
/*
 * Flows with a fault stand in tests/verify, with the story that verify tells about each in a file
 * beside it (UPDATE=1 rewrites it); those called good-* have none. Then the core itself is damaged,
 * one rule at a time, and verify must find it.
 */
#include "support/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/flow_text.h"
#include "verify/verify.h"

static const struct verify_unsaid all_said = {.undo = NULL, .limit = NULL};

/* What is printed but for the counts, which any change of the core may change. */
static void keep_story(const struct buffer *printed, struct buffer *out)
{
    struct text rest = buffer_text(printed);

    while (rest.bytes > 0) {
        size_t end = text_find(rest, '\n') + 1;
        struct text line = text_sub(rest, 0, end);

        if (!text_starts(line, TEXT("  tried:")) && !text_starts(line, TEXT("  every end")) &&
            !text_starts(line, TEXT("  no wait")) && rest.data != printed->data) {
            buffer_add_text(out, line);
        }
        rest = text_sub(rest, end, rest.bytes);
    }
}

static void check_file(const char *name)
{
    struct buffer source = {0};
    struct buffer printed = {0};
    struct buffer story = {0};
    struct buffer wanted = {0};
    struct diagnostics found = {0};
    struct arena arena = {0};
    struct verify_unsaid unsaid;
    struct verify_report report;
    struct flow *flow;
    char path[300];

    read_whole(name, &source);
    flow = open_text_found(name, buffer_text(&source), &found);
    unsaid = (struct verify_unsaid){.undo = flow_steps_found(flow, &found, "F504", &arena),
                                    .limit = flow_steps_found(flow, &found, "F409", &arena)};
    verify_flow(flow, &VERIFY_BOUNDS, &unsaid, transition_judged, &report);
    verify_print(&report, flow, text_of(name), &printed);
    keep_story(&printed, &story);
    assert_true(report.complete);
    if (verify_holds(&report) != (strncmp(name, "good-", 5) == 0)) {
        fail_msg("%s: %s", name, buffer_string(&printed));
    }
    (void)snprintf(path, sizeof(path), "%.*s.expected", (int)strlen(name) - 5, name);
    if (getenv("UPDATE") != NULL) {
        FILE *file = fopen(path, "wb");

        assert_non_null(file);
        assert_int_equal(fwrite(story.data, 1, story.bytes, file), story.bytes);
        assert_int_equal(fclose(file), 0);
    }
    read_whole(path, &wanted);
    assert_string_equal(buffer_string(&story), buffer_string(&wanted));
    verify_release(&report);
    flow_free(flow);
    diagnostics_release(&found);
    arena_release(&arena);
    buffer_release(&source);
    buffer_release(&printed);
    buffer_release(&story);
    buffer_release(&wanted);
}

static int is_flow(const struct dirent *entry)
{
    return text_ends(text_of(entry->d_name), TEXT(".yaml"));
}

static void each_fault_has_its_shortest_story(void **state)
{
    struct dirent **entries;
    int count;

    (void)state;
    assert_int_equal(chdir(BATON_SOURCE_DIR "/tests/verify"), 0);
    count = scandir(".", &entries, is_flow, alphasort);
    assert_true(count > 5);
    for (int i = 0; i < count; i++) {
        check_file(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

static int is_case(const struct dirent *entry)
{
    return text_ends(text_of(entry->d_name), TEXT(".case"));
}

/* The text between "=== flow" and the next "===". Empty: the case names a file. */
static struct text flow_of(struct text text)
{
    const char *start = strstr(text.data, "=== flow\n");
    const char *end = start == NULL ? NULL : strstr(start + 9, "\n=== ");

    return end == NULL ? TEXT("") : (struct text){start + 9, (size_t)(end - start - 8)};
}

static void check_case(const char *name)
{
    struct verify_bounds bounds = VERIFY_BOUNDS;
    struct buffer source = {0};
    struct buffer printed = {0};
    struct verify_report report;
    struct flow *flow;
    struct text text;

    bounds.attempts = 1;
    bounds.failing = false;
    read_whole(name, &source);
    text = flow_of(text_of(buffer_string(&source)));
    if (text.bytes > 0) {
        flow = open_text("case.yaml", text);
        verify_flow(flow, &bounds, &all_said, transition_judged, &report);
        if (report.broken != VERIFY_NOTHING || !report.complete) {
            verify_print(&report, flow, text_of(name), &printed);
            fail_msg("%s", buffer_string(&printed));
        }
        verify_release(&report);
        flow_free(flow);
    }
    buffer_release(&source);
}

/* Each construct has one: what runs in them keeps the promises whatever comes. */
static void the_flows_of_the_golden_cases_hold(void **state)
{
    struct dirent **entries;
    int count;

    (void)state;
    assert_int_equal(chdir(BATON_SOURCE_DIR "/tests/cases"), 0);
    count = scandir(".", &entries, is_case, alphasort);
    assert_true(count > 50);
    for (int i = 0; i < count; i++) {
        check_case(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

/* Below: a core with one rule switched off. */

static enum transition_result keeps_no_undo(const struct flow *flow, const struct instance *before,
                                            const struct event *event, const struct judge *judge,
                                            struct instance **after, struct effect_list *effects)
{
    enum transition_result result = transition_judged(flow, before, event, judge, after, effects);

    for (uint32_t i = 0; *after != NULL && i < (*after)->undo_count; i++) {
        if ((*after)->stack[i].state == UNDO_PENDING) {
            instance_drop_undo(*after, (*after)->stack[i].activation);
            break;
        }
    }
    return result;
}

static enum transition_result arms_no_undo(const struct flow *flow, const struct instance *before,
                                           const struct event *event, const struct judge *judge,
                                           struct instance **after, struct effect_list *effects)
{
    enum transition_result result = transition_judged(flow, before, event, judge, after, effects);

    for (uint32_t i = 0; *after != NULL && i < (*after)->undo_count; i++) {
        if ((*after)->stack[i].state == UNDO_ARMED) {
            (*after)->stack[i].state = UNDO_PENDING;
        }
    }
    return result;
}

/* An undo that is not answered in time is forgotten. */
static enum transition_result forgets_undo(const struct flow *flow, const struct instance *before,
                                           const struct event *event, const struct judge *judge,
                                           struct instance **after, struct effect_list *effects)
{
    const struct frame *frame = instance_find_frame(before, event->activation);
    enum transition_result result = transition_judged(flow, before, event, judge, after, effects);

    if (event->kind == EVENT_TIMER && frame != NULL && frame->kind == FRAME_UNDO) {
        instance_disarm_owner(*after, frame->activation);
        instance_drop_frame(*after, frame->activation);
        instance_drop_undo(*after, frame->undo_of);
    }
    return result;
}

static enum transition_result skips_doubt(const struct flow *flow, const struct instance *before,
                                          const struct event *event, const struct judge *judge,
                                          struct instance **after, struct effect_list *effects)
{
    struct flow other = *flow;

    other.saga_in_doubt = IN_DOUBT_SKIP;
    return transition_judged(&other, before, event, judge, after, effects);
}

static enum transition_result undoes_at_once(const struct flow *flow, const struct instance *before,
                                             const struct event *event, const struct judge *judge,
                                             struct instance **after, struct effect_list *effects)
{
    struct flow other = *flow;

    other.saga_order = SAGA_PARALLEL;
    return transition_judged(&other, before, event, judge, after, effects);
}

static enum transition_result seals_nothing(const struct flow *flow, const struct instance *before,
                                            const struct event *event, const struct judge *judge,
                                            struct instance **after, struct effect_list *effects)
{
    enum transition_result result = transition_judged(flow, before, event, judge, after, effects);

    if (*after != NULL && (*after)->status == RUN_RUNNING) {
        (*after)->sealed = false;
    }
    return result;
}

static enum transition_result arms_no_timeout(const struct flow *flow,
                                              const struct instance *before,
                                              const struct event *event, const struct judge *judge,
                                              struct instance **after, struct effect_list *effects)
{
    enum transition_result result = transition_judged(flow, before, event, judge, after, effects);

    for (uint32_t i = 0; *after != NULL && i < (*after)->frame_count; i++) {
        if ((*after)->frames[i].kind == FRAME_UNDO) {
            instance_disarm(*after, TIMER_ATTEMPT, (*after)->frames[i].activation);
        }
    }
    return result;
}

static enum transition_result leaves_a_timer(const struct flow *flow, const struct instance *before,
                                             const struct event *event, const struct judge *judge,
                                             struct instance **after, struct effect_list *effects)
{
    enum transition_result result = transition_judged(flow, before, event, judge, after, effects);

    if (*after != NULL && (*after)->status == RUN_FAILED) {
        instance_arm(*after, TIMER_FLOW, 0, event->time_ms + 1);
    }
    return result;
}

/* A second answer to a command is taken for one to whatever is open. */
static enum transition_result takes_late_replies(const struct flow *flow,
                                                 const struct instance *before,
                                                 const struct event *event,
                                                 const struct judge *judge, struct instance **after,
                                                 struct effect_list *effects)
{
    struct event other = *event;

    if (event->kind == EVENT_REPLY && instance_find_frame(before, event->activation) == NULL &&
        before->frame_count > 0) {
        other.activation = before->frames[0].activation;
    }
    return transition_judged(flow, before, &other, judge, after, effects);
}

static enum transition_result hears_no_operator(const struct flow *flow,
                                                const struct instance *before,
                                                const struct event *event,
                                                const struct judge *judge, struct instance **after,
                                                struct effect_list *effects)
{
    if (event->kind == EVENT_OPERATOR) {
        effect_clear(effects);
        *after = NULL;
        return TRANSITION_VOID;
    }
    return transition_judged(flow, before, event, judge, after, effects);
}

static const struct {
    const char *name;
    verify_transition *decide;
    enum verify_break broken;
    uint32_t events; /* Of the shortest story. */
} damages[] = {
    {"keeps no undo", keeps_no_undo, VERIFY_UNDO_MISSING, 1},
    {"arms no undo", arms_no_undo, VERIFY_UNDO_ASIDE, 2},
    {"forgets an undo", forgets_undo, VERIFY_UNDO_LOST, 3},
    {"skips what is in doubt", skips_doubt, VERIFY_UNDO_LOST, 2},
    {"undoes at once", undoes_at_once, VERIFY_UNDO_ORDER, 3},
    {"seals nothing", seals_nothing, VERIFY_UNSEALED, 4},
    {"arms no timeout", arms_no_timeout, VERIFY_WAITS, 2},
    {"leaves a timer", leaves_a_timer, VERIFY_LEFT_OPEN, 2},
    {"takes late replies", takes_late_replies, VERIFY_LATE_COUNTS, 4},
    {"hears no operator", hears_no_operator, VERIFY_NO_HELP, 3},
};

static const char saga[] =
    "flow: saga\nversion: 1\nkey: .id\nstart: {topic: orders}\ntimeout: 2h\n"
    "topics: {orders: {name: orders}}\n"
    "services:\n"
    "  stock: {commands: stock.commands, replies: stock.replies, success: .ok}\n"
    "saga: {retry: {attempts: 1}}\n"
    "do:\n"
    "  - {step: a, request: stock, type: A, compensate: {request: stock, type: UndoA}}\n"
    "  - {step: b, request: stock, type: B, compensate: {request: stock, type: UndoB}}\n"
    "  - {step: c, request: stock, type: C, pivot: true, inDoubt: skip}\n"
    "  - {step: d, request: stock, type: D}\n";

static void the_core_holds(void **state)
{
    struct flow *flow = open_text("saga.yaml", text_of(saga));
    struct verify_report report;

    (void)state;
    verify_flow(flow, &VERIFY_BOUNDS, &all_said, transition_judged, &report);
    assert_true(verify_holds(&report));
    assert_true(report.completed > 0 && report.compensated > 0 && report.stuck > 0);
    verify_release(&report);
    flow_free(flow);
}

static void each_rule_that_is_off_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        struct flow *flow = open_text("saga.yaml", text_of(saga));
        struct verify_report report;
        struct buffer printed = {0};

        verify_flow(flow, &VERIFY_BOUNDS, &all_said, damages[i].decide, &report);
        verify_print(&report, flow, TEXT("saga.yaml"), &printed);
        if (report.broken != damages[i].broken || report.story_count != damages[i].events) {
            fail_msg("a core that %s: %u events\n%s", damages[i].name, report.story_count,
                     buffer_string(&printed));
        }
        buffer_release(&printed);
        verify_release(&report);
        flow_free(flow);
    }
}

static void too_many_states_prove_nothing(void **state)
{
    struct flow *flow = open_text("saga.yaml", text_of(saga));
    struct verify_bounds bounds = VERIFY_BOUNDS;
    struct verify_report report;

    (void)state;
    bounds.states = 20;
    verify_flow(flow, &bounds, &all_said, transition_judged, &report);
    assert_int_equal(report.broken, VERIFY_NOTHING);
    assert_false(report.complete);
    assert_false(verify_holds(&report));
    verify_release(&report);
    flow_free(flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_has_its_shortest_story),
        cmocka_unit_test(the_flows_of_the_golden_cases_hold),
        cmocka_unit_test(the_core_holds),
        cmocka_unit_test(each_rule_that_is_off_is_found),
        cmocka_unit_test(too_many_states_prove_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
