/*
 * schema - the language as others read it, made from the table of fields.h: a JSON Schema (draft-07)
 * for editors and validators, and the reference page.
 */
#ifndef BATON_COMPILE_SCHEMA_H
#define BATON_COMPILE_SCHEMA_H

#include "base/buffer.h"
#include "compile/fields.h"
#include "json/json.h"

/* The schema of files whose root is `root`: OBJECT_FLOW or OBJECT_ESTATE. The caller's. */
struct json *schema(enum object root);
/* The page docs/flow-reference.md. */
void schema_reference(struct buffer *out);

/* Internal to the module. What gives a value gives it to the caller. */

struct json *schema_parsed(const char *text); /* Of JSON that stands in the program; open. */
struct json *schema_ref(const char *name);
/* The words of "a b|c", without what stands behind the bar. */
struct json *schema_words(const char *words);
struct json *schema_list(struct json *item); /* Of one item, which it takes over. */
struct json *schema_object(void);            /* That has no properties yet, and allows no other. */
void schema_add_required(struct json *out, enum object object);
struct json *schema_of_shape(const struct field *field);
/* The same with what people read about it. */
struct json *schema_property(enum object object, const struct field *field);
struct json *schema_step(void);
struct json *schema_undo(void);
/* Definitions that shapes refer to and that are no object of the table: duration, span ... */
void schema_add_shapes(struct json *definitions);
/* What an object is called in the definitions and in the reference; valid until the program ends. */
const char *schema_name(enum object object);
/* The fallback as one would write it in a file ("10m", not 600000), or NULL. */
struct json *schema_default(const struct field *field);
/* A value that this field may have, or NULL. */
struct json *schema_example(enum object object, const struct field *field);
/* The shape in words, such as "a duration". */
void schema_describe(const struct field *field, struct buffer *out);
/* What people read about the object, or NULL. */
const char *schema_text(enum object object);
/* An example of the whole object as YAML, or NULL. */
const char *schema_fragment(enum object object);

#endif
