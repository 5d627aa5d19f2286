/*
 * dev_http - the metrics and the health of a world in memory, over HTTP. The world is a matter of its own
 * thread, so that thread leaves the text here from time to time, and the server's thread hands it out.
 */
#ifndef BATON_APP_DEV_HTTP_H
#define BATON_APP_DEV_HTTP_H

#include "app/dev_world.h"

struct dev_http;

/* STATUS_REJECT: `address` is none. STATUS_FATAL: it cannot be listened on. Else *http belongs to the
 * caller. */
MUST_CHECK enum status dev_http_open(const char *address, struct dev_http **http,
                                     struct error *err);
const char *dev_http_where(const struct dev_http *http); /* "127.0.0.1:40123" */
/* Leave the present numbers, if the last ones are older than a quarter of a second. */
void dev_http_update(struct dev_http *http, const struct dev_world *world);
void dev_http_close(struct dev_http *http); /* Accepts NULL. */

#endif
