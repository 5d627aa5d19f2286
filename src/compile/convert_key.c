/* Correlation: where the business key sits. */
#include "compile/checker.h"

static struct json *named(const char *name, struct json *value)
{
    struct json *object;

    if (value == NULL) {
        return NULL;
    }
    object = json_object();
    json_put(object, text_of(name), value);
    return object;
}

static struct json *convert_place(struct checker *checker, const struct node *node)
{
    static const struct field header = {.key = "header", .shape = SHAPE_HEADER_NAME};
    const struct pair *pair = &node->pairs[0];

    if (node->count != 1) {
        return expected(checker, node, "one of header, record and path");
    }
    if (!node_is_scalar(pair->key)) {
        return expected(checker, pair->key, "a key");
    }
    if (text_is(pair->key->text, "header")) {
        return named("header", convert_name(checker, &header, pair->value));
    }
    if (text_is(pair->key->text, "path")) {
        return named("path", convert_expr(checker, NULL, pair->value));
    }
    if (text_is(pair->key->text, "record")) {
        return named("record", pair->value->kind == NODE_BOOL && pair->value->truth
                                   ? json_bool(true)
                                   : convert_expr(checker, NULL, pair->value));
    }
    report_unknown_key_in(checker, OBJECT_LOCATOR, "key", pair->key);
    return NULL;
}

struct json *convert_correlation(struct checker *checker, const struct field *field,
                                 const struct node *node)
{
    struct json *parts;

    if (node->kind == NODE_MAP) {
        return convert_place(checker, node);
    }
    if (node->kind != NODE_LIST) {
        return named("path", convert_expr(checker, field, node));
    }
    if (node->count == 0) {
        return expected(checker, node, "the parts of the key");
    }
    parts = json_array();
    for (uint32_t i = 0; i < node->count; i++) {
        const struct node *item = node->items[i];
        struct json *part = item->kind == NODE_LIST
                                ? expected(checker, item, "a part that is not a list itself")
                                : convert_correlation(checker, field, item);

        if (part != NULL) {
            json_push(parts, part);
        }
    }
    return named("parts", parts);
}

/* {message, instance} */
static struct json *convert_identity(struct checker *checker, const struct field *field,
                                     const struct node *node)
{
    enum context around = checker->context;
    const struct pair *message = node_pair(node, "message");
    const struct pair *instance = node_pair(node, "instance");
    struct json *key;
    struct json *value;

    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];

        if (pair != message && pair != instance && !pair->repeated) {
            return expected(checker, pair->key, "message and instance alone");
        }
    }
    if (message == NULL || instance == NULL) {
        diagnostics_error(checker->diagnostics, "F102", node_place(node),
                          "missing required '%s' in the key of a listen",
                          message == NULL ? "message" : "instance");
        return NULL;
    }
    checker->context = CONTEXT_KEY;
    key = convert_correlation(checker, field, message->value);
    checker->context = around;
    value = convert_expr(checker, NULL, instance->value);
    if (key == NULL || value == NULL) {
        json_free(key);
        json_free(value);
        return NULL;
    }
    key = named("message", key);
    json_put(key, TEXT("instance"), value);
    return key;
}

struct json *convert_listen_key(struct checker *checker, const struct field *field,
                                const struct node *node)
{
    enum context around = checker->context;
    struct json *key;

    if (node->kind == NODE_MAP &&
        (node_pair(node, "message") != NULL || node_pair(node, "instance") != NULL)) {
        return convert_identity(checker, field, node);
    }
    checker->context = CONTEXT_KEY;
    key = convert_correlation(checker, field, node);
    checker->context = around;
    return key;
}
