/* Starts by batches. Of each partition of such a start topic one internal instance,
 * `~batch:<flow>/<topic>/<partition>`, gathers the messages that the router brings it. When they are
 * enough, or the first has waited long enough, it tells an instance to start with all of them, in the
 * transition that takes the last: so each message is in one batch, whoever owns the instance then. */
#include "base/limits.h"
#include "core/told.h"
#include "core/waiting.h"

bool batch_is(const struct instance *instance)
{
    return text_is(instance_flow_name(instance), BATCH_FLOW);
}

static int64_t gathered_bytes(const struct decision *d)
{
    return json_member_int(d->after->data, "bytes", 0);
}

static void put_bytes(struct decision *d, int64_t bytes)
{
    struct json *data = json_open_copy(d->after->data);

    json_put_integer(data, "bytes", bytes);
    json_free(d->after->data);
    d->after->data = data;
}

/* Of the first message all that `$message` of `data` may ask for; of the others what they say. */
static struct json *kept_of(const struct decision *d, const struct incoming *incoming)
{
    struct json *whole = mail_of(incoming);
    struct json *kept;

    if (d->after->mail_count == 0) {
        return whole;
    }
    kept = json_object();
    json_put_text(kept, "topic", incoming->topic);
    json_put(kept, TEXT("offset"), json_copy(json_member(whole, "offset")));
    json_put(kept, TEXT("value"), json_copy(incoming->payload));
    json_free(whole);
    return kept;
}

/* "<topic>/<partition>/<offset>" */
static struct text key_of(const struct decision *d, const struct json *first)
{
    return arena_printf(d->effects->arena, "%.*s/%lld/%lld",
                        TEXT_ARG(json_member_text(first, "topic")),
                        (long long)json_member_int(first, "partition", 0),
                        (long long)json_member_int(first, "offset", 0));
}

/* One run with all that is there. */
static void start_run_of_all(struct decision *d, const char *why)
{
    const struct json *first = d->after->mailbox[0].message;
    struct text key = key_of(d, first);
    struct json *message = json_open_copy(first);
    struct json *about = json_object();
    struct json *input = json_object();
    struct json *items = json_array();

    json_drop(message, TEXT("value"));
    effect_decide(d->effects, "%u message%s, %s: told %.*s:%.*s to start", d->after->mail_count,
                  d->after->mail_count == 1 ? "" : "s", why, TEXT_ARG(d->flow->name),
                  TEXT_ARG(key));
    while (d->after->mail_count > 0) {
        const struct mail *mail = &d->after->mailbox[0];

        json_push(items, json_copy(json_member(mail->message, "value")));
        instance_drop_mail(d->after, mail->number);
    }
    json_put(input, TEXT("items"), items);
    json_put(about, TEXT("input"), input);
    json_put_bool(about, "batch", true);
    json_put(about, TEXT("message"), message);
    tell(d, d->flow->name, key, "start", about);
    instance_disarm(d->after, TIMER_WAIT, 0);
    put_bytes(d, 0);
}

static void end(struct decision *d)
{
    json_free(d->after->ids);
    d->after->ids = NULL;
    d->after->status = RUN_COMPLETED;
}

static void gather(struct decision *d, const struct incoming *incoming, const struct start *start)
{
    struct json *kept = kept_of(d, incoming);
    int64_t bytes = (int64_t)json_size(kept, PAYLOAD_BYTES_MAX * 2);
    struct mail *mail;

    if (d->after->mail_count > 0 && gathered_bytes(d) + bytes > PAYLOAD_BYTES_MAX) {
        start_run_of_all(d, "no more fit");
        json_free(kept);
        kept = kept_of(d, incoming);
    }
    if (d->after->mail_count == 0) {
        instance_arm(d->after, TIMER_WAIT, 0, span_after(d->event->time_ms, start->within_ms));
    }
    mail = instance_add_mail(d->after);
    *mail = (struct mail){.number = d->after->mail_next++, .topic = start->topic, .message = kept};
    put_bytes(d, gathered_bytes(d) + bytes);
    d->after->bytes_most = 0;
    remember_id(d, incoming);
    effect_decide(d->effects, "%.*s: %u of %u", TEXT_ARG(incoming->topic), d->after->mail_count,
                  start->batch_max);
    if (d->after->mail_count >= start->batch_max) {
        start_run_of_all(d, "enough");
        end(d);
    }
}

static enum transition_result on_message_to_gather(struct decision *d)
{
    struct incoming incoming = incoming_event(d);
    const struct start *start = start_gathering(d, &incoming);

    if (start == NULL) {
        effect_decide(d->effects, "%.*s: not a start", TEXT_ARG(incoming.topic));
        return TRANSITION_VOID;
    }
    if (is_repeated(d, &incoming)) {
        effect_decide(d->effects, "%.*s: repeated (id %.*s), ignored", TEXT_ARG(incoming.topic),
                      TEXT_ARG(incoming.id));
        return TRANSITION_IGNORED;
    }
    inner_begin(d);
    gather(d, &incoming, start);
    return TRANSITION_APPLIED;
}

enum transition_result on_batch(struct decision *d)
{
    if (d->event->kind == EVENT_MESSAGE) {
        return on_message_to_gather(d);
    }
    if (d->after->status == RUN_NONE) {
        return TRANSITION_VOID;
    }
    if (d->event->kind == EVENT_TIMER) {
        inner_begin(d);
        start_run_of_all(d, "the time is over");
        end(d);
        return TRANSITION_APPLIED;
    }
    effect_decide(d->effects, "it is no run of a flow: ignored");
    return TRANSITION_IGNORED;
}
