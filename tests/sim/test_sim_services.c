/* Participants do each piece of work once, and answer as they are told to. */
#include <string.h>

#include "sim/fixture.h"
#include "sim/sim_services.h"

struct services_fixture {
    struct fixture f;
    struct sim_services *services;
    enum sim_verdict verdicts[4];
    uint32_t asked;
};

static void decide(void *self, const struct sim_command *command, struct sim_answer *answer)
{
    struct services_fixture *s = self;

    assert_true(text_is(command->type, "Capture"));
    answer->verdict = s->verdicts[s->asked++];
}

static void init(struct services_fixture *s)
{
    const struct sim_service_options options = {.name = "payments",
                                                .commands = "in",
                                                .replies = "out",
                                                .echo = "orderId",
                                                .by_header = true,
                                                .success = "{\"ok\":true}",
                                                .failure = "{\"ok\":false}",
                                                .decide = decide,
                                                .decide_self = s};

    memset(s, 0, sizeof(*s));
    fixture_init(&s->f);
    s->services = sim_services_new(&s->f.sim, s->f.broker);
    assert_int_equal(sim_services_add(s->services, &options, &s->f.err), STATUS_OK);
}

static void release(struct services_fixture *s)
{
    sim_services_free(s->services);
    fixture_release(&s->f);
}

static void command(struct services_fixture *s, const char *id)
{
    struct record_header headers[] = {{TEXT("correlation-id"), text_of(id)},
                                      {TEXT("idempotency-key"), TEXT("k")},
                                      {TEXT("message-type"), TEXT("Capture")}};
    struct outgoing record = {.topic = FIXTURE_IN,
                              .key = TEXT("o-1"),
                              .value = TEXT("{\"orderId\":\"o-1\",\"amount\":1}"),
                              .headers = headers,
                              .header_count = 3};

    assert_int_equal(sim_broker_append(s->f.broker, &record, &s->f.err), STATUS_OK);
    s->f.sim.now_ms += 10;
    sim_services_step(s->services);
}

static void a_repeated_command_is_done_once_and_answered_again(void **state)
{
    struct services_fixture s;
    char seen[256];
    struct record reply;
    int64_t offset = 0;

    (void)state;
    init(&s);
    command(&s, "c1");
    command(&s, "c2");
    assert_true(sim_services_idle(s.services));
    assert_int_equal(sim_services_deed(s.services, 0)->commands, 2);
    assert_null(sim_services_deed(s.services, 1));
    fixture_read(&s.f, "out", 0, seen, sizeof(seen));
    assert_string_equal(seen,
                        "{\"ok\":true,\"orderId\":\"o-1\"} {\"ok\":true,\"orderId\":\"o-1\"}");
    assert_true(sim_broker_read(s.f.broker, FIXTURE_OUT, 0, &offset, &reply));
    assert_true(text_is(reply.headers[0].name, "correlation-id"));
    assert_true(text_is(reply.headers[0].value, "c1"));
    release(&s);
}

static void what_was_refused_once_is_refused_again(void **state)
{
    struct services_fixture s;
    char seen[256];

    (void)state;
    init(&s);
    s.verdicts[0] = SIM_REFUSE;
    s.verdicts[1] = SIM_DO;
    command(&s, "c1");
    command(&s, "c2");
    fixture_read(&s.f, "out", 0, seen, sizeof(seen));
    assert_string_equal(seen,
                        "{\"ok\":false,\"orderId\":\"o-1\"} {\"ok\":false,\"orderId\":\"o-1\"}");
    assert_false(sim_services_find(s.services, TEXT("k"))->done);
    release(&s);
}

static void silence_hides_whether_the_work_is_done(void **state)
{
    struct services_fixture s;
    char seen[256];

    (void)state;
    init(&s);
    s.verdicts[0] = SIM_MISS;
    s.verdicts[1] = SIM_MUTE;
    s.verdicts[2] = SIM_DO;
    command(&s, "c1");
    assert_false(sim_services_find(s.services, TEXT("k"))->done);
    command(&s, "c2");
    assert_true(sim_services_find(s.services, TEXT("k"))->done);
    fixture_read(&s.f, "out", 0, seen, sizeof(seen));
    assert_string_equal(seen, "");
    command(&s, "c3");
    fixture_read(&s.f, "out", 0, seen, sizeof(seen));
    assert_string_equal(seen, "{\"ok\":true,\"orderId\":\"o-1\"}");
    release(&s);
}

static void an_answer_that_is_no_object_is_refused(void **state)
{
    struct services_fixture s;
    struct sim_service_options options = {
        .name = "x", .commands = "in", .replies = "out", .success = "[1]"};

    (void)state;
    init(&s);
    assert_int_equal(sim_services_add(s.services, &options, &s.f.err), STATUS_REJECT);
    release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repeated_command_is_done_once_and_answered_again),
        cmocka_unit_test(what_was_refused_once_is_refused_again),
        cmocka_unit_test(silence_hides_whether_the_work_is_done),
        cmocka_unit_test(an_answer_that_is_no_object_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
