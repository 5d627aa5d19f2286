#include <stdio.h>
#include <string.h>

#include "http/http_server.h"

static enum status bad(struct text text, struct error *err)
{
    return fail(err, STATUS_REJECT,
                "'%.*s' is no address to listen on: expected HOST:PORT, such as 127.0.0.1:9464, "
                "[::1]:9464, or :9464 for all interfaces",
                text.bytes > 200 ? 200 : (int)text.bytes, text.data);
}

enum status http_address_parse(struct text text, struct http_address *address, struct error *err)
{
    size_t colon = text_find_last(text, ':');
    int64_t port;

    if (colon == SIZE_MAX || !text_to_int64(text_sub(text, colon + 1, text.bytes), &port) ||
        port < 0 || port > UINT16_MAX) {
        return bad(text, err);
    }
    struct text host = text_sub(text, 0, colon);
    bool is_bracketed = host.bytes >= 2 && host.data[0] == '[' && host.data[host.bytes - 1] == ']';
    if (is_bracketed) {
        host = text_sub(host, 1, host.bytes - 2);
    }
    /* Without brackets nobody can tell where an IPv6 address ends and the port begins. */
    if ((!is_bracketed && text_find(host, ':') != SIZE_MAX) || (is_bracketed && host.bytes == 0) ||
        host.bytes >= sizeof address->host || memchr(host.data, '\0', host.bytes) != NULL) {
        return bad(text, err);
    }
    memcpy(address->host, host.data, host.bytes);
    address->host[host.bytes] = '\0';
    address->port = (uint16_t)port;
    return STATUS_OK;
}
