/* Part of document: nodes as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/document.h"

/* The digits of a YAML number in the form that JSON wants: no plus, no leading zeros, digits on
 * both sides of the point. The value stays what was written. */
static void write_decimal(struct text text, struct buffer *out)
{
    size_t at = 0;

    if (text.data[0] == '-') {
        buffer_add_char(out, '-');
    }
    if (text.data[0] == '-' || text.data[0] == '+') {
        at++;
    }
    while (at + 1 < text.bytes && text.data[at] == '0' && text.data[at + 1] >= '0' &&
           text.data[at + 1] <= '9') {
        at++;
    }
    if (text.data[at] == '.') {
        buffer_add_char(out, '0');
    }
    for (; at < text.bytes; at++) {
        buffer_add_char(out, text.data[at]);
        if (text.data[at] == '.' &&
            (at + 1 == text.bytes || text.data[at + 1] < '0' || text.data[at + 1] > '9')) {
            buffer_add_char(out, '0');
        }
    }
}

static struct json *number_json(struct text text)
{
    struct buffer digits = {0};
    struct json *value = NULL;
    struct error err;

    if (text.bytes > 2 && (text_starts(text, TEXT("0x")) || text_starts(text, TEXT("0o")))) {
        char *end;
        unsigned long long based;

        if (text.bytes > (text.data[1] == 'x' ? 18u : 23u)) {
            return NULL;
        }
        based = strtoull(text.data + 2, &end, text.data[1] == 'x' ? 16 : 8);
        buffer_addf(&digits, "%llu", based);
    } else if (text_find(TEXT("0123456789"), text.data[text.bytes - 1]) != SIZE_MAX ||
               text.data[text.bytes - 1] == '.') {
        write_decimal(text, &digits);
    }
    if (json_parse(buffer_text(&digits), &value, &err) != STATUS_OK) {
        value = NULL; /* Beyond 64 bits, or one of .inf and .nan. */
    }
    buffer_release(&digits);
    return value;
}

static struct json *list_json(const struct node *node, const struct node **problem)
{
    struct json *list = json_array();

    for (uint32_t i = 0; i < node->count; i++) {
        struct json *item = node_json(node->items[i], problem);

        if (item == NULL) {
            json_free(list);
            return NULL;
        }
        json_push(list, item);
    }
    return list;
}

static struct json *map_json(const struct node *node, const struct node **problem)
{
    struct json *map = json_object();

    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        struct json *value;

        if (pair->repeated) {
            continue;
        }
        if (pair->key->kind == NODE_LIST || pair->key->kind == NODE_MAP ||
            memchr(pair->key->text.data, 0, pair->key->text.bytes) != NULL) {
            *problem = pair->key;
            json_free(map);
            return NULL;
        }
        value = node_json(pair->value, problem);
        if (value == NULL) {
            json_free(map);
            return NULL;
        }
        json_put(map, pair->key->text, value);
    }
    return map;
}

/* Recursion is bounded by YAML_DEPTH_MAX. */
struct json *node_json(const struct node *node, const struct node **problem)
{
    struct json *value = NULL;

    switch (node->kind) {
    case NODE_NULL:
        return json_null();
    case NODE_BOOL:
        return json_bool(node->truth);
    case NODE_TEXT:
        return json_text(node->text);
    case NODE_NUMBER:
        value = number_json(node->text);
        if (value == NULL) {
            *problem = node;
        }
        return value;
    case NODE_LIST:
        return list_json(node, problem);
    case NODE_MAP:
        return map_json(node, problem);
    }
    CHECK(!"unknown kind of node");
    return NULL;
}
