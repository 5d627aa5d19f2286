/* Second identities. Of each value that somebody listens for, or that came before anybody did, one
 * internal instance stands for it, `~alias:<flow>/<route>:<value>`. The router brings it the messages
 * that carry the value; it tells them to the runs that listen (core/identity.c), and keeps those that
 * came early. It is gone when nobody listens and nothing waits. */
#include "base/limits.h"
#include "core/told.h"
#include "core/waiting.h"

#define LISTENERS_MAX 1000

bool alias_is(const struct instance *instance)
{
    return text_is(instance_flow_name(instance), ALIAS_FLOW);
}

/* "<route>:<value>" */
static struct text identity_of(const struct decision *d)
{
    struct text key = instance_key(d->after);

    return text_sub(key, d->flow->name.bytes + 1, key.bytes);
}

/* Those who listen: "<run>/<activation>/<key>" -> 1. */
static const struct json *listeners(const struct decision *d)
{
    return json_member(d->after->data, "listeners");
}

static void put_listeners(struct decision *d, struct json *all)
{
    struct json *data = json_open_copy(d->after->data);

    json_put(data, TEXT("listeners"), all);
    json_free(d->after->data);
    d->after->data = data;
}

static struct text listener_of(const struct decision *d)
{
    const struct json *about = d->event->payload;

    return arena_printf(d->effects->arena, "%.*s/%lld/%.*s",
                        TEXT_ARG(json_member_text(about, "run")),
                        (long long)json_member_int(about, "activation", 0),
                        TEXT_ARG(json_member_text(about, "key")));
}

static void begin(struct decision *d)
{
    bool is_new = d->after->status == RUN_NONE;

    inner_begin(d);
    if (is_new) {
        put_listeners(d, json_object());
    }
}

static void end_if_idle(struct decision *d)
{
    struct instance *after = d->after;

    if (json_count(listeners(d)) > 0 || after->mail_count > 0) {
        return;
    }
    json_free(after->ids);
    after->ids = NULL;
    after->status = RUN_COMPLETED;
    effect_decide(d->effects, "nobody listens, nothing waits: ended");
}

/* `listener` as in listeners(). */
static void forward(struct decision *d, struct text listener, const struct json *message)
{
    size_t run = text_find(listener, '/');
    struct text rest = text_sub(listener, run + 1, listener.bytes);
    struct text key = text_sub(rest, text_find(rest, '/') + 1, rest.bytes);
    struct json *about = json_object();

    json_put_text(about, "run", text_sub(listener, 0, run));
    json_put(about, TEXT("message"), json_copy(message));
    effect_decide(d->effects, "told %.*s:%.*s", TEXT_ARG(d->flow->name), TEXT_ARG(key));
    tell(d, d->flow->name, key, "message", about);
}

/* The run and key of `listener`, without the activation, are those of one before it. */
static bool is_told(const struct json *all, struct text listener)
{
    size_t run = text_find(listener, '/');
    struct text rest = text_sub(listener, run + 1, listener.bytes);
    struct text key = text_sub(rest, text_find(rest, '/'), rest.bytes);
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text other;

    while (json_next(all, &cursor, &other, &value) && !text_equal(other, listener)) {
        if (text_equal(text_sub(other, 0, run + 1), text_sub(listener, 0, run + 1)) &&
            text_ends(other, key) &&
            text_find(text_sub(other, run + 1, other.bytes), '/') + run + 1 + key.bytes ==
                other.bytes) {
            return true;
        }
    }
    return false;
}

/* A run that listens twice gets it once. */
static void forward_all(struct decision *d, const struct incoming *incoming)
{
    struct json *message = mail_of(incoming);
    const struct json *all = listeners(d);
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text listener;

    while (json_next(all, &cursor, &listener, &value)) {
        if (!is_told(all, listener)) {
            forward(d, listener, message);
        }
    }
    json_free(message);
}

/* By its type. What the flow as it is now does not know may be for a run of another version. */
static bool is_wanted(const struct decision *d, const struct incoming *incoming)
{
    bool is_known = false;

    for (uint32_t i = 0; i < d->flow->awaited_count; i++) {
        const struct awaited *awaited = d->flow->awaited[i];

        if (!identity_is_about(awaited, incoming)) {
            continue;
        }
        if (awaited->type.bytes == 0 || text_equal(awaited->type, incoming->type)) {
            return true;
        }
        is_known = true;
    }
    return !is_known;
}

static enum transition_result refuse(struct decision *d, const struct incoming *incoming,
                                     bool is_new, const char *why)
{
    alert_message(d, ALERT_UNMATCHED, incoming, why);
    return is_new ? TRANSITION_VOID : TRANSITION_IGNORED;
}

static enum transition_result on_message_by_value(struct decision *d)
{
    struct incoming incoming = incoming_event(d);
    bool is_new = d->after->status == RUN_NONE;

    incoming.alias = identity_of(d);
    if (is_repeated(d, &incoming)) {
        effect_decide(d->effects, "%.*s: repeated (id %.*s), ignored", TEXT_ARG(incoming.topic),
                      TEXT_ARG(incoming.id));
        return TRANSITION_IGNORED;
    }
    if (!is_wanted(d, &incoming)) {
        return refuse(d, &incoming, is_new, "no step listens for it");
    }
    begin(d);
    if (json_count(listeners(d)) > 0) {
        remember_id(d, &incoming);
        forward_all(d, &incoming);
        return TRANSITION_APPLIED;
    }
    if (d->flow->early_ms <= 0) {
        return refuse(d, &incoming, is_new, "no step listens for it, and none may later");
    }
    if (!keep_mail(d, &incoming)) {
        return refuse(d, &incoming, is_new, "too much waits for a step to listen for it");
    }
    instance_arm(d->after, TIMER_EARLY, d->after->mailbox[d->after->mail_count - 1].number,
                 span_after(d->event->time_ms, d->flow->early_ms));
    return TRANSITION_APPLIED;
}

static void drop_mail(struct decision *d, uint32_t number)
{
    instance_disarm(d->after, TIMER_EARLY, number);
    instance_drop_mail(d->after, number);
}

static enum transition_result on_listen(struct decision *d)
{
    struct text listener = listener_of(d);
    struct json *all;

    begin(d);
    if (json_count(listeners(d)) >= LISTENERS_MAX) {
        struct json *about = json_object();

        json_put_text(about, "run", json_member_text(d->event->payload, "run"));
        json_put_integer(about, "activation", json_member_int(d->event->payload, "activation", 0));
        effect_decide(d->effects, "%.*s listens: too many do", TEXT_ARG(d->event->actor));
        tell(d, d->flow->name, json_member_text(d->event->payload, "key"), "deaf", about);
        return TRANSITION_APPLIED;
    }
    effect_decide(d->effects, "%.*s listens", TEXT_ARG(d->event->actor));
    all = json_open_copy(listeners(d));
    json_put(all, listener, json_integer(1));
    put_listeners(d, all);
    (void)result_fits(d->after, NULL, listener.bytes + 8);
    while (d->after->mail_count > 0) {
        forward(d, listener, d->after->mailbox[0].message);
        drop_mail(d, d->after->mailbox[0].number);
    }
    return TRANSITION_APPLIED;
}

static enum transition_result on_unlisten(struct decision *d)
{
    struct text listener = listener_of(d);
    struct json *all;

    if (json_get(listeners(d), listener) == NULL) {
        return TRANSITION_IGNORED;
    }
    begin(d);
    effect_decide(d->effects, "%.*s does not listen any more", TEXT_ARG(d->event->actor));
    all = json_open_copy(listeners(d));
    json_drop(all, listener);
    put_listeners(d, all);
    end_if_idle(d);
    return TRANSITION_APPLIED;
}

static enum transition_result on_expired(struct decision *d)
{
    uint32_t number = d->event->activation;

    for (uint32_t i = 0; i < d->after->mail_count; i++) {
        if (d->after->mailbox[i].number == number) {
            struct incoming incoming = listen_mail(&d->after->mailbox[i]);

            alert_message(d, ALERT_EXPIRED, &incoming, "no step listened for it in time");
        }
    }
    begin(d);
    drop_mail(d, number);
    end_if_idle(d);
    return TRANSITION_APPLIED;
}

enum transition_result on_alias(struct decision *d)
{
    const struct event *event = d->event;

    if (event->kind == EVENT_MESSAGE) {
        return on_message_by_value(d);
    }
    if (event->kind == EVENT_TOLD && text_is(event->type, "listen")) {
        return on_listen(d);
    }
    if (d->after->status == RUN_NONE) {
        return TRANSITION_VOID;
    }
    if (event->kind == EVENT_TOLD && text_is(event->type, "unlisten")) {
        return on_unlisten(d);
    }
    if (event->kind == EVENT_TIMER) {
        return on_expired(d);
    }
    effect_decide(d->effects, "it is no run of a flow: ignored");
    return TRANSITION_IGNORED;
}
