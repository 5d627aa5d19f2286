/*
 * value - what the files of this folder share: how a value lies in memory.
 *
 * Every value begins with struct json, the node. Three places:
 *
 * - HEAP: memory of its own, freed with the last holder.
 * - SLAB: one of all values of a parsed text. They lie side by side in a slab, which counts the
 *   holders of any of them and is freed as one: to parse a message and to forget it takes one piece
 *   of memory. Never changed, and holds nothing outside of its slab.
 * - CONSTANT: null, the booleans and small integers; not counted.
 *
 * An integer of 64 bits is a sign and a magnitude; every other number keeps its text and has a
 * double beside it.
 */
#ifndef BATON_JSON_VALUE_H
#define BATON_JSON_VALUE_H

#include "json/json.h"

/* More zeros than this after a decimal point are not made out of an exponent. */
#define CANONICAL_ZEROS_MAX 40
#define INTEGER_DIGITS_MAX 20
#define DECIMAL_TEXT_BYTES 32
/* Of an exponent; so sums of exponents and digit counts stay small. */
#define EXPONENT_DIGITS_MAX 9
#define EXPONENT_MAX INT64_C(999999999)

enum place { PLACE_HEAP, PLACE_SLAB, PLACE_CONSTANT };

struct json {
    uint32_t holders; /* SLAB: how far behind the chunk's start it lies, in NODE_UNITs. */
    uint8_t kind;     /* enum json_kind */
    uint8_t place;    /* enum place */
    bool is_decimal;  /* NUMBER: a struct decimal_node, not an integer_node. */
    bool flag;        /* BOOL: true. Integer: negative. */
};

#define NODE_UNIT 8U

struct text_node {
    struct json head;
    uint32_t bytes;
    char data[]; /* A NUL after it. */
};

struct integer_node {
    struct json head;
    uint64_t magnitude;
};

struct decimal_node {
    struct json head;
    double value;
    uint32_t bytes;
    char data[]; /* As it was written. */
};

struct array_node {
    struct json head;
    uint32_t count;
    uint32_t capacity;
    struct json **items;
};

struct member {
    struct json *key; /* A text. */
    struct json *value;
    uint32_t bytes;  /* Of the key, */
    uint32_t prefix; /* and its first bytes: most other keys are told apart by these alone. */
};

struct object_node {
    struct json head;
    uint32_t count;
    uint32_t capacity;
    struct member *members; /* In their order. */
    uint32_t *index;        /* By hash: number of the member, from 1. NULL while it is small. */
    uint32_t index_size;    /* A power of two, more than twice `capacity`. */
};

static inline const struct text_node *text_node(const struct json *value)
{
    return (const struct text_node *)value;
}

static inline struct text value_text(const struct json *value)
{
    return (struct text){text_node(value)->data, text_node(value)->bytes};
}

static inline const struct array_node *array_node(const struct json *value)
{
    return (const struct array_node *)value;
}

static inline const struct object_node *object_node(const struct json *value)
{
    return (const struct object_node *)value;
}

static inline bool is_kind(const struct json *value, enum json_kind kind)
{
    return value != NULL && value->kind == kind;
}

/* json_slab.c: memory. */

struct slab;

/* For the values of a text of so many bytes; NULL: it is so long that each had better be freed for
 * itself, or a small part that is kept would keep all of it. */
struct slab *slab_new(size_t text_bytes);
/* The parsed value is complete (or, NULL, there is none): the slab lives as long as it is held. */
void slab_close(struct slab *slab, const struct json *value);

/* Length of the text that a value in a slab was parsed from. Written compactly no part is longer. */
size_t slab_text_bytes(const struct json *value);

/* Below, in the slab or on the heap if that is NULL. */

/* `bytes` for a node, which is begun. */
void *value_new(struct slab *slab, enum json_kind kind, size_t bytes);
/* `bytes` of memory that become more; what was there stays the same. */
void *value_grow(struct slab *slab, void *memory, size_t bytes, size_t bytes_more);

struct json *value_text_new(struct slab *slab, struct text text); /* Valid UTF-8. */
struct json *value_integer_new(struct slab *slab, bool negative, uint64_t magnitude);
struct json *value_decimal_new(struct slab *slab, struct text text, double value);

/* json_object.c: containers. */

struct json *value_array_new(struct slab *slab);
struct json *value_object_new(struct slab *slab);
/* To the end of the array `value`; takes `item` over. */
void value_push(struct slab *slab, struct json *value, struct json *item);
/* Put a member that is not there yet into the object `value`; takes both over. */
void value_add(struct slab *slab, struct json *value, struct json *key, struct json *item);
/* Of the object `value`; NULL: no such member. */
struct member *value_find(const struct json *value, struct text key);
void value_drop(struct json *value, struct member *member);
/* Room for so many before the first is added; on the heap. */
void value_reserve(struct json *container, size_t count);

/* An integer of 64 bits, signed or unsigned. */
struct integer {
    bool negative;
    uint64_t magnitude;
};

static inline struct integer number_integer(const struct json *number)
{
    return (struct integer){number->flag, ((const struct integer_node *)number)->magnitude};
}

static inline struct text decimal_text(const struct json *number)
{
    const struct decimal_node *node = (const struct decimal_node *)number;

    return (struct text){node->data, node->bytes};
}

/* Decimal digits into `room`; the text is borrowed from there. */
struct text integer_text(struct integer integer, char room[INTEGER_TEXT_BYTES]);
/* The number as it was written; `room` holds it if it is an integer. */
struct text number_text(const struct json *number, char room[INTEGER_TEXT_BYTES]);
/* A decimal with this text, which must be a JSON number. */
struct json *decimal_new(struct slab *slab, struct text text);
/* The number as an integer of 64 bits, if it is one, however it is written. */
bool decimal_integer(struct text number, struct integer *integer);
/* Whether the exponent of the canonical form is at most EXPONENT_MAX. */
bool decimal_is_bounded(struct text number);
/* Canonical form; see json_scalar_text(). An integer beyond 64 bits gets an exponent, because
 * without one json_parse() would refuse it. */
void decimal_canonical(struct text number, struct buffer *out);
int decimal_compare(struct text a, struct text b);

void number_canonical(const struct json *number, struct buffer *out);
int number_compare(const struct json *a, const struct json *b);

/* Equal, and numbers written alike. */
bool json_same(const struct json *a, const struct json *b);

/* An object's entry, for sorting. */
struct entry {
    const char *key;
    const struct json *value;
};
/* The members sorted by key, in `room` if they are at most `room_count`, else on the heap: free()
 * what is given if it is not `room`. */
struct entry *members_sorted(const struct json *object, struct entry *room, size_t room_count);

#endif
