/* links: baton_core */
/* Several services may answer on one topic: then the router names none of them. */
#include "support/flow_kit.h"
#include "support/play.h"

static const char order[] = "{\"orderId\":\"A1\"}";

static void assert_waits_in(const struct play *play, const struct flow *flow, const char *step)
{
    struct text name = flow->steps[play_frame(play)->step].name;

    if (!text_is(name, step)) {
        fail_msg("the run waits in '%.*s', not in '%s'", TEXT_ARG(name), step);
    }
}

static void an_unnamed_reply_completes_the_step_of_its_command(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    assert_int_equal(play_reply(&play, "", 1, "{\"ok\":true}"), TRANSITION_APPLIED);
    assert_waits_in(&play, flow, "charge");
    assert_int_equal(play_reply(&play, "inventory", 2, "{\"ok\":true}"), TRANSITION_IGNORED);
    assert_waits_in(&play, flow, "charge");
    play_release(&play);
    flow_free(flow);
}

static void an_unnamed_reply_without_a_command_answers_nothing(void **state)
{
    struct flow *flow = kit_order_flow();
    struct play play;

    (void)state;
    play_init(&play, flow, "A1");
    play_message(&play, "orders", order);
    assert_int_equal(play_key_reply(&play, "", "{\"ok\":true}"), TRANSITION_IGNORED);
    assert_waits_in(&play, flow, "reserve");
    play_release(&play);
    flow_free(flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unnamed_reply_completes_the_step_of_its_command),
        cmocka_unit_test(an_unnamed_reply_without_a_command_answers_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
