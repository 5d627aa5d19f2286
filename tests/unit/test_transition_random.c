/* links: baton_core */
/* Thousands of seeded histories of the order saga: replies that are late, repeated, wrong or
 * missing, timers, cancels and operators in any order. Whatever comes, what play.h checks after
 * every event holds, undos are sent in reverse order and once each, and when all answer again, the
 * run ends. BATON_SEED=n repeats one history, BATON_SEEDS=n sets their number. */
#include "core/transition.h"

#include "base/rng.h"
#include "support/flow_kit.h"
#include "support/play.h"

#define ACTIVATIONS_MAX 256
#define EVENTS_FAULTY 40
#define EVENTS_HEALTHY 200

struct world {
    struct play play;
    struct flow *flow;
    struct rng rng;
    bool was_armed[ACTIVATIONS_MAX];
    uint32_t undone_by[ACTIVATIONS_MAX]; /* Activation of the undo's frame; 0: not sent. */
    uint32_t last_undone;
    uint32_t terminal_count;
};

static struct text any_error[] = {{"any", 3}};

/* The order saga with its knobs turned by the seed. */
static struct flow *random_flow(struct rng *rng)
{
    struct flow *flow = kit_order_flow();

    for (uint32_t i = 0; i < 3; i++) {
        if (rng_chance(rng, 600)) {
            struct retry_policy *retry = kit_retry(flow, 1 + (uint32_t)rng_below(rng, 3), 1000);

            retry->jitter_percent = 20;
            retry->total_ms = rng_chance(rng, 300) ? 45000 : 0;
            if (rng_chance(rng, 300)) {
                retry->errors = any_error;
            }
            flow->steps[i].retry = retry;
        }
        if (rng_chance(rng, 200)) {
            flow->steps[i].message.cancel_type = kit_template(flow, "\"Stop\"");
        }
        if (rng_chance(rng, 100)) {
            flow->steps[i].in_doubt = IN_DOUBT_SKIP;
        }
    }
    flow->steps[rng_below(rng, 3)].pivot = rng_chance(rng, 500);
    flow->saga_order = rng_chance(rng, 300) ? SAGA_PARALLEL : SAGA_REVERSE;
    flow->when_stuck = rng_chance(rng, 500) ? STUCK_HOLD : STUCK_CONTINUE;
    if (rng_chance(rng, 300)) {
        flow->steps[0].compensate->message.value = kit_template(flow,
                                                                "{\"why\": \"${ $error.title }\"}");
    }
    return flow;
}

static const char *service_of(const struct world *w, const struct frame *frame)
{
    static const char *const names[] = {"inventory", "payments", "shipping"};

    (void)w;
    return frame->step < COUNT_OF(names) ? names[frame->step] : "shipping";
}

static const char *random_payload(struct rng *rng)
{
    static const char *const payloads[] = {
        "{\"ok\":true}",
        "{\"ok\":true}",
        "{\"ok\":true,\"id\":7}",
        "{\"ok\":false}",
        "{\"ok\":false,\"code\":\"Gone\"}",
        "{}",
        "null",
        "[1]",
    };

    return payloads[rng_below(rng, COUNT_OF(payloads))];
}

static void note_effects(struct world *w)
{
    for (uint32_t i = 0; i < w->play.effects.count; i++) {
        const struct effect *effect = &w->play.effects.items[i];

        if (effect->kind != EFFECT_COMMAND || !effect->is_undo) {
            continue;
        }
        if (w->undone_by[effect->undo_of] == 0) {
            if (w->flow->saga_order == SAGA_REVERSE) {
                assert_true(w->last_undone == 0 || effect->undo_of < w->last_undone);
            }
            w->undone_by[effect->undo_of] = effect->activation;
            w->last_undone = effect->undo_of;
        }
        /* Sent again only by the frame that it has. */
        assert_int_equal(w->undone_by[effect->undo_of], effect->activation);
    }
}

static void note_state(struct world *w, bool had_ended)
{
    const struct instance *now = w->play.now;

    for (uint32_t i = 0; i < now->undo_count; i++) {
        if (now->stack[i].state == UNDO_ARMED) {
            w->was_armed[now->stack[i].activation] = true;
        }
    }
    if (w->play.result == TRANSITION_VOID) {
        assert_int_equal(play_sent(&w->play), 0);
        return;
    }
    assert_false(had_ended);
    w->terminal_count += instance_has_ended(now);
    assert_true(now->activation_next < ACTIVATIONS_MAX);
    if (w->flow->saga_order == SAGA_REVERSE) {
        uint32_t open = 0;

        for (uint32_t i = 0; i < now->frame_count; i++) {
            open += now->frames[i].kind == FRAME_UNDO && now->frames[i].state != FRAME_STUCK;
        }
        assert_true(open <= 1);
    }
    if (now->sealed && now->status == RUN_RUNNING) {
        assert_int_equal(w->last_undone, 0);
    }
}

static void random_reply(struct world *w)
{
    struct play *play = &w->play;
    const struct instance *now = play->now;
    uint32_t activation = (uint32_t)rng_below(&w->rng, now->activation_next + 1);
    struct event reply;

    if (now->frame_count > 0 && rng_chance(&w->rng, 700)) {
        activation = now->frames[rng_below(&w->rng, now->frame_count)].activation;
    }
    if (rng_chance(&w->rng, 150)) {
        play_key_reply(play, "payments", random_payload(&w->rng));
        return;
    }
    reply = play_reply_event(play, "inventory", activation);
    if (instance_find_frame(now, activation) != NULL) {
        reply.service = text_of(service_of(w, instance_find_frame(now, activation)));
    }
    if (rng_chance(&w->rng, 200)) {
        reply.command_seq = 1 + (int64_t)rng_below(&w->rng, 10);
    }
    if (rng_chance(&w->rng, 30)) {
        reply.command_run.offset++;
    }
    play_with(play, reply, random_payload(&w->rng));
}

static void random_timer(struct world *w)
{
    const struct instance *now = w->play.now;

    if (now->timer_count == 0 || rng_chance(&w->rng, 100)) {
        play_timer(&w->play, (enum timer_kind)rng_below(&w->rng, TIMER_KIND_COUNT),
                   (uint32_t)rng_below(&w->rng, now->activation_next + 1));
    } else {
        const struct timer *timer = &now->timers[rng_below(&w->rng, now->timer_count)];

        play_timer(&w->play, timer->kind, timer->owner);
    }
}

static void random_event(struct world *w)
{
    bool had_ended = instance_has_ended(w->play.now);
    uint64_t dice = rng_below(&w->rng, 100);

    w->play.time_ms += (int64_t)rng_below(&w->rng, 2000);
    if (dice < 55) {
        random_reply(w);
    } else if (dice < 80) {
        random_timer(w);
    } else if (dice < 85) {
        play_message(&w->play, "orders", "{\"orderId\":\"A1\"}");
    } else if (dice < 88) {
        play_message(&w->play, "orders.confirmed", "{}");
    } else if (dice < 90) {
        play_operator(&w->play, OPERATOR_CANCEL, 0);
    } else if (dice < 91) {
        play_operator(&w->play, OPERATOR_PAUSE, 0);
    } else if (dice < 96) {
        play_operator(&w->play, OPERATOR_RESUME, 0);
    } else {
        play_operator(&w->play, (enum operator_verb)(1 + rng_below(&w->rng, 4)),
                      (uint32_t)rng_below(&w->rng, w->play.now->activation_next + 1));
    }
    note_effects(w);
    note_state(w, had_ended);
}

/* All answer, and operators settle what is stuck. */
static void healthy_event(struct world *w)
{
    struct play *play = &w->play;
    const struct frame *frame = &play->now->frames[play->now->frame_count - 1];

    if (play->now->status == RUN_NONE) {
        play_message(play, "orders", "{\"orderId\":\"A1\"}");
    } else if (play->now->paused != NULL) {
        play_operator(play, OPERATOR_RESUME, 0);
    } else if (frame->state == FRAME_STUCK) {
        play_operator(play, OPERATOR_DONE, frame->activation);
    } else if (frame->state == FRAME_BACKING_OFF) {
        play_timer(play, TIMER_BACKOFF, frame->activation);
    } else {
        play_reply(play, service_of(w, frame), frame->activation, "{\"ok\":true}");
    }
    note_effects(w);
    note_state(w, false);
}

/* What was done is undone, or the run went through. */
static void check_ended_whole(const struct world *w)
{
    const struct instance *now = w->play.now;

    assert_true(instance_has_ended(now));
    assert_int_equal(w->terminal_count, 1);
    for (uint32_t i = 0; i < ACTIVATIONS_MAX; i++) {
        if (now->status == RUN_COMPLETED || now->sealed) {
            assert_int_equal(w->undone_by[i], 0);
        } else if (w->was_armed[i]) {
            assert_int_not_equal(w->undone_by[i], 0);
        }
    }
}

static void play_history(uint64_t seed)
{
    struct world w = {.rng = {.state = seed}};
    uint32_t events = 0;

    w.flow = random_flow(&w.rng);
    play_init(&w.play, w.flow, "A1");
    for (uint32_t i = 0; i < EVENTS_FAULTY; i++) {
        random_event(&w);
    }
    while (!instance_has_ended(w.play.now)) {
        assert_true(events++ < EVENTS_HEALTHY);
        healthy_event(&w);
    }
    check_ended_whole(&w);
    play_release(&w.play);
    flow_free(w.flow);
}

static uint64_t number_of(const char *variable, uint64_t fallback)
{
    const char *text = getenv(variable);

    return text == NULL ? fallback : strtoull(text, NULL, 10);
}

static uint64_t seed_now;

static int tell_seed(void **state)
{
    (void)state;
    if (seed_now != 0) {
        print_message("the last history was that of BATON_SEED=%llu\n",
                      (unsigned long long)seed_now);
    }
    return 0;
}

static void random_histories_end_whole(void **state)
{
    uint64_t only = number_of("BATON_SEED", 0);
    uint64_t count = number_of("BATON_SEEDS", 1500);

    (void)state;
    for (uint64_t seed = 1; seed <= count; seed++) {
        seed_now = only == 0 ? seed : only;
        play_history(seed_now);
        if (only != 0) {
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_histories_end_whole, NULL, tell_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
