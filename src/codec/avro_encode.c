/* JSON to bytes. What does not fit is said with the name of its field. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "codec/avro_parts.h"
#include "codec/base64.h"
#include "codec/wire.h"

#define FUEL 1000000 /* Values looked at: unions within unions try again and again. */

struct writing {
    bool is_default;
    int64_t fuel;
    struct buffer *out;
    struct error *err;
};

static enum status encode(struct writing *writing, const struct avro_node *node,
                          const struct json *value);

static enum status unfit(struct writing *writing, const struct avro_node *node,
                         const struct json *value)
{
    static const char *const kinds[] = {"null",   "a boolean", "a number",
                                        "a text", "a list",    "an object"};
    char room[AVRO_NAME_BYTES];

    return fail(writing->err, STATUS_REJECT, "expected %s, found %s", avro_describe(node, room),
                kinds[json_kind(value)]);
}

static enum status encode_integer(struct writing *writing, const struct avro_node *node,
                                  const struct json *value)
{
    int64_t number = 0;

    if (node->logical != LOGICAL_NONE && json_kind(value) == JSON_TEXT) {
        enum status status = avro_time_number(node->logical, json_text_of(value), &number,
                                              writing->err);
        if (status != STATUS_OK) {
            return status;
        }
    } else if (!json_int64(value, &number)) {
        return json_kind(value) == JSON_NUMBER
                   ? fail(writing->err, STATUS_REJECT, "expected a whole number of 64 bits")
                   : unfit(writing, node, value);
    }
    if (node->type == AVRO_INT && (number < INT32_MIN || number > INT32_MAX)) {
        return fail(writing->err, STATUS_REJECT, "%lld is more than an int holds",
                    (long long)number);
    }
    wire_put_long(writing->out, number);
    return STATUS_OK;
}

static bool real_of(const struct json *value, double *real)
{
    struct text text = json_text_of(value);

    *real = json_double(value);
    if (json_kind(value) == JSON_NUMBER) {
        return true;
    }
    *real = text_is(text, "NaN") ? NAN : text_is(text, "-Infinity") ? -INFINITY : INFINITY;
    return text_is(text, "NaN") || text_is(text, "Infinity") || text_is(text, "-Infinity");
}

static enum status encode_real(struct writing *writing, const struct avro_node *node,
                               const struct json *value)
{
    bool is_float = node->type == AVRO_FLOAT;
    uint64_t bits = 0;
    uint32_t bits32;
    double real;
    float real32;

    if (!real_of(value, &real)) {
        return unfit(writing, node, value);
    }
    if (is_float && isfinite(real) && fabs(real) > (double)FLT_MAX) {
        return fail(writing->err, STATUS_REJECT, "%g is more than a float holds", real);
    }
    if (is_float) {
        real32 = (float)real;
        memcpy(&bits32, &real32, sizeof bits32);
        bits = bits32;
    } else {
        memcpy(&bits, &real, sizeof bits);
    }
    for (int i = 0; i < (is_float ? 4 : 8); i++) {
        buffer_add_char(writing->out, (char)(bits >> (8 * i)));
    }
    return STATUS_OK;
}

/* A default's bytes are the code points of its text, none above 255. */
static enum status latin_bytes(struct text text, struct buffer *bytes, struct error *err)
{
    for (size_t at = 0; at < text.bytes; at++) {
        unsigned char c = (unsigned char)text.data[at];

        if (c >= 0xC0 && at + 1 < text.bytes) {
            if (c > 0xC3) {
                return fail(err, STATUS_REJECT, "a default of bytes has a character above 255");
            }
            at++;
            c = (unsigned char)(c << 6 | ((unsigned char)text.data[at] & 0x3F));
        }
        buffer_add_char(bytes, (char)c);
    }
    return STATUS_OK;
}

static enum status encode_blob(struct writing *writing, const struct avro_node *node,
                               const struct json *value)
{
    struct buffer bytes = {0};
    bool is_text = json_kind(value) == JSON_TEXT;
    enum status status;

    if (node->logical == LOGICAL_DECIMAL && !writing->is_default &&
        (is_text || json_kind(value) == JSON_NUMBER)) {
        return avro_decimal_bytes(node, value, writing->out, writing->err);
    }
    if (!is_text) {
        return unfit(writing, node, value);
    }
    status = writing->is_default ? latin_bytes(json_text_of(value), &bytes, writing->err)
                                 : base64_decode(json_text_of(value), &bytes, writing->err);
    if (status == STATUS_OK && node->type == AVRO_FIXED && bytes.bytes != node->fixed_bytes) {
        status = fail(writing->err, STATUS_REJECT, "expected %u bytes, found %zu",
                      node->fixed_bytes, bytes.bytes);
    }
    if (status == STATUS_OK && node->type == AVRO_FIXED) {
        buffer_add_text(writing->out, buffer_text(&bytes));
    } else if (status == STATUS_OK) {
        wire_put_bytes(writing->out, buffer_text(&bytes));
    }
    buffer_release(&bytes);
    return status;
}

static enum status encode_enum(struct writing *writing, const struct avro_node *node,
                               const struct json *value)
{
    struct text text = json_text_of(value);

    if (json_kind(value) != JSON_TEXT) {
        return unfit(writing, node, value);
    }
    for (uint32_t i = 0; i < node->count; i++) {
        if (text_equal(text, node->symbols[i])) {
            wire_put_long(writing->out, i);
            return STATUS_OK;
        }
    }
    return fail(writing->err, STATUS_REJECT, "'%.*s' is no symbol of the enum '%.*s'",
                TEXT_ARG(text_sub(text, 0, 100)), TEXT_ARG(node->name));
}

static enum status encode_absent(struct writing *writing, const struct avro_field *field)
{
    uint32_t null_branch = avro_null_branch(field->type);

    if (field->fallback.data != NULL) {
        buffer_add_text(writing->out, field->fallback);
    } else if (null_branch != UINT32_MAX) {
        wire_put_long(writing->out, null_branch);
    } else if (field->type->type != AVRO_NULL) {
        return fail(writing->err, STATUS_REJECT, "the required field '%.*s' is missing",
                    TEXT_ARG(field->name));
    }
    return STATUS_OK;
}

static enum status encode_record(struct writing *writing, const struct avro_node *node,
                                 const struct json *value)
{
    struct json_cursor cursor = {0};
    const struct json *item;
    struct text name;

    while (json_next(value, &cursor, &name, &item)) {
        if (map_get(&node->by_name, name) == NULL) {
            return fail(writing->err, STATUS_REJECT, "the record '%.*s' has no field '%.*s'",
                        TEXT_ARG(node->name), TEXT_ARG(text_sub(name, 0, 100)));
        }
    }
    for (uint32_t i = 0; i < node->count; i++) {
        const struct avro_field *field = &node->fields[i];
        enum status status;

        item = json_get(value, field->name);
        if (item == NULL) {
            status = encode_absent(writing, field);
        } else {
            status = encode(writing, field->type, item);
            status = status == STATUS_OK
                         ? status
                         : fail_in(writing->err, status, "field '%.*s'", TEXT_ARG(field->name));
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status encode_array(struct writing *writing, const struct avro_node *node,
                                const struct json *value)
{
    size_t count = json_count(value);
    enum status status = STATUS_OK;

    if (count > 0) {
        wire_put_long(writing->out, (int64_t)count);
    }
    for (size_t i = 0; i < count; i++) {
        status = encode(writing, node->branches[0], json_at(value, i));
        if (status != STATUS_OK) {
            return fail_in(writing->err, status, "item %zu", i);
        }
    }
    wire_put_long(writing->out, 0);
    return STATUS_OK;
}

static enum status encode_map(struct writing *writing, const struct avro_node *node,
                              const struct json *value)
{
    struct json_cursor cursor = {0};
    const struct json *item;
    struct text key;

    if (json_count(value) > 0) {
        wire_put_long(writing->out, (int64_t)json_count(value));
    }
    while (json_next(value, &cursor, &key, &item)) {
        enum status status;

        wire_put_text(writing->out, key);
        status = encode(writing, node->branches[0], item);
        if (status != STATUS_OK) {
            return fail_in(writing->err, status, "key '%.*s'", TEXT_ARG(text_sub(key, 0, 100)));
        }
    }
    wire_put_long(writing->out, 0);
    return STATUS_OK;
}

static bool is_whole(const struct json *value)
{
    int64_t number;

    return json_int64(value, &number);
}

/* Branches that the value may mean, the exact ones first: a whole number is no double where there is
 * a long. `pass` is 0 or 1. */
static bool is_of_pass(const struct avro_node *branch, const struct json *value, int pass)
{
    bool is_real = branch->type == AVRO_FLOAT || branch->type == AVRO_DOUBLE;

    return (is_real && (is_whole(value) || branch->type == AVRO_FLOAT)) == (pass == 1);
}

/* The first branch that the value fits. */
static enum status encode_union(struct writing *writing, const struct avro_node *node,
                                const struct json *value)
{
    size_t start = writing->out->bytes;
    enum status status = STATUS_REJECT;
    uint32_t tried = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < node->count && writing->fuel > 0; i++) {
            const struct avro_node *branch = node->branches[i];

            if (!is_of_pass(branch, value, pass) ||
                (branch->type == AVRO_NULL) != (json_kind(value) == JSON_NULL) ||
                (writing->is_default && i > 0)) {
                continue;
            }
            wire_put_long(writing->out, i);
            status = encode(writing, branch, value);
            if (status == STATUS_OK) {
                return STATUS_OK;
            }
            writing->out->bytes = start;
            tried++;
        }
    }
    if (tried != 1 && writing->fuel > 0) {
        return fail(writing->err, STATUS_REJECT, "it fits no branch of the union");
    }
    return status; /* The one branch that was meant says best what is wrong. */
}

enum status avro_encode_scalar(const struct avro_node *node, const struct json *value,
                               bool is_default, struct buffer *out, struct error *err)
{
    struct writing writing = {is_default, FUEL, out, err};

    switch (node->type) {
    case AVRO_NULL:
        return json_kind(value) == JSON_NULL ? STATUS_OK : unfit(&writing, node, value);
    case AVRO_BOOLEAN:
        if (json_kind(value) != JSON_BOOL) {
            return unfit(&writing, node, value);
        }
        buffer_add_char(out, json_is_true(value) ? 1 : 0);
        return STATUS_OK;
    case AVRO_INT:
    case AVRO_LONG:
        return encode_integer(&writing, node, value);
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
        return encode_real(&writing, node, value);
    case AVRO_BYTES:
    case AVRO_FIXED:
        return encode_blob(&writing, node, value);
    case AVRO_STRING:
        if (json_kind(value) != JSON_TEXT) {
            return unfit(&writing, node, value);
        }
        wire_put_text(out, json_text_of(value));
        return STATUS_OK;
    case AVRO_ENUM:
        return encode_enum(&writing, node, value);
    case AVRO_RECORD:
    case AVRO_ARRAY:
    case AVRO_MAP:
    case AVRO_UNION:
        break;
    }
    return unfit(&writing, node, value);
}

static enum status encode(struct writing *writing, const struct avro_node *node,
                          const struct json *value)
{
    enum json_kind kind = json_kind(value);

    if (--writing->fuel <= 0) {
        return fail(writing->err, STATUS_REJECT, "too many branches of unions have to be tried");
    }
    if (node->type == AVRO_UNION) {
        return encode_union(writing, node, value);
    }
    if (node->type == AVRO_RECORD && kind == JSON_OBJECT) {
        return encode_record(writing, node, value);
    }
    if (node->type == AVRO_MAP && kind == JSON_OBJECT) {
        return encode_map(writing, node, value);
    }
    if (node->type == AVRO_ARRAY && kind == JSON_ARRAY) {
        return encode_array(writing, node, value);
    }
    return avro_encode_scalar(node, value, writing->is_default, writing->out, writing->err);
}

enum status avro_encode_node(const struct avro_node *node, const struct json *value,
                             bool is_default, struct buffer *out, struct error *err)
{
    struct writing writing = {is_default, FUEL, out, err};
    size_t start = out->bytes;
    enum status status = encode(&writing, node, value);

    if (status != STATUS_OK) {
        out->bytes = start;
    }
    return status;
}

enum status avro_encode(const struct avro_schema *schema, const struct json *value,
                        struct buffer *out, struct error *err)
{
    return avro_encode_node(schema->root, value, false, out, err);
}
