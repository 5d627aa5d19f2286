/*
 * json - immutable, counted JSON values.
 *
 * Numbers keep what was written: integers of 64 bits (signed or unsigned) exactly, decimals as
 * their text. NULL never stands for JSON null; it means "absent". Values are not safe to share
 * between threads: each lane parses and compiles its own.
 *
 * Ownership: a function that returns `struct json *` gives the caller a count of its own (end it
 * with json_free), unless its comment says "borrowed". Functions borrow their arguments, except
 * json_push and json_put, which take the value over.
 *
 * Building: an array or object from json_array(), json_object() or json_open_copy() may be changed
 * with json_push / json_put / json_drop until it is first shared (copied, put elsewhere, returned).
 * What json_parse() gives is never open. It may keep the whole of a short text in memory as long as
 * any part of it is held.
 */
#ifndef BATON_JSON_JSON_H
#define BATON_JSON_JSON_H

#include "base/buffer.h"
#include "base/status.h"

struct json;

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

/* Strict RFC 8259, UTF-8, at most JSON_DEPTH_MAX deep; a duplicate key, a NUL in a key, an integer
 * beyond 64 bits or trailing bytes are refused. STATUS_REJECT: err says what and at which byte. */
MUST_CHECK enum status json_parse(struct text text, struct json **value, struct error *err);

/* The same with another bound on depth, for our own records, which wrap values from outside. */
MUST_CHECK enum status json_parse_within(struct text text, size_t depth_max, struct json **value,
                                         struct error *err);

/* Compact text, keys in their order. Numbers as they were written. */
void json_write(const struct json *value, struct buffer *out);
/* Compact text with sorted keys and canonical numbers (see json_scalar_text): equal values give
 * equal bytes. For hashes. */
void json_write_canonical(const struct json *value, struct buffer *out);
/* A text in quotes, as json_write() writes one. For what is written without being built. */
void json_write_text(struct text text, struct buffer *out);
/* Two-space indented, for people. */
void json_write_pretty(const struct json *value, struct buffer *out);

struct json *json_copy(const struct json *value); /* One more count. NULL gives NULL. */
void json_free(struct json *value);               /* Accepts NULL. */

struct json *json_null(void);
struct json *json_bool(bool value);
struct json *json_integer(int64_t value);
struct json *json_number(double value); /* NaN becomes null, infinities the largest double (jq). */
struct json *json_text(struct text value); /* Invalid UTF-8 is replaced by U+FFFD. */
struct json *json_string(const char *value);
struct json *json_array(void);
struct json *json_object(void);
/* A new array or object with the same items, open for change. */
struct json *json_open_copy(const struct json *value);
void json_push(struct json *array, struct json *item);
/* Put or replace (in its old place). A key cannot hold NUL: NUL and invalid UTF-8 in `key` are
 * replaced by U+FFFD. */
void json_put(struct json *object, struct text key, struct json *value);
void json_put_string(struct json *object, const char *key, const char *value);
void json_put_text(struct json *object, const char *key, struct text value);
void json_put_integer(struct json *object, const char *key, int64_t value);
void json_put_bool(struct json *object, const char *key, bool value);
void json_drop(struct json *object, struct text key);

enum json_kind json_kind(const struct json *value);
/* Items of an array, keys of an object, 0 else. */
size_t json_count(const struct json *value);
const struct json *json_at(const struct json *array, size_t index);         /* Borrowed or NULL. */
const struct json *json_get(const struct json *object, struct text key);    /* Borrowed or NULL. */
const struct json *json_member(const struct json *object, const char *key); /* Borrowed or NULL. */

/* Walk an object in its order: zero the cursor, call until false. Borrowed key and value. */
struct json_cursor {
    const void *at;
    bool started;
};
bool json_next(const struct json *object, struct json_cursor *cursor, struct text *key,
               const struct json **value);

bool json_is_true(const struct json *value);        /* The boolean true. NULL is accepted: false. */
bool json_is_truthy(const struct json *value);      /* jq: all but null and false. NULL: false. */
struct text json_text_of(const struct json *value); /* Borrowed; empty if not a text or NULL. */
/* True if it is a number that is an integer in range (1.0 is; 1.5 is not). */
bool json_int64(const struct json *value, int64_t *out);
double json_double(const struct json *value); /* 0 if not a number. */
/* The member as int64, or `fallback` when absent or no integer. */
int64_t json_member_int(const struct json *object, const char *key, int64_t fallback);
struct text json_member_text(const struct json *object,
                             const char *key); /* Borrowed; may be empty. */

/* jq's total order: null < false < true < numbers < strings (by code point) < arrays < objects.
 * 64-bit integers are compared exactly. */
int json_compare(const struct json *a, const struct json *b);
bool json_equal(const struct json *a, const struct json *b);

/* The text of a scalar as used for correlation: a text as it is, a boolean "true"/"false", a number
 * in canonical decimal form without passing through a double ("1.0" and "1" and "1e0" give "1",
 * "0.10" gives "0.1"; with an exponent where it would not fit 64 bits or need more than 40 zeros:
 * "1e20"). False for null, arrays, objects. */
bool json_scalar_text(const struct json *value, struct buffer *out);

/* Bytes of the compact text, counted up to `most` (then `most` + 1): cheap bound checks. */
size_t json_size(const struct json *value, size_t most);
/* Not less than that, and mostly known without a look: parts of a short text that was parsed count as
 * all of it. */
size_t json_size_bound(const struct json *value, size_t most);
/* json_size() is more than `most`. Only what may be so is measured. */
bool json_exceeds(const struct json *value, size_t most);
/* Containers within one another, counted up to `most` (then `most` + 1); 0 for a scalar. What is
 * deeper than JSON_DEPTH_MAX can be built and written, but json_parse will not read it again. */
size_t json_depth(const struct json *value, size_t most);

/* Objects merged deeply, `over` wins; arrays and scalars are replaced. */
struct json *json_merge(const struct json *under, const struct json *over);

/*
 * A delta from one value to another, itself JSON. Of an object's keys: null deletes, an array of
 * one item sets to that item, an object descends. (RFC 7396 cannot set a key to null.) A delta of
 * whole values that are not both objects is the one-item array. Shared sub-values are recognised
 * by their address first, so a diff costs what changed. Numbers differ when their text differs ("1"
 * and "1.0"), so that a patched value is written byte for byte as the new one, but for the order of
 * keys.
 */
/* Write it to `out`, which has no limit. False: there is no difference, nothing was written. `before`
 * may be NULL (absent). */
bool json_write_diff(const struct json *before, const struct json *after, struct buffer *out);
/* The same as a value, or NULL. */
struct json *json_diff(const struct json *before, const struct json *after);
/* STATUS_REJECT: `delta` has not this form, or changes members of what is no object. `before` may be
 * NULL (absent). Deleting an absent key changes nothing. */
MUST_CHECK enum status json_patch(const struct json *before, const struct json *delta,
                                  struct json **after, struct error *err);

#endif
