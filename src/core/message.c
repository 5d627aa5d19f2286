/* What is known of a message beside its value. */
#include "core/decision.h"

static struct json *message_of(const struct message_source *source, struct text topic)
{
    struct json *message = json_object();
    struct json *headers = json_object();

    json_put_text(message, "topic", topic);
    json_put_integer(message, "partition", source->partition);
    json_put_integer(message, "offset", source->offset);
    json_put_integer(message, "timestamp", source->timestamp_ms);
    json_put(message, TEXT("key"), source->key.data == NULL ? json_null() : json_text(source->key));
    for (uint32_t i = 0; i < source->header_count; i++) {
        struct text value = source->headers[i].value;

        json_put(headers, source->headers[i].name,
                 value.data == NULL ? json_null() : json_text(value));
    }
    json_put(message, TEXT("headers"), headers);
    return message;
}

/* A signal comes from a person, not from a topic. */
static struct json *message_of_signal(const struct event *event)
{
    struct json *message = json_object();

    json_put_text(message, "signal", event->type);
    json_put_text(message, "actor", event->actor);
    json_put_integer(message, "timestamp", event->time_ms);
    return message;
}

struct incoming incoming_event(struct decision *d)
{
    if (d->event->kind == EVENT_OPERATOR) {
        return (struct incoming){
            .signal = d->event->type, .payload = d->event->payload, .of_event = d};
    }
    return (struct incoming){
        .topic = d->event->topic,
        .type = d->event->type,
        .id = d->event->id,
        .payload = d->event->payload,
        .message = d->event->message,
        .of_event = d,
    };
}

const struct json *incoming_message(const struct incoming *incoming)
{
    struct decision *d = incoming->of_event;

    if (incoming->message != NULL || d == NULL) {
        return incoming->message;
    }
    if (d->message_json == NULL) {
        d->message_json = incoming->signal.bytes > 0
                              ? message_of_signal(d->event)
                              : message_of(&d->event->source, d->event->topic);
    }
    return d->message_json;
}

struct text incoming_name(const struct decision *d, const struct incoming *incoming)
{
    if (incoming->signal.bytes == 0) {
        return incoming->topic;
    }
    return arena_printf(d->effects->arena, "signal %.*s", TEXT_ARG(incoming->signal));
}
