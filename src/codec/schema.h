/*
 * schema - the Avro schemas of schemas/, embedded at build time by tools/embed.py. What is written
 * with them: records.h.
 */
#ifndef BATON_CODEC_SCHEMA_H
#define BATON_CODEC_SCHEMA_H

#include "base/text.h"

struct schema {
    const char *name;        /* "inbox": of the file without its ending. */
    struct text json;        /* The schema with its comments; NUL-terminated. */
    struct text canonical;   /* Its parsing canonical form; NUL-terminated. */
    const char *fingerprint; /* CRC-64-AVRO of that, 16 lower-case hex digits. */
};

/* Sorted by name. */
extern const struct schema schemas[];
extern const size_t schema_count;

const struct schema *schema_find(const char *name); /* NULL: there is none. */

#endif
