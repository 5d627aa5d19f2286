/*
 * play_check - what holds after every event, whatever it was. See play.h.
 */
#ifndef BATON_TESTS_SUPPORT_PLAY_CHECK_H
#define BATON_TESTS_SUPPORT_PLAY_CHECK_H

#include "core/fold.h"
#include "core/transition.h"
#include "support/unit.h"

struct play {
    struct flow *flow; /* Borrowed. */
    struct flow *next; /* Another version, for those who are migrated to it; or NULL. */
    struct instance *now;
    struct instance *folded; /* All deltas so far, from nothing; NULL before the first. */
    struct arena arena;
    struct effect_list effects; /* Of the last event. */
    enum transition_result result;
    int64_t time_ms;
    int64_t offset; /* Of the last inbox record. */
    int64_t event_count;
};

static inline void play_write_effect(const struct effect *effect, struct buffer *out)
{
    static const char *const kinds[] = {"command", "emit", "cancel", "tell", "alert"};

    buffer_addf(out, "%s", kinds[effect->kind]);
    if (effect->kind == EFFECT_ALERT) {
        buffer_addf(out, " %s", alert_kind_name(effect->alert));
    }
    if (effect->topic.bytes > 0) {
        buffer_addf(out, " %.*s", TEXT_ARG(effect->topic));
    }
    if (effect->flow.bytes > 0) {
        buffer_addf(out, " %.*s", TEXT_ARG(effect->flow));
    }
    if (effect->type.bytes > 0) {
        buffer_addf(out, " %.*s", TEXT_ARG(effect->type));
    }
    if (effect->activation > 0) {
        buffer_addf(out, " #%u", effect->activation);
    }
    if (effect->step.bytes > 0) {
        buffer_addf(out, " of %.*s", TEXT_ARG(effect->step));
    }
    if (effect->kind == EFFECT_COMMAND || effect->kind == EFFECT_CANCEL) {
        buffer_addf(out, " attempt %u", effect->attempt);
    }
    if (effect->is_undo) {
        buffer_addf(out, " undoes %.*s#%u", TEXT_ARG(effect->undo_of_step), effect->undo_of);
    } else if (effect->in_undo) {
        buffer_addf(out, " in the undo of %.*s#%u", TEXT_ARG(effect->undo_of_step),
                    effect->undo_of);
    } else if (effect->undo_of > 0) {
        buffer_addf(out, " abandons #%u", effect->undo_of);
    }
    if (effect->key_activation != 0 && effect->key_activation != effect->activation) {
        buffer_addf(out, " known as #%u", effect->key_activation);
    }
    if (effect->key_step.bytes > 0 && !text_equal(effect->key_step, effect->step)) {
        buffer_addf(out, " known as %.*s", TEXT_ARG(effect->key_step));
    }
    buffer_addf(out, " key %.*s", TEXT_ARG(effect->key));
    if (effect->headers != NULL) {
        buffer_addf(out, " headers ");
        json_write(effect->headers, out);
    }
    buffer_addf(out, " ");
    if (effect->value != NULL) {
        json_write(effect->value, out);
    }
}

static inline void play_write_effects(const struct effect_list *effects, struct buffer *out)
{
    for (uint32_t i = 0; i < effects->decided_count; i++) {
        buffer_addf(out, "%.*s\n", TEXT_ARG(effects->decided[i]));
    }
    for (uint32_t i = 0; i < effects->count; i++) {
        play_write_effect(&effects->items[i], out);
        buffer_addf(out, " until %lld\n", (long long)effects->items[i].deadline_ms);
    }
}

static inline void play_assert_same_json(const struct json *a, const struct json *b)
{
    assert_true(a == b || (a != NULL && b != NULL && json_equal(a, b)));
}

static inline void play_assert_same_items(const struct instance *a, const struct instance *b)
{
    for (uint32_t i = 0; i < a->frame_count; i++) {
        const struct frame *one = &a->frames[i];
        const struct frame *two = instance_find_frame(b, one->activation);

        assert_non_null(two);
        assert_true(one->kind == two->kind && one->state == two->state && one->step == two->step &&
                    one->undo_of == two->undo_of && one->role == two->role &&
                    one->parent == two->parent);
        play_assert_same_json(one->local, two->local);
        assert_int_equal(one->attempt, two->attempt);
        assert_int_equal(one->opened_ms, two->opened_ms);
        assert_int_equal(one->attempt_ms, two->attempt_ms);
        assert_int_equal(one->sent_seq, two->sent_seq);
        play_assert_same_json(one->error, two->error);
    }
    for (uint32_t i = 0; i < a->timer_count; i++) {
        const struct timer *one = &a->timers[i];

        assert_int_equal(instance_timer(b, one->kind, one->owner)->due_ms, one->due_ms);
    }
    for (uint32_t i = 0; i < a->undo_count; i++) {
        const struct undo *one = &a->stack[i];
        const struct undo *two = &b->stack[i];

        assert_true(one->activation == two->activation && one->step == two->step &&
                    one->state == two->state && one->in_doubt == two->in_doubt);
        play_assert_same_json(one->message, two->message);
    }
    for (uint32_t i = 0; i < a->mail_count; i++) {
        assert_int_equal(a->mailbox[i].number, b->mailbox[i].number);
        assert_int_equal(a->mailbox[i].topic, b->mailbox[i].topic);
        play_assert_same_json(a->mailbox[i].message, b->mailbox[i].message);
    }
}

/* Field by field: a comparison by way of the delta would not see what the delta leaves out. */
static inline void play_assert_same_fields(const struct instance *a, const struct instance *b)
{
    assert_true(text_equal(a->name, b->name));
    assert_int_equal(a->flow_bytes, b->flow_bytes);
    assert_true(run_id_equal(a->run, b->run));
    assert_string_equal(a->flow_hash, b->flow_hash);
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->closing, b->closing);
    assert_int_equal(a->sealed, b->sealed);
    assert_int_equal(a->started_ms, b->started_ms);
    assert_int_equal(a->time_ms, b->time_ms);
    assert_int_equal(a->activation_next, b->activation_next);
    assert_int_equal(a->mail_next, b->mail_next);
    play_assert_same_json(a->data, b->data);
    play_assert_same_json(a->error, b->error);
    play_assert_same_json(a->result, b->result);
    play_assert_same_json(a->ids, b->ids);
    play_assert_same_json(a->queue, b->queue);
    play_assert_same_json(a->parents, b->parents);
    play_assert_same_json(a->paused, b->paused);
    assert_int_equal(a->frame_count, b->frame_count);
    assert_int_equal(a->timer_count, b->timer_count);
    assert_int_equal(a->undo_count, b->undo_count);
    assert_int_equal(a->mail_count, b->mail_count);
    play_assert_same_items(a, b);
}

static inline void play_assert_same(const struct instance *a, const struct instance *b)
{
    struct buffer a_text = {0};
    struct buffer b_text = {0};

    instance_canonical(a, &a_text);
    instance_canonical(b, &b_text);
    assert_string_equal(buffer_string(&a_text), buffer_string(&b_text));
    assert_int_equal(instance_stack_hash(a), instance_stack_hash(b));
    play_assert_same_fields(a, b);
    buffer_release(&a_text);
    buffer_release(&b_text);
}

/* The delta leads from `before` to `after`, and the fold of all deltas stands there as well. The
 * delta goes through its text, as it does in the history. */
static inline void play_assert_folds(struct play *play, const struct instance *before,
                                     const struct instance *after)
{
    const struct instance *base = play->folded == NULL ? NULL : before;
    struct json *delta = instance_delta(base, after);
    struct json *read = NULL;
    struct instance *applied = NULL;
    struct instance *folded = NULL;
    struct buffer text = {0};
    struct error err = {0};

    json_write(delta, &text);
    assert_int_equal(json_parse(buffer_text(&text), &read, &err), STATUS_OK);
    assert_int_equal(instance_apply(base, read, &applied, &err), STATUS_OK);
    play_assert_same(applied, after);
    assert_int_equal(instance_apply(play->folded, read, &folded, &err), STATUS_OK);
    play_assert_same(folded, after);
    instance_free(play->folded);
    play->folded = folded;
    instance_free(applied);
    json_free(delta);
    json_free(read);
    buffer_release(&text);
}

/* What holds in every state that is recorded. */
static inline void play_assert_sound(const struct instance *instance)
{
    if (instance_has_ended(instance)) {
        assert_int_equal(instance->frame_count, 0);
        assert_int_equal(instance->timer_count, 0);
        assert_int_equal(instance->undo_count, 0);
        assert_int_equal(instance->mail_count, 0);
    } else if (instance->status == RUN_EMBRYO) {
        assert_int_equal(instance->frame_count, 0);
        assert_non_null(instance_timer(instance, TIMER_EARLY, 0));
    } else if (instance->status == RUN_HELD) {
        assert_int_equal(instance->frame_count, 0);
        assert_int_equal(instance->timer_count, 0);
        assert_true(instance->undo_count > 0 && instance->parents != NULL);
    } else if (!instance_is_internal(instance->name)) {
        assert_true(instance->frame_count > 0);
    }
    for (uint32_t i = 0; i < instance->timer_count; i++) {
        uint32_t owner = instance->timers[i].owner;

        assert_true(owner == 0 || instance_is_internal(instance->name) ||
                    instance_find_frame(instance, owner) != NULL);
    }
    for (uint32_t i = 0; i < instance->frame_count; i++) {
        const struct frame *frame = &instance->frames[i];

        if (frame->kind == FRAME_UNDO) {
            assert_int_equal(instance_find_undo(instance, frame->undo_of)->state, UNDO_RUNNING);
        }
        if (frame->state == FRAME_BACKING_OFF && instance->paused == NULL) {
            assert_non_null(instance_timer(instance, TIMER_BACKOFF, frame->activation));
        }
        assert_true(frame->activation < instance->activation_next);
    }
    for (uint32_t i = 1; i < instance->undo_count; i++) {
        assert_true(instance->stack[i - 1].activation < instance->stack[i].activation);
    }
}

/* Nothing but the record itself came of it. */
static inline void play_assert_untouched(const struct instance *before,
                                         const struct instance *after)
{
    struct instance *expected = instance_copy(before);

    expected->seq = after->seq;
    expected->time_ms = after->time_ms;
    play_assert_same(expected, after);
    instance_free(expected);
}

/* Same call, same answer. */
static inline void play_assert_repeatable(struct play *play, const struct event *event,
                                          const struct instance *after)
{
    struct arena arena = {0};
    struct effect_list effects = {.arena = &arena};
    struct instance *again = NULL;
    struct buffer first = {0};
    struct buffer second = {0};

    assert_int_equal(transition(play->flow, play->now, event, &again, &effects), play->result);
    play_write_effects(&play->effects, &first);
    play_write_effects(&effects, &second);
    assert_string_equal(buffer_string(&first), buffer_string(&second));
    if (after != NULL) {
        play_assert_same(after, again);
    }
    instance_free(again);
    effect_release(&effects);
    arena_release(&arena);
    buffer_release(&first);
    buffer_release(&second);
}

#endif
