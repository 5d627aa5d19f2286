/* Whether a template can give a value that fits a schema: finding F411. */
#include "codec/avro_parts.h"

#define FUEL 100000

struct checking {
    int64_t fuel;
    struct error *err;
};

static enum status check(struct checking *checking, const struct avro_node *node,
                         const struct json *template);

/* What a text of a template gives. "$${" is a plain "${". */
enum piece { PIECE_PLAIN, PIECE_EMBEDDED, PIECE_WHOLE };

static enum piece piece_of(struct text text)
{
    enum piece found = PIECE_PLAIN;

    for (size_t i = 0; i + 1 < text.bytes; i++) {
        if (text.data[i] == '$' && text.data[i + 1] == '$') {
            i++;
        } else if (text.data[i] == '$' && text.data[i + 1] == '{') {
            bool is_whole = i == 0 && text.data[text.bytes - 1] == '}';

            /* "${ a } and ${ b }" begins and ends alike: it counts as unknown, which refuses less. */
            found = is_whole ? PIECE_WHOLE : PIECE_EMBEDDED;
            break;
        }
    }
    return found;
}

static bool takes_text(const struct avro_node *node)
{
    switch (node->type) {
    case AVRO_STRING:
    case AVRO_ENUM:
    case AVRO_BYTES:
    case AVRO_FIXED:
    case AVRO_FLOAT: /* "NaN" */
    case AVRO_DOUBLE:
        return true;
    case AVRO_INT:
    case AVRO_LONG:
        return node->logical != LOGICAL_NONE;
    case AVRO_NULL:
    case AVRO_BOOLEAN:
    case AVRO_RECORD:
    case AVRO_ARRAY:
    case AVRO_MAP:
    case AVRO_UNION:
        break;
    }
    return false;
}

static enum status check_record(struct checking *checking, const struct avro_node *node,
                                const struct json *template)
{
    struct json_cursor cursor = {0};
    const struct json *item;
    struct text name;

    while (json_next(template, &cursor, &name, &item)) {
        const struct avro_field *field = map_get(&node->by_name, name);
        enum status status;

        if (field == NULL) {
            return fail(checking->err, STATUS_REJECT, "the record '%.*s' has no field '%.*s'",
                        TEXT_ARG(node->name), TEXT_ARG(text_sub(name, 0, 100)));
        }
        status = check(checking, field->type, item);
        if (status != STATUS_OK) {
            return fail_in(checking->err, status, "field '%.*s'", TEXT_ARG(name));
        }
    }
    for (uint32_t i = 0; i < node->count; i++) {
        const struct avro_field *field = &node->fields[i];

        if (json_get(template, field->name) == NULL && field->fallback.data == NULL &&
            avro_null_branch(field->type) == UINT32_MAX && field->type->type != AVRO_NULL) {
            return fail(checking->err, STATUS_REJECT, "the required field '%.*s' is missing",
                        TEXT_ARG(field->name));
        }
    }
    return STATUS_OK;
}

static enum status check_items(struct checking *checking, const struct avro_node *node,
                               const struct json *template)
{
    struct json_cursor cursor = {0};
    const struct json *item;
    struct text name;
    enum status status = STATUS_OK;

    for (size_t i = 0; node->type == AVRO_ARRAY && i < json_count(template); i++) {
        status = check(checking, node->branches[0], json_at(template, i));
        if (status != STATUS_OK) {
            return fail_in(checking->err, status, "item %zu", i);
        }
    }
    while (node->type == AVRO_MAP && json_next(template, &cursor, &name, &item)) {
        status = check(checking, node->branches[0], item);
        if (status != STATUS_OK) {
            return fail_in(checking->err, status, "key '%.*s'", TEXT_ARG(text_sub(name, 0, 100)));
        }
    }
    return status;
}

static enum status check_union(struct checking *checking, const struct avro_node *node,
                               const struct json *template)
{
    uint32_t tried = 0;
    enum status status = STATUS_REJECT;

    for (uint32_t i = 0; i < node->count && status != STATUS_OK && checking->fuel > 0; i++) {
        if ((node->branches[i]->type == AVRO_NULL) == (json_kind(template) == JSON_NULL)) {
            status = check(checking, node->branches[i], template);
            tried++;
        }
    }
    return status == STATUS_OK || tried == 1
               ? status
               : fail(checking->err, STATUS_REJECT, "it fits no branch of the union");
}

static enum status check_scalar(const struct avro_node *node, const struct json *template,
                                struct error *err)
{
    struct buffer unused = {0};
    enum status status = avro_encode_scalar(node, template, false, &unused, err);

    buffer_release(&unused);
    return status;
}

static enum status check(struct checking *checking, const struct avro_node *node,
                         const struct json *template)
{
    enum json_kind kind = json_kind(template);
    enum piece piece = kind == JSON_TEXT ? piece_of(json_text_of(template)) : PIECE_PLAIN;
    char room[AVRO_NAME_BYTES];

    if (--checking->fuel <= 0 || piece == PIECE_WHOLE) {
        return STATUS_OK;
    }
    if (node->type == AVRO_UNION) {
        return check_union(checking, node, template);
    }
    if (piece == PIECE_EMBEDDED) {
        return takes_text(node) ? STATUS_OK
                                : fail(checking->err, STATUS_REJECT, "expected %s, found a text",
                                       avro_describe(node, room));
    }
    if (node->type == AVRO_RECORD && kind == JSON_OBJECT) {
        return check_record(checking, node, template);
    }
    if ((node->type == AVRO_MAP && kind == JSON_OBJECT) ||
        (node->type == AVRO_ARRAY && kind == JSON_ARRAY)) {
        return check_items(checking, node, template);
    }
    return check_scalar(node, template, checking->err);
}

enum status avro_check_template(const struct avro_schema *schema, const struct json *template,
                                struct error *err)
{
    struct checking checking = {FUEL, err};

    return check(&checking, schema->root, template);
}
