/*
 * reader - what json_read.c (values) and json_lex.c (strings, numbers) share. Every function gives
 * false after it has put into err what is wrong and at which byte.
 */
#ifndef BATON_JSON_READER_H
#define BATON_JSON_READER_H

#include "base/scan.h"
#include "json/value.h"

struct reader {
    struct scan scan;
    size_t depth_left;
    struct slab *slab;     /* Where the values go; NULL: the heap. */
    struct buffer decoded; /* The string that is being read, if it has escapes. */
    struct error *err;
};

/* Both give false, so that a caller can return them. At the end of the text, reader_refuse() says
 * that instead of `what`. */
bool reader_refuse_at(struct reader *reader, size_t at, const char *what);
bool reader_refuse(struct reader *reader, const char *what);

/* A string from its opening quote on. The text is borrowed from the input, or, if there were
 * escapes, from reader->decoded until the next string. */
bool reader_string(struct reader *reader, struct text *string);
/* A number from its first byte on. */
bool reader_number(struct reader *reader, struct json **value);

#endif
