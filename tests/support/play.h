/*
 * play - one run driven by hand: each event goes through transition(), and what must hold after
 * every event is checked on the spot. Used by the unit tests of core, the golden cases and the
 * random histories.
 */
#ifndef BATON_TESTS_SUPPORT_PLAY_H
#define BATON_TESTS_SUPPORT_PLAY_H

#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "support/play_check.h"

#define PLAY_START_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */
#define PLAY_RUN ((struct run_id){.generation = 0, .offset = 100})

static inline void play_init(struct play *play, struct flow *flow, const char *key)
{
    *play = (struct play){.flow = flow, .time_ms = PLAY_START_MS, .offset = 99};
    play->effects.arena = &play->arena;
    play->now = instance_new(flow->name, text_of(key));
}

static inline void play_release(struct play *play)
{
    instance_free(play->now);
    instance_free(play->folded);
    effect_release(&play->effects);
    arena_release(&play->arena);
}

static inline enum transition_result play_event(struct play *play, struct event event)
{
    struct instance *ended = instance_has_ended(play->now) ? play->now : NULL;
    struct instance *before;
    struct instance *after = NULL;

    /* As the lane does it: an ended run is no state any more, but its key is remembered. */
    if (ended != NULL) {
        event.is_remembered = true;
        play->now = instance_new(instance_flow_name(ended), instance_key(ended));
    }
    before = instance_copy(play->now);
    event.time_ms = play->time_ms;
    play->offset++;
    play->event_count++;
    event.run = (struct run_id){.generation = 0, .offset = play->offset};
    effect_clear(&play->effects);
    arena_reset(&play->arena);
    play->result = transition(play->flow, play->now, &event, &after, &play->effects);
    play_assert_same(before, play->now);
    play_assert_repeatable(play, &event, after);
    if (play->result == TRANSITION_VOID) {
        assert_null(after);
        if (ended != NULL) {
            instance_free(play->now);
            play->now = ended;
            ended = NULL;
        }
    } else {
        if (ended != NULL) {
            instance_free(play->folded);
            play->folded = NULL;
        }
        assert_int_equal(after->seq, before->seq + 1);
        assert_int_equal(after->time_ms, event.time_ms);
        play_assert_folds(play, before, after);
        play_assert_sound(after);
        if (play->result == TRANSITION_IGNORED) {
            play_assert_untouched(before, after);
        }
        instance_free(play->now);
        play->now = after;
        if (play->next != NULL && text_is(text_of(after->flow_hash), play->next->hash)) {
            play->flow = play->next;
        }
    }
    instance_free(before);
    instance_free(ended);
    return play->result;
}

static inline struct json *play_json(const char *text)
{
    struct json *value = NULL;
    struct error err = {0};

    if (json_parse(text_of(text), &value, &err) != STATUS_OK) {
        fail_msg("%s: %s", text, err.text);
    }
    return value;
}

/* {topic, partition, offset, timestamp, key, headers} */
static inline struct json *play_record(const struct play *play, struct text topic)
{
    struct json *message = json_object();

    json_put_text(message, "topic", topic);
    json_put_integer(message, "partition", 0);
    json_put_integer(message, "offset", play->offset + 1);
    json_put_integer(message, "timestamp", play->time_ms);
    json_put_text(message, "key", instance_key(play->now));
    json_put(message, TEXT("headers"), json_object());
    return message;
}

/* Send `event` with a payload given as JSON text. */
static inline enum transition_result play_with(struct play *play, struct event event,
                                               const char *payload)
{
    struct json *value = play_json(payload);
    struct json *message = play_record(play, event.topic);
    enum transition_result result;

    event.payload = value;
    event.message = message;
    result = play_event(play, event);
    json_free(value);
    json_free(message);
    return result;
}

static inline enum transition_result play_message(struct play *play, const char *topic,
                                                  const char *payload)
{
    return play_with(play, (struct event){.kind = EVENT_MESSAGE, .topic = text_of(topic)}, payload);
}

/* An event for a reply that echoes the command of `activation`, of its latest attempt. */
static inline struct event play_reply_event(const struct play *play, const char *service,
                                            uint32_t activation)
{
    const struct frame *frame = instance_find_frame(play->now, activation);

    return (struct event){
        .kind = EVENT_REPLY,
        .topic = TEXT("replies"),
        .service = text_of(service),
        .by_command = true,
        .command_run = play->now->run,
        .command_seq = frame == NULL ? 1 : frame->sent_seq,
        .activation = activation,
    };
}

static inline enum transition_result play_reply(struct play *play, const char *service,
                                                uint32_t activation, const char *payload)
{
    return play_with(play, play_reply_event(play, service, activation), payload);
}

static inline enum transition_result play_key_reply(struct play *play, const char *service,
                                                    const char *payload)
{
    return play_with(
        play,
        (struct event){.kind = EVENT_REPLY, .topic = TEXT("replies"), .service = text_of(service)},
        payload);
}

/* Let the timer fire when it is due; one that is not armed fires now. */
static inline enum transition_result play_timer(struct play *play, enum timer_kind kind,
                                                uint32_t owner)
{
    const struct timer *timer = instance_timer(play->now, kind, owner);

    if (timer != NULL && timer->due_ms > play->time_ms) {
        play->time_ms = timer->due_ms;
    }
    return play_event(play, (struct event){.kind = EVENT_TIMER,
                                           .timer = kind,
                                           .activation = owner,
                                           .timer_run = play->now->run});
}

static inline enum transition_result play_operator(struct play *play, enum operator_verb verb,
                                                   uint32_t activation)
{
    return play_event(play, (struct event){.kind = EVENT_OPERATOR,
                                           .verb = verb,
                                           .activation = activation,
                                           .actor = TEXT("ann"),
                                           .reason = TEXT("because")});
}

static inline enum transition_result play_signal(struct play *play, const char *name,
                                                 const char *data)
{
    struct json *payload = play_json(data);
    enum transition_result result = play_event(play, (struct event){.kind = EVENT_OPERATOR,
                                                                    .verb = OPERATOR_SIGNAL,
                                                                    .type = text_of(name),
                                                                    .payload = payload,
                                                                    .actor = TEXT("ann")});

    json_free(payload);
    return result;
}

static inline const struct frame *play_frame(const struct play *play)
{
    assert_int_equal(play->now->frame_count, 1);
    return &play->now->frames[0];
}

/* The effects of the last event that are no alerts. */
static inline uint32_t play_sent(const struct play *play)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < play->effects.count; i++) {
        count += play->effects.items[i].kind != EFFECT_ALERT;
    }
    return count;
}

static inline const struct effect *play_effect(const struct play *play, enum effect_kind kind)
{
    for (uint32_t i = 0; i < play->effects.count; i++) {
        if (play->effects.items[i].kind == kind) {
            return &play->effects.items[i];
        }
    }
    fail_msg("there is no such effect");
    return NULL;
}

static inline bool play_alerted(const struct play *play, enum alert_kind kind)
{
    for (uint32_t i = 0; i < play->effects.count; i++) {
        if (play->effects.items[i].kind == EFFECT_ALERT && play->effects.items[i].alert == kind) {
            return true;
        }
    }
    return false;
}

static inline void play_assert_data(const struct play *play, const char *expected)
{
    struct json *value = play_json(expected);
    struct buffer text = {0};

    json_write(play->now->data, &text);
    if (!json_equal(play->now->data, value)) {
        fail_msg("the document is %s", buffer_string(&text));
    }
    buffer_release(&text);
    json_free(value);
}

static inline void play_assert_place(const struct play *play, const char *expected)
{
    struct buffer place = {0};

    instance_place(play->flow, play->now, &place);
    assert_string_equal(buffer_string(&place), expected);
    buffer_release(&place);
}

#endif
