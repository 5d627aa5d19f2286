/*
 * avro_parts - a parsed schema, as the files of avro_*.c share it.
 */
#ifndef BATON_CODEC_AVRO_PARTS_H
#define BATON_CODEC_AVRO_PARTS_H

#include "base/arena.h"
#include "base/map.h"
#include "codec/avro.h"

enum avro_type {
    AVRO_NULL,
    AVRO_BOOLEAN,
    AVRO_INT,
    AVRO_LONG,
    AVRO_FLOAT,
    AVRO_DOUBLE,
    AVRO_BYTES,
    AVRO_STRING,
    AVRO_RECORD,
    AVRO_ENUM,
    AVRO_ARRAY,
    AVRO_MAP,
    AVRO_UNION,
    AVRO_FIXED,
};

/* What a type means beyond its bytes. Those that are not here are read as the type itself. */
enum avro_logical {
    LOGICAL_NONE,
    LOGICAL_DECIMAL,
    LOGICAL_DATE,
    LOGICAL_TIME_MS, /* An instant, in UTC. */
    LOGICAL_TIME_US,
    LOGICAL_LOCAL_MS, /* A time of day and date, of no zone. */
    LOGICAL_LOCAL_US,
};

struct avro_node;

struct avro_field {
    struct text name;
    const struct avro_node *type;
    struct text fallback; /* Its default, encoded; data NULL: none. */
};

struct avro_node {
    enum avro_type type;
    enum avro_logical logical;
    struct text name;     /* RECORD, ENUM, FIXED: the full name. */
    uint32_t fixed_bytes; /* FIXED. */
    uint32_t precision;   /* DECIMAL: digits, and how many of them are behind the point. */
    uint32_t scale;
    uint32_t count;                    /* Of fields, symbols, branches; 1 for ARRAY and MAP. */
    struct avro_field *fields;         /* RECORD. */
    struct text *symbols;              /* ENUM. */
    const struct avro_node **branches; /* UNION; of ARRAY and MAP the items. */
    struct map by_name;                /* RECORD: field by name. */
};

struct avro_schema {
    struct arena arena;
    const struct avro_node *root;
    struct map names;
    struct avro_node **records; /* Whose maps are to be released. */
    uint32_t record_count;
    uint32_t record_capacity;
};

const char *avro_type_name(enum avro_type type);
/* False: the word stands for no type by itself. */
bool avro_primitive(struct text word, enum avro_type *type);
/* By "logicalType" beside the type. One that does not go with the type is no error: whoever does not
 * know it reads the type alone. */
void avro_set_logical(const struct json *json, struct avro_node *node);

/* "a record 'shop.Order'", "a long", for messages; borrowed from `room` or constant. */
#define AVRO_NAME_BYTES 160
const char *avro_describe(const struct avro_node *node, char room[AVRO_NAME_BYTES]);

/* The branch of a union that is null; UINT32_MAX: none, or `node` is no union. */
uint32_t avro_null_branch(const struct avro_node *node);

/* avro_encode.c: as avro_encode(), for one node. Defaults of bytes and fixed are texts whose code
 * points are the bytes, and those of unions are of the first branch; `is_default` says so. */
MUST_CHECK enum status avro_encode_node(const struct avro_node *node, const struct json *value,
                                        bool is_default, struct buffer *out, struct error *err);
/* As avro_encode_node(), for a value that is no container. */
MUST_CHECK enum status avro_encode_scalar(const struct avro_node *node, const struct json *value,
                                          bool is_default, struct buffer *out, struct error *err);

/* avro_logical.c */

/* The JSON of a number that a logical type gives a meaning. */
struct json *avro_time_json(enum avro_logical logical, int64_t value);
/* The number of a text that is a date or a time. STATUS_REJECT: it is none. */
MUST_CHECK enum status avro_time_number(enum avro_logical logical, struct text text, int64_t *value,
                                        struct error *err);
/* The decimal in `bytes`, a number in two's complement with the highest byte first. REJECT: it is too
 * long to be read. */
MUST_CHECK enum status avro_decimal_json(const struct avro_node *node, struct text bytes,
                                         struct json **value, struct error *err);
/* The bytes of a decimal given as a number, or as the text of one: as few as hold it, or as many as
 * the fixed has. REJECT: it needs more digits than the type has. */
MUST_CHECK enum status avro_decimal_bytes(const struct avro_node *node, const struct json *value,
                                          struct buffer *out, struct error *err);

#endif
