#include "codec/payload.h"

#include "base/limits.h"
#include "codec/base64.h"
#include "json/json.h"

static enum status decode_string(struct text bytes, struct json **payload, struct error *err)
{
    if (!text_is_utf8(bytes)) {
        return fail(err, STATUS_REJECT, "the value is not UTF-8");
    }
    *payload = json_text(bytes);
    return STATUS_OK;
}

static struct json *decode_bytes(struct text bytes)
{
    struct buffer text = {0};
    struct json *value;

    base64_encode(bytes, &text);
    value = json_text(buffer_text(&text));
    buffer_release(&text);
    return value;
}

enum status payload_decode(struct text bytes, enum format format, struct json **payload,
                           struct error *err)
{
    *payload = NULL;
    if (bytes.data == NULL) {
        *payload = json_null();
        return STATUS_OK;
    }
    if (bytes.bytes > PAYLOAD_BYTES_MAX) {
        return fail(err, STATUS_REJECT, "the value has %zu bytes, more than %d", bytes.bytes,
                    PAYLOAD_BYTES_MAX);
    }
    switch (format) {
    case FORMAT_JSON:
    case FORMAT_AVRO:
        return json_parse(bytes, payload, err);
    case FORMAT_STRING:
        return decode_string(bytes, payload, err);
    case FORMAT_BYTES:
        *payload = decode_bytes(bytes);
        return STATUS_OK;
    }
    CHECK(!"unknown format");
    return STATUS_FATAL;
}

/* A text as it is; a boolean or a number as written. */
static enum status encode_string(const struct json *value, struct buffer *out, struct error *err)
{
    switch (json_kind(value)) {
    case JSON_TEXT:
        buffer_add_text(out, json_text_of(value));
        return STATUS_OK;
    case JSON_BOOL:
    case JSON_NUMBER:
        json_write(value, out);
        return STATUS_OK;
    case JSON_NULL:
    case JSON_ARRAY:
    case JSON_OBJECT:
        return fail(err, STATUS_REJECT, "format string takes a text, a number or a boolean");
    }
    CHECK(!"unknown kind");
    return STATUS_FATAL;
}

static enum status encode_bytes(const struct json *value, struct buffer *out, struct error *err)
{
    if (json_kind(value) != JSON_TEXT) {
        return fail(err, STATUS_REJECT, "format bytes takes a base64 text");
    }
    return base64_decode(json_text_of(value), out, err);
}

static enum status encode(const struct json *value, enum format format, struct buffer *out,
                          struct error *err)
{
    switch (format) {
    case FORMAT_JSON:
    case FORMAT_AVRO:
        json_write(value, out);
        return STATUS_OK;
    case FORMAT_STRING:
        return encode_string(value, out, err);
    case FORMAT_BYTES:
        return encode_bytes(value, out, err);
    }
    CHECK(!"unknown format");
    return STATUS_FATAL;
}

enum status payload_encode(const struct json *value, enum format format, struct buffer *out,
                           struct error *err)
{
    size_t start = out->bytes;
    enum status status;

    if (value == NULL) {
        return STATUS_OK;
    }
    status = encode(value, format, out, err);
    if (status == STATUS_OK && out->bytes - start > PAYLOAD_BYTES_MAX) {
        status = fail(err, STATUS_REJECT, "the value has %zu bytes, more than %d",
                      out->bytes - start, PAYLOAD_BYTES_MAX);
    }
    if (status != STATUS_OK) {
        out->bytes = start;
    }
    return status;
}
