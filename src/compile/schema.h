/*
 * schema - the language as others read it, made from the table of fields.h: a JSON Schema (draft-07)
 * for editors and validators, and the reference page. What is of a later version is left out of both.
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

/* Internal to the module. */

/* The schema of one field's value, with what people read about it. */
struct json *schema_of_field(const struct field *field);
/* Definitions that shapes refer to and that are no object of the table: duration, span ... */
void schema_add_shapes(struct json *definitions);
/* What an object is called in the definitions and in the reference; valid until the program ends. */
const char *schema_name(enum object object);
/* The fallback as one would write it in a file ("10m", not 600000), or NULL. The caller's. */
struct json *schema_default(const struct field *field);
/* A value that this field may have, or NULL. The caller's. */
struct json *schema_example(enum object object, const struct field *field);
/* The shape in words, such as "a duration". */
void schema_describe(const struct field *field, struct buffer *out);
/* An example of the whole object as YAML, or NULL. */
const char *schema_fragment(enum object object);
/* The words of SHAPE_CHOICE that this version knows, as an array of texts. The caller's. */
struct json *schema_choices(const struct field *field);

#endif
