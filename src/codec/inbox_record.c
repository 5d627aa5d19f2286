#include "base/limits.h"
#include "codec/payload.h"
#include "codec/records.h"
#include "codec/wire.h"
#include "model/event.h"
#include "json/json.h"

#define KIND_COUNT (INBOX_TOLD + 1)
#define FORMAT_COUNT (FORMAT_BYTES + 1)
#define VERB_COUNT (OPERATOR_MIGRATE + 1)
#define HEADER_BYTES_MIN 2 /* An empty name and a null. */

/* The schema's symbol. A new verb has to be entered here and in schemas/inbox.avsc. */
static int64_t verb_symbol(enum operator_verb verb)
{
    switch (verb) {
    case OPERATOR_CANCEL:
    case OPERATOR_RETRY:
    case OPERATOR_SKIP:
    case OPERATOR_DONE:
    case OPERATOR_FAILED:
    case OPERATOR_SIGNAL:
    case OPERATOR_TERMINATE:
    case OPERATOR_PAUSE:
    case OPERATOR_RESUME:
    case OPERATOR_MIGRATE:
        return (int64_t)verb;
    }
    CHECK(!"unknown operator verb");
    return 0;
}

bool inbox_has_source(const struct inbox_record *record)
{
    switch (record->kind) {
    case INBOX_MESSAGE:
    case INBOX_REPLY:
    case INBOX_POISON:
    case INBOX_UNKEYED:
    case INBOX_OVERSIZE:
        return true;
    case INBOX_OPERATOR:
    case INBOX_TOLD:
        break;
    }
    return false;
}

static void put_headers(const struct inbox_record *record, struct buffer *out)
{
    wire_put_array(out, record->header_count);
    for (uint32_t i = 0; i < record->header_count; i++) {
        wire_put_text(out, record->headers[i].name);
        wire_put_bytes_or_null(out, record->headers[i].value);
    }
    wire_put_array_end(out);
}

void inbox_encode(const struct inbox_record *record, struct buffer *out)
{
    wire_put_long(out, (int64_t)record->kind);
    wire_put_text(out, record->route);
    wire_put_text(out, record->flow);
    wire_put_text(out, record->key);
    wire_put_long(out, record->revision);
    wire_put_text(out, record->topic);
    wire_put_long(out, record->topic_generation);
    wire_put_long(out, record->partition);
    wire_put_long(out, record->offset);
    wire_put_long(out, record->timestamp_ms);
    wire_put_bytes_or_null(out, record->source_key);
    put_headers(record, out);
    wire_put_bytes_or_null(out, record->value);
    wire_put_long(out, (int64_t)record->format);
    wire_put_text(out, record->type);
    wire_put_text(out, record->id);
    wire_put_text(out, record->service);
    wire_put_text(out, record->command);
    wire_put_text(out, record->reason);
    wire_put_text(out, record->actor);
    wire_put_long(out, verb_symbol((enum operator_verb)record->verb));
    wire_put_long(out, record->activation);
}

static void take_headers(struct wire_reader *in, struct arena *arena, struct inbox_record *record)
{
    uint32_t count = wire_take_array(in, "headers", HEADER_BYTES_MIN);
    struct inbox_header *headers = arena_array(arena, count, sizeof(*headers));

    for (uint32_t i = 0; i < count; i++) {
        headers[i].name = wire_take_text(in, "headers.name");
        headers[i].value = wire_take_bytes_or_null(in, "headers.value");
    }
    wire_take_array_end(in, "headers", count);
    record->headers = headers;
    record->header_count = count;
}

enum status inbox_decode(struct text bytes, struct arena *arena, struct inbox_record *record,
                         struct error *err)
{
    struct wire_reader in = wire_open(arena_text(arena, bytes));

    *record = (struct inbox_record){0};
    record->kind = (enum inbox_kind)wire_take_index(&in, "kind", KIND_COUNT);
    record->route = wire_take_text(&in, "route");
    record->flow = wire_take_text(&in, "flow");
    record->key = wire_take_text(&in, "key");
    record->revision = wire_take_long(&in, "revision");
    record->topic = wire_take_text(&in, "topic");
    record->topic_generation = wire_take_int(&in, "topicGeneration");
    record->partition = wire_take_int(&in, "partition");
    record->offset = wire_take_long(&in, "offset");
    record->timestamp_ms = wire_take_long(&in, "timestampMs");
    record->source_key = wire_take_bytes_or_null(&in, "sourceKey");
    take_headers(&in, arena, record);
    record->value = wire_take_bytes_or_null(&in, "value");
    record->format = (enum format)wire_take_index(&in, "format", FORMAT_COUNT);
    record->type = wire_take_text(&in, "type");
    record->id = wire_take_text(&in, "id");
    record->service = wire_take_text(&in, "service");
    record->command = wire_take_text(&in, "command");
    record->reason = wire_take_text(&in, "reason");
    record->actor = wire_take_text(&in, "actor");
    record->verb = (int32_t)wire_take_index(&in, "verb", VERB_COUNT);
    record->activation = wire_take_uint(&in, "activation");
    return wire_finish(&in, "inbox", err);
}

enum status inbox_payload(const struct inbox_record *record, struct json **payload,
                          struct error *err)
{
    if (record->kind != INBOX_TOLD || record->value.data == NULL) {
        return payload_decode(record->value, record->format, payload, err);
    }
    *payload = NULL;
    if (record->value.bytes > TOLD_BYTES_MAX) {
        return fail(err, STATUS_REJECT, "what was told has %zu bytes, more than %d",
                    record->value.bytes, TOLD_BYTES_MAX);
    }
    return json_parse_within(record->value, STATE_DEPTH_MAX, payload, err);
}
