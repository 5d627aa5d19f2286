/*
 * dev_lines - a file or standard input, line by line, without waiting for a line that is not there yet.
 */
#ifndef BATON_APP_DEV_LINES_H
#define BATON_APP_DEV_LINES_H

#include "base/buffer.h"
#include "base/status.h"

/* A zeroed one with fd -1 is valid and over. */
struct lines {
    int fd;
    bool over;
    uint32_t number; /* Of the line that was given last, from 1. */
    size_t taken;    /* Bytes of `text` that were given. */
    struct buffer text;
};

enum lines_state { LINES_READY, LINES_WAIT, LINES_OVER, LINES_TOO_LONG };

/* "-" is standard input. STATUS_REJECT: it cannot be opened. */
MUST_CHECK enum status lines_open(const char *path, struct lines *lines, struct error *err);
/* The next line that is not blank, without its end; borrowed until the next call. */
enum lines_state lines_next(struct lines *lines, struct text *line);
void lines_close(struct lines *lines);

#endif
