/* What people read about objects and fields: names, values in words, defaults, examples. */
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "compile/document.h"
#include "compile/schema.h"
#include "compile/schema_about.h"
#include "compile/schema_shapes.h"

const char *schema_name(enum object object)
{
    return abouts[object].name != NULL ? abouts[object].name : fields_of(object)->name;
}

const char *schema_text(enum object object)
{
    return abouts[object].text;
}

const char *schema_fragment(enum object object)
{
    return abouts[object].fragment;
}

/* A value of YAML, as one would write it in a flow file. */
static struct json *from_yaml(const char *yaml)
{
    struct diagnostics diagnostics = {0};
    struct document *document = NULL;
    const struct node *problem = NULL;
    struct buffer text = {0};
    struct json *value;

    buffer_addf(&text, "value: %s\n", yaml);
    CHECK(document_parse(TEXT("example"), buffer_text(&text), &diagnostics, &document) ==
          STATUS_OK);
    value = node_json(node_get(document->root, "value"), &problem);
    document_free(document);
    diagnostics_release(&diagnostics);
    buffer_release(&text);
    return value;
}

struct json *schema_default(const struct field *field)
{
    struct json *value = field->fallback == NULL ? NULL : schema_parsed(field->fallback);
    char text[TIME_TEXT_BYTES + 1];
    int64_t number;

    if (value == NULL || !json_int64(value, &number)) {
        return value;
    }
    if (field->shape == SHAPE_DURATION || field->shape == SHAPE_SPAN) {
        duration_format(number, text);
    } else if (field->shape == SHAPE_PERCENT) {
        snprintf(text, sizeof(text), "%lld%%", (long long)number);
    } else {
        return value;
    }
    json_free(value);
    return json_string(text);
}

static struct json *one_choice(const struct field *field)
{
    struct json *words = schema_words(field->values);
    struct json *last = json_copy(json_at(words, json_count(words) - 1));

    json_free(words);
    return last;
}

struct json *schema_example(enum object object, const struct field *field)
{
    const char *yaml = shapes[field->shape].example;

    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        if ((examples[i].object == object || examples[i].object == OBJECT_COUNT) &&
            text_is(text_of(field->key), examples[i].key)) {
            return from_yaml(examples[i].yaml);
        }
    }
    if (field->shape == SHAPE_CHOICE) {
        return one_choice(field);
    }
    if (field->shape == SHAPE_INTEGER) {
        return json_integer(field->least > 1 ? field->least : field->most < 3 ? field->most : 3);
    }
    return yaml == NULL ? NULL : from_yaml(yaml);
}

static void add_words(const char *words, struct buffer *out)
{
    struct json *list = schema_words(words);

    json_write(list, out);
    json_free(list);
}

/* A topic may be given as its name alone. */
static void add_item(const struct field *field, struct buffer *out)
{
    const char *name = schema_name(field->object);

    if (field->object == OBJECT_TOPIC) {
        buffer_addf(out, IF("object", REF("%s"), "%s"), name, shapes[SHAPE_TOPIC_NAME].schema);
    } else {
        buffer_addf(out, REF("%s"), name);
    }
}

/* What an @word of the table stands for, in the schema. */
static void add_for_schema(const struct field *field, struct text word, struct buffer *out)
{
    if (text_is(word, "object")) {
        buffer_addf(out, "%s", schema_name(field->object));
    } else if (text_is(word, "least") || text_is(word, "most")) {
        buffer_addf(out, "%lld", (long long)(text_is(word, "least") ? field->least : field->most));
    } else if (text_is(word, "values")) {
        add_words(field->values, out);
    } else if (text_is(word, "headers")) {
        add_words(FIELDS_HEADERS, out);
    } else {
        CHECK(text_is(word, "item"));
        add_item(field, out);
    }
}

static void add_choices(const struct field *field, struct buffer *out)
{
    struct json *words = schema_words(field->values);

    for (size_t i = 0; i < json_count(words); i++) {
        buffer_addf(out, "%s`%.*s`", i == 0 ? "" : ", ", TEXT_ARG(json_text_of(json_at(words, i))));
    }
    json_free(words);
}

/* The same for people. */
static void add_for_people(const struct field *field, struct text word, struct buffer *out)
{
    if (text_is(word, "object")) {
        buffer_addf(out, "[%s](#%s)", schema_name(field->object), schema_name(field->object));
    } else if (text_is(word, "values")) {
        add_choices(field, out);
    } else {
        add_for_schema(field, word, out);
    }
}

static void fill(const char *text, const struct field *field,
                 void (*add)(const struct field *field, struct text word, struct buffer *out),
                 struct buffer *out)
{
    while (*text != '\0') {
        size_t plain = strcspn(text, "@");
        size_t bytes = text[plain] == '@' ? strspn(text + plain + 1, "abcdefghijklmnopqrstuvwxyz")
                                          : 0;

        buffer_add(out, text, plain);
        text += plain;
        if (*text == '@') {
            add(field, (struct text){text + 1, bytes}, out);
            text += bytes + 1;
        }
    }
}

struct json *schema_of_shape(const struct field *field)
{
    struct buffer text = {0};
    struct json *value;

    if (shapes[field->shape].schema == NULL) {
        return json_object(); /* Anything. */
    }
    fill(shapes[field->shape].schema, field, add_for_schema, &text);
    value = schema_parsed(buffer_string(&text));
    buffer_release(&text);
    if (field->shape == SHAPE_STEPS && (field->flags & FIELD_REQUIRED) != 0) {
        json_put_integer(value, "minItems", 1);
    }
    return value;
}

void schema_describe(const struct field *field, struct buffer *out)
{
    if (shapes[field->shape].words != NULL) {
        fill(shapes[field->shape].words, field, add_for_people, out);
    }
}

void schema_add_shapes(struct json *definitions)
{
    for (size_t i = 0; i < sizeof(shape_definitions) / sizeof(shape_definitions[0]); i++) {
        json_put(definitions, text_of(shape_definitions[i].name),
                 schema_parsed(shape_definitions[i].schema));
    }
}
