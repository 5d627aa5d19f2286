/* links: baton_verify baton_compile */
/*
 * What a parent may say to a run, and an operator who terminates it: a core that does not do it is found.
 */
#include "support/unit.h"

#include "support/flow_text.h"
#include "verify/verify.h"

static const struct verify_unsaid all_said = {.undo = NULL, .limit = NULL};

static const char child[] =
    "flow: child\nversion: 1\nstart: {manual: true}\ntimeout: 2h\n"
    "services:\n"
    "  stock: {commands: stock.commands, replies: stock.replies, success: .ok}\n"
    "saga: {retry: {attempts: 1}}\n"
    "do:\n"
    "  - {step: a, request: stock, type: A, compensate: {request: stock, type: UndoA}}\n"
    "  - {step: b, request: stock, type: B, compensate: {request: stock, type: UndoB}}\n";

static enum transition_result holds_nothing(const struct flow *flow, const struct instance *before,
                                            const struct event *event, const struct judge *judge,
                                            struct instance **after, struct effect_list *effects)
{
    enum transition_result result = transition_judged(flow, before, event, judge, after, effects);

    while (*after != NULL && (*after)->status == RUN_HELD && (*after)->undo_count > 0) {
        instance_drop_undo(*after, (*after)->stack[0].activation);
    }
    return result;
}

/* That its parent rolls back is taken for its letting go. */
static enum transition_result stays_done(const struct flow *flow, const struct instance *before,
                                         const struct event *event, const struct judge *judge,
                                         struct instance **after, struct effect_list *effects)
{
    struct event other = *event;

    if (event->kind == EVENT_TOLD && text_is(event->type, "unwind")) {
        other.type = TEXT("release");
    }
    return transition_judged(flow, before, &other, judge, after, effects);
}

static enum transition_result goes_on(const struct flow *flow, const struct instance *before,
                                      const struct event *event, const struct judge *judge,
                                      struct instance **after, struct effect_list *effects)
{
    struct event other = *event;

    if (event->kind == EVENT_OPERATOR && event->verb == OPERATOR_TERMINATE) {
        other.verb = OPERATOR_PAUSE;
    }
    return transition_judged(flow, before, &other, judge, after, effects);
}

static const struct {
    const char *name;
    verify_transition *decide;
    enum verify_break broken;
    uint32_t events; /* Of the shortest story. */
} damages[] = {
    {"holds nothing for its parent", holds_nothing, VERIFY_UNDO_LOST, 3},
    {"stays done when its parent rolls back", stays_done, VERIFY_UNDO_LOST, 4},
    {"goes on when it is terminated", goes_on, VERIFY_LEFT_OPEN, 2},
};

static void a_child_ends_as_its_parent_says(void **state)
{
    struct flow *flow = open_text("child.yaml", text_of(child));
    struct verify_report report;

    (void)state;
    verify_flow(flow, &VERIFY_BOUNDS, &all_said, transition_judged, &report);
    assert_true(verify_holds(&report));
    assert_true(report.completed > 0 && report.compensated > 0 && report.stuck > 0);
    verify_release(&report);
    flow_free(flow);
}

static void what_does_not_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        struct flow *flow = open_text("child.yaml", text_of(child));
        struct verify_report report;
        struct buffer printed = {0};

        verify_flow(flow, &VERIFY_BOUNDS, &all_said, damages[i].decide, &report);
        verify_print(&report, flow, TEXT("child.yaml"), &printed);
        if (report.broken != damages[i].broken || report.story_count != damages[i].events) {
            fail_msg("a core that %s: %u events\n%s", damages[i].name, report.story_count,
                     buffer_string(&printed));
        }
        buffer_release(&printed);
        verify_release(&report);
        flow_free(flow);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_ends_as_its_parent_says),
        cmocka_unit_test(what_does_not_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
