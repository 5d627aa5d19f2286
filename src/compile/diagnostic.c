#include "compile/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/grow.h"
#include "compile/lines.h"
#include "json/json.h"

#define LINE_BYTES_SHOWN 160

static struct text format_text(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    int bytes;
    char *data;

    va_copy(again, arguments);
    bytes = vsnprintf(NULL, 0, format, again);
    va_end(again);
    CHECK(bytes >= 0);
    data = arena_alloc(arena, (size_t)bytes + 1);
    vsnprintf(data, (size_t)bytes + 1, format, arguments);
    return (struct text){data, (size_t)bytes};
}

static void add(struct diagnostics *diagnostics, const struct diagnostic *found)
{
    uint32_t *count = found->severity == SEVERITY_ERROR ? &diagnostics->error_count
                                                        : &diagnostics->warning_count;
    struct text suggestion = diagnostics->suggestion;

    diagnostics->suggestion = TEXT("");
    (*count)++;
    diagnostics->last_kept = *count <= DIAGNOSTICS_MAX;
    if (!diagnostics->last_kept) {
        return;
    }
    diagnostics->items = grow(&diagnostics->arena, diagnostics->items, diagnostics->count,
                              &diagnostics->capacity, sizeof(*diagnostics->items));
    diagnostics->items[diagnostics->count] = *found;
    diagnostics->items[diagnostics->count].place.file = arena_text(&diagnostics->arena,
                                                                   found->place.file);
    diagnostics->items[diagnostics->count].suggestion = suggestion;
    diagnostics->count++;
}

void diagnostics_error(struct diagnostics *diagnostics, const char *id, struct place place,
                       const char *format, ...)
{
    struct diagnostic found = {.id = id, .severity = SEVERITY_ERROR, .place = place};
    va_list arguments;

    va_start(arguments, format);
    found.message = format_text(&diagnostics->arena, format, arguments);
    va_end(arguments);
    add(diagnostics, &found);
}

void diagnostics_warn(struct diagnostics *diagnostics, const char *id, struct place place,
                      const char *format, ...)
{
    struct diagnostic found = {.id = id, .severity = SEVERITY_WARNING, .place = place};
    va_list arguments;

    va_start(arguments, format);
    found.message = format_text(&diagnostics->arena, format, arguments);
    va_end(arguments);
    add(diagnostics, &found);
}

void diagnostics_suggest(struct diagnostics *diagnostics, struct text suggestion)
{
    diagnostics->suggestion = arena_text(&diagnostics->arena, suggestion);
}

void diagnostics_note(struct diagnostics *diagnostics, struct place place, const char *format, ...)
{
    struct diagnostic *last;
    va_list arguments;

    if (diagnostics->count == 0 || !diagnostics->last_kept) {
        return;
    }
    last = &diagnostics->items[diagnostics->count - 1];
    va_start(arguments, format);
    last->note = format_text(&diagnostics->arena, format, arguments);
    va_end(arguments);
    last->note_place = place;
    last->note_place.file = arena_text(&diagnostics->arena, place.file);
}

void diagnostics_step(struct diagnostics *diagnostics, struct text name)
{
    if (diagnostics->count > 0 && diagnostics->last_kept) {
        diagnostics->items[diagnostics->count - 1].step = arena_text(&diagnostics->arena, name);
    }
}

static bool is_same_place(const struct place *a, const struct place *b)
{
    return a->line == b->line && a->column == b->column && text_equal(a->file, b->file);
}

bool diagnostics_any_at(const struct diagnostics *diagnostics, struct place place)
{
    for (uint32_t i = 0; i < diagnostics->count; i++) {
        if (is_same_place(&diagnostics->items[i].place, &place)) {
            return true;
        }
    }
    return false;
}

void diagnostics_source(struct diagnostics *diagnostics, struct text file, struct text text)
{
    diagnostics->sources = grow(&diagnostics->arena, diagnostics->sources,
                                diagnostics->source_count, &diagnostics->source_capacity,
                                sizeof(*diagnostics->sources));
    diagnostics->sources[diagnostics->source_count++] = (struct source){
        .file = arena_text(&diagnostics->arena, file),
        .text = arena_text(&diagnostics->arena, text)};
}

static uint32_t source_index(const struct diagnostics *diagnostics, struct text file)
{
    for (uint32_t i = 0; i < diagnostics->source_count; i++) {
        if (text_equal(diagnostics->sources[i].file, file)) {
            return i;
        }
    }
    return UINT32_MAX;
}

void diagnostics_append(struct diagnostics *diagnostics, const struct diagnostics *other)
{
    uint32_t counted[] = {[SEVERITY_ERROR] = diagnostics->error_count + other->error_count,
                          [SEVERITY_WARNING] = diagnostics->warning_count + other->warning_count};
    struct arena *arena = &diagnostics->arena;

    for (uint32_t i = 0; i < other->source_count; i++) {
        if (source_index(diagnostics, other->sources[i].file) == UINT32_MAX) {
            diagnostics_source(diagnostics, other->sources[i].file, other->sources[i].text);
        }
    }
    for (uint32_t i = 0; i < other->count; i++) {
        struct diagnostic item = other->items[i];

        item.message = arena_text(arena, item.message);
        item.note = arena_text(arena, item.note);
        item.note_place.file = arena_text(arena, item.note_place.file);
        item.step = arena_text(arena, item.step);
        diagnostics_suggest(diagnostics, item.suggestion);
        add(diagnostics, &item);
    }
    diagnostics->error_count = counted[SEVERITY_ERROR]; /* Also those that `other` dropped. */
    diagnostics->warning_count = counted[SEVERITY_WARNING];
}

/* The place as one number to sort by. The index in the list breaks ties, so the order is stable. */
struct order {
    uint32_t source;
    uint32_t index;
    const struct diagnostic *item;
};

static int compare_order(const void *left, const void *right)
{
    const struct order *a = left;
    const struct order *b = right;

    if (a->source != b->source) {
        return a->source < b->source ? -1 : 1;
    }
    if (a->item->place.line != b->item->place.line) {
        return a->item->place.line < b->item->place.line ? -1 : 1;
    }
    if (a->item->place.column != b->item->place.column) {
        return a->item->place.column < b->item->place.column ? -1 : 1;
    }
    return a->index < b->index ? -1 : 1;
}

/* An estate file is read once for each flow that uses it, and so are its findings made. */
static bool is_repeated(const struct diagnostic *items, uint32_t count,
                        const struct diagnostic *item)
{
    for (uint32_t i = count; i > 0 && is_same_place(&items[i - 1].place, &item->place); i--) {
        if (strcmp(items[i - 1].id, item->id) == 0 &&
            text_equal(items[i - 1].message, item->message)) {
            return true;
        }
    }
    return false;
}

static void keep_sorted(struct diagnostics *diagnostics, const struct order *order)
{
    uint32_t count = diagnostics->count;
    struct diagnostic *sorted = arena_array(&diagnostics->arena, diagnostics->capacity,
                                            sizeof(*sorted));

    diagnostics->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct diagnostic *item = order[i].item;

        if (!is_repeated(sorted, diagnostics->count, item)) {
            sorted[diagnostics->count++] = *item;
        } else if (item->severity == SEVERITY_ERROR) {
            diagnostics->error_count--;
        } else {
            diagnostics->warning_count--;
        }
    }
    diagnostics->items = sorted;
}

void diagnostics_sort(struct diagnostics *diagnostics)
{
    struct order *order;

    if (diagnostics->count < 2) {
        return;
    }
    order = arena_array(&diagnostics->arena, diagnostics->count, sizeof(*order));
    for (uint32_t i = 0; i < diagnostics->count; i++) {
        order[i] = (struct order){
            .source = source_index(diagnostics, diagnostics->items[i].place.file),
            .index = i,
            .item = &diagnostics->items[i]};
    }
    qsort(order, diagnostics->count, sizeof(*order), compare_order);
    keep_sorted(diagnostics, order);
}

static struct text source_line(struct text text, uint32_t line)
{
    size_t from = 0;
    size_t at = 0;

    for (uint32_t number = 1; at < text.bytes; number++) {
        while (at < text.bytes && line_break(text, at) == 0) {
            at++;
        }
        if (number == line) {
            return text_sub(text, from, at - from);
        }
        at += line_break(text, at);
        from = at;
    }
    return TEXT("");
}

static void print_source(const struct diagnostics *diagnostics, const struct place *place,
                         struct buffer *out)
{
    uint32_t source = source_index(diagnostics, place->file);
    uint32_t characters = 0;
    struct text line;

    if (source == UINT32_MAX || place->line == 0) {
        return;
    }
    line = source_line(diagnostics->sources[source].text, place->line);
    if (line.bytes == 0 || place->column > LINE_BYTES_SHOWN) {
        return;
    }
    buffer_addf(out, "%5u | ", place->line);
    for (size_t at = 0; at < line.bytes && characters < LINE_BYTES_SHOWN; characters++) {
        size_t bytes = character_bytes(line, at);
        bool control = (unsigned char)line.data[at] < 0x20 || line.data[at] == 0x7F;

        /* A tab becomes one blank so that the caret stands below its character; and what we print is
         * UTF-8, whatever the file is. */
        if (control) {
            buffer_add_char(out, ' ');
        } else if (text_utf8_step(line, at) == bytes) {
            buffer_add(out, line.data + at, bytes);
        } else {
            buffer_add_text(out, TEXT("\xEF\xBF\xBD"));
        }
        at += bytes;
    }
    buffer_add_text(out, TEXT("\n      | "));
    for (uint32_t column = 1; column < place->column; column++) {
        buffer_add_char(out, ' ');
    }
    buffer_add_char(out, '^');
    for (uint32_t i = 1; i < place->width && place->column + i <= characters; i++) {
        buffer_add_char(out, '~');
    }
    buffer_add_char(out, '\n');
}

static void print_place(const struct place *place, struct buffer *out)
{
    buffer_add_text(out, place->file);
    if (place->line > 0) {
        buffer_addf(out, ":%u:%u", place->line, place->column);
    }
    buffer_add_text(out, TEXT(": "));
}

static void print_text(const struct diagnostics *diagnostics, enum diagnostic_format format,
                       struct buffer *out)
{
    bool coloured = format == DIAGNOSTIC_COLOURED;

    for (uint32_t i = 0; i < diagnostics->count; i++) {
        const struct diagnostic *item = &diagnostics->items[i];
        bool error = item->severity == SEVERITY_ERROR;

        print_place(&item->place, out);
        buffer_addf(out, "%s%s %s%s: ", coloured ? (error ? "\033[1;31m" : "\033[1;33m") : "",
                    error ? "error" : "warning", item->id, coloured ? "\033[0m" : "");
        buffer_add_text(out, item->message);
        buffer_add_char(out, '\n');
        print_source(diagnostics, &item->place, out);
        if (item->note_place.line > 0) {
            print_place(&item->note_place, out);
            buffer_addf(out, "%snote%s: ", coloured ? "\033[1;36m" : "", coloured ? "\033[0m" : "");
            buffer_add_text(out, item->note);
            buffer_add_char(out, '\n');
            print_source(diagnostics, &item->note_place, out);
        }
    }
}

static void put_place(struct json *object, const struct place *place)
{
    json_put_text(object, "file", place->file);
    json_put_integer(object, "line", place->line);
    json_put_integer(object, "column", place->column);
    json_put_integer(object, "width", place->width);
}

static void print_json(const struct diagnostics *diagnostics, struct buffer *out)
{
    struct json *list = json_array();
    struct json *root = json_object();

    for (uint32_t i = 0; i < diagnostics->count; i++) {
        const struct diagnostic *item = &diagnostics->items[i];
        struct json *object = json_object();

        json_put_string(object, "id", item->id);
        json_put_string(object, "severity", item->severity == SEVERITY_ERROR ? "error" : "warning");
        put_place(object, &item->place);
        json_put_text(object, "message", item->message);
        if (item->suggestion.bytes > 0) {
            json_put_text(object, "suggestion", item->suggestion);
        }
        if (item->note_place.line > 0) {
            struct json *note = json_object();

            put_place(note, &item->note_place);
            json_put_text(note, "message", item->note);
            json_put(object, TEXT("note"), note);
        }
        json_push(list, object);
    }
    json_put_integer(root, "errors", diagnostics->error_count);
    json_put_integer(root, "warnings", diagnostics->warning_count);
    json_put(root, TEXT("findings"), list);
    json_write_pretty(root, out);
    buffer_add_char(out, '\n');
    json_free(root);
}

void diagnostics_print(struct diagnostics *diagnostics, enum diagnostic_format format,
                       struct buffer *out)
{
    diagnostics_sort(diagnostics);
    switch (format) {
    case DIAGNOSTIC_TEXT:
    case DIAGNOSTIC_COLOURED:
        print_text(diagnostics, format, out);
        return;
    case DIAGNOSTIC_JSON:
        print_json(diagnostics, out);
        return;
    }
}

void diagnostics_release(struct diagnostics *diagnostics)
{
    if (diagnostics == NULL) {
        return;
    }
    arena_release(&diagnostics->arena);
    *diagnostics = (struct diagnostics){0};
}
