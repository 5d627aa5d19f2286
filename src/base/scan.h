/*
 * scan - walk over a text byte by byte. For small hand-written parsers.
 */
#ifndef BATON_BASE_SCAN_H
#define BATON_BASE_SCAN_H

#include "base/text.h"

struct scan {
    struct text text;
    size_t at;
};

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The byte that comes next; NUL at the end. */
static inline char scan_peek(const struct scan *scan)
{
    return scan->at < scan->text.bytes ? scan->text.data[scan->at] : '\0';
}

/* Step over `c` if it comes next. */
static inline bool scan_take(struct scan *scan, char c)
{
    if (scan->at >= scan->text.bytes || scan->text.data[scan->at] != c) {
        return false;
    }
    scan->at++;
    return true;
}

#endif
