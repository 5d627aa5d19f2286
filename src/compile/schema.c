#include "compile/schema.h"

#include <string.h>

struct json *schema_parsed(const char *text)
{
    struct json *parsed = NULL;
    struct json *open;

    CHECK(json_parse(text_of(text), &parsed, NULL) == STATUS_OK);
    if (json_kind(parsed) != JSON_OBJECT && json_kind(parsed) != JSON_ARRAY) {
        return parsed;
    }
    open = json_open_copy(parsed);
    json_free(parsed);
    return open;
}

struct json *schema_ref(const char *name)
{
    struct buffer path = {0};
    struct json *out = json_object();

    buffer_addf(&path, "#/definitions/%s", name);
    json_put_text(out, "$ref", buffer_text(&path));
    buffer_release(&path);
    return out;
}

struct json *schema_words(const char *words)
{
    size_t end = strlen(words);
    struct json *list = json_array();

    for (size_t at = 0; at < end;) {
        size_t bytes = strcspn(words + at, " ");

        if (bytes > 0) {
            json_push(list, json_text((struct text){words + at, bytes}));
        }
        at += bytes + 1;
    }
    return list;
}

struct json *schema_list(struct json *item)
{
    struct json *list = json_array();

    json_push(list, item);
    return list;
}

/* The value's schema with what people read about it. Beside a reference nothing else counts, so that
 * is wrapped. */
struct json *schema_property(enum object object, const struct field *field)
{
    struct json *shape = schema_of_shape(field);
    struct json *fallback = schema_default(field);
    struct json *example = schema_example(object, field);
    struct json *out = json_object();
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text key;

    json_put_string(out, "description", field->doc);
    if (json_member(shape, "$ref") != NULL) {
        json_put(out, TEXT("allOf"), schema_list(json_copy(shape)));
    }
    while (json_member(shape, "$ref") == NULL && json_next(shape, &cursor, &key, &value)) {
        json_put(out, key, json_copy(value));
    }
    if (fallback != NULL) {
        json_put(out, TEXT("default"), fallback);
    }
    if (example != NULL) {
        json_put(out, TEXT("examples"), schema_list(example));
    }
    json_free(shape);
    return out;
}

struct json *schema_object(void)
{
    return schema_parsed("{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}");
}

void schema_add_required(struct json *out, enum object object)
{
    const struct fields *fields = fields_of(object);
    struct json *keys = json_array();

    for (uint32_t i = 0; i < fields->count; i++) {
        if ((fields->items[i].flags & FIELD_REQUIRED) != 0) {
            json_push(keys, json_string(fields->items[i].key));
        }
    }
    if (json_count(keys) > 0) {
        json_put(out, TEXT("required"), keys);
    } else {
        json_free(keys);
    }
}

/* What several keys of an object have to do with each other; the checker says it in code. */
static void add_rules(struct json *out, enum object object)
{
    static const char needs_key[] =
        "[{\"if\":{\"properties\":{\"start\":{\"doNotSuggest\":true,\"anyOf\":["
        "{\"type\":\"object\",\"required\":[\"topic\"],\"not\":{\"required\":[\"batch\"]}},"
        "{\"type\":\"array\",\"contains\":{\"type\":\"object\",\"required\":[\"topic\"],"
        "\"not\":{\"required\":[\"batch\"]}}}]}}},\"then\":{\"required\":[\"key\"]}}]";
    static const char either[] =
        "{\"replies\":{\"anyOf\":[{\"required\":[\"success\"]},{\"required\":[\"failure\"]}]}}";

    if (object == OBJECT_FLOW) {
        json_put(out, TEXT("allOf"), schema_parsed(needs_key));
    } else if (object == OBJECT_SERVICE) {
        json_put(out, TEXT("dependencies"), schema_parsed(either));
    } else if (object == OBJECT_LOCATOR || object == OBJECT_ID) {
        json_put_integer(out, "minProperties", 1);
        json_put_integer(out, "maxProperties", 1);
    } else if (object == OBJECT_LISTEN || object == OBJECT_AWAITED) {
        json_put(out, TEXT("oneOf"),
                 schema_parsed(object == OBJECT_LISTEN
                                   ? "[{\"required\":[\"topic\"]},{\"required\":[\"signal\"]},"
                                     "{\"required\":[\"any\"]},{\"required\":[\"all\"]}]"
                                   : "[{\"required\":[\"topic\"]},{\"required\":[\"signal\"]}]"));
    } else if (object == OBJECT_REMIND) {
        json_put(out, TEXT("oneOf"),
                 schema_parsed("[{\"required\":[\"every\"]},{\"required\":[\"at\"]}]"));
    } else if (object == OBJECT_HANDLER) {
        json_put(out, TEXT("oneOf"),
                 schema_parsed("[{\"required\":[\"set\"]},{\"required\":[\"do\"]},"
                               "{\"required\":[\"raise\"]}]"));
    } else if (object == OBJECT_START) {
        json_put(out, TEXT("oneOf"),
                 schema_parsed("[{\"required\":[\"topic\"]},{\"required\":[\"manual\"]},"
                               "{\"required\":[\"cron\"]},{\"required\":[\"every\"]}]"));
    } else if (object == OBJECT_CASE) {
        json_put(out, TEXT("oneOf"),
                 schema_parsed("[{\"required\":[\"do\"]},{\"required\":[\"then\"]}]"));
    }
}

static struct json *plain_object(enum object object)
{
    const struct fields *fields = fields_of(object);
    struct json *properties = json_object();
    struct json *out = schema_object();

    for (uint32_t i = 0; i < fields->count; i++) {
        json_put(properties, text_of(fields->items[i].key),
                 schema_property(object, &fields->items[i]));
    }
    json_put(out, TEXT("properties"), properties);
    schema_add_required(out, object);
    add_rules(out, object);
    return out;
}

/* Marks what can be reached from `object`. Recursion ends because an object is entered once. */
static void mark(enum object object, bool *needed)
{
    const struct fields *fields = fields_of(object);

    if (needed[object]) {
        return;
    }
    needed[object] = true;
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->items[i];

        if (field->object != OBJECT_FLOW) {
            mark(field->object, needed);
        }
        if (field->shape == SHAPE_STEPS) {
            for (enum object action = OBJECT_STEP; action < OBJECT_ACTIONS_END; action++) {
                mark(action, needed);
            }
        }
        if (field->object == OBJECT_UNDO) {
            mark(OBJECT_UNDO_REQUEST, needed);
            mark(OBJECT_UNDO_BLOCK, needed);
        }
    }
}

static bool is_part_of_another(enum object object)
{
    return (object >= OBJECT_REQUEST && object < OBJECT_ACTIONS_END) ||
           object == OBJECT_UNDO_REQUEST || object == OBJECT_UNDO_BLOCK;
}

static struct json *definition(enum object object)
{
    if (object == OBJECT_STEP) {
        return schema_step();
    }
    return object == OBJECT_UNDO ? schema_undo() : plain_object(object);
}

struct json *schema(enum object root)
{
    bool needed[OBJECT_COUNT] = {false};
    struct json *definitions = json_object();
    struct json *object = plain_object(root);
    struct json *out = json_object();
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text key;

    mark(root, needed);
    json_put_string(out, "$schema", "http://json-schema.org/draft-07/schema#");
    json_put_string(out, "title", root == OBJECT_FLOW ? "A flow of baton" : "An estate of baton");
    while (json_next(object, &cursor, &key, &value)) {
        json_put(out, key, json_copy(value));
    }
    json_free(object);
    for (enum object i = 0; i < OBJECT_COUNT; i++) {
        if (!needed[i] || i == root || is_part_of_another(i)) {
            continue;
        }
        CHECK(json_member(definitions, schema_name(i)) == NULL);
        json_put(definitions, text_of(schema_name(i)), definition(i));
    }
    schema_add_shapes(definitions);
    json_put(out, TEXT("definitions"), definitions);
    return out;
}
