/* What the inbox gets of a record: encoded into memory that is borrowed until it is acknowledged. */
#include "base/limits.h"
#include "engine/router_parcel.h"

/* So much is encoded before it has to be acknowledged; one record may be larger. */
#define SEND_BYTES ((size_t)4 * 1024 * 1024)
/* Beside the texts of an inbox record: numbers and lengths, at their longest. */
#define RECORD_OVERHEAD_BYTES 512
#define HEADER_OVERHEAD_BYTES 24

/* No text may grow by more than this: what is not UTF-8 is written with three bytes for one. */
static size_t bytes_max(const struct inbox_record *inbox)
{
    size_t texts = inbox->route.bytes + inbox->flow.bytes + inbox->key.bytes + inbox->topic.bytes +
                   inbox->type.bytes + inbox->id.bytes + inbox->service.bytes +
                   inbox->command.bytes + inbox->reason.bytes;
    size_t bytes = RECORD_OVERHEAD_BYTES + 3 * texts + inbox->source_key.bytes + inbox->value.bytes;

    for (uint32_t i = 0; i < inbox->header_count; i++) {
        bytes += HEADER_OVERHEAD_BYTES + 3 * inbox->headers[i].name.bytes +
                 inbox->headers[i].value.bytes;
    }
    return bytes;
}

/* Room in `bytes` without moving what is being sent. */
static enum status make_room(struct router *router, size_t needed, struct error *err)
{
    struct buffer *bytes = &router->bytes;
    enum status status = STATUS_OK;

    if (bytes->capacity - bytes->bytes >= needed) {
        return STATUS_OK;
    }
    if (bytes->bytes > 0) {
        status = router->forwarder.flush(router->forwarder.self, err);
    }
    buffer_clear(bytes);
    if (status == STATUS_OK && bytes->capacity < needed) {
        buffer_reserve(bytes, needed > SEND_BYTES ? needed : SEND_BYTES);
    }
    return status;
}

/* What the lane needs of a record that is carried decoded, should it have to dead-letter it. */
static void add_original(const struct parcel *parcel, const struct inbox_record *inbox,
                         struct outgoing *outgoing)
{
    struct record_header *headers;

    if (inbox->value.data == NULL || inbox->value.data == parcel->original->value.data) {
        return;
    }
    headers = arena_array(&parcel->router->arena, 2, sizeof *headers);
    headers[0] = parcel->router->schema;
    headers[1] = (struct record_header){TEXT(ORIGINAL_HEADER), parcel->original->value};
    outgoing->headers = headers;
    outgoing->header_count = 2;
}

enum status parcel_send(struct parcel *parcel, const struct inbox_record *inbox, struct text key,
                        int32_t partition, struct error *err)
{
    struct router *router = parcel->router;
    struct outgoing *outgoing = arena_alloc(&router->arena, sizeof *outgoing);
    enum status status = make_room(router, bytes_max(inbox), err);
    size_t start = router->bytes.bytes;
    const char *data = router->bytes.data;

    if (status != STATUS_OK) {
        return status;
    }
    inbox_encode(inbox, &router->bytes);
    CHECK(router->bytes.data == data);
    *outgoing = (struct outgoing){.topic = text_of(router->names.inbox),
                                  .partition = partition,
                                  .key = key,
                                  .value = {data + start, router->bytes.bytes - start},
                                  .headers = &router->schema,
                                  .header_count = 1};
    add_original(parcel, inbox, outgoing);
    status = router->forwarder.send(router->forwarder.self, outgoing, err);
    if (status == STATUS_RETRY) {
        status = router->forwarder.flush(router->forwarder.self, err);
        if (status == STATUS_OK) {
            status = router->forwarder.send(router->forwarder.self, outgoing, err);
        }
    }
    return status;
}

static void carry_headers(struct parcel *parcel)
{
    const struct record *record = parcel->record;
    uint32_t count = record->header_count < HEADERS_MAX ? record->header_count : HEADERS_MAX;

    if (parcel->headers != NULL || count == 0) {
        return;
    }
    parcel->headers = arena_array(&parcel->router->arena, count, sizeof *parcel->headers);
    for (uint32_t i = 0; i < count; i++) {
        parcel->headers[i] = (struct inbox_header){record->headers[i].name,
                                                   record->headers[i].value};
    }
    parcel->header_count = count;
}

struct inbox_record parcel_inbox(struct parcel *parcel, const struct route *route)
{
    const struct record *record = parcel->record;

    carry_headers(parcel);
    return (struct inbox_record){
        .route = route->name,
        .flow = route->flow,
        .revision = parcel->router->revision,
        .topic = parcel->source->topic,
        .topic_generation = parcel->place->mark.generation,
        .partition = record->partition,
        .offset = record->offset,
        .timestamp_ms = record->timestamp_ms,
        .source_key = record->key,
        .headers = parcel->headers,
        .header_count = parcel->header_count,
        .value = record->value,
        .format = route->format,
        .service = route->service,
    };
}

enum status parcel_send_dead(struct parcel *parcel, struct error *err)
{
    int32_t partition = parcel->record->partition % parcel->router->partitions;
    struct inbox_record inbox;

    parcel_see_original(parcel);
    inbox = parcel_inbox(parcel, parcel->dead_route);
    inbox.kind = parcel->dead_kind;
    inbox.route = TEXT(ROUTE_DEAD);
    inbox.reason = parcel->dead_reason;
    if (inbox.kind == INBOX_OVERSIZE) {
        inbox.value = (struct text){0};
    }
    if (parcel->is_bare) {
        inbox.source_key = (struct text){0};
        inbox.headers = NULL;
        inbox.header_count = 0;
    }
    return parcel_send(parcel, &inbox, (struct text){0}, partition, err);
}
