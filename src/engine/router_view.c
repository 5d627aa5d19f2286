/* What the rules of a route see of a record. Each is made when the first rule asks for it. */
#include "base/limits.h"
#include "codec/cloudevent.h"
#include "codec/payload.h"
#include "engine/router_parcel.h"

struct text parcel_header(const struct parcel *parcel, struct text name)
{
    const struct record *record = parcel->record;

    for (uint32_t i = record->header_count; i > 0; i--) {
        const struct record_header *header = &record->headers[i - 1];

        if (text_equal(header->name, name)) {
            return header->value.data != NULL && text_is_utf8(header->value) ? header->value
                                                                             : TEXT("");
        }
    }
    return TEXT("");
}

const struct json *parcel_headers(struct parcel *parcel)
{
    const struct record *record = parcel->record;

    if (parcel->header_object != NULL) {
        return parcel->header_object;
    }
    parcel->header_object = json_object();
    for (uint32_t i = 0; i < record->header_count; i++) {
        const struct record_header *header = &record->headers[i];
        bool is_text = header->value.data != NULL && text_is_utf8(header->value);

        json_put(parcel->header_object, header->name,
                 is_text ? json_text(header->value) : json_null());
    }
    return parcel->header_object;
}

/* What was made of the record as it was seen before goes. */
static void see(struct parcel *parcel, const struct record *record)
{
    if (parcel->record == record) {
        return;
    }
    parcel->record = record;
    json_free(parcel->header_object);
    json_free(parcel->payload);
    parcel->header_object = NULL;
    parcel->payload = NULL;
    parcel->is_decoded = false;
    parcel->headers = NULL;
    parcel->header_count = 0;
}

void parcel_see_original(struct parcel *parcel)
{
    see(parcel, parcel->original);
}

static void fill_event(struct parcel *parcel, const struct cloudevent *event)
{
    const struct record *original = parcel->original;
    uint32_t count = original->header_count + event->attribute_count;
    struct record_header *headers = arena_array(&parcel->router->arena, count, sizeof *headers);

    for (uint32_t i = 0; i < original->header_count; i++) {
        headers[i] = original->headers[i];
    }
    for (uint32_t i = 0; i < event->attribute_count; i++) {
        headers[original->header_count + i] = (struct record_header){event->attributes[i].name,
                                                                     event->attributes[i].value};
    }
    parcel->event = *original;
    parcel->event.value = event->data;
    parcel->event.headers = headers;
    parcel->event.header_count = count;
}

enum status parcel_see_event(struct parcel *parcel, enum format format, struct error *err)
{
    struct cloudevent event;
    struct text type;
    enum status status;

    if (!parcel->is_event || (parcel->record == &parcel->event && parcel->event_format == format)) {
        return STATUS_OK;
    }
    see(parcel, parcel->original);
    type = parcel_header(parcel, TEXT(CLOUDEVENT_CONTENT_TYPE));
    status = cloudevent_open(parcel->record->value, type, format, &parcel->router->arena, &event,
                             err);
    if (status == STATUS_OK) {
        fill_event(parcel, &event);
        parcel->event_format = format;
        see(parcel, &parcel->event);
    }
    return status;
}

static enum status decode_avro(const struct parcel *parcel, struct json **payload,
                               struct error *err)
{
    const struct avro_port *avro = parcel->router->options.avro;
    struct text value = parcel->record->value;

    return avro == NULL || value.data == NULL ? payload_decode(value, FORMAT_JSON, payload, err)
                                              : avro->decode(avro->self, value, payload, err);
}

enum status parcel_decode_avro(struct parcel *parcel, struct error *err)
{
    struct buffer text = {0};
    enum status status;

    if (parcel->is_decoded && parcel->format == FORMAT_AVRO && parcel->payload != NULL) {
        return STATUS_OK;
    }
    json_free(parcel->payload);
    parcel->payload = NULL;
    parcel->format = FORMAT_AVRO;
    parcel->is_decoded = true;
    status = decode_avro(parcel, &parcel->payload, err);
    if (status == STATUS_OK && parcel->record->value.data != NULL) {
        json_write(parcel->payload, &text);
        parcel->avro_text = arena_text(&parcel->router->arena, buffer_text(&text));
        buffer_release(&text);
    }
    return status;
}

const struct json *parcel_payload(struct parcel *parcel, enum format format, struct text *reason)
{
    struct error err;

    if (parcel->is_decoded && parcel->format == format && parcel->payload != NULL) {
        return parcel->payload;
    }
    if (format == FORMAT_AVRO) { /* Whoever asks has decoded it. */
        return parcel_decode_avro(parcel, &err) == STATUS_OK ? parcel->payload : NULL;
    }
    json_free(parcel->payload);
    parcel->payload = NULL;
    parcel->format = format;
    parcel->is_decoded = true;
    if (payload_decode(parcel->record->value, format, &parcel->payload, &err) != STATUS_OK) {
        parcel->payload = NULL;
        *reason = arena_text(&parcel->router->arena, text_of(err.text));
    }
    return parcel->payload;
}

struct text parcel_locate(struct parcel *parcel, const struct locator *locator, enum format format)
{
    struct buffer *located = &parcel->router->located;
    struct text unused;

    switch (locator->kind) {
    case LOCATOR_NONE:
        return TEXT("");
    case LOCATOR_HEADER:
        return parcel_header(parcel, locator->header);
    case LOCATOR_RECORD:
        return parcel->record->key.data == NULL ? TEXT("") : parcel->record->key;
    case LOCATOR_PATH: {
        struct record_view view = {.payload = parcel_payload(parcel, format, &unused)};

        buffer_clear(located);
        correlate_locate(locator, &view, located);
        return arena_text(&parcel->router->arena, buffer_text(located));
    }
    }
    CHECK(!"unknown locator");
    return TEXT("");
}

void parcel_find_commands(struct parcel *parcel)
{
    const struct route_source *source = parcel->source;
    struct router *router = parcel->router;

    if (source->reply_header_count == 0) {
        return;
    }
    parcel->commands = arena_array(&router->arena, source->reply_header_count,
                                   sizeof *parcel->commands);
    parcel->is_ours = arena_array(&router->arena, source->reply_header_count, sizeof(bool));
    for (uint32_t i = 0; i < source->reply_header_count; i++) {
        struct command_id *command = &parcel->commands[i];
        struct text id = parcel_header(parcel, source->reply_headers[i]);

        parcel->is_ours[i] = command_id_parse(id, router->options.settings->app, command) &&
                             command->key.bytes <= KEY_BYTES_MAX;
    }
}

size_t parcel_envelope_bytes(const struct parcel *parcel)
{
    const struct record *record = parcel->record;
    size_t bytes = record->key.bytes;

    for (uint32_t i = 0; i < record->header_count; i++) {
        bytes += record->headers[i].name.bytes + record->headers[i].value.bytes;
    }
    return bytes;
}
