/*
 * http_get - the little HTTP that a schema registry needs: one GET after another to one base URL.
 * A getter is used by one thread; another may only stop it.
 */
#ifndef BATON_REGISTRY_HTTP_GET_H
#define BATON_REGISTRY_HTTP_GET_H

#include "base/buffer.h"
#include "base/status.h"

struct http_get;

struct http_get_options {
    struct text url; /* Base: "http://host:8081", perhaps with a path; without user and password. */
    struct text user;
    struct text password;
    struct text ca_file; /* PEM; empty: the system's. */
    int64_t timeout_ms;
};

/* STATUS_REJECT: no URL that can be used. */
MUST_CHECK enum status http_url_check(struct text url, struct error *err);

/* Copies what it needs. STATUS_REJECT: the URL is none that can be used. */
MUST_CHECK enum status http_get_open(const struct http_get_options *options, struct http_get **get,
                                     struct error *err);
void http_get_close(struct http_get *get); /* Accepts NULL. */

/* GET <url><path>. Any answer is STATUS_OK: *code is its status and `body` what came with it.
 * RETRY: there was no answer, or too long a one. */
MUST_CHECK enum status http_get(struct http_get *get, struct text path, struct buffer *body,
                                long *code, struct error *err);
/* Append `text` as one part of a path. */
void http_get_escape(struct http_get *get, struct text text, struct buffer *path);
/* From any thread, for good: what is under way ends soon, with RETRY. */
void http_get_stop(struct http_get *get);
/* The base URL, for messages; NUL-terminated. */
const char *http_get_url(const struct http_get *get);

#endif
