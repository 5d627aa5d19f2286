#include "compile/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/lines.h"
#include "compile/yaml_reader.h"

static void index_lines(struct document *document)
{
    uint32_t count = 1;

    for (size_t at = 0; at < document->source.bytes; at++) {
        size_t bytes = line_break(document->source, at);

        if (bytes > 0) {
            count++;
            at += bytes - 1;
        }
    }
    document->lines = arena_array(&document->arena, count, sizeof(*document->lines));
    for (size_t at = 0; at < document->source.bytes; at++) {
        size_t bytes = line_break(document->source, at);

        if (bytes > 0) {
            at += bytes - 1;
            document->lines[++document->line_count] = at + 1;
        }
    }
    document->line_count++;
}

static bool refuse_invalid_utf8(struct document *document, struct diagnostics *diagnostics)
{
    size_t valid = 0;
    size_t step = 1;

    if (text_is_utf8(document->source)) {
        return false;
    }
    /* Find the longest valid prefix line by line, then byte by byte. */
    for (uint32_t line = 1; line < document->line_count; line++) {
        struct text prefix = text_sub(document->source, valid, document->lines[line] - valid);

        if (!text_is_utf8(prefix)) {
            break;
        }
        valid = document->lines[line];
    }
    for (size_t from = valid; from < document->source.bytes; from += step) {
        for (step = 1; step <= 4; step++) {
            if (text_is_utf8(text_sub(document->source, from, step))) {
                break;
            }
        }
        valid = from;
        if (step > 4) {
            break;
        }
    }
    diagnostics_error(diagnostics, "F006", document_place(document, valid),
                      "invalid UTF-8: byte 0x%02x", (unsigned char)document->source.data[valid]);
    return true;
}

static void require_map(struct document *document, struct diagnostics *diagnostics)
{
    struct place start = {.file = document->file, .line = 1, .column = 1, .width = 1};
    char found[64];

    if (document->root == NULL) {
        diagnostics_error(diagnostics, "F103", start, "expected a map of keys, found nothing");
    } else if (document->root->kind != NODE_MAP) {
        diagnostics_error(diagnostics, "F103", node_place(document->root),
                          "expected a map of keys, found %s", node_describe(document->root, found));
        document->root = NULL;
    }
}

struct place document_place(const struct document *document, size_t byte)
{
    uint32_t line = 0;

    while (line + 1 < document->line_count && document->lines[line + 1] <= byte) {
        line++;
    }
    return (struct place){
        .file = document->file,
        .line = line + 1,
        .column = (uint32_t)text_length(text_sub(document->source, document->lines[line],
                                                 byte - document->lines[line])) +
                  1,
        .width = 1};
}

enum status document_parse(struct text file, struct text source, struct diagnostics *diagnostics,
                           struct document **document)
{
    struct document *made = calloc(1, sizeof(*made));

    CHECK(made != NULL);
    *document = NULL;
    if (text_starts(source, TEXT("\xEF\xBB\xBF"))) {
        source = text_sub(source, 3, source.bytes - 3);
    }
    made->file = arena_text(&made->arena, file);
    made->source = arena_text(&made->arena, source);
    diagnostics_source(diagnostics, file, source);
    index_lines(made);
    if (!refuse_invalid_utf8(made, diagnostics)) {
        uint32_t errors = diagnostics->error_count;

        yaml_read(made, diagnostics);
        if (made->root != NULL || diagnostics->error_count == errors) {
            require_map(made, diagnostics);
        }
    }
    if (made->root == NULL) {
        document_free(made);
        return STATUS_REJECT;
    }
    *document = made;
    return STATUS_OK;
}

void document_free(struct document *document)
{
    if (document != NULL) {
        arena_release(&document->arena);
        free(document);
    }
}

const struct pair *node_pair(const struct node *map, const char *key)
{
    if (map == NULL || map->kind != NODE_MAP) {
        return NULL;
    }
    for (uint32_t i = 0; i < map->count; i++) {
        const struct node *name = map->pairs[i].key;

        if (name->kind != NODE_LIST && name->kind != NODE_MAP && text_is(name->text, key)) {
            return &map->pairs[i];
        }
    }
    return NULL;
}

const struct node *node_get(const struct node *map, const char *key)
{
    const struct pair *pair = node_pair(map, key);

    return pair == NULL ? NULL : pair->value;
}

struct place node_place(const struct node *node)
{
    bool scalar = node->kind != NODE_LIST && node->kind != NODE_MAP;
    bool one_line = node->end_line == node->line && node->end_column > node->column;

    return (struct place){.file = node->document->file,
                          .line = node->line,
                          .column = node->column,
                          .width = scalar && one_line ? node->end_column - node->column : 1};
}

struct place node_place_in(const struct node *node, size_t offset, size_t bytes)
{
    struct place place = node_place(node);
    uint32_t line;
    uint32_t column;

    if (node->made || offset > node->text.bytes || !scalar_locate(node, offset, &line, &column)) {
        return place;
    }
    place.line = line;
    place.column = column;
    place.width = (uint32_t)text_length(text_sub(node->text, offset, bytes));
    if (place.width == 0) {
        place.width = 1;
    }
    return place;
}

const char *node_describe(const struct node *node, char out[64])
{
    bool long_text = node->text.bytes > 32;
    const char *kind = node->kind == NODE_TEXT ? "text" : "number";

    switch (node->kind) {
    case NODE_NULL:
        return "nothing";
    case NODE_BOOL:
        return node->truth ? "true" : "false";
    case NODE_LIST:
        return node->count == 0 ? "an empty list" : "a list";
    case NODE_MAP:
        return "a map";
    case NODE_TEXT:
    case NODE_NUMBER:
        break;
    }
    if (long_text || memchr(node->text.data, '\n', node->text.bytes) != NULL) {
        snprintf(out, 64, "a %s", kind);
    } else if (node->kind == NODE_TEXT) {
        bool truth;
        bool is_quoted = node->style != STYLE_PLAIN && scalar_kind(node->text, &truth) != NODE_TEXT;

        snprintf(out, 64, is_quoted ? "text '%.*s' in quotes" : "text '%.*s'",
                 TEXT_ARG(node->text));
    } else {
        snprintf(out, 64, "number %.*s", TEXT_ARG(node->text));
    }
    return out;
}

bool node_is_yes_no(const struct node *node)
{
    static const char *const words[] = {"yes", "Yes", "YES", "no",  "No",  "NO",
                                        "on",  "On",  "ON",  "off", "Off", "OFF"};

    if (node->kind != NODE_TEXT || node->style != STYLE_PLAIN || node->text.bytes > 3) {
        return false;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (text_is(node->text, words[i])) {
            return true;
        }
    }
    return false;
}
