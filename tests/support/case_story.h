/*
 * case_story - one line of a golden case's story: read it, play it, and write what came of it.
 *
 *   message <topic> [type=T] [id=I] [key=K] [headers={...}] <json>
 *   reply <service> #<activation> [seq=N] [run=G-O] <json>    echoes the command id
 *   reply <service> <json>                                     by the business key
 *   timer <kind> <owner>                                       when it is due; else at once
 *   next                                                       the timer that is due first
 *   wait <duration>                                            time passes
 *   operator <verb> [#<activation>] [reason]
 *   signal <name> [json]
 *   migrate <json>                                             to the flow of "=== next"
 *   clock                                                      what starts the flow by the clock
 *   alias <route>:<value>                                      from now on it is about that alias
 *   batch <topic>/<partition>                                  the same, about what gathers there
 *   told <type> <json>                                         by another instance
 *   show <field>                                               of the state
 */
#ifndef BATON_TESTS_SUPPORT_CASE_STORY_H
#define BATON_TESTS_SUPPORT_CASE_STORY_H

#include "support/case_words.h"
#include "support/play.h"

/* Send a message or reply whose payload is the rest of the line. */
static inline void story_send(struct play *play, struct event event, struct text rest)
{
    struct json *message = play_record(play, event.topic);
    struct json *payload;
    struct text value;

    if (story_option(&rest, "key", &value)) {
        json_put_text(message, "key", value);
    }
    if (story_option(&rest, "headers", &value)) {
        json_put(message, TEXT("headers"), story_json(value));
    }
    payload = story_json(rest);
    event.payload = payload;
    event.message = message;
    play_event(play, event);
    json_free(payload);
    json_free(message);
}

static inline void story_message(struct play *play, struct text rest)
{
    struct event event = {.kind = EVENT_MESSAGE, .topic = story_word(&rest)};

    (void)story_option(&rest, "type", &event.type);
    (void)story_option(&rest, "id", &event.id);
    story_send(play, event, rest);
}

static inline void story_reply(struct play *play, struct text rest)
{
    struct text service = story_word(&rest);
    struct event event = {.kind = EVENT_REPLY, .topic = TEXT("replies")};
    struct text value;

    if (rest.bytes > 0 && rest.data[0] == '#') {
        event = play_reply_event(play, "", story_number(story_word(&rest)));
    }
    if (story_option(&rest, "seq", &value)) {
        event.command_seq = story_number(value);
    }
    if (story_option(&rest, "run", &value)) {
        assert_true(run_id_parse(value, &event.command_run));
    }
    event.service = service;
    story_send(play, event, rest);
}

static inline void story_next(struct play *play)
{
    int64_t due_ms = instance_next_due(play->now);

    for (uint32_t i = 0; i < play->now->timer_count; i++) {
        if (play->now->timers[i].due_ms == due_ms) {
            play_timer(play, play->now->timers[i].kind, play->now->timers[i].owner);
            return;
        }
    }
    fail_msg("no timer is armed");
}

static inline void story_operator(struct play *play, struct text rest)
{
    static const char *const verbs[] = {
        [OPERATOR_CANCEL] = "cancel",       [OPERATOR_RETRY] = "retry",
        [OPERATOR_SKIP] = "skip",           [OPERATOR_DONE] = "done",
        [OPERATOR_FAILED] = "failed",       [OPERATOR_SIGNAL] = "",
        [OPERATOR_TERMINATE] = "terminate", [OPERATOR_PAUSE] = "pause",
        [OPERATOR_RESUME] = "resume",       [OPERATOR_MIGRATE] = "migrate"};
    struct text verb = story_word(&rest);
    struct event event = {.kind = EVENT_OPERATOR, .actor = TEXT("ann")};
    bool is_known = false;

    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (text_is(verb, verbs[i])) {
            event.verb = (enum operator_verb)i;
            is_known = true;
        }
    }
    assert_true(is_known);
    if (rest.bytes > 0 && rest.data[0] == '#') {
        event.activation = story_number(story_word(&rest));
    }
    event.reason = rest;
    play_event(play, event);
}

static inline void story_signal(struct play *play, struct text rest)
{
    struct event event = {.kind = EVENT_OPERATOR, .verb = OPERATOR_SIGNAL, .actor = TEXT("ann")};
    struct json *payload;

    event.type = story_word(&rest);
    payload = rest.bytes == 0 ? json_null() : story_json(rest);
    event.payload = payload;
    play_event(play, event);
    json_free(payload);
}

/* The plan of an order to go on by the other version; "from" and "to" are added if it names none. */
static inline void story_migrate(struct play *play, struct text rest)
{
    struct event event = {.kind = EVENT_OPERATOR,
                          .verb = OPERATOR_MIGRATE,
                          .actor = TEXT("ann"),
                          .target = play->next};
    struct json *parsed = story_json(rest);
    struct json *plan = json_open_copy(parsed);

    if (json_member(plan, "from") == NULL) {
        json_put_string(plan, "from", play->flow->hash);
    }
    json_put_string(plan, "to", play->next == NULL ? "" : play->next->hash);
    event.payload = plan;
    play_event(play, event);
    json_free(plan);
    json_free(parsed);
}

static inline void story_told(struct play *play, struct text rest)
{
    struct event event = {.kind = EVENT_TOLD, .type = story_word(&rest), .actor = TEXT("big:B1")};
    struct json *payload = story_json(rest);

    event.payload = payload;
    play_event(play, event);
    json_free(payload);
}

/* From now on it is about another instance. */
static inline void story_turn_to(struct play *play, struct text flow, const char *key)
{
    instance_free(play->now);
    instance_free(play->folded);
    play->folded = NULL;
    play->now = instance_new(flow, text_of(key));
}

static inline void story_inner(struct play *play, struct text flow, struct text rest)
{
    char key[256];

    (void)snprintf(key, sizeof key, "%.*s/%.*s", TEXT_ARG(play->flow->name), TEXT_ARG(rest));
    story_turn_to(play, flow, key);
}

/* From now on it is about the instance that starts others. "off": no version of the flow is active. */
static inline void story_clock(struct play *play, struct text rest)
{
    struct instance *other = instance_new(TEXT(SCHEDULE_FLOW), play->flow->name);
    struct event event = {.kind = EVENT_TOLD, .type = TEXT("schedule")};
    struct json *payload = json_object();

    if (!text_equal(play->now->name, other->name)) {
        instance_free(play->now);
        play->now = other;
        other = NULL;
    }
    instance_free(other);
    if (text_is(rest, "off")) {
        json_put_bool(payload, "off", true);
    }
    event.payload = payload;
    play_event(play, event);
    json_free(payload);
}

static inline void story_timer(struct play *play, struct text rest)
{
    enum timer_kind kind;

    assert_true(timer_kind_of(story_word(&rest), &kind));
    play_timer(play, kind, story_number(rest));
}

/* "permit later 1 5s", "permit refused 1 30s" */
static inline void story_permit(struct play *play, struct text rest)
{
    bool is_later = text_is(story_word(&rest), "later");
    struct event event = {.kind = EVENT_PERMIT, .timer_run = play->now->run};

    event.permit = is_later ? PERMIT_LATER : PERMIT_REFUSED;
    event.activation = story_number(story_word(&rest));
    assert_int_equal(duration_parse(rest, &event.until_ms, NULL), STATUS_OK);
    event.until_ms += play->time_ms;
    play_event(play, event);
}

static inline void story_add_span(struct buffer *out, int64_t ms)
{
    char text[TIME_TEXT_BYTES];

    duration_format(ms < 0 ? -ms : ms, text);
    buffer_addf(out, "%s%s", ms < 0 ? "-" : "+", text);
}

static inline void story_write_timers(const struct play *play, struct buffer *out)
{
    for (uint32_t i = 0; i < play->now->timer_count; i++) {
        const struct timer *timer = &play->now->timers[i];

        buffer_addf(out, "%s%s/%u ", i == 0 ? "" : ", ", timer_kind_name(timer->kind),
                    timer->owner);
        story_add_span(out, timer->due_ms - play->time_ms);
    }
}

static inline void story_write_stack(const struct play *play, struct buffer *out)
{
    for (uint32_t i = 0; i < play->now->undo_count; i++) {
        const struct undo *undo = &play->now->stack[i];

        buffer_addf(out, "%s%.*s#%u %s%s", i == 0 ? "" : ", ",
                    TEXT_ARG(play->flow->steps[undo->step].name), undo->activation,
                    undo_state_name(undo->state), undo->in_doubt ? " in doubt" : "");
    }
}

static inline void story_write_mailbox(const struct play *play, struct buffer *out)
{
    for (uint32_t i = 0; i < play->now->mail_count; i++) {
        const struct mail *mail = &play->now->mailbox[i];

        struct text signal = json_member_text(mail->message, "signal");

        buffer_addf(out, "%s%u %s%.*s", i == 0 ? "" : ", ", mail->number,
                    signal.bytes > 0 ? "signal " : "",
                    TEXT_ARG(signal.bytes > 0 ? signal : json_member_text(mail->message, "topic")));
    }
}

/* A part of the state as one line; told when it has changed. */
struct story_part {
    const char *name;
    struct buffer was;
    struct buffer is;
};

enum story_part_name { PART_TIMERS, PART_STACK, PART_MAILBOX, PART_DATA, PART_ERROR, PART_RESULT };
#define STORY_PARTS 6

struct story {
    struct play play;
    struct story_part parts[STORY_PARTS];
};

static inline void story_init(struct story *story, struct flow *flow, const char *key)
{
    static const char *const names[] = {"timers", "stack", "mailbox", "data", "error", "result"};

    *story = (struct story){0};
    play_init(&story->play, flow, key);
    for (size_t i = 0; i < STORY_PARTS; i++) {
        story->parts[i].name = names[i];
    }
}

static inline void story_release(struct story *story)
{
    for (size_t i = 0; i < STORY_PARTS; i++) {
        buffer_release(&story->parts[i].was);
        buffer_release(&story->parts[i].is);
    }
    play_release(&story->play);
}

static inline void story_write_parts(struct story *story, struct buffer *out)
{
    const struct instance *now = story->play.now;

    for (size_t i = 0; i < STORY_PARTS; i++) {
        buffer_clear(&story->parts[i].is);
    }
    story_write_timers(&story->play, &story->parts[PART_TIMERS].is);
    story_write_stack(&story->play, &story->parts[PART_STACK].is);
    story_write_mailbox(&story->play, &story->parts[PART_MAILBOX].is);
    story_write_json(now->data, &story->parts[PART_DATA].is);
    story_write_json(now->error, &story->parts[PART_ERROR].is);
    story_write_json(now->result, &story->parts[PART_RESULT].is);
    for (size_t i = 0; i < STORY_PARTS; i++) {
        struct story_part *part = &story->parts[i];

        if (!text_equal(buffer_text(&part->is), buffer_text(&part->was))) {
            buffer_addf(out, "  = %s: %.*s\n", part->name, TEXT_ARG(buffer_text(&part->is)));
            buffer_clear(&part->was);
            buffer_add_text(&part->was, buffer_text(&part->is));
        }
    }
}

static inline void story_write_outcome(struct story *story, struct buffer *out)
{
    static const char *const results[] = {"applied", "ignored", "void"};
    const struct effect_list *effects = &story->play.effects;

    buffer_addf(out, "  %s: ", results[story->play.result]);
    instance_place(story->play.flow, story->play.now, out);
    buffer_addf(out, "\n");
    for (uint32_t i = 0; i < effects->decided_count; i++) {
        buffer_addf(out, "  . %.*s\n", TEXT_ARG(effects->decided[i]));
    }
    for (uint32_t i = 0; i < effects->count; i++) {
        buffer_addf(out, "  > ");
        play_write_effect(&effects->items[i], out);
        if (effects->items[i].deadline_ms > 0) {
            buffer_addf(out, " within ");
            story_add_span(out, effects->items[i].deadline_ms - story->play.time_ms);
        }
        buffer_addf(out, "\n");
    }
    story_write_parts(story, out);
}

static inline void story_show(struct story *story, struct text field, struct buffer *out)
{
    struct json *state = instance_delta(NULL, story->play.now);
    const struct json *value = json_get(state, field);

    buffer_addf(out, "  = ");
    story_write_json(value, out);
    buffer_addf(out, "\n");
    json_free(state);
}

/* Play `line` and append what came of it to `out`. */
static inline void story_play(struct story *story, struct text line, struct buffer *out)
{
    struct text rest = line;
    struct text word = story_word(&rest);
    struct error err = {0};
    int64_t ms;

    if (text_is(word, "show")) {
        story_show(story, rest, out);
        return;
    }
    if (text_is(word, "wait")) {
        assert_int_equal(duration_parse(rest, &ms, &err), STATUS_OK);
        story->play.time_ms += ms;
        return;
    }
    if (text_is(word, "alias") || text_is(word, "batch")) {
        story_inner(&story->play, text_is(word, "alias") ? TEXT(ALIAS_FLOW) : TEXT(BATCH_FLOW),
                    rest);
        return;
    }
    if (text_is(word, "message")) {
        story_message(&story->play, rest);
    } else if (text_is(word, "reply")) {
        story_reply(&story->play, rest);
    } else if (text_is(word, "clock")) {
        story_clock(&story->play, rest);
    } else if (text_is(word, "told")) {
        story_told(&story->play, rest);
    } else if (text_is(word, "permit")) {
        story_permit(&story->play, rest);
    } else if (text_is(word, "timer")) {
        story_timer(&story->play, rest);
    } else if (text_is(word, "next")) {
        story_next(&story->play);
    } else if (text_is(word, "signal")) {
        story_signal(&story->play, rest);
    } else if (text_is(word, "migrate")) {
        story_migrate(&story->play, rest);
    } else if (text_is(word, "operator")) {
        story_operator(&story->play, rest);
    } else {
        fail_msg("a story has no '%.*s'", TEXT_ARG(word));
    }
    story_write_outcome(story, out);
}

#endif
