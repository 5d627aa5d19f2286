/* Nodes that a front end makes, in the place of what stands in the file. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "compile/grow.h"
#include "compile/ows.h"

struct made {
    struct node node; /* First, so that it is this. */
    uint32_t capacity;
};

static struct node *make(struct ows *ows, const struct node *at, enum node_kind kind)
{
    struct made *made = arena_alloc(&ows->checker->arena, sizeof(*made));

    made->node = (struct node){.kind = kind,
                               .style = STYLE_DOUBLE,
                               .made = true,
                               .line = at->line,
                               .column = at->column,
                               .end_line = at->end_line,
                               .end_column = at->end_column,
                               .document = at->document};
    return &made->node;
}

struct node *ows_map(struct ows *ows, const struct node *at)
{
    return make(ows, at, NODE_MAP);
}

struct node *ows_array(struct ows *ows, const struct node *at)
{
    return make(ows, at, NODE_LIST);
}

struct node *ows_text(struct ows *ows, const struct node *at, struct text text)
{
    struct node *node = make(ows, at, NODE_TEXT);

    node->text = text;
    return node;
}

struct node *ows_bool(struct ows *ows, const struct node *at, bool truth)
{
    struct node *node = make(ows, at, NODE_BOOL);

    node->truth = truth;
    node->text = truth ? TEXT("true") : TEXT("false");
    return node;
}

struct node *ows_number(struct ows *ows, const struct node *at, int64_t number)
{
    struct node *node = make(ows, at, NODE_NUMBER);

    node->text = ows_printf(ows, "%" PRId64, number);
    return node;
}

void ows_put_pair(struct ows *ows, struct node *map, const struct node *key,
                  const struct node *value)
{
    struct made *made = (struct made *)map;

    if (value == NULL) {
        return; /* What it was made from has a finding. */
    }
    map->pairs = grow(&ows->checker->arena, map->pairs, map->count, &made->capacity,
                      sizeof(*map->pairs));
    /* The tree is read only; it shares parts with that of the file. */
    map->pairs[map->count++] = (struct pair){.key = (struct node *)(uintptr_t)key,
                                             .value = (struct node *)(uintptr_t)value};
}

void ows_put(struct ows *ows, struct node *map, const char *key, const struct node *value)
{
    if (value != NULL) {
        ows_put_pair(ows, map, ows_text(ows, value, text_of(key)), value);
    }
}

void ows_push(struct ows *ows, struct node *list, const struct node *item)
{
    struct made *made = (struct made *)list;

    if (item != NULL) {
        list->items = grow(&ows->checker->arena, list->items, list->count, &made->capacity,
                           sizeof(struct node *));
        list->items[list->count++] = (struct node *)(uintptr_t)item;
    }
}

struct node *ows_embrace(struct ows *ows, const struct node *at, struct text source)
{
    struct text parts[] = {TEXT("${ "), source, TEXT(" }")};

    return ows_text(ows, at, arena_join(&ows->checker->arena, parts, 3));
}

struct text ows_printf(struct ows *ows, const char *format, ...)
{
    struct buffer text = {0};
    struct text kept;
    va_list arguments;
    va_list again;
    int bytes;

    va_start(arguments, format);
    va_copy(again, arguments);
    bytes = vsnprintf(NULL, 0, format, arguments);
    CHECK(bytes >= 0);
    buffer_reserve(&text, (size_t)bytes + 1);
    (void)vsnprintf(text.data, (size_t)bytes + 1, format, again);
    text.bytes = (size_t)bytes;
    va_end(again);
    va_end(arguments);
    kept = arena_text(&ows->checker->arena, buffer_text(&text));
    buffer_release(&text);
    return kept;
}

/* In a jq string `\(` begins an expression, which JSON's escapes never write. */
struct text ows_quote(struct ows *ows, struct text text)
{
    struct buffer out = {0};
    struct json *json = json_text(text);
    struct text kept;

    json_write(json, &out);
    kept = arena_text(&ows->checker->arena, buffer_text(&out));
    json_free(json);
    buffer_release(&out);
    return kept;
}
