/* links: baton_codec */
/*
 * A schema and bytes, parted by the first newline: whatever they are is refused, or gives a value that
 * is within its bounds; and what is written of that value is read back as an equal one.
 */
#include <stdint.h>
#include <string.h>

#include "base/limits.h"
#include "codec/avro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void write_and_read(const struct avro_schema *schema, const struct json *value)
{
    struct buffer once = {0};
    struct buffer again = {0};
    struct json *read = NULL;
    struct error err;

    /* A value may fit no more: NaN as text in a union, a map's key twice. */
    if (avro_encode(schema, value, &once, &err) == STATUS_OK &&
        avro_decode(schema, buffer_text(&once), &read, &err) == STATUS_OK) {
        CHECK(avro_encode(schema, read, &again, &err) == STATUS_OK);
        CHECK(text_equal(buffer_text(&once), buffer_text(&again)));
    }
    CHECK(avro_check_template(schema, json_null(), &err) != STATUS_RETRY);
    json_free(read);
    buffer_release(&once);
    buffer_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct text all = {(const char *)data, bytes};
    size_t end = bytes == 0 ? SIZE_MAX : text_find(all, '\n');
    struct text text = end == SIZE_MAX ? TEXT("\"long\"") : text_sub(all, 0, end);
    struct text rest = end == SIZE_MAX ? all : text_sub(all, end + 1, bytes);
    struct avro_schema *schema = NULL;
    struct json *value = NULL;
    struct error err;

    if (avro_schema_parse(&text, 1, &schema, &err) != STATUS_OK) {
        return 0;
    }
    if (avro_decode(schema, rest, &value, &err) == STATUS_OK) {
        CHECK(!json_exceeds(value, PAYLOAD_BYTES_MAX));
        CHECK(json_depth(value, JSON_DEPTH_MAX) <= JSON_DEPTH_MAX);
        write_and_read(schema, value);
    }
    json_free(value);
    avro_schema_free(schema);
    return 0;
}
