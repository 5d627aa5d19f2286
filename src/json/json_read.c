/*
 * The reader. It builds json-c's objects but does not use json-c's own parser, which takes control
 * characters in strings, NaN, lone surrogates and duplicate keys even when strict, cuts a key at a
 * NUL, and is slower. See docs/decisions/0001-json-library.md.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "json/reader.h"

#define KEY_ROOM 64

/* JSON null is a NULL in json-c, so whether reading went well is said apart. */
static bool read_value(struct reader *reader, struct json_c_object **value);

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->text.bytes) {
        char c = scan->text.data[scan->at];

        if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
            return;
        }
        scan->at++;
    }
}

/* Step over `c` and the space around it. */
static bool take_mark(struct scan *scan, char c)
{
    skip_space(scan);
    if (!scan_take(scan, c)) {
        return false;
    }
    skip_space(scan);
    return true;
}

static bool read_array(struct reader *reader, struct json_c_object *array)
{
    if (take_mark(&reader->scan, ']')) {
        return true;
    }
    do {
        struct json_c_object *item = NULL;

        if (!read_value(reader, &item)) {
            return false;
        }
        CHECK(json_object_array_add(array, item) == 0);
    } while (take_mark(&reader->scan, ','));
    return scan_take(&reader->scan, ']') || reader_refuse(reader, "neither ',' nor ']'");
}

/* The value of `key`, put into `object`. */
static bool read_member(struct reader *reader, struct json_c_object *object, const char *key,
                        size_t key_at)
{
    int count = json_object_object_length(object);
    struct json_c_object *value;

    if (!take_mark(&reader->scan, ':')) {
        return reader_refuse(reader, "no ':' after a key");
    }
    if (!read_value(reader, &value)) {
        return false;
    }
    CHECK(json_object_object_add(object, key, value) == 0);
    /* A key that was there was replaced: that is how json-c tells, at no cost. */
    return json_object_object_length(object) > count ||
           reader_refuse_at(reader, key_at, "duplicate key");
}

static bool read_object(struct reader *reader, struct json_c_object *object)
{
    if (take_mark(&reader->scan, '}')) {
        return true;
    }
    do {
        size_t key_at = reader->scan.at;
        char room[KEY_ROOM];
        char *key = room;
        struct text text;
        bool read;

        if (!reader_string(reader, &text)) {
            return false;
        }
        if (text_find(text, '\0') != SIZE_MAX) {
            return reader_refuse_at(reader, key_at, "NUL in a key");
        }
        if (text.bytes < sizeof(room)) {
            memcpy(room, text.data, text.bytes);
            room[text.bytes] = '\0';
        } else {
            key = text_dup(text);
        }
        read = read_member(reader, object, key, key_at);
        if (key != room) {
            free(key);
        }
        if (!read) {
            return false;
        }
    } while (take_mark(&reader->scan, ','));
    return scan_take(&reader->scan, '}') || reader_refuse(reader, "neither ',' nor '}'");
}

static bool read_container(struct reader *reader, bool is_object, struct json_c_object **value)
{
    struct json_c_object *container;
    bool read;

    if (reader->depth_left == 0) {
        return reader_refuse(reader, "too deep");
    }
    reader->scan.at++;
    reader->depth_left--;
    container = made(is_object ? json_object_new_object() : json_object_new_array_ext(4));
    read = is_object ? read_object(reader, container) : read_array(reader, container);
    reader->depth_left++;
    if (!read) {
        json_object_put(container);
        return false;
    }
    *value = container;
    return true;
}

static bool read_word(struct reader *reader, struct text word, struct json_c_object *meaning,
                      struct json_c_object **value)
{
    struct text rest = text_sub(reader->scan.text, reader->scan.at, word.bytes);

    if (!text_equal(rest, word)) {
        json_object_put(meaning);
        return reader_refuse(reader, "no JSON value");
    }
    reader->scan.at += word.bytes;
    *value = meaning;
    return true;
}

static bool read_value(struct reader *reader, struct json_c_object **value)
{
    struct text string;

    switch (scan_peek(&reader->scan)) {
    case '{':
        return read_container(reader, true, value);
    case '[':
        return read_container(reader, false, value);
    case '"':
        if (!reader_string(reader, &string)) {
            return false;
        }
        *value = made(json_object_new_string_len(string.data, (int)string.bytes));
        return true;
    case 't':
        return read_word(reader, TEXT("true"), made(json_object_new_boolean(true)), value);
    case 'f':
        return read_word(reader, TEXT("false"), made(json_object_new_boolean(false)), value);
    case 'n':
        return read_word(reader, TEXT("null"), NULL, value);
    default:
        if (scan_peek(&reader->scan) != '-' && !is_digit(scan_peek(&reader->scan))) {
            return reader_refuse(reader, "no JSON value");
        }
        return reader_number(reader, value);
    }
}

enum status json_parse_within(struct text text, size_t depth_max, struct json **value,
                              struct error *err)
{
    struct reader reader = {.scan = {.text = text}, .depth_left = depth_max, .err = err};
    struct json_c_object *object = NULL;
    bool read;

    if (text.bytes > INT_MAX) {
        return fail(err, STATUS_REJECT, "%zu bytes are too many", text.bytes);
    }
    skip_space(&reader.scan);
    read = read_value(&reader, &object);
    skip_space(&reader.scan);
    if (read && reader.scan.at < text.bytes) {
        json_object_put(object);
        read = reader_refuse(&reader, "more text after the value");
    }
    buffer_release(&reader.decoded);
    if (!read) {
        return STATUS_REJECT;
    }
    *value = from_object(object);
    return STATUS_OK;
}

enum status json_parse(struct text text, struct json **value, struct error *err)
{
    return json_parse_within(text, JSON_DEPTH_MAX, value, err);
}
