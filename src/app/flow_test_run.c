#include "app/flow_test_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "adapter/real_clock.h"
#include "app/flow_files.h"
#include "app/flow_test_facts.h"
#include "app/flow_test_match.h"
#include "app/flow_test_place.h"
#include "app/flow_test_running.h"
#include "compile/flow_file.h"

#define SEED 1 /* A case repeats itself. */
#define QUIET_TURNS 3
#define QUIET_TURNS_DUE 60 /* While a deadline that is due waits for its barrier. */
#define SETTLE_MS 1
#define TRANSITIONS_MAX 100000

/* ---- flows ---- */

static enum status read_flow(struct flow_test_flows *flows, struct text path,
                             struct diagnostics *diagnostics, struct error *err)
{
    struct diagnostics found = {0};
    struct publish_definition *definition = &flows->definitions[flows->count];
    enum status status = flow_files_take(path, &flows->arena, &found, definition, err);

    if (status == STATUS_OK) {
        status = flow_build(definition->definition, &flows->items[flows->count], err);
    }
    flows->count += status == STATUS_OK;
    if (found.error_count > 0) {
        diagnostics_append(diagnostics, &found);
    }
    diagnostics_release(&found);
    return status;
}

enum status flow_test_flows_read(const struct flow_test *test, struct diagnostics *diagnostics,
                                 struct flow_test_flows *flows)
{
    enum status status = STATUS_OK;
    struct error err = {{0}};

    *flows = (struct flow_test_flows){.count = 0};
    flows->items = arena_array(&flows->arena, test->flow_count, sizeof(struct flow *));
    flows->definitions = arena_array(&flows->arena, test->flow_count, sizeof(*flows->definitions));
    for (uint32_t i = 0; i < test->flow_count; i++) {
        enum status one = read_flow(flows, test->flows[i], diagnostics, &err);

        if (one != STATUS_OK && err.text[0] != '\0') {
            diagnostics_error(diagnostics, "D208", (struct place){.file = test->path}, "%s",
                              err.text);
            err.text[0] = '\0';
        }
        status = one == STATUS_OK ? status : STATUS_REJECT;
    }
    return status;
}

void flow_test_flows_release(struct flow_test_flows *flows)
{
    for (uint32_t i = 0; i < flows->count; i++) {
        flow_free(flows->items[i]);
    }
    arena_release(&flows->arena);
    *flows = (struct flow_test_flows){.count = 0};
}

/* ---- a case at work ---- */

static int by_time(const void *a, const void *b)
{
    const struct flow_test_send *left = *(const struct flow_test_send *const *)a;
    const struct flow_test_send *right = *(const struct flow_test_send *const *)b;

    if (left->at_ms != right->at_ms) {
        return left->at_ms < right->at_ms ? -1 : 1;
    }
    return left < right ? -1 : 1; /* As written. */
}

static void order_sends(struct running *running)
{
    uint32_t count = running->one->sends.count;

    running->sends = calloc((size_t)count + 1, sizeof(struct flow_test_send *));
    CHECK(running->sends != NULL);
    for (uint32_t i = 0; i < count; i++) {
        running->sends[i] = &running->one->sends.items[i];
    }
    qsort(running->sends, count, sizeof(struct flow_test_send *), by_time);
}

bool flow_test_send_due(struct running *running)
{
    bool any = false;

    while (running->sent < running->one->sends.count &&
           running->began_ms + running->sends[running->sent]->at_ms <= running->world->sim.now_ms &&
           (!running->is_real ||
            flow_test_can_send(running->flows, running->facts, running->sends[running->sent]))) {
        flow_test_send(running->world, running->flows, running->facts,
                       running->sends[running->sent++], running->diagnostics);
        any = true;
    }
    return any;
}

static int64_t sooner(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

/* Let time pass to what is due next. False: nothing is, or the case ends before. */
static bool pass_time(struct running *running)
{
    struct dev_world *world = running->world;
    int64_t now_ms = world->sim.now_ms;
    int64_t due_ms = dev_world_due_ms(world);

    if (due_ms <= now_ms) {
        due_ms = now_ms + SETTLE_MS;
    }
    if (running->sent < running->one->sends.count) {
        due_ms = sooner(due_ms, running->began_ms + running->sends[running->sent]->at_ms);
    }
    if (!dev_world_is_settled(world)) {
        due_ms = sooner(due_ms, now_ms + SETTLE_MS);
    }
    if (running->one->until_ms > 0 && due_ms > running->began_ms + running->one->until_ms) {
        world->sim.now_ms = running->began_ms + running->one->until_ms;
        return false;
    }
    if (due_ms == INT64_MAX) {
        return false;
    }
    world->sim.now_ms = due_ms;
    return true;
}

static bool is_too_long(struct running *running)
{
    const struct worker *worker = &running->world->worker;

    if (running->facts->transitions > TRANSITIONS_MAX) {
        diagnostics_error(running->diagnostics, "D504", running->one->place,
                          "it is not at rest after %d transitions: does the flow end? 'until' "
                          "stops it before",
                          TRANSITIONS_MAX);
        return true;
    }
    if (!worker->is_up && worker->starts > 0) {
        diagnostics_error(running->diagnostics, "D504", running->one->place, "the worker ended: %s",
                          worker->trouble.text);
        return true;
    }
    return false;
}

static void play(struct running *running)
{
    uint32_t quiet = 0;

    flow_test_start(running->world, running->flows, running->test, running->one,
                    running->diagnostics);
    for (;;) {
        bool moved = flow_test_send_due(running);
        bool is_due;

        moved = dev_world_step(running->world) || moved;
        quiet = moved ? 0 : quiet + 1;
        if (is_too_long(running)) {
            return;
        }
        is_due = dev_world_due_ms(running->world) <= running->world->sim.now_ms;
        if (quiet >= (is_due ? QUIET_TURNS_DUE : QUIET_TURNS)) {
            quiet = 0;
            if (!pass_time(running)) {
                return;
            }
        }
    }
}

/* ---- its world ---- */

static void add_calls(const struct flow_test *test, const struct flow_test_flows *flows,
                      struct dev_calls *calls)
{
    struct diagnostics unused = {0};
    struct buffer missing = {0};

    *calls = (struct dev_calls){.services = &test->memory};
    for (uint32_t i = 0; i < flows->count; i++) {
        /* An answer that cannot be made up is missed only if the case does not give it. */
        (void)!dev_calls_add(calls, flows->items[i], &unused, &missing);
    }
    buffer_release(&missing);
    diagnostics_release(&unused);
}

static void begin(struct running *running)
{
    running->world->watch.observer = facts_observer(running->facts);
    running->began_ms = running->world->sim.now_ms;
    flow_test_rewind(running->test, running->one);
}

static void match(struct running *running)
{
    struct flow_test_matching matching = {.diagnostics = running->diagnostics,
                                          .facts = running->facts,
                                          .flows = running->flows->items,
                                          .flow_count = running->flows->count,
                                          .slack_ms = running->is_real ? FLOW_TEST_SLACK_MS : 0};

    flow_test_match(&matching, running->one);
}

static void play_in(struct running *running, struct dev_printer *printer)
{
    const struct dev_world_options options = {
        .flows = running->flows->items,
        .definitions = running->flows->definitions,
        .flow_count = running->flows->count,
        .seed = SEED,
        .now_ms = printer->start_ms,
        .printer = printer,
        .is_exact = true,
        .is_mirror = running->is_real,
        .app = running->is_real ? flow_test_place_app(running->place) : TEXT("")};
    struct flow_test_scene scene = {running->test, running->one, running->diagnostics};
    struct dev_calls calls;
    struct error err;

    add_calls(running->test, running->flows, &calls);
    calls.script = flow_test_script;
    calls.script_self = &scene;
    if (dev_world_open(running->world, &options, &calls, &err) != STATUS_OK) {
        diagnostics_error(running->diagnostics, "D208", running->one->place, "%s", err.text);
        dev_calls_release(&calls);
        return;
    }
    begin(running);
    if (running->is_real) {
        flow_test_play_real(running);
    } else {
        play(running);
    }
    match(running);
}

static void finish(const struct running *running, struct flow_test_outcome *outcome)
{
    const struct fact_instance *first = facts_find(running->facts, TEXT(""));

    outcome->instances = running->facts->count;
    outcome->total_ms = running->world->sim.now_ms - running->began_ms;
    outcome->virtual_ms = first != NULL && first->ended_ms != 0 ? first->ended_ms - first->began_ms
                                                                : outcome->total_ms;
}

/* `running` says what, and where. */
static void run(struct running *running, int64_t start_ms, struct flow_test_outcome *outcome)
{
    struct facts facts;
    size_t bytes = 0;
    int64_t real_ms = real_clock_monotonic_ms();
    struct dev_printer printer = {.out = open_memstream(&outcome->story, &bytes),
                                  .start_ms = start_ms};

    running->world = calloc(1, sizeof(*running->world));
    running->facts = &facts;
    running->diagnostics = &outcome->diagnostics;
    CHECK(running->world != NULL && printer.out != NULL);
    diagnostics_source(&outcome->diagnostics, running->test->path, running->test->document->source);
    facts_init(&facts);
    facts.prefix = running->flows->prefix;
    order_sends(running);
    play_in(running, &printer);
    finish(running, outcome);
    outcome->real_ms = real_clock_monotonic_ms() - real_ms;
    fclose(printer.out);
    free(running->sends);
    dev_world_close(running->world);
    facts_release(&facts);
    running->facts = NULL;
    free(running->world);
}

void flow_test_run(const struct flow_test *test, const struct flow_test_flows *flows,
                   struct flow_test_case *one, struct flow_test_outcome *outcome)
{
    struct running running = {.test = test, .flows = flows, .one = one};

    if (one->replay.bytes > 0) {
        diagnostics_source(&outcome->diagnostics, test->path, test->document->source);
        flow_test_replay(flows, one, outcome);
        return;
    }
    run(&running, test->clock_ms, outcome);
}

void flow_test_run_at(const struct flow_test *test, struct flow_test_place *place,
                      struct flow_test_case *one, int64_t expected_ms,
                      struct flow_test_outcome *outcome)
{
    struct clock clock = real_clock();
    struct running running = {.test = test,
                              .flows = flow_test_place_flows(place),
                              .one = one,
                              .is_real = true,
                              .place = place,
                              .expected_ms = expected_ms};

    run(&running, clock.now_ms(clock.self), outcome);
    flow_test_hide(outcome->story, flow_test_place_prefix(place));
}

void flow_test_outcome_release(struct flow_test_outcome *outcome)
{
    diagnostics_release(&outcome->diagnostics);
    free(outcome->story);
    *outcome = (struct flow_test_outcome){.instances = 0};
}
