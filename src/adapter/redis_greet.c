/* Connecting to Redis, logging in, and teaching it our scripts. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include "adapter/real_clock.h"
#include "adapter/redis_link_parts.h"
#include "base/duration.h"

#define BACKOFF_MS_FIRST 50
/* A frozen server lets us connect and says nothing; so most of the time must not go into trying. */
#define BACKOFF_MS_MOST 5000

void redis_link_back_off(struct redis_link *link)
{
    link->backoff_ms = link->backoff_ms == 0 ? BACKOFF_MS_FIRST : link->backoff_ms * 2;
    if (link->backoff_ms > BACKOFF_MS_MOST) {
        link->backoff_ms = BACKOFF_MS_MOST;
    }
    link->connect_after_ms = real_clock_monotonic_ms() + link->backoff_ms;
}

/* One command of the greeting, which has the connection to itself. */
static enum status greet(struct redis_link *link, struct redis_ticket *ticket,
                         const char *const *words, uint32_t count, struct error *err)
{
    size_t bytes[3];
    struct redis_command command = {.words = words, .bytes = bytes, .count = count};
    bool done = false;
    enum status status;

    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = strlen(words[i]);
    }
    redis_ticket_clear(ticket);
    status = redis_link_append(link, ticket, &command, err);
    if (status == STATUS_OK) {
        status = redis_link_wait(link, ticket, link->options.connect_ms, &done, err);
    }
    if (status == STATUS_OK && !done) {
        redis_link_break(link, "no answer to the greeting");
        ticket->broken = false;
        return fail(err, STATUS_RETRY, "redis: %s", link->trouble);
    }
    if (status == STATUS_OK && ticket->reply->type == REDIS_REPLY_ERROR) {
        return fail(err, STATUS_RETRY, "redis refuses '%s': %s", words[0], ticket->reply->str);
    }
    return status;
}

static enum status log_in(struct redis_link *link, struct redis_ticket *ticket, struct error *err)
{
    const char *password = link->url.password.data;
    const char *both[] = {"AUTH", link->url.user.data, password};
    const char *one[] = {"AUTH", password};
    char number[16];
    const char *database[] = {"SELECT", number};
    enum status status = STATUS_OK;

    if (password != NULL) {
        status = link->url.user.bytes > 0 ? greet(link, ticket, both, 3, err)
                                          : greet(link, ticket, one, 2, err);
    }
    if (status == STATUS_OK && link->url.database != 0) {
        (void)snprintf(number, sizeof(number), "%d", link->url.database);
        status = greet(link, ticket, database, 2, err);
    }
    return status;
}

static enum status load_scripts(struct redis_link *link, struct redis_ticket *ticket,
                                struct error *err)
{
    enum status status = STATUS_OK;

    for (int i = 0; i < REDIS_SCRIPTS && status == STATUS_OK; i++) {
        const char *words[] = {"SCRIPT", "LOAD", redis_script_source((enum redis_script)i)};

        status = greet(link, ticket, words, 3, err);
        if (status == STATUS_OK &&
            (ticket->reply->type != REDIS_REPLY_STRING || ticket->reply->len != REDIS_SHA_BYTES)) {
            return fail(err, STATUS_RETRY, "redis does not load scripts");
        }
        if (status == STATUS_OK) {
            memcpy(link->shas[i], ticket->reply->str, REDIS_SHA_BYTES);
        }
    }
    return status;
}

static enum status dial(struct redis_link *link, struct error *err)
{
    struct timeval limit = {.tv_sec = link->options.connect_ms / MS_PER_SECOND,
                            .tv_usec = link->options.connect_ms % MS_PER_SECOND * 1000};
    int flags;

    link->context = redisConnectWithTimeout(link->url.host.data, link->url.port, limit);
    CHECK(link->context != NULL);
    if (link->context->err != 0) {
        redis_link_break(link, link->context->errstr);
        return fail(err, STATUS_RETRY, "redis '%s:%d': %s", link->url.host.data, link->url.port,
                    link->trouble);
    }
    /* Connecting tries all addresses in turn, blocking; from here on nothing blocks. */
    flags = fcntl(link->context->fd, F_GETFL);
    if (flags < 0 || fcntl(link->context->fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        redis_link_break(link, strerror(errno));
        return fail(err, STATUS_RETRY, "redis: %s", link->trouble);
    }
    link->context->flags &= ~REDIS_BLOCK;
    return STATUS_OK;
}

enum status redis_link_connect(struct redis_link *link, struct error *err)
{
    struct redis_ticket ticket = {0};
    enum status status;

    if (link->context != NULL) {
        return STATUS_OK;
    }
    if (real_clock_monotonic_ms() < link->connect_after_ms) {
        return fail(err, STATUS_RETRY, "redis is away: %s", link->trouble);
    }
    status = dial(link, err);
    stat_add(&link->stats->errors, status != STATUS_OK);
    if (status == STATUS_OK) {
        status = log_in(link, &ticket, err);
    }
    if (status == STATUS_OK) {
        status = load_scripts(link, &ticket, err);
    }
    redis_ticket_clear(&ticket);
    if (status != STATUS_OK) {
        if (link->context != NULL) {
            redis_link_break(link, err == NULL ? "it refused the greeting" : err->text);
        }
        redis_link_back_off(link);
        return status;
    }
    link->backoff_ms = 0;
    stat_set(&link->stats->connected, 1);
    stat_add(&link->stats->connects, 1);
    return STATUS_OK;
}
