/*
 * value - what the files of this folder share: json-c's objects behind struct json.
 *
 * json-c has no object for JSON null; it is a NULL in its containers. Ours is the address of a
 * constant, which is never counted and never dereferenced; it becomes NULL on the way into json-c
 * and the constant again on the way out.
 *
 * A decimal is a json-c double that carries its text; an integer is a json-c int. Both are made in
 * json_number.c and json_lex.c only.
 */
#ifndef BATON_JSON_VALUE_H
#define BATON_JSON_VALUE_H

/* json-c has types of these names, we have functions: its types are renamed on the way in. */
#define json_object json_c_object
#define json_bool json_c_bool
#include <json-c/json_object.h>
#include <json-c/linkhash.h>
#undef json_object
#undef json_bool

#include "json/json.h"

extern const char json_null_place[1];

/* More zeros than this after a decimal point are not made out of an exponent. */
#define CANONICAL_ZEROS_MAX 40
#define INTEGER_DIGITS_MAX 20
#define INTEGER_TEXT_BYTES 24
#define DECIMAL_TEXT_BYTES 32
/* Of an exponent; so sums of exponents and digit counts stay small. */
#define EXPONENT_DIGITS_MAX 9
#define EXPONENT_MAX INT64_C(999999999)

static inline struct json *from_object(struct json_c_object *object)
{
    return object == NULL ? (struct json *)(void *)json_null_place : (struct json *)object;
}

static inline bool is_null(const struct json *value)
{
    return (const void *)value == json_null_place;
}

static inline struct json_c_object *to_object(const struct json *value)
{
    return is_null(value) ? NULL : (struct json_c_object *)value;
}

/* json-c answers NULL only when it is out of memory. */
static inline struct json_c_object *made(struct json_c_object *object)
{
    CHECK(object != NULL);
    return object;
}

/* An integer of 64 bits, signed or unsigned. */
struct integer {
    bool negative;
    uint64_t magnitude;
};

bool number_is_integer(const struct json_c_object *number);
struct integer number_integer(const struct json_c_object *number);
/* Decimal digits into `room`; the text is borrowed from there. */
struct text integer_text(struct integer integer, char room[INTEGER_TEXT_BYTES]);
/* The number as it was written; `room` holds it if it is an integer. */
struct text number_text(struct json_c_object *number, char room[INTEGER_TEXT_BYTES]);
/* A decimal with this text, which must be a JSON number. */
struct json_c_object *decimal_new(struct text text);
/* The number as an integer of 64 bits, if it is one, however it is written. */
bool decimal_integer(struct text number, struct integer *integer);
/* Whether the exponent of the canonical form is at most EXPONENT_MAX. */
bool decimal_is_bounded(struct text number);
/* Canonical form; see json_scalar_text(). An integer beyond 64 bits gets an exponent, because
 * without one json_parse() would refuse it. */
void decimal_canonical(struct text number, struct buffer *out);
int decimal_compare(struct text a, struct text b);

void number_canonical(struct json_c_object *number, struct buffer *out);
int number_compare(struct json_c_object *a, struct json_c_object *b);

/* Equal, and numbers written alike. */
bool json_same(const struct json *a, const struct json *b);

/* An object's entry as json_next() sees it. */
struct member {
    const char *key;
    const struct json *value;
};
/* The members sorted by key, in `room` if they are at most `room_count`, else on the heap: free()
 * what is given if it is not `room`. */
struct member *members_sorted(const struct json *object, struct member *room, size_t room_count);

#endif
