#include "compile/yaml_reader.h"

#include <string.h>
#include <yaml.h>

#include "base/limits.h"
#include "base/map.h"
#include "compile/grow.h"
#include "compile/yaml_hint.h"

struct reader {
    struct document *document;
    struct diagnostics *diagnostics;
    yaml_parser_t parser;
    struct map anchors; /* Name to node. */
    uint32_t expanded;  /* Nodes that aliases stand for, so far. */
    bool failed;
};

struct items {
    struct node **data;
    uint32_t count;
    uint32_t capacity;
};

static struct place mark_place(const struct reader *reader, yaml_mark_t mark)
{
    return (struct place){.file = reader->document->file,
                          .line = (uint32_t)mark.line + 1,
                          .column = (uint32_t)mark.column + 1,
                          .width = 1};
}

static void syntax_error(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem != NULL ? parser->problem : "not YAML";
    struct yaml_trouble trouble;

    reader->failed = true;
    if (parser->error == YAML_READER_ERROR) {
        size_t offset = parser->problem_offset;

        if (offset > reader->document->source.bytes) {
            offset = reader->document->source.bytes;
        }
        diagnostics_error(reader->diagnostics, "F001", document_place(reader->document, offset),
                          "%s", problem);
        return;
    }
    trouble = (struct yaml_trouble){.problem = problem,
                                    .context = parser->context,
                                    .line = parser->problem_mark.line,
                                    .column = parser->problem_mark.column,
                                    .context_line = parser->context_mark.line};
    diagnostics_error(reader->diagnostics, "F001", mark_place(reader, parser->problem_mark), "%s%s",
                      problem, yaml_hint(reader->document, &trouble));
    if (parser->context != NULL && (parser->context_mark.line != parser->problem_mark.line ||
                                    parser->context_mark.column != parser->problem_mark.column)) {
        diagnostics_note(reader->diagnostics, mark_place(reader, parser->context_mark), "%s",
                         parser->context);
    }
}

static bool next_event(struct reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event) == 0) {
        syntax_error(reader);
        return false;
    }
    return true;
}

static void append(struct arena *arena, struct items *items, struct node *node)
{
    items->data = grow(arena, items->data, items->count, &items->capacity, sizeof(struct node *));
    items->data[items->count++] = node;
}

static struct node *new_node(struct reader *reader, enum node_kind kind, const yaml_event_t *event)
{
    struct node *node = arena_alloc(&reader->document->arena, sizeof(*node));

    *node = (struct node){.kind = kind,
                          .document = reader->document,
                          .line = (uint32_t)event->start_mark.line + 1,
                          .column = (uint32_t)event->start_mark.column + 1,
                          .end_line = (uint32_t)event->end_mark.line + 1,
                          .end_column = (uint32_t)event->end_mark.column + 1,
                          .expanded = 1};
    return node;
}

static void refuse_tag(struct reader *reader, const yaml_char_t *tag, const yaml_event_t *event)
{
    if (tag != NULL) {
        diagnostics_error(reader->diagnostics, "F005", mark_place(reader, event->start_mark),
                          "a tag is not allowed: '%s'", (const char *)tag);
    }
}

static void keep_anchor(struct reader *reader, const yaml_char_t *anchor, struct node *node)
{
    if (anchor != NULL) {
        struct text name = arena_text(&reader->document->arena, text_of((const char *)anchor));

        map_put(&reader->anchors, name, node);
    }
}

static enum node_style style_of(yaml_scalar_style_t style)
{
    switch (style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE:
        return STYLE_SINGLE;
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
        return STYLE_DOUBLE;
    case YAML_LITERAL_SCALAR_STYLE:
        return STYLE_LITERAL;
    case YAML_FOLDED_SCALAR_STYLE:
        return STYLE_FOLDED;
    case YAML_ANY_SCALAR_STYLE:
    case YAML_PLAIN_SCALAR_STYLE:
        break;
    }
    return STYLE_PLAIN;
}

static struct node *read_scalar(struct reader *reader, const yaml_event_t *event)
{
    struct node *node = new_node(reader, NODE_TEXT, event);

    node->text = arena_text(
        &reader->document->arena,
        (struct text){(const char *)event->data.scalar.value, event->data.scalar.length});
    node->style = style_of(event->data.scalar.style);
    if (node->style == STYLE_PLAIN) {
        node->kind = scalar_kind(node->text, &node->truth);
    }
    refuse_tag(reader, event->data.scalar.tag, event);
    keep_anchor(reader, event->data.scalar.anchor, node);
    return node;
}

static struct node *read_alias(struct reader *reader, const yaml_event_t *event, uint32_t depth)
{
    struct text name = text_of((const char *)event->data.alias.anchor);
    struct node *node = map_get(&reader->anchors, name);
    struct place place = mark_place(reader, event->start_mark);

    if (node == NULL) {
        reader->failed = true;
        diagnostics_error(reader->diagnostics, "F001", place, "alias '*%.*s' names no anchor",
                          TEXT_ARG(name));
        return NULL;
    }
    if (node->open) {
        reader->failed = true;
        diagnostics_error(reader->diagnostics, "F003", place,
                          "alias '*%.*s' stands inside what it repeats", TEXT_ARG(name));
        return NULL;
    }
    reader->expanded += node->expanded;
    if (reader->expanded > YAML_NODES_MAX || depth + node->depth > YAML_DEPTH_MAX) {
        reader->failed = true;
        diagnostics_error(reader->diagnostics, "F003", place,
                          "too many alias expansions: more than %d nodes, or more than %d levels",
                          YAML_NODES_MAX, YAML_DEPTH_MAX);
        return NULL;
    }
    return node;
}

static void contain(struct node *parent, const struct node *child)
{
    parent->expanded += child->expanded;
    if (child->depth + 1 > parent->depth) {
        parent->depth = child->depth + 1;
    }
}

static void finish_list(struct node *node, const struct items *items)
{
    node->items = items->data;
    node->count = items->count;
}

/* Pair the items up; a key that was there before is marked. */
static void finish_map(struct reader *reader, struct node *node, const struct items *items)
{
    struct map seen = {0};

    node->count = items->count / 2;
    node->pairs = arena_array(&reader->document->arena, node->count, sizeof(*node->pairs));
    for (uint32_t i = 0; i < node->count; i++) {
        struct pair *pair = &node->pairs[i];

        *pair = (struct pair){.key = items->data[2 * i], .value = items->data[2 * i + 1]};
        if (pair->key->kind == NODE_LIST || pair->key->kind == NODE_MAP) {
            continue;
        }
        if (pair->key->style == STYLE_PLAIN && text_is(pair->key->text, "<<")) {
            diagnostics_error(reader->diagnostics, "F005", node_place(pair->key),
                              "a merge key is not allowed: write the keys out");
            pair->repeated = true;
            continue;
        }
        pair->repeated = map_get(&seen, pair->key->text) != NULL;
        if (!pair->repeated) {
            map_put(&seen, pair->key->text, pair);
        }
    }
    map_release(&seen);
}

/* In a step a second 'step' says that a dash is missing; its other keys then say nothing new. */
static void report_repeated(struct reader *reader, const struct node *map)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct pair *pair = &map->pairs[i];

        if (pair->repeated && text_is(pair->key->text, "step")) {
            diagnostics_error(reader->diagnostics, "F112", node_place(pair->key),
                              "two steps in one list item: a dash is missing here");
            diagnostics_note(reader->diagnostics, node_place(node_pair(map, "step")->key),
                             "the first begins here");
            return;
        }
    }
    for (uint32_t i = 0; i < map->count; i++) {
        const struct pair *pair = &map->pairs[i];

        if (pair->repeated && !text_is(pair->key->text, "<<")) {
            const struct pair *first = node_pair(map, pair->key->text.data);

            diagnostics_error(reader->diagnostics, "F002", node_place(pair->key),
                              "duplicate key '%.*s'", TEXT_ARG(pair->key->text));
            if (first != NULL) {
                diagnostics_note(reader->diagnostics, node_place(first->key), "first here");
            }
        }
    }
}

static struct node *read_node(struct reader *reader, const yaml_event_t *event, uint32_t depth);

static struct node *read_collection(struct reader *reader, const yaml_event_t *event,
                                    uint32_t depth)
{
    bool map = event->type == YAML_MAPPING_START_EVENT;
    struct node *node = new_node(reader, map ? NODE_MAP : NODE_LIST, event);
    struct items items = {0};
    bool done = false;

    refuse_tag(reader, map ? event->data.mapping_start.tag : event->data.sequence_start.tag, event);
    keep_anchor(reader, map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor,
                node);
    node->open = true;
    while (!done && !reader->failed) {
        yaml_event_t inner;

        if (!next_event(reader, &inner)) {
            return NULL;
        }
        done = inner.type == YAML_MAPPING_END_EVENT || inner.type == YAML_SEQUENCE_END_EVENT;
        if (!done) {
            struct node *child = read_node(reader, &inner, depth + 1);

            if (child != NULL) {
                contain(node, child);
                append(&reader->document->arena, &items, child);
            }
        } else {
            node->end_line = (uint32_t)inner.end_mark.line + 1;
            node->end_column = (uint32_t)inner.end_mark.column + 1;
        }
        yaml_event_delete(&inner);
    }
    if (reader->failed) {
        return NULL;
    }
    node->open = false;
    if (map) {
        finish_map(reader, node, &items);
        report_repeated(reader, node);
    } else {
        finish_list(node, &items);
    }
    return node;
}

/* Recursion is bounded by YAML_DEPTH_MAX. */
static struct node *read_node(struct reader *reader, const yaml_event_t *event, uint32_t depth)
{
    if (depth > YAML_DEPTH_MAX) {
        reader->failed = true;
        diagnostics_error(reader->diagnostics, "F701", mark_place(reader, event->start_mark),
                          "nested more than %d levels deep", YAML_DEPTH_MAX);
        return NULL;
    }
    if (event->type == YAML_SCALAR_EVENT) {
        return read_scalar(reader, event);
    }
    if (event->type == YAML_ALIAS_EVENT) {
        return read_alias(reader, event, depth);
    }
    return read_collection(reader, event, depth);
}

/* Read events up to the end of the stream; the document's node becomes the root. */
static void read_stream(struct reader *reader)
{
    bool done = false;

    while (!done && !reader->failed) {
        struct document *document = reader->document;
        yaml_event_t event;

        if (!next_event(reader, &event)) {
            return;
        }
        done = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_DOCUMENT_START_EVENT && document->root != NULL) {
            diagnostics_error(reader->diagnostics, "F004", mark_place(reader, event.start_mark),
                              "more than one document in the file");
            done = true;
        } else if (event.type == YAML_SCALAR_EVENT || event.type == YAML_ALIAS_EVENT ||
                   event.type == YAML_SEQUENCE_START_EVENT ||
                   event.type == YAML_MAPPING_START_EVENT) {
            document->root = read_node(reader, &event, 0);
        }
        yaml_event_delete(&event);
    }
}

void yaml_read(struct document *document, struct diagnostics *diagnostics)
{
    struct reader reader = {.document = document, .diagnostics = diagnostics};

    CHECK(yaml_parser_initialize(&reader.parser) == 1);
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)document->source.data,
                                 document->source.bytes);
    read_stream(&reader);
    yaml_parser_delete(&reader.parser);
    map_release(&reader.anchors);
    if (reader.failed) {
        document->root = NULL;
    }
}
