/*
 * status - what the caller has to do (the code) and what happened (the text).
 */
#ifndef BATON_BASE_STATUS_H
#define BATON_BASE_STATUS_H

#include "base/check.h"

enum status {
    STATUS_OK,
    STATUS_RETRY, /* Nothing changed; the same call may work later. */
    STATUS_ABORT, /* The transaction is lost: re-open the producer, find out, take the batch again. */
    STATUS_REJECT, /* The input is at fault: dead-letter it and go on. */
    STATUS_STALE,  /* The store stands elsewhere: replay or rebuild, then call again. */
    STATUS_FENCED, /* The producer was fenced: drop the overlay, re-open, re-check ownership. */
    STATUS_FATAL,  /* This process cannot go on; a restart replays the history. */
};

#define ERROR_TEXT_BYTES 768

/* The text of a failure, NUL-terminated, cut when too long. Zeroed means no error. */
struct error {
    char text[ERROR_TEXT_BYTES];
};

/* Set the text and give `status` back. `err` may be NULL. */
enum status fail(struct error *err, enum status status, const char *format, ...) PRINTF_LIKE(3, 4);

/* Put "<where>: " before the text there is and give `status` back. `err` may be NULL. */
enum status fail_in(struct error *err, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* "ok", "retry", ... */
const char *status_name(enum status status);

#endif
