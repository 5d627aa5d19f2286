/* links: baton_core baton_compile */
/* Seeded histories of a flow of blocks: forks, fors, tries and catches within each other, listens,
 * reminders and handlers, with whatever may come in any order. The tree of frames stays whole, each
 * undo is sent once and after those pushed later in its list, and when all answer again, the run ends.
 * BATON_SEED=n repeats one history, BATON_SEEDS=n sets their number. */
#include "base/map.h"
#include "base/rng.h"
#include "compile/flow_file.h"
#include "support/blocks_yaml.h"
#include "support/play.h"

#define EVENTS_FAULTY 60
#define EVENTS_HEALTHY 2000

struct world {
    struct play play;
    struct flow *flow;
    struct rng rng;
    bool parallel;
    bool named;      /* A rollback by name may undo out of order. */
    struct map sent; /* "undoOf" -> 1 + activation of the undo's frame. */
};

static void turn_knobs(struct rng *rng, struct world *w, struct buffer *out)
{
    struct text rest = text_of(body);
    const char *chosen[COUNT_OF(knobs)];

    for (size_t i = 0; i < COUNT_OF(knobs); i++) {
        chosen[i] = knobs[i].values[rng_below(rng, 4)];
    }
    w->parallel = strcmp(chosen[6], "parallel") == 0;
    buffer_add_text(out, text_of(header));
    while (rest.bytes > 0) {
        size_t taken = 0;

        for (size_t i = 0; i < COUNT_OF(knobs) && taken == 0; i++) {
            if (text_starts(rest, text_of(knobs[i].word))) {
                buffer_add_text(out, text_of(chosen[i]));
                taken = strlen(knobs[i].word);
            }
        }
        if (taken == 0) {
            buffer_add_char(out, rest.data[0]);
            taken = 1;
        }
        rest = text_sub(rest, taken, rest.bytes);
    }
}

static struct flow *random_flow(struct world *w)
{
    struct buffer yaml = {0};
    struct buffer definition = {0};
    struct diagnostics diagnostics = {0};
    struct flow *flow = NULL;
    struct error err = {0};

    turn_knobs(&w->rng, w, &yaml);
    if (flow_text_check("blocks.yaml", buffer_text(&yaml), &diagnostics, &definition) !=
            STATUS_OK ||
        flow_build(buffer_text(&definition), &flow, &err) != STATUS_OK) {
        for (uint32_t i = 0; i < diagnostics.count; i++) {
            print_error("%s\n", diagnostics.items[i].message.data);
        }
        fail_msg("%s: %.*s", err.text, TEXT_ARG(buffer_text(&yaml)));
    }
    diagnostics_release(&diagnostics);
    buffer_release(&definition);
    buffer_release(&yaml);
    return flow;
}

/* Every frame hangs below a block that is there; what has ended has nothing. */
static void check_tree(const struct instance *now)
{
    for (uint32_t i = 0; i < now->frame_count; i++) {
        const struct frame *frame = &now->frames[i];

        assert_true(frame->parent == 0 || instance_find_frame(now, frame->parent) != NULL);
        if (frame->parent != 0) {
            assert_int_equal(instance_find_frame(now, frame->parent)->kind,
                             frame->kind == FRAME_BLOCK && frame->role == BLOCK_UNDO ? FRAME_UNDO
                                                                                     : FRAME_BLOCK);
        }
        if (frame->kind == FRAME_UNDO) {
            const struct undo *undo = instance_find_undo(now, frame->undo_of);

            assert_non_null(undo);
            assert_int_equal(undo->state, UNDO_RUNNING);
        }
    }
    for (uint32_t i = 0; i < now->undo_count; i++) {
        const struct undo *undo = &now->stack[i];
        const struct undo *group = instance_find_undo(now, undo->group);

        assert_true(undo->group == 0 || instance_find_frame(now, undo->group) != NULL ||
                    (group != NULL && group->state == UNDO_GROUP));
    }
    for (uint32_t i = 0; i < now->timer_count; i++) {
        assert_true(now->timers[i].owner == 0 ||
                    instance_find_frame(now, now->timers[i].owner) != NULL);
    }
    if (instance_has_ended(now)) {
        assert_int_equal(now->frame_count, 0);
        assert_int_equal(now->timer_count, 0);
        assert_int_equal(now->undo_count, 0);
    }
}

/* An undo is sent by one frame alone, and not before what was pushed later in its list. */
static void check_effects(struct world *w)
{
    const struct instance *now = w->play.now;

    for (uint32_t i = 0; i < w->play.effects.count; i++) {
        const struct effect *effect = &w->play.effects.items[i];
        const struct undo *undo = instance_find_undo(now, effect->undo_of);
        char room[INTEGER_TEXT_BYTES];
        struct text key = text_unsigned(effect->undo_of, room);
        uintptr_t frame;

        if (effect->kind != EFFECT_COMMAND || !effect->is_undo) {
            continue;
        }
        frame = (uintptr_t)map_get(&w->sent, key);
        assert_true(frame == 0 || frame == effect->activation + (uintptr_t)1);
        map_put(&w->sent, key, (void *)(effect->activation + (uintptr_t)1));
        if (w->parallel || undo == NULL || frame != 0 || w->named) {
            continue;
        }
        for (uint32_t k = 0; k < now->undo_count; k++) {
            const struct undo *other = &now->stack[k];

            assert_false(other->activation > undo->activation && other->group == undo->group &&
                         other->state == UNDO_ARMED);
        }
    }
}

static const char *random_payload(struct rng *rng)
{
    static const char *const payloads[] = {"{\"ok\":true}", "{\"ok\":false,\"code\":\"A\"}",
                                           "{\"ok\":false,\"code\":\"B\"}",
                                           "{\"ok\":false,\"code\":\"C\"}", "null"};

    if (rng_chance(rng, 500)) {
        return payloads[0];
    }
    return payloads[rng_below(rng, COUNT_OF(payloads))];
}

/* A message or a signal, which perhaps somebody waits for. */
static void send_word(struct play *play, uint64_t which)
{
    static const char *const topics[] = {"notes", "extra"};
    static const char *const signals[] = {"go", "hint", "also", "stop", "stay"};

    if (which < COUNT_OF(topics)) {
        play_message(play, topics[which], "{\"id\":\"A1\"}");
    } else {
        play_signal(play, signals[which - COUNT_OF(topics)], "1");
    }
}

static uint32_t random_activation(struct world *w)
{
    const struct instance *now = w->play.now;

    if (now->frame_count > 0 && rng_chance(&w->rng, 850)) {
        return now->frames[rng_below(&w->rng, now->frame_count)].activation;
    }
    return (uint32_t)rng_below(&w->rng, now->activation_next + 1);
}

static void random_event(struct world *w)
{
    const struct instance *now = w->play.now;
    uint64_t dice = rng_below(&w->rng, 100);

    w->play.time_ms += (int64_t)rng_below(&w->rng, 3000);
    if (dice < 18) {
        uint64_t which = rng_below(&w->rng, 7); /* Stop seldom: it ends the run. */
        send_word(&w->play, which == 5 && dice > 1 ? 3 : which);
    } else if (dice < 70) {
        play_with(&w->play, play_reply_event(&w->play, "stock", random_activation(w)),
                  random_payload(&w->rng));
    } else if (dice < 88 && now->timer_count > 0) {
        const struct timer *timer = &now->timers[rng_below(&w->rng, now->timer_count)];

        play_timer(&w->play, timer->kind, timer->owner);
    } else if (dice < 90) {
        play_operator(&w->play, OPERATOR_CANCEL, 0);
    } else if (dice < 95) {
        play_operator(&w->play, dice < 92 ? OPERATOR_PAUSE : OPERATOR_RESUME, 0);
    } else {
        play_operator(&w->play, (enum operator_verb)(1 + rng_below(&w->rng, 4)),
                      random_activation(w));
    }
}

/* All answer, operators settle what is stuck, time passes. */
static void healthy_event(struct world *w)
{
    struct play *play = &w->play;
    const struct instance *now = play->now;

    if (now->paused != NULL) {
        play_operator(play, OPERATOR_RESUME, 0);
        return;
    }
    for (uint32_t i = now->frame_count; i > 0; i--) {
        const struct frame *frame = &now->frames[i - 1];

        if (frame->state == FRAME_STUCK) {
            play_operator(play, OPERATOR_DONE, frame->activation);
            return;
        }
        if (frame->state == FRAME_AWAITING_REPLY) {
            play_with(play, play_reply_event(play, "stock", frame->activation), "{\"ok\":true}");
            return;
        }
        if (frame->state == FRAME_LISTENING) {
            send_word(play, play->event_count % 2 == 0 ? 0 : 2);
            return;
        }
    }
    for (uint32_t i = 0; i < now->timer_count; i++) {
        enum timer_kind kind = now->timers[i].kind;

        if (kind == TIMER_BACKOFF || kind == TIMER_PAUSE || kind == TIMER_WAIT) {
            play_timer(play, kind, now->timers[i].owner);
            return;
        }
    }
    fail_msg("nothing can go on: %s, %u frames", run_status_name(now->status), now->frame_count);
}

static void look(struct world *w, void (*event)(struct world *w))
{
    struct instance *before = instance_copy(w->play.now);
    bool was_named = false;

    for (uint32_t i = 0; i < before->frame_count; i++) {
        was_named = was_named || (before->frames[i].kind == FRAME_STEP &&
                                  before->frames[i].state == FRAME_UNWINDING);
    }
    event(w);
    for (uint32_t i = 0; i < w->play.now->frame_count; i++) {
        was_named = was_named || (w->play.now->frames[i].kind == FRAME_STEP &&
                                  w->play.now->frames[i].state == FRAME_UNWINDING);
    }
    w->named = w->named || was_named;
    check_tree(w->play.now);
    check_effects(w);
    instance_free(before);
}

static void play_seed(uint64_t seed)
{
    struct world w = {0};

    w.rng.state = seed;
    w.flow = random_flow(&w);
    play_init(&w.play, w.flow, "A1");
    play_message(&w.play, "orders", "{\"id\":\"A1\"}");
    for (uint32_t i = 0; i < EVENTS_FAULTY && !instance_has_ended(w.play.now); i++) {
        look(&w, random_event);
    }
    for (uint32_t i = 0; !instance_has_ended(w.play.now); i++) {
        if (i == EVENTS_HEALTHY) {
            fail_msg("it does not end: %s", run_status_name(w.play.now->status));
        }
        look(&w, healthy_event);
    }
    play_release(&w.play);
    map_release(&w.sent);
    flow_free(w.flow);
}

static void whatever_comes_blocks_stay_whole_and_the_run_ends(void **state)
{
    const char *one = getenv("BATON_SEED");
    const char *many = getenv("BATON_SEEDS");
    uint64_t first = one == NULL ? 1 : strtoull(one, NULL, 10);
    uint64_t count = one != NULL ? 1 : (many == NULL ? 60 : strtoull(many, NULL, 10));

    (void)state;
    for (uint64_t seed = first; seed < first + count; seed++) {
        if (getenv("BATON_VERBOSE") != NULL) {
            print_message("seed %llu\n", (unsigned long long)seed);
        }
        play_seed(seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_comes_blocks_stay_whole_and_the_run_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
