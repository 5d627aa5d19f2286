/*
 * avro_oracle - build avro-c values field by field, by name, from the published schemas. Tests only:
 * the codec's bytes are compared with what avro-c makes of the same record.
 */
#ifndef BATON_TESTS_AVRO_ORACLE_H
#define BATON_TESTS_AVRO_ORACLE_H

#include <avro.h>

#include "base/buffer.h"
#include "base/check.h"
#include "codec/schema.h"

/* A value of the schema `name` and its class; end it with oracle_end(). */
struct oracle {
    avro_schema_t schema;
    avro_value_iface_t *class;
    avro_value_t value;
};

static inline struct oracle oracle_begin(const char *name)
{
    const struct schema *schema = schema_find(name);
    struct oracle record;

    CHECK(schema != NULL);
    CHECK(avro_schema_from_json_length(schema->json.data, schema->json.bytes, &record.schema) == 0);
    record.class = avro_generic_class_from_schema(record.schema);
    CHECK(record.class != NULL);
    CHECK(avro_generic_value_new(record.class, &record.value) == 0);
    return record;
}

static inline void oracle_end(struct oracle *record)
{
    avro_value_decref(&record->value);
    avro_value_iface_decref(record->class);
    avro_schema_decref(record->schema);
}

static inline avro_value_t oracle_member(avro_value_t *record, const char *name)
{
    avro_value_t member;

    CHECK(avro_value_get_by_name(record, name, &member, NULL) == 0);
    return member;
}

static inline avro_value_t oracle_item(avro_value_t *array)
{
    avro_value_t item;

    CHECK(avro_value_append(array, &item, NULL) == 0);
    return item;
}

/* avro-c counts the NUL of a string. */
static inline void oracle_set_text(avro_value_t value, struct text text)
{
    char *copy = text_dup(text);

    CHECK(avro_value_set_string_len(&value, copy, text.bytes + 1) == 0);
    free(copy);
}

static inline void oracle_text(avro_value_t *record, const char *name, struct text text)
{
    oracle_set_text(oracle_member(record, name), text);
}

static inline void oracle_long(avro_value_t *record, const char *name, int64_t number)
{
    avro_value_t member = oracle_member(record, name);

    CHECK(avro_value_set_long(&member, number) == 0);
}

static inline void oracle_int(avro_value_t *record, const char *name, int32_t number)
{
    avro_value_t member = oracle_member(record, name);

    CHECK(avro_value_set_int(&member, number) == 0);
}

/* The symbol is found by name in the schema, so a wrong order of symbols is seen. */
static inline void oracle_symbol(avro_value_t *record, const char *name, const char *symbol)
{
    avro_value_t member = oracle_member(record, name);
    int index = avro_schema_enum_get_by_name(avro_value_get_schema(&member), symbol);

    CHECK(index >= 0 && avro_value_set_enum(&member, index) == 0);
}

static inline void oracle_fixed(avro_value_t *record, const char *name, const void *data,
                                size_t bytes)
{
    avro_value_t member = oracle_member(record, name);

    CHECK(avro_value_set_fixed(&member, (void *)(uintptr_t)data, bytes) == 0);
}

/* A union of null and bytes, or of null and string. */
static inline void oracle_optional(avro_value_t *record, const char *name, struct text text)
{
    avro_value_t member = oracle_member(record, name);
    avro_value_t branch;

    CHECK(avro_value_set_branch(&member, text.data != NULL, &branch) == 0);
    if (text.data == NULL) {
        CHECK(avro_value_set_null(&branch) == 0);
    } else if (avro_value_get_type(&branch) == AVRO_STRING) {
        oracle_set_text(branch, text);
    } else {
        CHECK(avro_value_set_bytes(&branch, (void *)(uintptr_t)text.data, text.bytes) == 0);
    }
}

static inline void oracle_texts(avro_value_t *record, const char *name, const struct text *texts,
                                uint32_t count)
{
    avro_value_t array = oracle_member(record, name);

    for (uint32_t i = 0; i < count; i++) {
        oracle_set_text(oracle_item(&array), texts[i]);
    }
}

/* Append what avro-c writes of the value. */
static inline void oracle_write_to(avro_value_t *value, struct buffer *out)
{
    avro_writer_t writer;
    size_t bytes = 0;

    CHECK(avro_value_sizeof(value, &bytes) == 0);
    buffer_reserve(out, bytes + 1);
    writer = avro_writer_memory(out->data + out->bytes, (int64_t)bytes);
    CHECK(avro_value_write(writer, value) == 0);
    CHECK(avro_writer_tell(writer) == (int64_t)bytes);
    avro_writer_free(writer);
    out->bytes += bytes;
}

/* Read `bytes` into the value; true if avro-c took them all. */
static inline bool oracle_read_from(struct text bytes, avro_value_t *value)
{
    avro_reader_t reader = avro_reader_memory(bytes.data, (int64_t)bytes.bytes);
    bool taken = avro_value_read(reader, value) == 0;
    char more;

    taken = taken && avro_read(reader, &more, 1) != 0;
    avro_reader_free(reader);
    return taken;
}

#endif
