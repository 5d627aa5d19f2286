#include "core/pause.h"

#include "base/limits.h"
#include "core/told.h"
#include "core/waiting.h"

static bool is_paused(const struct decision *d)
{
    return d->after->paused != NULL;
}

bool pause_takes(const struct decision *d)
{
    if (!is_paused(d)) {
        return false;
    }
    switch (d->event->kind) {
    case EVENT_MESSAGE:
    case EVENT_REPLY:
    case EVENT_TOLD:
        return true;
    case EVENT_OPERATOR:
        return d->event->verb == OPERATOR_SIGNAL;
    case EVENT_TIMER:
    case EVENT_PERMIT:
        break; /* None is armed. */
    }
    return false;
}

/* ---- an event as the state keeps it ---- */

static const char *const kinds[] = {
    [EVENT_MESSAGE] = "message", [EVENT_REPLY] = "reply", [EVENT_TIMER] = "timer",
    [EVENT_OPERATOR] = "signal", [EVENT_TOLD] = "told",   [EVENT_PERMIT] = "permit"};

static void put_some(struct json *kept, const char *key, struct text value)
{
    if (value.bytes > 0) {
        json_put_text(kept, key, value);
    }
}

static struct json *event_kept(struct decision *d)
{
    const struct event *event = d->event;
    struct json *kept = json_object();
    char run[RUN_ID_BYTES];

    json_put_string(kept, "kind", kinds[event->kind]);
    put_some(kept, "topic", event->topic);
    put_some(kept, "type", event->type);
    put_some(kept, "id", event->id);
    put_some(kept, "service", event->service);
    put_some(kept, "actor", event->actor);
    if (event->payload != NULL) {
        json_put(kept, TEXT("payload"), json_copy(event->payload));
    }
    if (event->kind != EVENT_TOLD) {
        struct incoming incoming = incoming_event(d);

        json_put(kept, TEXT("message"), json_copy(incoming_message(&incoming)));
    }
    if (event->by_command) {
        run_id_format(event->command_run, run);
        json_put_string(kept, "commandRun", run);
        json_put_integer(kept, "commandSeq", event->command_seq);
        json_put_integer(kept, "activation", event->activation);
    }
    return kept;
}

static struct event kept_event(const struct json *kept, const struct event *asked)
{
    struct text kind = json_member_text(kept, "kind");
    struct text run = json_member_text(kept, "commandRun");
    struct event event = {
        .time_ms = asked->time_ms,
        .run = asked->run,
        .topic = json_member_text(kept, "topic"),
        .type = json_member_text(kept, "type"),
        .id = json_member_text(kept, "id"),
        .service = json_member_text(kept, "service"),
        .actor = json_member_text(kept, "actor"),
        .payload = json_member(kept, "payload"),
        .message = json_member(kept, "message"),
        .verb = OPERATOR_SIGNAL,
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (text_is(kind, kinds[i])) {
            event.kind = (enum event_kind)i;
        }
    }
    if (run_id_parse(run, &event.command_run)) {
        event.by_command = true;
        event.command_seq = json_member_int(kept, "commandSeq", 0);
        event.activation = (uint32_t)json_member_int(kept, "activation", 0);
    }
    return event;
}

/* ---- while it stands ---- */

static const char *name_of(const struct decision *d)
{
    const struct event *event = d->event;
    struct text what = event->topic;

    if (event->kind == EVENT_TOLD) {
        return arena_printf(d->effects->arena, "told %.*s", TEXT_ARG(event->type)).data;
    }
    if (event->kind == EVENT_OPERATOR) {
        return arena_printf(d->effects->arena, "signal %.*s", TEXT_ARG(event->type)).data;
    }
    if (event->kind == EVENT_REPLY) {
        return arena_printf(d->effects->arena, "reply of %.*s",
                            TEXT_ARG(event->service.bytes > 0 ? event->service : what))
            .data;
    }
    return arena_printf(d->effects->arena, "%.*s", TEXT_ARG(what)).data;
}

enum transition_result pause_keep(struct decision *d)
{
    struct instance *after = d->after;
    const char *name = name_of(d);
    uint32_t count = (uint32_t)json_member_int(after->paused, "count", 0);
    struct json *kept = event_kept(d);
    struct json *paused;
    struct json *chunks;

    if (count >= MAILBOX_MAX || !result_fits(after, kept, 0)) {
        struct incoming incoming = incoming_event(d);

        json_free(kept);
        alert_message(d, ALERT_UNMATCHED, &incoming, "the run is paused, and can keep no more");
        effect_decide(d->effects, "%s: no room to keep it while paused", name);
        return TRANSITION_IGNORED;
    }
    paused = json_open_copy(after->paused);
    chunks = json_copy(json_member(paused, "kept"));
    chunks_put(&chunks, count, kept);
    json_put(paused, TEXT("kept"), chunks);
    json_put_integer(paused, "count", (int64_t)count + 1);
    json_free(after->paused);
    after->paused = paused;
    effect_decide(d->effects, "%s: kept while paused", name);
    return TRANSITION_APPLIED;
}

static enum transition_result refuse(struct decision *d, const char *why)
{
    effect_decide(d->effects, "operator %.*s: refused: %s", TEXT_ARG(d->event->actor), why);
    return TRANSITION_IGNORED;
}

enum transition_result pause_begin(struct decision *d)
{
    struct instance *after = d->after;
    struct json *timers = json_array();
    struct json *paused = json_object();

    if (is_paused(d) || after->status == RUN_EMBRYO || after->status == RUN_HELD) {
        json_free(timers);
        json_free(paused);
        return refuse(d, is_paused(d)                  ? "it is paused already"
                         : after->status == RUN_EMBRYO ? "it has not started"
                                                       : "it has completed");
    }
    while (after->timer_count > 0) {
        struct timer timer = after->timers[0];
        struct json *item = json_array();

        json_push(item, json_string(timer_kind_name(timer.kind)));
        json_push(item, json_integer(timer.owner));
        json_push(item,
                  json_integer(timer.due_ms > after->time_ms ? timer.due_ms - after->time_ms : 0));
        json_push(timers, item);
        instance_disarm(after, timer.kind, timer.owner);
    }
    json_put_integer(paused, "since", after->time_ms);
    json_put(paused, TEXT("timers"), timers);
    after->paused = paused;
    effect_decide(d->effects, "operator %.*s: pause%s%.*s", TEXT_ARG(d->event->actor),
                  d->event->reason.bytes > 0 ? ": " : "", TEXT_ARG(d->event->reason));
    return TRANSITION_APPLIED;
}

/* ---- when it goes on ---- */

static void start_timers(struct decision *d, const struct json *timers)
{
    for (size_t i = 0; i < json_count(timers); i++) {
        const struct json *item = json_at(timers, i);
        enum timer_kind kind;
        int64_t owner = 0;
        int64_t left_ms = 0;

        if (timer_kind_of(json_text_of(json_at(item, 0)), &kind) &&
            json_int64(json_at(item, 1), &owner) && json_int64(json_at(item, 2), &left_ms)) {
            instance_arm(d->after, kind, (uint32_t)owner, span_after(d->after->time_ms, left_ms));
        }
    }
}

/* The run has ended before it came to this. */
static void pass_on(struct decision *d)
{
    struct incoming incoming = incoming_event(d);
    struct text flow = instance_flow_name(d->after);
    struct text key = instance_key(d->after);

    if (d->event->kind == EVENT_TOLD) {
        tell(d, flow, key, arena_text(d->effects->arena, d->event->type).data,
             json_copy(d->event->payload));
        return;
    }
    if (d->event->kind == EVENT_MESSAGE && start_of(d, &incoming) != NULL) {
        tell(d, flow, key, "again", mail_of(&incoming));
        return;
    }
    alert_message(d, ALERT_UNMATCHED, &incoming, "the run ended before it came to this");
}

static void forget_message(struct decision *d)
{
    json_free(d->message_json);
    d->message_json = NULL;
}

void pause_lift(struct decision *d)
{
    const struct event *asked = d->event;
    struct json *paused = d->after->paused;
    struct json *kept;

    if (paused == NULL) {
        return;
    }
    d->after->paused = NULL;
    d->after->bytes_most = 0;
    kept = chunks_list(json_member(paused, "kept"), (uint32_t)json_member_int(paused, "count", 0));
    if (!instance_has_ended(d->after)) {
        start_timers(d, json_member(paused, "timers"));
    }
    for (size_t i = 0; i < json_count(kept); i++) {
        struct event event = kept_event(json_at(kept, i), asked);

        d->event = &event;
        d->inline_steps = 0;
        forget_message(d);
        if (instance_has_ended(d->after)) {
            pass_on(d);
        } else {
            (void)transition_decide(d);
            advance_run(d);
        }
        d->event = asked;
    }
    forget_message(d);
    json_free(kept);
    json_free(paused);
}

enum transition_result pause_end(struct decision *d)
{
    if (!is_paused(d)) {
        return refuse(d, "it is not paused");
    }
    effect_decide(d->effects, "operator %.*s: resume%s%.*s", TEXT_ARG(d->event->actor),
                  d->event->reason.bytes > 0 ? ": " : "", TEXT_ARG(d->event->reason));
    pause_lift(d);
    return TRANSITION_APPLIED;
}
