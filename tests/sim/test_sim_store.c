/* The simulated store keeps and refuses what the real one does. */
#include "sim/sim_store.h"
#include "support/unit.h"

struct fixture {
    struct sim sim;
    struct sim_process process;
    struct sim_store *store;
    struct sleep_store port;
    struct error err;
};

/* An empty shelf of generation 5. */
static void init(struct fixture *f)
{
    struct sleep_place place;

    sim_init(&f->sim, 3, 1000);
    sim_process_init(&f->process, &f->sim, "p");
    f->store = sim_store_new(&f->sim, 2);
    place = sim_store_port(f->store, &f->process);
    assert_int_equal(place.open(place.self, 1, &f->port, &f->err), STATUS_OK);
    assert_int_equal(f->port.reset(f->port.self, 5, TEXT("id"), &f->err), STATUS_OK);
}

static enum status apply(struct fixture *f, int64_t from, int64_t to, const char *state)
{
    static const struct text stack[] = {{"undo", 4}};
    struct sleep_timer timer = {.id = TEXT("wait/1/0-1"), .due_ms = to * 100};
    struct sleep_op op = {.name = TEXT("order:1"),
                          .state = {state, state == NULL ? 0 : 5},
                          .timers = &timer,
                          .timer_count = state != NULL,
                          .stack = stack,
                          .stack_count = state != NULL};
    bool done;
    enum status status;

    assert_int_equal(f->port.apply(f->port.self, 5, from, to, 1000, &op, 1, &f->err), STATUS_OK);
    status = f->port.settle(f->port.self, 0, &done, &f->err);
    assert_true(done);
    return status;
}

static enum status load(struct fixture *f, int64_t watermark, struct sleep_run *run)
{
    struct text name = TEXT("order:1");

    return f->port.load(f->port.self, 5, watermark, &name, 1, run, &f->err);
}

static void a_run_is_loaded_as_it_was_applied(void **state)
{
    struct fixture f;
    struct sleep_run run;
    struct sleep_due due[2];
    uint32_t count;

    (void)state;
    init(&f);
    assert_int_equal(apply(&f, 0, 7, "state"), STATUS_OK);
    assert_int_equal(load(&f, 7, &run), STATUS_OK);
    assert_int_equal(run.state.bytes, 5);
    assert_int_equal(run.stack_count, 1);
    assert_int_equal(f.port.due(f.port.self, 5, 7, 699, due, 2, &count, &f.err), STATUS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(f.port.due(f.port.self, 5, 7, 700, due, 2, &count, &f.err), STATUS_OK);
    assert_int_equal(count, 1);

    assert_int_equal(apply(&f, 7, 8, NULL), STATUS_OK);
    assert_int_equal(load(&f, 8, &run), STATUS_OK);
    assert_null(run.state.data);
    sim_store_free(f.store);
}

static void an_apply_from_elsewhere_changes_nothing(void **state)
{
    struct fixture f;
    struct sleep_run run;

    (void)state;
    init(&f);
    assert_int_equal(apply(&f, 0, 7, "state"), STATUS_OK);
    assert_int_equal(apply(&f, 0, 9, "other"), STATUS_STALE);
    assert_int_equal(load(&f, 9, &run), STATUS_STALE);
    assert_int_equal(load(&f, 7, &run), STATUS_OK);
    sim_store_free(f.store);
}

static void a_flush_and_a_restore_are_noticed_by_the_watermark(void **state)
{
    struct fixture f;
    struct sleep_run run;
    struct sleep_stamp stamp;

    (void)state;
    init(&f);
    assert_int_equal(apply(&f, 0, 7, "state"), STATUS_OK);
    sim_store_save(f.store);
    assert_int_equal(apply(&f, 7, 8, "later"), STATUS_OK);
    sim_store_restore(f.store);
    assert_int_equal(load(&f, 8, &run), STATUS_STALE);
    assert_int_equal(load(&f, 7, &run), STATUS_OK);
    sim_store_flush(f.store);
    assert_int_equal(load(&f, 7, &run), STATUS_STALE);
    assert_int_equal(f.port.stamp(f.port.self, &stamp, &f.err), STATUS_OK);
    assert_false(stamp.present);
    sim_store_free(f.store);
}

static void a_run_that_vanished_is_noticed_by_the_counts(void **state)
{
    struct fixture f;
    struct sleep_run run;

    (void)state;
    init(&f);
    assert_int_equal(apply(&f, 0, 7, "state"), STATUS_OK);
    while (sim_store_at(f.store, 1, 0) != NULL) {
        sim_store_lose_one(f.store);
    }
    assert_int_equal(load(&f, 7, &run), STATUS_STALE);
    sim_store_free(f.store);
}

static void a_store_that_is_gone_answers_nothing(void **state)
{
    struct fixture f;
    struct sleep_run run;
    struct sleep_stamp stamp;

    (void)state;
    init(&f);
    sim_store_gone(f.store, 5000);
    assert_int_equal(f.port.stamp(f.port.self, &stamp, &f.err), STATUS_RETRY);
    assert_int_equal(apply(&f, 0, 7, "state"), STATUS_RETRY);
    f.sim.now_ms = 5000;
    assert_int_equal(load(&f, 0, &run), STATUS_OK);
    sim_store_free(f.store);
}

static void what_a_dead_process_sent_arrives_and_finds_the_watermark_moved(void **state)
{
    struct fixture f;
    struct sim_process other;
    struct sleep_place place;
    struct sleep_op op = {.name = TEXT("order:2"), .state = TEXT("late")};
    bool done;
    int64_t watermark;
    struct sleep_stamp stamp;

    (void)state;
    init(&f);
    f.sim.faulty = true;
    f.sim.permille[SIM_STORE_SLOW] = 1000;
    assert_int_equal(f.port.apply(f.port.self, 5, 0, 7, 1000, &op, 1, &f.err), STATUS_OK);
    assert_int_equal(f.port.settle(f.port.self, 0, &done, &f.err), STATUS_OK);
    assert_false(done);
    sim_store_forget(f.store, &f.process);

    f.sim.faulty = false;
    sim_process_init(&other, &f.sim, "q");
    place = sim_store_port(f.store, &other);
    assert_int_equal(place.open(place.self, 1, &f.port, &f.err), STATUS_OK);
    assert_int_equal(apply(&f, 0, 3, "state"), STATUS_OK);
    f.sim.now_ms += 10000;
    sim_store_tick(f.store);
    assert_int_equal(f.port.stamp(f.port.self, &stamp, &f.err), STATUS_OK);
    watermark = stamp.watermark;
    assert_int_equal(watermark, 3);
    assert_int_equal(stamp.run_count_seen, 1);
    sim_store_free(f.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_is_loaded_as_it_was_applied),
        cmocka_unit_test(an_apply_from_elsewhere_changes_nothing),
        cmocka_unit_test(a_flush_and_a_restore_are_noticed_by_the_watermark),
        cmocka_unit_test(a_run_that_vanished_is_noticed_by_the_counts),
        cmocka_unit_test(a_store_that_is_gone_answers_nothing),
        cmocka_unit_test(what_a_dead_process_sent_arrives_and_finds_the_watermark_moved),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
