/* Expressions, templates and durations, as the standard writes them. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "compile/ows_export.h"
#include "expr/template.h"

static bool is_word(char c)
{
    return isalnum((unsigned char)c) != 0 || c == '_';
}

/* `$data` is what the standard calls `$input`: the document, where `.` is something else. */
static void add_source(struct text source, struct buffer *out)
{
    static const struct text ours = TEXT_INIT("$data");

    while (source.bytes > 0 && isspace((unsigned char)source.data[0]) != 0) {
        source = text_sub(source, 1, source.bytes - 1);
    }
    while (source.bytes > 0 && isspace((unsigned char)source.data[source.bytes - 1]) != 0) {
        source.bytes--;
    }
    for (size_t i = 0; i < source.bytes; i++) {
        struct text rest = text_sub(source, i, source.bytes - i);

        if (text_starts(rest, ours) &&
            (rest.bytes == ours.bytes || !is_word(rest.data[ours.bytes]))) {
            buffer_add_text(out, TEXT("$input"));
            i += ours.bytes - 1;
        } else {
            buffer_add_char(out, source.data[i]);
        }
    }
}

static struct json *take(struct export *export)
{
    struct json *text = json_text(buffer_text(&export->text));

    buffer_clear(&export->text);
    return text;
}

struct json *export_bare(struct export *export, struct text source)
{
    buffer_clear(&export->text);
    add_source(source, &export->text);
    return take(export);
}

struct json *export_expr(struct export *export, struct text source)
{
    buffer_clear(&export->text);
    buffer_add_text(&export->text, TEXT("${ "));
    add_source(source, &export->text);
    buffer_add_text(&export->text, TEXT(" }"));
    return take(export);
}

/* A piece of literal text within a jq string; `$${` was our way to write `${`. */
static void add_literal(struct text text, struct buffer *out)
{
    struct buffer plain = {0};
    struct buffer quoted = {0};
    struct text inner;

    for (size_t i = 0; i < text.bytes; i++) {
        if (i + 2 < text.bytes && memcmp(text.data + i, "$${", 3) == 0) {
            continue;
        }
        buffer_add_char(&plain, text.data[i]);
    }
    json_write_text(buffer_text(&plain), &quoted);
    inner = buffer_text(&quoted);
    buffer_add_text(out, text_sub(inner, 1, inner.bytes - 2));
    buffer_release(&plain);
    buffer_release(&quoted);
}

static void add_text_source(struct text text, struct buffer *out)
{
    struct template_piece piece;
    bool unclosed = false;
    size_t from = 0;

    if (template_next_piece(text, 0, &piece, &unclosed) && piece.offset == 0 &&
        piece.bytes == text.bytes) {
        buffer_add_char(out, '(');
        add_source(text_sub(text, piece.source_offset, piece.source_bytes), out);
        buffer_add_char(out, ')');
        return;
    }
    buffer_add_char(out, '"');
    while (template_next_piece(text, from, &piece, &unclosed)) {
        add_literal(text_sub(text, from, piece.offset - from), out);
        buffer_add_text(out, TEXT("\\("));
        add_source(text_sub(text, piece.source_offset, piece.source_bytes), out);
        buffer_add_char(out, ')');
        from = piece.offset + piece.bytes;
    }
    add_literal(text_sub(text, from, text.bytes - from), out);
    buffer_add_char(out, '"');
}

void export_source(struct export *export, const struct json *template, struct buffer *out)
{
    struct json_cursor cursor = {0};
    const struct json *item;
    struct text key;
    bool first = true;

    if (json_kind(template) == JSON_TEXT) {
        add_text_source(json_text_of(template), out);
    } else if (json_kind(template) == JSON_ARRAY) {
        buffer_add_char(out, '[');
        for (size_t i = 0; i < json_count(template); i++) {
            buffer_add_text(out, i == 0 ? TEXT("") : TEXT(", "));
            export_source(export, json_at(template, i), out);
        }
        buffer_add_char(out, ']');
    } else if (json_kind(template) == JSON_OBJECT) {
        buffer_add_char(out, '{');
        while (json_next(template, &cursor, &key, &item)) {
            buffer_add_text(out, first ? TEXT("") : TEXT(", "));
            first = false;
            json_write_text(key, out);
            buffer_add_text(out, TEXT(": "));
            export_source(export, item, out);
        }
        buffer_add_char(out, '}');
    } else {
        json_write(template, out);
    }
}

static struct json *template_text(struct export *export, struct text text)
{
    struct template_piece piece;
    bool unclosed = false;
    bool has = template_next_piece(text, 0, &piece, &unclosed);

    if (has && piece.offset == 0 && piece.bytes == text.bytes) {
        return export_expr(export, text_sub(text, piece.source_offset, piece.source_bytes));
    }
    if (!has && memmem(text.data, text.bytes, "$${", 3) == NULL) {
        return json_text(text);
    }
    buffer_clear(&export->text);
    buffer_add_text(&export->text, TEXT("${ "));
    add_text_source(text, &export->text);
    buffer_add_text(&export->text, TEXT(" }"));
    return take(export);
}

struct json *export_template(struct export *export, const struct json *template)
{
    struct json_cursor cursor = {0};
    const struct json *item;
    struct json *made;
    struct text key;

    if (json_kind(template) == JSON_TEXT) {
        return template_text(export, json_text_of(template));
    }
    if (json_kind(template) == JSON_ARRAY) {
        made = json_array();
        for (size_t i = 0; i < json_count(template); i++) {
            json_push(made, export_template(export, json_at(template, i)));
        }
        return made;
    }
    if (json_kind(template) != JSON_OBJECT) {
        return json_copy(template);
    }
    made = json_object();
    while (json_next(template, &cursor, &key, &item)) {
        json_put(made, key, export_template(export, item));
    }
    return made;
}

struct json *export_duration(int64_t ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"days", 86400000},
                 {"hours", 3600000},
                 {"minutes", 60000},
                 {"seconds", 1000},
                 {"milliseconds", 1}};
    struct json *made = json_object();

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (ms >= units[i].ms || (ms == 0 && i == 3)) {
            json_put_integer(made, units[i].unit, ms / units[i].ms);
            ms %= units[i].ms;
        }
        if (ms == 0 && json_count(made) > 0) {
            break;
        }
    }
    return made;
}

struct json *export_span(struct export *export, const struct json *span)
{
    int64_t ms;

    if (span != NULL && json_int64(span, &ms)) {
        return export_duration(ms);
    }
    return json_member(span, "expr") == NULL ? NULL
                                             : export_expr(export, json_member_text(span, "expr"));
}

static bool is_span(struct text key)
{
    static const char *const keys[] = {"timeout", "warnAfter", "delay",    "max",
                                       "total",   "early",     "remember", "keep",
                                       "every",   "heartbeat", "within"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (text_is(key, keys[i])) {
            return true;
        }
    }
    return false;
}

struct json *export_plain(struct text key, const struct json *value)
{
    struct json_cursor cursor = {0};
    char text[TIME_TEXT_BYTES];
    const struct json *item;
    struct json *made;
    struct text name;
    int64_t number;

    if (json_int64(value, &number) && is_span(key)) {
        duration_format(number, text);
        return json_string(text);
    }
    if (json_int64(value, &number) && text_is(key, "jitter")) {
        snprintf(text, sizeof(text), "%" PRId64 "%%", number);
        return json_string(text);
    }
    if (json_kind(value) == JSON_OBJECT) {
        /* Some empty lists are ours, and mean nothing in a file. */
        made = json_object();
        while (json_next(value, &cursor, &name, &item)) {
            if (json_kind(item) != JSON_ARRAY || json_count(item) > 0) {
                bool counts = text_is(key, "batch") && text_is(name, "max");

                json_put(made, name, counts ? json_copy(item) : export_plain(name, item));
            }
        }
        return made;
    }
    return json_copy(value);
}
