/*
 * lines - line breaks as the YAML library counts them, or line numbers would differ from its marks.
 */
#ifndef BATON_COMPILE_LINES_H
#define BATON_COMPILE_LINES_H

#include "base/text.h"

/* Bytes of the line break at `at`, 0 if there is none. */
size_t line_break(struct text text, size_t at);
/* Bytes of the character at `at`, at least 1; invalid UTF-8 counts byte by byte. */
size_t character_bytes(struct text text, size_t at);

#endif
