/* JSON as YAML for people: block style, plain scalars where they cannot be mistaken. */
#include <string.h>

#include "compile/document.h"
#include "compile/ows_export.h"

#define INDENT 2

/* Plain only what nobody can take for something else: words of letters and few signs. */
static bool is_plain(struct text text)
{
    bool truth;

    for (size_t i = 0; i < text.bytes; i++) {
        char c = text.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        bool inner = (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '/';

        if (!letter && (i == 0 || !inner)) {
            return false;
        }
    }
    return text.bytes > 0 && scalar_kind(text, &truth) == NODE_TEXT && !text_is(text, "yes") &&
           !text_is(text, "no") && !text_is(text, "on") && !text_is(text, "off") &&
           !text_is(text, "y") && !text_is(text, "n");
}

static bool is_quotable(struct text text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static void write_text(struct text text, struct buffer *out)
{
    if (is_plain(text)) {
        buffer_add_text(out, text);
    } else if (is_quotable(text)) {
        buffer_add_char(out, '\'');
        for (size_t i = 0; i < text.bytes; i++) {
            buffer_add_char(out, text.data[i]);
            if (text.data[i] == '\'') {
                buffer_add_char(out, '\'');
            }
        }
        buffer_add_char(out, '\'');
    } else {
        json_write_text(text, out);
    }
}

static bool is_leaf(const struct json *value)
{
    return (json_kind(value) != JSON_OBJECT && json_kind(value) != JSON_ARRAY) ||
           json_count(value) == 0;
}

static void write_leaf(const struct json *value, struct buffer *out)
{
    if (json_kind(value) == JSON_TEXT) {
        write_text(json_text_of(value), out);
    } else {
        json_write(value, out);
    }
    buffer_add_char(out, '\n');
}

static void indent(uint32_t by, struct buffer *out)
{
    for (uint32_t i = 0; i < by; i++) {
        buffer_add_char(out, ' ');
    }
}

/* `at_dash`: the first line stands behind a dash. Recursion is bounded by JSON_DEPTH_MAX. */
static void write_value(const struct json *value, uint32_t by, bool at_dash, struct buffer *out)
{
    struct json_cursor cursor = {0};
    const struct json *item;
    struct text key;

    if (json_kind(value) == JSON_OBJECT) {
        while (json_next(value, &cursor, &key, &item)) {
            indent(at_dash ? 0 : by, out);
            at_dash = false;
            write_text(key, out);
            buffer_add_text(out, is_leaf(item) ? TEXT(": ") : TEXT(":\n"));
            if (is_leaf(item)) {
                write_leaf(item, out);
            } else {
                write_value(item, by + INDENT, false, out);
            }
        }
        return;
    }
    for (size_t i = 0; i < json_count(value); i++) {
        item = json_at(value, i);
        indent(at_dash ? 0 : by, out);
        at_dash = false;
        buffer_add_text(out, TEXT("- "));
        if (is_leaf(item)) {
            write_leaf(item, out);
        } else {
            write_value(item, by + INDENT, true, out);
        }
    }
}

void yaml_write(const struct json *value, struct buffer *out)
{
    if (is_leaf(value)) {
        write_leaf(value, out);
    } else {
        write_value(value, 0, false, out);
    }
}
