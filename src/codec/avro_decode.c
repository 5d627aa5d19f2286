/* Bytes to JSON. Everything in them may be a lie but the schema. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "codec/avro_parts.h"
#include "codec/base64.h"

#define VARINT_BYTES_MAX 10

/* What is left of the bytes, and of what may be made of them. */
struct reading {
    const char *at;
    const char *end;
    int64_t budget; /* Bytes of JSON: no value has less than one. */
    uint32_t depth; /* Of containers. */
    struct error *err;
};

static enum status decode_node(struct reading *reading, const struct avro_node *node,
                               struct json **value);

static enum status ends_early(struct reading *reading)
{
    (void)fail(reading->err, STATUS_REJECT, "the bytes end within the value");
    return STATUS_REJECT;
}

/* STATUS_REJECT: too much would come of it. */
static enum status spend(struct reading *reading, size_t bytes)
{
    reading->budget -= (int64_t)bytes;
    return reading->budget < 0 ? fail(reading->err, STATUS_REJECT,
                                      "as JSON it has more than %d bytes", PAYLOAD_BYTES_MAX)
                               : STATUS_OK;
}

static enum status take_long(struct reading *reading, int64_t *value)
{
    uint64_t zigzag = 0;

    for (unsigned i = 0; i < VARINT_BYTES_MAX; i++) {
        uint64_t part;

        if (reading->at == reading->end) {
            return ends_early(reading);
        }
        part = (unsigned char)*reading->at++;
        if (i == VARINT_BYTES_MAX - 1 && part > 1) {
            break;
        }
        zigzag |= (part & 0x7F) << (7 * i);
        if (part < 0x80) {
            *value = (int64_t)((zigzag >> 1) ^ (UINT64_C(0) - (zigzag & 1)));
            return STATUS_OK;
        }
    }
    return fail(reading->err, STATUS_REJECT, "a number has more than 64 bits");
}

static enum status take_bytes(struct reading *reading, size_t bytes, struct text *taken)
{
    if (bytes > (size_t)(reading->end - reading->at)) {
        return ends_early(reading);
    }
    *taken = (struct text){reading->at, bytes};
    reading->at += bytes;
    return STATUS_OK;
}

/* A length and as many bytes. */
static enum status take_run(struct reading *reading, struct text *taken)
{
    int64_t bytes = 0;
    enum status status = take_long(reading, &bytes);

    if (status == STATUS_OK && (bytes < 0 || bytes > reading->end - reading->at)) {
        return fail(reading->err, STATUS_REJECT, "a length of %lld goes beyond the end",
                    (long long)bytes);
    }
    return status == STATUS_OK ? take_bytes(reading, (size_t)bytes, taken) : status;
}

static enum status take_utf8(struct reading *reading, struct text *taken)
{
    enum status status = take_run(reading, taken);

    if (status == STATUS_OK && !text_is_utf8(*taken)) {
        return fail(reading->err, STATUS_REJECT, "a string is not UTF-8");
    }
    return status == STATUS_OK ? spend(reading, taken->bytes + 2) : status;
}

/* NaN and the infinities have no number in JSON. */
static struct json *real_json(double value, bool is_float)
{
    char text[40];
    struct json *json = NULL;

    if (isnan(value)) {
        return json_string("NaN");
    }
    if (isinf(value)) {
        return json_string(value > 0 ? "Infinity" : "-Infinity");
    }
    if (!is_float || (trunc(value) == value && fabs(value) < 1e15)) {
        return json_number(value);
    }
    /* The shortest text that reads back as the same float, not the double's many digits. */
    for (int digits = 6; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtof(text, NULL) == (float)value) {
            break;
        }
    }
    CHECK(json_parse(text_of(text), &json, NULL) == STATUS_OK);
    return json;
}

static enum status decode_real(struct reading *reading, bool is_float, struct json **value)
{
    struct text bytes = {0};
    enum status status = take_bytes(reading, is_float ? 4 : 8, &bytes);
    uint64_t bits = 0;
    uint32_t bits32;
    double real = 0;
    float real32;

    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = bytes.bytes; i > 0; i--) {
        bits = bits << 8 | (unsigned char)bytes.data[i - 1];
    }
    if (is_float) {
        bits32 = (uint32_t)bits;
        memcpy(&real32, &bits32, sizeof real32);
        real = (double)real32;
    } else {
        memcpy(&real, &bits, sizeof real);
    }
    *value = real_json(real, is_float);
    return STATUS_OK;
}

static enum status decode_integer(struct reading *reading, const struct avro_node *node,
                                  struct json **value)
{
    int64_t number = 0;
    enum status status = take_long(reading, &number);

    if (status != STATUS_OK) {
        return status;
    }
    if (node->type == AVRO_INT && (number < INT32_MIN || number > INT32_MAX)) {
        return fail(reading->err, STATUS_REJECT, "an int has more than 32 bits");
    }
    *value = node->logical == LOGICAL_NONE ? json_integer(number)
                                           : avro_time_json(node->logical, number);
    return STATUS_OK;
}

static enum status decode_boolean(struct reading *reading, struct json **value)
{
    struct text byte = {0};
    enum status status = take_bytes(reading, 1, &byte);

    if (status != STATUS_OK) {
        return status;
    }
    if (byte.data[0] != 0 && byte.data[0] != 1) {
        return fail(reading->err, STATUS_REJECT, "a boolean is neither 0 nor 1");
    }
    *value = json_bool(byte.data[0] == 1);
    return STATUS_OK;
}

static enum status decode_blob(struct reading *reading, const struct avro_node *node,
                               struct json **value)
{
    struct buffer text = {0};
    struct text bytes = {0};
    enum status status = node->type == AVRO_FIXED ? take_bytes(reading, node->fixed_bytes, &bytes)
                                                  : take_run(reading, &bytes);

    if (status == STATUS_OK) {
        status = spend(reading, bytes.bytes / 3 * 4);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (node->logical == LOGICAL_DECIMAL) {
        return avro_decimal_json(node, bytes, value, reading->err);
    }
    base64_encode(bytes, &text);
    *value = json_text(buffer_text(&text));
    buffer_release(&text);
    return STATUS_OK;
}

/* An index below `count`. */
static enum status take_index(struct reading *reading, uint32_t count, uint32_t *index)
{
    int64_t number = 0;
    enum status status = take_long(reading, &number);

    if (status == STATUS_OK && (number < 0 || number >= count)) {
        return fail(reading->err, STATUS_REJECT, "choice %lld of %u", (long long)number, count);
    }
    *index = (uint32_t)number;
    return status;
}

static enum status decode_enum(struct reading *reading, const struct avro_node *node,
                               struct json **value)
{
    uint32_t index = 0;
    enum status status = take_index(reading, node->count, &index);

    if (status == STATUS_OK) {
        status = spend(reading, node->symbols[index].bytes);
    }
    if (status == STATUS_OK) {
        *value = json_text(node->symbols[index]);
    }
    return status;
}

static enum status decode_record(struct reading *reading, const struct avro_node *node,
                                 struct json *object)
{
    for (uint32_t i = 0; i < node->count; i++) {
        const struct avro_field *field = &node->fields[i];
        struct json *value = NULL;
        enum status status = spend(reading, field->name.bytes + 3);

        if (status == STATUS_OK) {
            status = decode_node(reading, field->type, &value);
        }
        if (status != STATUS_OK) {
            return fail_in(reading->err, status, "field '%.*s'", TEXT_ARG(field->name));
        }
        json_put(object, field->name, value);
    }
    return STATUS_OK;
}

/* Blocks of items: each a count, or a negative one with the length of the block behind it; the last
 * has none. The counts are not believed: each item takes from the budget. */
static enum status decode_items(struct reading *reading, const struct avro_node *node,
                                struct json *container)
{
    int64_t count = 0;
    enum status status = take_long(reading, &count);

    while (status == STATUS_OK && count != 0) {
        int64_t skipped = 0;

        if (count < 0) {
            count = count == INT64_MIN ? INT64_MAX : -count;
            status = take_long(reading, &skipped);
        }
        for (; count > 0 && status == STATUS_OK; count--) {
            struct json *value = NULL;
            struct text key = TEXT("");

            status = node->type == AVRO_MAP ? take_utf8(reading, &key) : STATUS_OK;
            if (status == STATUS_OK) {
                status = decode_node(reading, node->branches[0], &value);
            }
            if (status == STATUS_OK && node->type == AVRO_MAP) {
                json_put(container, key, value);
            } else if (status == STATUS_OK) {
                json_push(container, value);
            }
        }
        status = status == STATUS_OK ? take_long(reading, &count) : status;
    }
    return status;
}

static enum status decode_container(struct reading *reading, const struct avro_node *node,
                                    struct json **value)
{
    struct json *container;
    enum status status;

    if (++reading->depth > JSON_DEPTH_MAX) {
        return fail(reading->err, STATUS_REJECT, "it is more than %d deep", JSON_DEPTH_MAX);
    }
    container = node->type == AVRO_ARRAY ? json_array() : json_object();
    status = node->type == AVRO_RECORD ? decode_record(reading, node, container)
                                       : decode_items(reading, node, container);
    reading->depth--;
    if (status == STATUS_OK) {
        *value = container;
    } else {
        json_free(container);
    }
    return status;
}

static enum status decode_string(struct reading *reading, struct json **value)
{
    struct text text = {0};
    enum status status = take_utf8(reading, &text);

    if (status == STATUS_OK) {
        *value = json_text(text);
    }
    return status;
}

static enum status decode_union(struct reading *reading, const struct avro_node *node,
                                struct json **value)
{
    uint32_t branch = 0;
    enum status status = take_index(reading, node->count, &branch);

    return status == STATUS_OK ? decode_node(reading, node->branches[branch], value) : status;
}

static enum status decode_node(struct reading *reading, const struct avro_node *node,
                               struct json **value)
{
    enum status status = spend(reading, 1);

    if (status != STATUS_OK) {
        return status;
    }
    switch (node->type) {
    case AVRO_NULL:
        *value = json_null();
        return STATUS_OK;
    case AVRO_BOOLEAN:
        return decode_boolean(reading, value);
    case AVRO_INT:
    case AVRO_LONG:
        return decode_integer(reading, node, value);
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
        return decode_real(reading, node->type == AVRO_FLOAT, value);
    case AVRO_BYTES:
    case AVRO_FIXED:
        return decode_blob(reading, node, value);
    case AVRO_STRING:
        return decode_string(reading, value);
    case AVRO_ENUM:
        return decode_enum(reading, node, value);
    case AVRO_RECORD:
    case AVRO_ARRAY:
    case AVRO_MAP:
        return decode_container(reading, node, value);
    case AVRO_UNION:
        return decode_union(reading, node, value);
    }
    CHECK(!"unknown type");
    return STATUS_FATAL;
}

enum status avro_decode(const struct avro_schema *schema, struct text bytes, struct json **value,
                        struct error *err)
{
    const char *data = bytes.data == NULL ? "" : bytes.data;
    struct reading reading = {
        .at = data, .end = data + bytes.bytes, .budget = PAYLOAD_BYTES_MAX, .err = err};
    enum status status;

    *value = NULL;
    status = decode_node(&reading, schema->root, value);
    if (status == STATUS_OK && reading.at != reading.end) {
        status = fail(err, STATUS_REJECT, "%zu bytes are left after the value",
                      (size_t)(reading.end - reading.at));
    }
    /* What has to be escaped is longer as text than the budget counted. */
    if (status == STATUS_OK && json_exceeds(*value, PAYLOAD_BYTES_MAX)) {
        status = fail(err, STATUS_REJECT, "as JSON it has more than %d bytes", PAYLOAD_BYTES_MAX);
    }
    if (status != STATUS_OK) {
        json_free(*value);
        *value = NULL;
    }
    return status;
}
