/* links: baton_sim */
/* A `for` over many items, side by side: what a transition writes does not grow with the items. Times:
 * tests/bench/bench_loop.c. */
#include "core/fold.h"
#include "core/transition.h"
#include "support/flow_text.h"

#define PARALLEL 100
#define START_MS INT64_C(1767225600000)

static const char bulk[] =
    "flow: bulk\nversion: 1\nkey: .id\ntopics:\n  in: {name: in}\n  done: {name: done}\n"
    "services:\n  stock: {commands: commands, replies: replies, success: .ok}\n"
    "start: {topic: in}\ntimeout: none\ndo:\n"
    "  - step: lines\n    for: {each: line, in: .items, parallel: 100, result: .pick.shelf}\n"
    "    do:\n"
    "      - step: pick\n        request: stock\n        type: Pick\n        timeout: 1h\n"
    "        value: {sku: \"${ $line }\"}\n"
    "        compensate: {request: stock, type: Undo, value: {sku: \"${ $line }\"}}\n"
    "  - {step: told, emit: done, value: {n: \"${ .lines | length }\"}}\n";

struct run {
    struct flow *flow;
    struct instance *now;
    struct arena arena;
    struct effect_list effects;
    struct buffer delta;
    size_t delta_most; /* Of the items, not of the start and the end. */
    uint32_t transitions;
    uint32_t frames_most;
    uint32_t timers_most;
    uint32_t waiting[PARALLEL * 2]; /* Activations whose reply is to come. */
    uint32_t waiting_count;
    int64_t told; /* What the last emit says; -1: none yet. */
};

static struct json *json_of(const char *text)
{
    struct json *value = NULL;
    struct error err;

    assert_int_equal(json_parse(text_of(text), &value, &err), STATUS_OK);
    return value;
}

static void note_effects(struct run *run)
{
    for (uint32_t i = 0; i < run->effects.count; i++) {
        const struct effect *effect = &run->effects.items[i];

        if (effect->kind == EFFECT_COMMAND) {
            assert_true(run->waiting_count < PARALLEL * 2);
            run->waiting[run->waiting_count++] = effect->activation;
        } else if (effect->kind == EFFECT_EMIT) {
            run->told = json_member_int(effect->value, "n", -1);
        }
    }
}

/* Decide, and see what the history would say of it. */
static void decide(struct run *run, struct event *event)
{
    struct instance *after = NULL;

    event->time_ms = START_MS + run->transitions;
    effect_clear(&run->effects);
    arena_reset(&run->arena);
    assert_int_equal(transition(run->flow, run->now, event, &after, &run->effects),
                     TRANSITION_APPLIED);
    buffer_clear(&run->delta);
    instance_write_delta(run->transitions == 0 ? NULL : run->now, after, &run->delta);
    bool is_middle = run->transitions > 0 && after->frame_count > 0 && run->told < 0;
    note_effects(run);
    if (is_middle && run->delta.bytes > run->delta_most) {
        run->delta_most = run->delta.bytes;
    }
    if (after->frame_count > run->frames_most) {
        run->frames_most = after->frame_count;
    }
    if (after->timer_count > run->timers_most) {
        run->timers_most = after->timer_count;
    }
    instance_free(run->now);
    run->now = after;
    run->transitions++;
}

static void start(struct run *run, uint32_t items)
{
    struct buffer text = {0};
    struct json *message = json_of("{\"topic\":\"in\",\"partition\":0,\"offset\":1}");

    buffer_addf(&text, "{\"id\":\"b\",\"items\":[");
    for (uint32_t i = 0; i < items; i++) {
        buffer_addf(&text, "%s\"x-%05u\"", i == 0 ? "" : ",", i);
    }
    buffer_addf(&text, "]}");
    struct json *payload = json_of(buffer_string(&text));
    struct event event = {.kind = EVENT_MESSAGE,
                          .topic = TEXT("in"),
                          .run = {1, 1},
                          .payload = payload,
                          .message = message};
    decide(run, &event);
    json_free(payload);
    json_free(message);
    buffer_release(&text);
}

static void reply(struct run *run, uint32_t activation)
{
    const struct frame *frame = instance_find_frame(run->now, activation);
    struct json *payload = json_of("{\"ok\":true,\"shelf\":\"A-17-204\"}");
    struct json *message = json_of("{\"topic\":\"replies\",\"partition\":0,\"offset\":1}");

    assert_non_null(frame);
    struct event event = {.kind = EVENT_REPLY,
                          .topic = TEXT("replies"),
                          .service = TEXT("stock"),
                          .by_command = true,
                          .command_run = run->now->run,
                          .command_seq = frame->sent_seq,
                          .activation = activation,
                          .run = {1, 2},
                          .payload = payload,
                          .message = message};
    decide(run, &event);
    json_free(payload);
    json_free(message);
}

static struct run play(uint32_t items)
{
    struct run run = {.told = -1};

    run.effects.arena = &run.arena;
    run.flow = open_text("bulk.yaml", TEXT(bulk));
    run.now = instance_new(TEXT("bulk"), TEXT("b"));
    start(&run, items);
    while (run.waiting_count > 0) {
        /* The oldest: so the number of places that are open does not depend on the items. */
        uint32_t activation = run.waiting[0];
        run.waiting_count--;
        memmove(run.waiting, run.waiting + 1, run.waiting_count * sizeof run.waiting[0]);
        reply(&run, activation);
    }
    assert_int_equal(run.told, items);
    assert_int_equal(run.now->status, RUN_COMPLETED);
    assert_int_equal(run.transitions, items + 1);
    instance_free(run.now);
    effect_release(&run.effects);
    arena_release(&run.arena);
    buffer_release(&run.delta);
    flow_free(run.flow);
    return run;
}

static void what_a_transition_writes_does_not_grow_with_the_items(void **state)
{
    struct run few = play(300);
    struct run many = play(3000);

    (void)state;
    assert_true(few.delta_most > 100 && few.delta_most < 2000);
    assert_in_range(many.delta_most, few.delta_most, few.delta_most + 50); /* Longer numbers. */
    assert_int_equal(many.frames_most, few.frames_most);
    assert_int_equal(many.frames_most, 2 * PARALLEL + 1);
    assert_int_equal(many.timers_most, PARALLEL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_transition_writes_does_not_grow_with_the_items),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
