/* What the rules of a route see of a record. Each is made when the first rule asks for it. */
#include "base/limits.h"
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
