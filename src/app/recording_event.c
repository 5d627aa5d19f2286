/* The events of a recording: of an inbox record, what the core is given of it. */
#include "app/recording.h"

#include <stdlib.h>

static const char *const kinds[] = {
    [INBOX_MESSAGE] = "message", [INBOX_REPLY] = "reply",     [INBOX_OPERATOR] = "operator",
    [INBOX_POISON] = "poison",   [INBOX_UNKEYED] = "unkeyed", [INBOX_OVERSIZE] = "oversize",
    [INBOX_TOLD] = "told",
};

static const char *const verbs[] = {
    [OPERATOR_CANCEL] = "cancel",       [OPERATOR_RETRY] = "retry",   [OPERATOR_SKIP] = "skip",
    [OPERATOR_DONE] = "done",           [OPERATOR_FAILED] = "failed", [OPERATOR_SIGNAL] = "signal",
    [OPERATOR_TERMINATE] = "terminate", [OPERATOR_PAUSE] = "pause",   [OPERATOR_RESUME] = "resume",
    [OPERATOR_MIGRATE] = "migrate",
};

#define COUNT_OF(names) (sizeof(names) / sizeof((names)[0]))

static void put_text(struct json *object, const char *key, struct text text)
{
    if (text.bytes > 0) {
        json_put_text(object, key, text);
    }
}

static struct json *text_or_null(struct text text)
{
    return text.data == NULL ? json_null() : json_text(text);
}

static struct json *headers_json(const struct inbox_record *inbox)
{
    struct json *headers = json_array();

    for (uint32_t i = 0; i < inbox->header_count; i++) {
        struct json *header = json_object();

        json_put_text(header, "name", inbox->headers[i].name);
        json_put(header, TEXT("value"), text_or_null(inbox->headers[i].value));
        json_push(headers, header);
    }
    return headers;
}

struct json *recorded_event_json(const struct recorded *step)
{
    const struct inbox_record *inbox = &step->inbox;
    struct json *event = json_object();

    json_put_string(event, "kind", kinds[inbox->kind]);
    put_text(event, "topic", inbox->topic);
    if (inbox_has_source(inbox)) {
        json_put_integer(event, "partition", inbox->partition);
        json_put_integer(event, "offset", inbox->offset);
    }
    json_put_integer(event, "timestamp", inbox->timestamp_ms);
    put_text(event, "key", inbox->source_key);
    put_text(event, "type", inbox->type);
    put_text(event, "id", inbox->id);
    put_text(event, "service", inbox->service);
    put_text(event, "command", inbox->command);
    if (inbox->header_count > 0) {
        json_put(event, TEXT("headers"), headers_json(inbox));
    }
    if (inbox->kind == INBOX_OPERATOR && inbox->verb >= 0 &&
        (size_t)inbox->verb < COUNT_OF(verbs)) {
        json_put_string(event, "verb", verbs[inbox->verb]);
    }
    put_text(event, "actor", inbox->actor);
    put_text(event, "reason", inbox->reason);
    if (inbox->activation != 0) {
        json_put_integer(event, "activation", inbox->activation);
    }
    json_put(event, TEXT("value"), json_copy(step->payload));
    return event;
}

static bool find_name(const struct json *event, const char *key, const char *const *names,
                      size_t count, size_t *found)
{
    struct text text = json_member_text(event, key);

    for (size_t i = 0; i < count; i++) {
        if (text_is(text, names[i])) {
            *found = i;
            return true;
        }
    }
    return false;
}

static struct text take(const struct json *event, const char *key, struct arena *arena)
{
    const struct json *value = json_member(event, key);

    return value == NULL || json_kind(value) != JSON_TEXT ? (struct text){0}
                                                          : arena_text(arena, json_text_of(value));
}

static void take_headers(const struct json *event, struct arena *arena, struct inbox_record *inbox)
{
    const struct json *list = json_member(event, "headers");
    uint32_t count = list == NULL ? 0 : (uint32_t)json_count(list);
    struct inbox_header *headers = arena_array(arena, count, sizeof *headers);

    for (uint32_t i = 0; i < count; i++) {
        const struct json *one = json_at(list, i);

        headers[i] = (struct inbox_header){take(one, "name", arena), take(one, "value", arena)};
    }
    inbox->headers = headers;
    inbox->header_count = count;
}

enum status recorded_event_of_json(const struct json *event, struct arena *arena,
                                   struct recorded *step, struct error *err)
{
    const struct json *value = json_member(event, "value");
    int64_t activation = json_member_int(event, "activation", 0);
    size_t kind;
    size_t verb = 0;

    if (!find_name(event, "kind", kinds, COUNT_OF(kinds), &kind)) {
        return fail(err, STATUS_REJECT, "event: 'kind' is none that is known");
    }
    if (kind == INBOX_OPERATOR && !find_name(event, "verb", verbs, COUNT_OF(verbs), &verb)) {
        return fail(err, STATUS_REJECT, "event: 'verb' is none that is known");
    }
    if (value == NULL || activation < 0 || activation > UINT32_MAX) {
        return fail(err, STATUS_REJECT, "event: 'value' or 'activation' is missing or wrong");
    }
    step->inbox = (struct inbox_record){
        .kind = (enum inbox_kind)kind,
        .topic = take(event, "topic", arena),
        .partition = (int32_t)json_member_int(event, "partition", 0),
        .offset = json_member_int(event, "offset", 0),
        .timestamp_ms = json_member_int(event, "timestamp", 0),
        .source_key = take(event, "key", arena),
        .type = take(event, "type", arena),
        .id = take(event, "id", arena),
        .service = take(event, "service", arena),
        .command = take(event, "command", arena),
        .verb = (int32_t)verb,
        .actor = take(event, "actor", arena),
        .reason = take(event, "reason", arena),
        .activation = (uint32_t)activation,
    };
    take_headers(event, arena, &step->inbox);
    step->payload = json_copy(value);
    step->has_inbox = true;
    return STATUS_OK;
}
