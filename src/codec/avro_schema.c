/* A schema's JSON to nodes. */
#include <stdlib.h>
#include <string.h>

#include "codec/avro_parts.h"

#define SCHEMA_BYTES_MAX (1024 * 1024)
#define SCHEMA_JSON_DEPTH_MAX 256
#define SCHEMA_DEPTH_MAX 100 /* Types within one another, as written. */
#define SCHEMA_NODES_MAX 20000
#define FIXED_BYTES_MAX (1024 * 1024)

struct pending {
    struct avro_field *field;
    const struct json *fallback; /* Borrowed from a text that is being read. */
};

struct reading {
    struct avro_schema *schema;
    struct json **documents;
    struct pending *pendings;
    uint32_t pending_count;
    uint32_t pending_capacity;
    uint32_t nodes;
    uint32_t depth;
    struct error *err;
};

static const struct avro_node *read_node(struct reading *reading, const struct json *json,
                                         struct text space);

static const struct avro_node *refuse(struct reading *reading, const char *what, struct text name)
{
    (void)fail(reading->err, STATUS_REJECT, "%s '%.*s'", what, TEXT_ARG(text_sub(name, 0, 200)));
    return NULL;
}

static struct avro_node *new_node(struct reading *reading, enum avro_type type)
{
    struct avro_node *node = arena_alloc(&reading->schema->arena, sizeof *node);

    node->type = type;
    return node;
}

/* A name with a dot is a full one; any other is of the namespace around it. */
static struct text full_name(struct reading *reading, struct text name, struct text space)
{
    const struct text parts[] = {space, TEXT("."), name};

    if (space.bytes == 0 || text_find(name, '.') != SIZE_MAX) {
        return arena_text(&reading->schema->arena, name);
    }
    return arena_join(&reading->schema->arena, parts, 3);
}

static const struct avro_node *find_named(struct reading *reading, struct text name,
                                          struct text space)
{
    const struct map *names = &reading->schema->names;
    const struct avro_node *found = map_get(names, full_name(reading, name, space));

    found = found == NULL ? map_get(names, name) : found;
    return found != NULL ? found : refuse(reading, "it names the unknown type", name);
}

/* Enter a named type before its parts are read: they may refer to it. Gives its namespace. */
static bool enter_name(struct reading *reading, const struct json *json, struct text space,
                       struct avro_node *node, struct text *own_space)
{
    struct text name = json_member_text(json, "name");
    struct text given = json_member_text(json, "namespace");
    size_t dot = text_find_last(name, '.');

    if (name.bytes == 0) {
        (void)refuse(reading, "a type has no name, of type", text_of(avro_type_name(node->type)));
        return false;
    }
    *own_space = json_member(json, "namespace") != NULL ? given : space;
    node->name = full_name(reading, name, *own_space);
    if (dot != SIZE_MAX) {
        *own_space = text_sub(node->name, 0, dot);
    }
    if (map_get(&reading->schema->names, node->name) != NULL) {
        (void)refuse(reading, "it defines twice the type", node->name);
        return false;
    }
    (void)map_put(&reading->schema->names, node->name, node);
    return true;
}

static void add_pending(struct reading *reading, struct avro_field *field,
                        const struct json *fallback)
{
    if (reading->pending_count == reading->pending_capacity) {
        reading->pending_capacity = reading->pending_capacity * 2 + 16;
        reading->pendings = realloc(reading->pendings,
                                    reading->pending_capacity * sizeof *reading->pendings);
        CHECK(reading->pendings != NULL);
    }
    reading->pendings[reading->pending_count++] = (struct pending){field, fallback};
}

static void keep_record(struct avro_schema *schema, struct avro_node *node)
{
    if (schema->record_count == schema->record_capacity) {
        schema->record_capacity = schema->record_capacity * 2 + 8;
        schema->records = realloc(schema->records,
                                  schema->record_capacity * sizeof(struct avro_node *));
        CHECK(schema->records != NULL);
    }
    schema->records[schema->record_count++] = node;
}

static const struct avro_node *read_record(struct reading *reading, const struct json *json,
                                           struct text space)
{
    struct avro_node *node = new_node(reading, AVRO_RECORD);
    const struct json *fields = json_member(json, "fields");

    if (!enter_name(reading, json, space, node, &space)) {
        return NULL;
    }
    if (fields == NULL || json_kind(fields) != JSON_ARRAY) {
        return refuse(reading, "no list of fields in the record", node->name);
    }
    node->fields = arena_array(&reading->schema->arena, json_count(fields), sizeof *node->fields);
    keep_record(reading->schema, node);
    for (size_t i = 0; i < json_count(fields); i++) {
        const struct json *item = json_at(fields, i);
        const struct json *fallback = json_member(item, "default");
        struct avro_field *field = &node->fields[node->count];

        field->name = arena_text(&reading->schema->arena, json_member_text(item, "name"));
        if (field->name.bytes == 0 || json_member(item, "type") == NULL) {
            return refuse(reading, "a field without name or type in the record", node->name);
        }
        field->type = read_node(reading, json_member(item, "type"), space);
        if (field->type == NULL) {
            (void)fail_in(reading->err, STATUS_REJECT, "field '%.*s'", TEXT_ARG(field->name));
            return NULL;
        }
        if (map_put(&node->by_name, field->name, field) != NULL) {
            return refuse(reading, "a record has twice the field", field->name);
        }
        if (fallback != NULL) {
            add_pending(reading, field, fallback);
        }
        node->count++;
    }
    return node;
}

static const struct avro_node *read_enum(struct reading *reading, const struct json *json,
                                         struct text space)
{
    struct avro_node *node = new_node(reading, AVRO_ENUM);
    const struct json *symbols = json_member(json, "symbols");

    if (!enter_name(reading, json, space, node, &space)) {
        return NULL;
    }
    if (symbols == NULL || json_kind(symbols) != JSON_ARRAY) {
        return refuse(reading, "no list of symbols in the enum", node->name);
    }
    node->symbols = arena_array(&reading->schema->arena, json_count(symbols),
                                sizeof *node->symbols);
    for (size_t i = 0; i < json_count(symbols); i++) {
        node->symbols[node->count++] = arena_text(&reading->schema->arena,
                                                  json_text_of(json_at(symbols, i)));
    }
    return node;
}

static const struct avro_node *read_fixed(struct reading *reading, const struct json *json,
                                          struct text space)
{
    struct avro_node *node = new_node(reading, AVRO_FIXED);
    int64_t size = json_member_int(json, "size", -1);

    if (!enter_name(reading, json, space, node, &space)) {
        return NULL;
    }
    if (size < 0 || size > FIXED_BYTES_MAX) {
        return refuse(reading, "no size that can be used in the fixed", node->name);
    }
    node->fixed_bytes = (uint32_t)size;
    return node;
}

static const struct avro_node *read_items(struct reading *reading, const struct json *json,
                                          struct text space, enum avro_type type)
{
    struct avro_node *node = new_node(reading, type);
    const char *word = type == AVRO_ARRAY ? "items" : "values";

    if (json_member(json, word) == NULL) {
        return refuse(reading, "an array or map without", text_of(word));
    }
    node->branches = arena_array(&reading->schema->arena, 1, sizeof(struct avro_node *));
    node->branches[0] = read_node(reading, json_member(json, word), space);
    node->count = 1;
    return node->branches[0] == NULL ? NULL : node;
}

static const struct avro_node *read_union(struct reading *reading, const struct json *json,
                                          struct text space)
{
    struct avro_node *node = new_node(reading, AVRO_UNION);

    node->branches = arena_array(&reading->schema->arena, json_count(json),
                                 sizeof(struct avro_node *));
    for (size_t i = 0; i < json_count(json); i++) {
        node->branches[i] = read_node(reading, json_at(json, i), space);
        if (node->branches[i] == NULL) {
            return NULL;
        }
        if (node->branches[i]->type == AVRO_UNION) {
            return refuse(reading, "a union within a", TEXT("union"));
        }
        node->count++;
    }
    return node->count > 0 ? node : refuse(reading, "no branches in a", TEXT("union"));
}

static const struct avro_node *read_object(struct reading *reading, const struct json *json,
                                           struct text space)
{
    const struct json *type = json_member(json, "type");
    struct text word = json_text_of(type);
    const struct avro_node *made = NULL;
    struct avro_node *node;
    enum avro_type plain;

    if (text_is(word, "record") || text_is(word, "error")) {
        return read_record(reading, json, space);
    }
    if (text_is(word, "enum")) {
        return read_enum(reading, json, space);
    }
    if (text_is(word, "array") || text_is(word, "map")) {
        return read_items(reading, json, space, text_is(word, "map") ? AVRO_MAP : AVRO_ARRAY);
    }
    if (text_is(word, "fixed")) {
        made = read_fixed(reading, json, space);
    } else if (type != NULL && avro_primitive(word, &plain)) {
        made = new_node(reading, plain);
    } else if (type != NULL) {
        return read_node(reading, type, space); /* {"type": {...}}, or a name. */
    } else {
        return refuse(reading, "there is an object without", TEXT("type"));
    }
    if (made == NULL) {
        return NULL;
    }
    node = arena_alloc(&reading->schema->arena, sizeof *node);
    *node = *made;
    avro_set_logical(json, node);
    if (node->name.bytes > 0) {
        (void)map_put(&reading->schema->names, node->name, node);
    }
    return node;
}

static const struct avro_node *read_node(struct reading *reading, const struct json *json,
                                         struct text space)
{
    const struct avro_node *node = NULL;
    enum avro_type plain;

    if (++reading->nodes > SCHEMA_NODES_MAX || ++reading->depth > SCHEMA_DEPTH_MAX) {
        return refuse(reading, "it is larger or deeper than what is", TEXT("supported"));
    }
    switch (json_kind(json)) {
    case JSON_TEXT:
        node = avro_primitive(json_text_of(json), &plain)
                   ? new_node(reading, plain)
                   : find_named(reading, json_text_of(json), space);
        break;
    case JSON_OBJECT:
        node = read_object(reading, json, space);
        break;
    case JSON_ARRAY:
        node = read_union(reading, json, space);
        break;
    case JSON_NULL:
    case JSON_BOOL:
    case JSON_NUMBER:
        node = refuse(reading, "a type is neither text, object nor", TEXT("list"));
        break;
    }
    reading->depth--;
    return node;
}

/* Once all types are known. A default that does not fit its field is as good as none. */
static void encode_defaults(struct reading *reading)
{
    struct buffer bytes = {0};

    for (uint32_t i = 0; i < reading->pending_count; i++) {
        struct pending *pending = &reading->pendings[i];

        buffer_clear(&bytes);
        if (avro_encode_node(pending->field->type, pending->fallback, true, &bytes, NULL) ==
            STATUS_OK) {
            pending->field->fallback = arena_text(&reading->schema->arena, buffer_text(&bytes));
        }
    }
    buffer_release(&bytes);
}

enum status avro_schema_parse(const struct text *texts, uint32_t count, struct avro_schema **schema,
                              struct error *err)
{
    struct avro_schema *made = calloc(1, sizeof *made);
    struct reading reading = {.schema = made, .err = err};
    enum status status = STATUS_OK;

    CHECK(made != NULL && count > 0);
    *schema = NULL;
    reading.documents = calloc(count, sizeof(struct json *));
    CHECK(reading.documents != NULL);
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        if (texts[i].bytes > SCHEMA_BYTES_MAX) {
            status = fail(err, STATUS_REJECT, "it has more than %d bytes", SCHEMA_BYTES_MAX);
            break;
        }
        status = json_parse_within(texts[i], SCHEMA_JSON_DEPTH_MAX, &reading.documents[i], err);
        if (status == STATUS_OK) {
            made->root = read_node(&reading, reading.documents[i], TEXT(""));
            status = made->root == NULL ? STATUS_REJECT : STATUS_OK;
        }
    }
    if (status == STATUS_OK) {
        encode_defaults(&reading);
        *schema = made;
    } else {
        avro_schema_free(made);
    }
    for (uint32_t i = 0; i < count; i++) {
        json_free(reading.documents[i]);
    }
    free(reading.documents);
    free(reading.pendings);
    return status == STATUS_OK ? STATUS_OK : fail_in(err, status, "not an Avro schema");
}

void avro_schema_free(struct avro_schema *schema)
{
    if (schema == NULL) {
        return;
    }
    for (uint32_t i = 0; i < schema->record_count; i++) {
        map_release(&schema->records[i]->by_name);
    }
    free(schema->records);
    map_release(&schema->names);
    arena_release(&schema->arena);
    free(schema);
}
