/* The writer. */
#include <stdlib.h>

#include "json/value.h"

#define MEMBERS_ROOM 32

enum style { STYLE_COMPACT, STYLE_CANONICAL, STYLE_PRETTY };

struct writer {
    enum style style;
    struct buffer *out;
};

static void write_value(const struct writer *writer, const struct json *value, size_t level);

static bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

static void write_escape(unsigned char c, struct buffer *out)
{
    static const char letters[] = "btn\0fr"; /* From \b, 8, to \r, 13; 11 has none. */
    static const char digits[] = "0123456789abcdef";
    char escape[6] = {'\\', (char)c, '0', '0', digits[c >> 4], digits[c & 15U]};

    if (c >= 0x20) {
        buffer_add(out, escape, 2);
    } else if (c >= 8 && c <= 13 && letters[c - 8] != '\0') {
        escape[1] = letters[c - 8];
        buffer_add(out, escape, 2);
    } else {
        escape[1] = 'u';
        buffer_add(out, escape, sizeof(escape));
    }
}

void json_write_text(struct text text, struct buffer *out)
{
    size_t from = 0;
    size_t at = 0;

    buffer_add_char(out, '"');
    while (at < text.bytes) {
        unsigned char c;

        at += text_plain_run(text, at);
        if (at == text.bytes) {
            break;
        }
        c = (unsigned char)text.data[at];
        if (needs_escape(c)) {
            buffer_add(out, text.data + from, at - from);
            write_escape(c, out);
            from = at + 1;
        }
        at++;
    }
    buffer_add(out, text.data + from, text.bytes - from);
    buffer_add_char(out, '"');
}

static void write_number(const struct writer *writer, const struct json *number)
{
    char room[INTEGER_TEXT_BYTES];

    if (writer->style == STYLE_CANONICAL) {
        number_canonical(number, writer->out);
    } else {
        buffer_add_text(writer->out, number_text(number, room));
    }
}

static void write_break(const struct writer *writer, size_t level)
{
    if (writer->style != STYLE_PRETTY) {
        return;
    }
    buffer_add_char(writer->out, '\n');
    for (size_t i = 0; i < level; i++) {
        buffer_add_text(writer->out, TEXT("  "));
    }
}

static void write_array(const struct writer *writer, const struct json *array, size_t level)
{
    size_t count = json_count(array);

    buffer_add_char(writer->out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            buffer_add_char(writer->out, ',');
        }
        write_break(writer, level + 1);
        write_value(writer, json_at(array, i), level + 1);
    }
    if (count > 0) {
        write_break(writer, level);
    }
    buffer_add_char(writer->out, ']');
}

static void write_member(const struct writer *writer, struct text key, const struct json *value,
                         size_t level)
{
    write_break(writer, level);
    json_write_text(key, writer->out);
    buffer_add_char(writer->out, ':');
    if (writer->style == STYLE_PRETTY) {
        buffer_add_char(writer->out, ' ');
    }
    write_value(writer, value, level);
}

static void write_sorted(const struct writer *writer, const struct json *object, size_t level)
{
    struct entry room[MEMBERS_ROOM];
    struct entry *members = members_sorted(object, room, MEMBERS_ROOM);
    size_t count = json_count(object);

    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            buffer_add_char(writer->out, ',');
        }
        write_member(writer, text_of(members[i].key), members[i].value, level);
    }
    if (members != room) {
        free(members);
    }
}

static void write_object(const struct writer *writer, const struct json *object, size_t level)
{
    const struct object_node *node = object_node(object);

    buffer_add_char(writer->out, '{');
    if (writer->style == STYLE_CANONICAL) {
        write_sorted(writer, object, level + 1);
    } else {
        for (uint32_t i = 0; i < node->count; i++) {
            if (i > 0) {
                buffer_add_char(writer->out, ',');
            }
            write_member(writer, value_text(node->members[i].key), node->members[i].value,
                         level + 1);
        }
        if (node->count > 0) {
            write_break(writer, level);
        }
    }
    buffer_add_char(writer->out, '}');
}

static void write_value(const struct writer *writer, const struct json *value, size_t level)
{
    switch (json_kind(value)) {
    case JSON_NULL:
        buffer_add_text(writer->out, TEXT("null"));
        return;
    case JSON_BOOL:
        buffer_add_text(writer->out, json_is_true(value) ? TEXT("true") : TEXT("false"));
        return;
    case JSON_NUMBER:
        write_number(writer, value);
        return;
    case JSON_TEXT:
        json_write_text(value_text(value), writer->out);
        return;
    case JSON_ARRAY:
        write_array(writer, value, level);
        return;
    case JSON_OBJECT:
        write_object(writer, value, level);
        return;
    }
    CHECK(!"unknown kind of JSON value");
}

void json_write(const struct json *value, struct buffer *out)
{
    write_value(&(struct writer){STYLE_COMPACT, out}, value, 0);
}

void json_write_canonical(const struct json *value, struct buffer *out)
{
    write_value(&(struct writer){STYLE_CANONICAL, out}, value, 0);
}

void json_write_pretty(const struct json *value, struct buffer *out)
{
    write_value(&(struct writer){STYLE_PRETTY, out}, value, 0);
}

static size_t text_size(struct text text)
{
    size_t bytes = text.bytes + 2;
    size_t at = text_plain_run(text, 0);

    for (; at < text.bytes; at += 1 + text_plain_run(text, at + 1)) {
        unsigned char c = (unsigned char)text.data[at];

        if (needs_escape(c)) {
            bytes += c >= 0x20 || (c >= 8 && c <= 13 && c != 11) ? 1 : 5;
        }
    }
    return bytes;
}

/* BOUND: what was parsed from a short text counts as long as that, without a look at it. */
enum measure { MEASURE_EXACT, MEASURE_BOUND };

static size_t measure(const struct json *value, size_t most, enum measure how);

/* Not more than a little past `most`: the caller clamps. */
static size_t container_size(const struct json *value, size_t most, enum measure how)
{
    size_t count = json_count(value);
    size_t bytes = 2 + (count > 0 ? count - 1 : 0);

    for (size_t i = 0; i < count && bytes <= most; i++) {
        const struct json *item;

        if (json_kind(value) == JSON_ARRAY) {
            item = array_node(value)->items[i];
        } else {
            bytes += text_size(value_text(object_node(value)->members[i].key)) + 1;
            item = object_node(value)->members[i].value;
        }
        if (bytes <= most) {
            bytes += measure(item, most - bytes, how);
        }
    }
    return bytes;
}

static size_t measure(const struct json *value, size_t most, enum measure how)
{
    char room[INTEGER_TEXT_BYTES];
    size_t bytes = 4;

    if (how == MEASURE_BOUND && value->place == PLACE_SLAB) {
        bytes = slab_text_bytes(value);
        return bytes > most ? most + 1 : bytes;
    }
    switch (json_kind(value)) {
    case JSON_NULL:
        break;
    case JSON_BOOL:
        bytes = json_is_true(value) ? 4 : 5;
        break;
    case JSON_NUMBER:
        bytes = number_text(value, room).bytes;
        break;
    case JSON_TEXT:
        bytes = text_size(json_text_of(value));
        break;
    case JSON_ARRAY:
    case JSON_OBJECT:
        bytes = container_size(value, most, how);
        break;
    }
    return bytes > most ? most + 1 : bytes;
}

size_t json_size(const struct json *value, size_t most)
{
    return measure(value, most, MEASURE_EXACT);
}

size_t json_size_bound(const struct json *value, size_t most)
{
    return measure(value, most, MEASURE_BOUND);
}

bool json_exceeds(const struct json *value, size_t most)
{
    return json_size_bound(value, most) > most && json_size(value, most) > most;
}
