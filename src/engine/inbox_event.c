#include "engine/inbox_event.h"

#include "core/correlate.h"

static enum event_kind kind_of(enum inbox_kind kind)
{
    return kind == INBOX_REPLY      ? EVENT_REPLY
           : kind == INBOX_OPERATOR ? EVENT_OPERATOR
           : kind == INBOX_TOLD     ? EVENT_TOLD
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
                            .activation = inbox->activation,
                            .source = {.partition = inbox->partition,
                                       .offset = inbox->offset,
                                       .timestamp_ms = inbox->timestamp_ms,
                                       .key = inbox->source_key,
                                       .headers = inbox->headers,
                                       .header_count = inbox->header_count}};
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
