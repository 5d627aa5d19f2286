#include "adapter/redis_forget.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "adapter/redis_link.h"

#define CURSOR_BYTES 32
#define PATTERN_BYTES 256

static enum status unlink_key(struct redis_link *link, const redisReply *key, struct error *err)
{
    const char *words[] = {"UNLINK", key->str};
    size_t bytes[] = {strlen("UNLINK"), key->len};
    struct redis_command command = {.words = words, .bytes = bytes, .count = 2};
    struct redis_ticket ticket = {0};
    enum status status = redis_link_call(link, &ticket, &command, err);

    redis_ticket_clear(&ticket);
    return status;
}

/* A page of the walk; *cursor becomes the next one's, "0" at the end. */
static enum status forget_page(struct redis_link *link, const char *pattern,
                               char cursor[CURSOR_BYTES], struct error *err)
{
    const char *words[] = {"SCAN", cursor, "MATCH", pattern, "COUNT", "1000"};
    size_t bytes[] = {4, strlen(cursor), 5, strlen(pattern), 5, 4};
    struct redis_command command = {.words = words, .bytes = bytes, .count = 6};
    struct redis_ticket ticket = {0};
    enum status status = redis_link_call(link, &ticket, &command, err);
    const redisReply *reply = ticket.reply;

    if (status == STATUS_OK &&
        (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
         reply->element[0]->type != REDIS_REPLY_STRING || reply->element[0]->len >= CURSOR_BYTES ||
         reply->element[1]->type != REDIS_REPLY_ARRAY)) {
        status = fail(err, STATUS_RETRY, "redis gives no keys when it is asked for them");
    }
    if (status == STATUS_OK) {
        snprintf(cursor, CURSOR_BYTES, "%s", reply->element[0]->str);
    }
    for (size_t i = 0; status == STATUS_OK && i < reply->element[1]->elements; i++) {
        status = unlink_key(link, reply->element[1]->element[i], err);
    }
    redis_ticket_clear(&ticket);
    return status;
}

enum status redis_forget(struct text url, struct text app, struct error *err)
{
    struct redis_link_options options = {.url = url};
    struct redis_link *link = NULL;
    char pattern[PATTERN_BYTES];
    char cursor[CURSOR_BYTES] = "0";
    enum status status = redis_link_open(&options, &link, err);

    snprintf(pattern, sizeof(pattern), "{%.*s*", TEXT_ARG(app));
    do {
        status = status == STATUS_OK ? forget_page(link, pattern, cursor, err) : status;
    } while (status == STATUS_OK && strcmp(cursor, "0") != 0);
    redis_link_close(link);
    return status;
}
