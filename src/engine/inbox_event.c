#include "engine/inbox_event.h"

#include "core/correlate.h"

struct json *inbox_message(const struct inbox_record *inbox)
{
    struct json *message = json_object();
    struct json *headers = json_object();

    json_put_text(message, "topic", inbox->topic);
    json_put_integer(message, "partition", inbox->partition);
    json_put_integer(message, "offset", inbox->offset);
    json_put_integer(message, "timestamp", inbox->timestamp_ms);
    json_put(message, TEXT("key"),
             inbox->source_key.data == NULL ? json_null() : json_text(inbox->source_key));
    for (uint32_t i = 0; i < inbox->header_count; i++) {
        struct text value = inbox->headers[i].value;
        json_put(headers, inbox->headers[i].name,
                 value.data == NULL ? json_null() : json_text(value));
    }
    json_put(message, TEXT("headers"), headers);
    return message;
}

static enum event_kind kind_of(enum inbox_kind kind)
{
    return kind == INBOX_REPLY      ? EVENT_REPLY
           : kind == INBOX_OPERATOR ? EVENT_OPERATOR
                                    : EVENT_MESSAGE;
}

bool inbox_event(const struct inbox_record *inbox, struct text app, struct event *event)
{
    struct command_id id;

    *event = (struct event){.kind = kind_of(inbox->kind),
                            .topic = inbox->topic,
                            .type = inbox->type,
                            .id = inbox->id,
                            .service = inbox->service,
                            .verb = (enum operator_verb)inbox->verb,
                            .actor = inbox->actor,
                            .reason = inbox->reason,
                            .activation = inbox->activation};
    if (inbox->command.bytes == 0) {
        return true;
    }
    if (!command_id_parse(inbox->command, app, &id)) {
        return false;
    }
    event->by_command = true;
    event->command_run = (struct run_id){id.generation, id.offset};
    event->command_seq = id.seq;
    event->activation = id.activation;
    return true;
}
