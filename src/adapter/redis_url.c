#include "adapter/redis_url.h"

#include <string.h>

#define PORT_DEFAULT 6379
#define PORT_MAX 65535
#define DATABASE_MAX 1000000

static int hex_value(char c)
{
    const char *digits = "0123456789abcdef";
    char lower = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
    const char *found = lower == '\0' ? NULL : strchr(digits, lower);

    return found == NULL ? -1 : (int)(found - digits);
}

/* False: a broken escape, or one of a NUL byte. */
static bool decode(struct text from, struct arena *arena, struct text *to)
{
    char *bytes = arena_alloc(arena, from.bytes + 1);
    size_t count = 0;

    for (size_t i = 0; i < from.bytes; i++) {
        int high;
        int low;

        if (from.data[i] != '%') {
            bytes[count++] = from.data[i];
            continue;
        }
        high = i + 2 < from.bytes ? hex_value(from.data[i + 1]) : -1;
        low = i + 2 < from.bytes ? hex_value(from.data[i + 2]) : -1;
        if (high < 0 || low < 0 || high * 16 + low == 0) {
            return false;
        }
        bytes[count++] = (char)(high * 16 + low);
        i += 2;
    }
    *to = (struct text){bytes, count};
    return memchr(bytes, '\0', count) == NULL;
}

static enum status parse_login(struct text login, struct arena *arena, struct redis_url *parts,
                               struct error *err)
{
    size_t colon = text_find(login, ':');
    struct text user = colon == SIZE_MAX ? login : text_sub(login, 0, colon);

    if (!decode(user, arena, &parts->user)) {
        return fail(err, STATUS_REJECT, "redis URL: a broken escape in the user");
    }
    if (colon != SIZE_MAX &&
        !decode(text_sub(login, colon + 1, login.bytes), arena, &parts->password)) {
        return fail(err, STATUS_REJECT, "redis URL: a broken escape in the password");
    }
    return STATUS_OK;
}

static enum status parse_host(struct text place, struct arena *arena, struct redis_url *parts,
                              struct error *err)
{
    size_t bracket = text_find_last(place, ']');
    size_t colon = text_find_last(place, ':');
    struct text host = place;
    int64_t port = PORT_DEFAULT;

    if (colon != SIZE_MAX && (bracket == SIZE_MAX || colon > bracket)) {
        host = text_sub(place, 0, colon);
        if (!text_to_int64(text_sub(place, colon + 1, place.bytes), &port) || port < 1 ||
            port > PORT_MAX) {
            return fail(err, STATUS_REJECT, "redis URL: the port is no number from 1 to 65535");
        }
    }
    if (text_starts(host, TEXT("[")) && text_ends(host, TEXT("]"))) {
        host = text_sub(host, 1, host.bytes - 2);
    }
    if (host.bytes == 0 || memchr(host.data, '\0', host.bytes) != NULL) {
        return fail(err, STATUS_REJECT, "redis URL: no host");
    }
    parts->host = arena_text(arena, host);
    parts->port = (int32_t)port;
    return STATUS_OK;
}

enum status redis_url_parse(struct text url, struct arena *arena, struct redis_url *parts,
                            struct error *err)
{
    struct text scheme = TEXT("redis://");
    struct text rest;
    size_t slash;
    size_t at;
    int64_t database = 0;
    enum status status = STATUS_OK;

    *parts = (struct redis_url){0};
    if (text_starts(url, TEXT("rediss://"))) {
        return fail(err, STATUS_REJECT,
                    "redis URL: TLS is not built in; put a tunnel before Redis and use redis://");
    }
    if (!text_starts(url, scheme)) {
        return fail(err, STATUS_REJECT, "redis URL: it must begin with redis://");
    }
    rest = text_sub(url, scheme.bytes, url.bytes);
    at = text_find_last(rest, '@');
    if (at != SIZE_MAX) {
        status = parse_login(text_sub(rest, 0, at), arena, parts, err);
        rest = text_sub(rest, at + 1, rest.bytes);
    }
    slash = text_find(rest, '/');
    if (slash != SIZE_MAX) {
        struct text number = text_sub(rest, slash + 1, rest.bytes);

        if (number.bytes > 0 &&
            (!text_to_int64(number, &database) || database < 0 || database > DATABASE_MAX)) {
            return fail(err, STATUS_REJECT, "redis URL: the database is no number");
        }
        rest = text_sub(rest, 0, slash);
    }
    parts->database = (int32_t)database;
    return status == STATUS_OK ? parse_host(rest, arena, parts, err) : status;
}
