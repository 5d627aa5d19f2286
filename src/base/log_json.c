/* A log line as a JSON object. What the callers of log_event() format is key=value pairs. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

#define ESCAPED_BYTES_MAX 6
#define TAIL_BYTES 2 /* The quote and the brace that must still fit. */

struct writer {
    char *out;
    size_t room;
    size_t bytes;
};

static bool has_room(const struct writer *writer, size_t bytes)
{
    return writer->bytes + bytes + TAIL_BYTES <= writer->room;
}

static void put(struct writer *writer, const char *text, size_t bytes)
{
    memcpy(writer->out + writer->bytes, text, bytes);
    writer->bytes += bytes;
}

/* One character, escaped. False: there is no room for it. */
static bool put_character(struct writer *writer, struct text text, size_t *at)
{
    size_t step = text_utf8_step(text, *at);
    unsigned char c = (unsigned char)text.data[*at];
    char escaped[ESCAPED_BYTES_MAX + 1];

    if (!has_room(writer, ESCAPED_BYTES_MAX)) {
        return false;
    }
    *at += step == 0 ? 1 : step;
    if (step == 0) {
        put(writer, "\\ufffd", 6);
    } else if (c == '"' || c == '\\') {
        put(writer, "\\", 1);
        put(writer, (const char *)&c, 1);
    } else if (c < 0x20 || c == 0x7F) {
        snprintf(escaped, sizeof escaped, "\\u%04x", c);
        put(writer, escaped, 6);
    } else {
        put(writer, text.data + *at - step, step);
    }
    return true;
}

static void put_text(struct writer *writer, struct text text)
{
    size_t at = 0;

    put(writer, "\"", 1);
    while (at < text.bytes && put_character(writer, text, &at)) {
    }
    put(writer, "\"", 1);
}

/* A number as JSON has it, and short enough that nobody rounds it. */
static bool is_number(struct text text)
{
    size_t at = text.bytes > 0 && text.data[0] == '-' ? 1 : 0;
    size_t digits = text.bytes - at;

    if (digits == 0 || digits > 15 || (digits > 1 && text.data[at] == '0')) {
        return false;
    }
    for (; at < text.bytes; at++) {
        if (text.data[at] < '0' || text.data[at] > '9') {
            return false;
        }
    }
    return true;
}

static bool is_key_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

/* Bytes of the key of a pair that begins at `at`, without its '='; 0: none begins there. */
static size_t key_bytes(struct text pairs, size_t at)
{
    size_t end = at;

    while (end < pairs.bytes && is_key_byte(pairs.data[end])) {
        end++;
    }
    return end > at && end < pairs.bytes && pairs.data[end] == '=' ? end - at : 0;
}

/* Where a quoted value ends: at a quote after which the next pair begins, or nothing follows. Quotes
 * inside of it are not marked, so that people can read them. */
static size_t quote_end(struct text pairs, size_t at)
{
    for (; at < pairs.bytes; at++) {
        size_t next = at + 1;

        if (pairs.data[at] != '"') {
            continue;
        }
        if (next == pairs.bytes || (pairs.data[next] == ' ' && key_bytes(pairs, next + 1) > 0)) {
            return at;
        }
    }
    return pairs.bytes; /* The line was cut. */
}

static size_t plain_end(struct text pairs, size_t at)
{
    while (at < pairs.bytes &&
           !(pairs.data[at] == ' ' && (at + 1 == pairs.bytes || key_bytes(pairs, at + 1) > 0))) {
        at++;
    }
    return at;
}

static void put_pair(struct writer *writer, struct text key, struct text value)
{
    /* At least the empty value must fit. */
    if (!has_room(writer, key.bytes + 8)) {
        return;
    }
    put(writer, ",", 1);
    put_text(writer, key);
    put(writer, ":", 1);
    if (is_number(value) && has_room(writer, value.bytes)) {
        put(writer, value.data, value.bytes);
    } else {
        put_text(writer, value);
    }
}

size_t log_json(const struct log_line *line, char *out, size_t room)
{
    struct writer writer = {.room = room};
    struct text pairs = text_of(line->pairs);
    size_t at = 0;

    writer.out = out;
    put(&writer, "{\"time\":", 8);
    put_text(&writer, text_of(line->time));
    put(&writer, ",\"level\":", 9);
    put_text(&writer, text_of(line->level));
    put(&writer, ",\"event\":", 9);
    put_text(&writer, text_of(line->event));
    while (at < pairs.bytes) {
        size_t bytes = key_bytes(pairs, at);
        struct text key = bytes == 0 ? TEXT("text") : text_sub(pairs, at, bytes);
        size_t from = bytes == 0 ? at : at + bytes + 1;
        bool is_quoted = bytes > 0 && from < pairs.bytes && pairs.data[from] == '"';
        size_t end = is_quoted ? quote_end(pairs, from + 1) : plain_end(pairs, from);

        from += is_quoted;
        put_pair(&writer, key, text_sub(pairs, from, end - from));
        at = end + 1 + is_quoted;
    }
    put(&writer, "}", 1);
    return writer.bytes;
}
