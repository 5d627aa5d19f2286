/*
 * http_server - a small HTTP/1.1 server for people and programs that look at a worker: GET and HEAD
 * alone, answers made in memory. The only folder that knows libmicrohttpd.
 *
 * It has one thread of its own, on which all answers are made; they must not block. What a client
 * may cost is bounded: connections, bytes of a request's head, and the time from a connection's
 * beginning, or its last answer, to the end of the next one (so that a client which sends or reads a
 * byte now and then is cut off too). A client can make the server slow for other clients, never for
 * the rest of the process.
 */
#ifndef BATON_HTTP_HTTP_SERVER_H
#define BATON_HTTP_HTTP_SERVER_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"

struct http_server;

#define HTTP_OK 200U
#define HTTP_UNAVAILABLE 503U

/* An answer under construction. `body` is the server's: fill it. */
struct http_answer {
    unsigned status;     /* Begins as HTTP_OK. */
    const char *type;    /* Content-Type, of static life. Begins as text/plain. */
    struct buffer *body; /* Above HTTP_BODY_BYTES_MAX the client gets 500 instead. */
};

#define HTTP_BODY_BYTES_MAX ((size_t)8 * 1024 * 1024)

/* One path. `fill` is called on the server's thread, for HEAD as well. */
struct http_route {
    const char *path; /* "/metrics"; compared whole, the query is not part of it. */
    void (*fill)(void *self, struct http_answer *answer);
};

struct http_options {
    struct text address;             /* See http_address_parse(). */
    const struct http_route *routes; /* Borrowed, with `self`, until http_close(). */
    uint32_t route_count;
    void *self;
    uint32_t connections_max; /* 0: 64. */
    int64_t request_ms;       /* How long a client may take for a request; 0: 10 s. */
};

#define HTTP_HOST_BYTES 256

/* Where to listen. */
struct http_address {
    char host[HTTP_HOST_BYTES]; /* Empty: all interfaces. */
    uint16_t port;              /* 0: any free one. */
};

/* "127.0.0.1:9464", "[::1]:9464", "localhost:0", ":9464" (all interfaces). STATUS_REJECT: err says
 * what is expected. */
MUST_CHECK enum status http_address_parse(struct text text, struct http_address *address,
                                          struct error *err);

/*
 * Bind, listen, start the thread.
 *
 * STATUS_OK:     *server belongs to the caller; end it with http_close().
 * STATUS_REJECT: the address is no address.
 * STATUS_FATAL:  it cannot be listened on: the port is in use, no such interface.
 */
MUST_CHECK enum status http_open(const struct http_options *options, struct http_server **server,
                                 struct error *err);

/* Where it listens, with the port that it really got: "127.0.0.1:40123". Valid until http_close().*/
const char *http_where(const struct http_server *server);

/* Stop listening, cut off the clients, join the thread. Accepts NULL. */
void http_close(struct http_server *server);

#endif
