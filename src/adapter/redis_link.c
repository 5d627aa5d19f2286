#include "adapter/redis_link.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/real_clock.h"
#include "adapter/redis_link_parts.h"
#include "base/log.h"

#define CONNECT_MS_DEFAULT 1000
#define SILENCE_MS_DEFAULT 10000

enum status redis_link_open(const struct redis_link_options *options, struct redis_link **out,
                            struct error *err)
{
    struct redis_link *link = calloc(1, sizeof(*link));
    enum status status;

    CHECK(link != NULL);
    link->options = *options;
    link->stats = &link->own_stats;
    link->options.url = (struct text){0};
    if (link->options.connect_ms <= 0) {
        link->options.connect_ms = CONNECT_MS_DEFAULT;
    }
    if (link->options.answer_ms <= 0) {
        link->options.answer_ms = REDIS_ANSWER_MS;
    }
    if (link->options.silence_ms <= 0) {
        link->options.silence_ms = SILENCE_MS_DEFAULT;
    }
    status = redis_url_parse(options->url, &link->arena, &link->url, err);
    if (status != STATUS_OK) {
        redis_link_close(link);
        return status;
    }
    *out = link;
    return STATUS_OK;
}

void redis_link_count(struct redis_link *link, struct store_stats *stats)
{
    link->stats = stats;
}

static void push(struct redis_link *link, struct redis_ticket *ticket)
{
    if (link->count == link->capacity) {
        size_t capacity = link->capacity == 0 ? 16 : link->capacity * 2;
        struct sent *queue = calloc(capacity, sizeof(*queue));

        CHECK(queue != NULL);
        for (size_t i = 0; i < link->count; i++) {
            queue[i] = link->queue[(link->first + i) % link->capacity];
        }
        free(link->queue);
        link->queue = queue;
        link->capacity = capacity;
        link->first = 0;
    }
    link->queue[(link->first + link->count++) % link->capacity] = (struct sent){
        .ticket = ticket, .sent_ms = real_clock_monotonic_ms()};
}

static struct redis_ticket *pop(struct redis_link *link)
{
    struct redis_ticket *ticket = link->queue[link->first].ticket;

    link->first = (link->first + 1) % link->capacity;
    link->count--;
    return ticket;
}

/* Whatever was on its way is in doubt. */
void redis_link_break(struct redis_link *link, const char *why)
{
    size_t bytes = strnlen(why, sizeof(link->trouble) - 1);

    memmove(link->trouble, why, bytes);
    link->trouble[bytes] = '\0';
    while (link->count > 0) {
        struct redis_ticket *ticket = pop(link);

        if (ticket != NULL) {
            ticket->waiting = false;
            ticket->broken = true;
        }
    }
    if (link->context != NULL) {
        redisFree(link->context);
        link->context = NULL;
    }
    link->unsent = false;
    stat_set(&link->stats->connected, 0);
    stat_add(&link->stats->errors, 1);
    log_again(&link->gate, LOG_WARN, "redis_link_broken", "host=%s port=%d error=\"%s\"",
              link->url.host.data, link->url.port, link->trouble);
}

/* Write what the socket takes; hand out the answers that are there. */
static bool pump(struct redis_link *link, short events)
{
    redisReply *reply = NULL;

    if (link->unsent) {
        int done = 0;

        if (redisBufferWrite(link->context, &done) != REDIS_OK) {
            redis_link_break(link, link->context->errstr);
            return false;
        }
        link->unsent = done == 0;
    }
    if ((events & (POLLIN | POLLERR | POLLHUP)) == 0) {
        return true;
    }
    if (redisBufferRead(link->context) != REDIS_OK) {
        redis_link_break(link, link->context->errstr);
        return false;
    }
    while (link->count > 0) {
        struct redis_ticket *ticket;

        if (redisGetReplyFromReader(link->context, (void **)&reply) != REDIS_OK) {
            redis_link_break(link, link->context->errstr);
            return false;
        }
        if (reply == NULL) {
            break;
        }
        ticket = pop(link);
        if (ticket == NULL) {
            freeReplyObject(reply);
        } else {
            ticket->waiting = false;
            ticket->reply = reply;
        }
    }
    return true;
}

/* Wait for the socket once. False: the link broke. */
static bool turn(struct redis_link *link, int64_t wait_ms)
{
    struct pollfd socket = {.fd = link->context->fd, .events = POLLIN};
    int ready;

    if (link->unsent) {
        socket.events |= POLLOUT;
    }
    ready = poll(&socket, 1, wait_ms < 0 ? 0 : (int)wait_ms);
    if (ready < 0 && errno != EINTR) {
        redis_link_break(link, strerror(errno));
        return false;
    }
    return pump(link, ready > 0 ? socket.revents : 0);
}

enum status redis_link_wait(struct redis_link *link, struct redis_ticket *ticket, int64_t wait_ms,
                            bool *done, struct error *err)
{
    int64_t deadline_ms = real_clock_monotonic_ms() + wait_ms;

    while (ticket->waiting) {
        int64_t now_ms = real_clock_monotonic_ms();

        if (!turn(link, deadline_ms - now_ms)) {
            break;
        }
        now_ms = real_clock_monotonic_ms();
        if (ticket->waiting &&
            now_ms - link->queue[link->first].sent_ms > link->options.silence_ms) {
            redis_link_break(link, "no answer");
        }
        if (now_ms >= deadline_ms) {
            break;
        }
    }
    *done = !ticket->waiting;
    if (*done && ticket->broken) {
        ticket->broken = false;
        return fail(err, STATUS_RETRY, "redis: the link broke: %s", link->trouble);
    }
    return STATUS_OK;
}

enum status redis_link_append(struct redis_link *link, struct redis_ticket *ticket,
                              const struct redis_command *command, struct error *err)
{
    CHECK(!ticket->waiting && ticket->reply == NULL);
    /* hiredis takes const char **; it does not write to it. */
    if (redisAppendCommandArgv(link->context, (int)command->count,
                               (const char **)(uintptr_t)command->words,
                               command->bytes) != REDIS_OK) {
        redis_link_break(link, link->context->errstr);
        return fail(err, STATUS_RETRY, "redis: %s", link->trouble);
    }
    *ticket = (struct redis_ticket){.waiting = true};
    stat_add(&link->stats->calls, 1);
    push(link, ticket);
    link->unsent = true;
    return STATUS_OK;
}

enum status redis_link_submit(struct redis_link *link, struct redis_ticket *ticket,
                              const struct redis_command *command, struct error *err)
{
    enum status status = redis_link_connect(link, err);

    if (status == STATUS_OK) {
        status = redis_link_append(link, ticket, command, err);
    }
    if (status == STATUS_OK && !pump(link, 0)) {
        ticket->broken = false;
        return fail(err, STATUS_RETRY, "redis: %s", link->trouble);
    }
    return status;
}

void redis_ticket_clear(struct redis_ticket *ticket)
{
    CHECK(!ticket->waiting);
    if (ticket->reply != NULL) {
        freeReplyObject(ticket->reply);
    }
    *ticket = (struct redis_ticket){0};
}

void redis_link_forget(struct redis_link *link, struct redis_ticket *ticket)
{
    for (size_t i = 0; i < link->count; i++) {
        struct sent *sent = &link->queue[(link->first + i) % link->capacity];

        if (sent->ticket == ticket) {
            sent->ticket = NULL;
        }
    }
    ticket->waiting = false;
    redis_ticket_clear(ticket);
}

static bool begins(const redisReply *reply, const char *word)
{
    return reply->len >= strlen(word) && memcmp(reply->str, word, strlen(word)) == 0;
}

enum status redis_link_judge(struct redis_link *link, const struct redisReply *reply,
                             const char *doing, struct error *err)
{
    if (reply->type != REDIS_REPLY_ERROR) {
        return STATUS_OK;
    }
    stat_add(&link->stats->errors, 1);
    (void)fail(err, STATUS_RETRY, "redis cannot %s: %.*s", doing, (int)reply->len, reply->str);
    if (begins(reply, "WRONGTYPE") || begins(reply, "ERR user_script")) {
        return STATUS_STALE; /* Somebody else's data, or what is left of ours. */
    }
    if (begins(reply, "NOSCRIPT") || begins(reply, "READONLY")) {
        /* It was restarted, or is no longer the primary: greet it, or its heir, anew. */
        redis_link_break(link, reply->str);
    }
    return STATUS_RETRY;
}

enum status redis_link_call(struct redis_link *link, struct redis_ticket *ticket,
                            const struct redis_command *command, struct error *err)
{
    bool done = false;
    enum status status;

    redis_ticket_clear(ticket);
    status = redis_link_submit(link, ticket, command, err);
    if (status == STATUS_OK) {
        status = redis_link_wait(link, ticket, link->options.answer_ms, &done, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!done) {
        redis_link_break(link, "no answer");
        ticket->broken = false;
        redis_link_back_off(link);
        return fail(err, STATUS_RETRY, "redis did not answer within %d ms",
                    (int)link->options.answer_ms);
    }
    return redis_link_judge(link, ticket->reply, "do it", err);
}

enum status redis_link_script(struct redis_link *link, enum redis_script script, const char **sha,
                              struct error *err)
{
    enum status status = redis_link_connect(link, err);

    *sha = link->shas[script];
    return status;
}

void redis_link_close(struct redis_link *link)
{
    if (link == NULL) {
        return;
    }
    stat_set(&link->stats->connected, 0);
    if (link->context != NULL) {
        redisFree(link->context);
    }
    free(link->queue);
    arena_release(&link->arena);
    free(link);
}
