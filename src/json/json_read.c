/* The reader; why it is our own: docs/decisions/0001-json-library.md. */
#include <limits.h>

#include "base/limits.h"
#include "json/reader.h"

static bool read_value(struct reader *reader, struct json **value);

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

static bool read_array(struct reader *reader, struct json *array)
{
    if (take_mark(&reader->scan, ']')) {
        return true;
    }
    do {
        struct json *item = NULL;

        if (!read_value(reader, &item)) {
            return false;
        }
        value_push(reader->slab, array, item);
    } while (take_mark(&reader->scan, ','));
    return scan_take(&reader->scan, ']') || reader_refuse(reader, "neither ',' nor ']'");
}

/* What was read so far of a value that cannot be read to its end; a slab goes as a whole. */
static void forget(const struct reader *reader, struct json *value)
{
    if (reader->slab == NULL) {
        json_free(value);
    }
}

/* The value of `key`, put into `object`. Takes the key over. */
static bool read_member(struct reader *reader, struct json *object, struct json *key, size_t key_at)
{
    struct json *value = NULL;

    if (!take_mark(&reader->scan, ':')) {
        forget(reader, key);
        return reader_refuse(reader, "no ':' after a key");
    }
    if (!read_value(reader, &value)) {
        forget(reader, key);
        return false;
    }
    if (value_find(object, value_text(key)) != NULL) {
        forget(reader, key);
        forget(reader, value);
        return reader_refuse_at(reader, key_at, "duplicate key");
    }
    value_add(reader->slab, object, key, value);
    return true;
}

static bool read_object(struct reader *reader, struct json *object)
{
    if (take_mark(&reader->scan, '}')) {
        return true;
    }
    do {
        size_t key_at = reader->scan.at;
        struct text key;

        if (!reader_string(reader, &key)) {
            return false;
        }
        if (text_find(key, '\0') != SIZE_MAX) {
            return reader_refuse_at(reader, key_at, "NUL in a key");
        }
        if (!read_member(reader, object, value_text_new(reader->slab, key), key_at)) {
            return false;
        }
    } while (take_mark(&reader->scan, ','));
    return scan_take(&reader->scan, '}') || reader_refuse(reader, "neither ',' nor '}'");
}

static bool read_container(struct reader *reader, bool is_object, struct json **value)
{
    struct json *container;
    bool read;

    if (reader->depth_left == 0) {
        return reader_refuse(reader, "too deep");
    }
    reader->scan.at++;
    reader->depth_left--;
    container = is_object ? value_object_new(reader->slab) : value_array_new(reader->slab);
    read = is_object ? read_object(reader, container) : read_array(reader, container);
    reader->depth_left++;
    if (!read) {
        forget(reader, container);
        return false;
    }
    *value = container;
    return true;
}

static bool read_word(struct reader *reader, struct text word, struct json *meaning,
                      struct json **value)
{
    struct text rest = text_sub(reader->scan.text, reader->scan.at, word.bytes);

    if (!text_equal(rest, word)) {
        return reader_refuse(reader, "no JSON value");
    }
    reader->scan.at += word.bytes;
    *value = meaning;
    return true;
}

static bool read_value(struct reader *reader, struct json **value)
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
        *value = value_text_new(reader->slab, string);
        return true;
    case 't':
        return read_word(reader, TEXT("true"), json_bool(true), value);
    case 'f':
        return read_word(reader, TEXT("false"), json_bool(false), value);
    case 'n':
        return read_word(reader, TEXT("null"), json_null(), value);
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
    struct json *parsed = NULL;
    bool read;

    if (text.bytes > INT_MAX) {
        return fail(err, STATUS_REJECT, "%zu bytes are too many", text.bytes);
    }
    skip_space(&reader.scan);
    if (scan_peek(&reader.scan) == '{' || scan_peek(&reader.scan) == '[') {
        reader.slab = slab_new(text.bytes);
    }
    read = read_value(&reader, &parsed);
    skip_space(&reader.scan);
    if (read && reader.scan.at < text.bytes) {
        forget(&reader, parsed);
        read = reader_refuse(&reader, "more text after the value");
    }
    buffer_release(&reader.decoded);
    slab_close(reader.slab, read ? parsed : NULL);
    if (!read) {
        return STATUS_REJECT;
    }
    *value = parsed;
    return STATUS_OK;
}

enum status json_parse(struct text text, struct json **value, struct error *err)
{
    return json_parse_within(text, JSON_DEPTH_MAX, value, err);
}
