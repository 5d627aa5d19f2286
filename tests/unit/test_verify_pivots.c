/* links: baton_verify baton_compile */
/* That verify sees a pivot in doubt given up: by a core that is damaged. */
#include "support/flow_text.h"
#include "verify/verify.h"

static const struct verify_unsaid all_said = {.undo = NULL, .limit = NULL};

/* A late block gives up what is open in it, a pivot in doubt as well. */
static enum transition_result gives_up_a_pivot(const struct flow *flow,
                                               const struct instance *before,
                                               const struct event *event, const struct judge *judge,
                                               struct instance **after, struct effect_list *effects)
{
    enum transition_result result = transition_judged(flow, before, event, judge, after, effects);
    uint32_t last = *after == NULL ? 0 : (*after)->frame_count;

    if (event->kind == EVENT_TIMER && event->timer == TIMER_BLOCK && last > 0) {
        instance_drop_frame(*after, (*after)->frames[last - 1].activation);
    }
    return result;
}

static void a_pivot_that_is_given_up_is_found(void **state)
{
    static const char source[] =
        "flow: saga\nversion: 1\nkey: .id\nstart: {topic: orders}\ntimeout: 2h\n"
        "topics: {orders: {name: orders}}\n"
        "services:\n"
        "  stock: {commands: stock.commands, replies: stock.replies, success: .ok}\n"
        "do:\n"
        "  - step: block\n"
        "    timeout: 5s\n"
        "    do: [{step: p, request: stock, pivot: true}]\n";
    struct flow *flow = open_text("pivot.yaml", text_of(source));
    struct verify_report report;

    (void)state;
    verify_flow(flow, &VERIFY_BOUNDS, &all_said, gives_up_a_pivot, &report);
    assert_int_equal(report.broken, VERIFY_PIVOT_LOST);
    assert_int_equal(report.story_count, 2);
    verify_release(&report);
    verify_flow(flow, &VERIFY_BOUNDS, &all_said, transition_judged, &report);
    assert_true(verify_holds(&report));
    verify_release(&report);
    flow_free(flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pivot_that_is_given_up_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
