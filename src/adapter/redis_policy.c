#include <hiredis/hiredis.h>
#include <string.h>

#include "adapter/redis_link.h"
#include "base/log.h"

/* Ask with CONFIG; a server that forbids it may still tell in INFO. Empty: it does not tell. */
static enum status ask(struct redis_link *link, const char *const *words, uint32_t count,
                       struct redis_ticket *ticket, struct error *err)
{
    size_t bytes[3];
    struct redis_command command = {.words = words, .bytes = bytes, .count = count};
    bool done = false;
    enum status status;

    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = strlen(words[i]);
    }
    redis_ticket_clear(ticket);
    status = redis_link_submit(link, ticket, &command, err);
    if (status == STATUS_OK) {
        status = redis_link_wait(link, ticket, REDIS_ANSWER_MS, &done, err);
    }
    if (status == STATUS_OK && !done) {
        redis_link_forget(link, ticket);
        return fail(err, STATUS_RETRY, "redis did not answer within %d ms", REDIS_ANSWER_MS);
    }
    return status;
}

static struct text policy_of_config(const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
        reply->element[1]->type == REDIS_REPLY_STRING) {
        return (struct text){reply->element[1]->str, reply->element[1]->len};
    }
    return (struct text){0};
}

static struct text policy_of_info(const redisReply *reply)
{
    const char *name = "\nmaxmemory_policy:";
    const char *found = reply->type == REDIS_REPLY_STRING ? strstr(reply->str, name) : NULL;

    if (found == NULL) {
        return (struct text){0};
    }
    found += strlen(name);
    return (struct text){found, strcspn(found, "\r\n")};
}

static enum status judge(struct text policy, struct error *err)
{
    if (policy.bytes == 0) {
        log_event(LOG_WARN, "redis_policy_unknown",
                  "text=\"redis does not tell its maxmemory-policy; it must be noeviction\"");
        return STATUS_OK;
    }
    if (text_is(policy, "noeviction")) {
        return STATUS_OK;
    }
    return fail(err, STATUS_REJECT,
                "its maxmemory-policy is '%.*s', which throws away sleeping runs when memory is "
                "short; set it to 'noeviction'",
                TEXT_ARG(policy));
}

enum status redis_check_policy(struct text url, struct error *err)
{
    static const char *const config[] = {"CONFIG", "GET", "maxmemory-policy"};
    static const char *const info[] = {"INFO", "memory"};
    struct redis_link_options options = {.url = url};
    struct redis_ticket ticket = {0};
    struct redis_link *link = NULL;
    struct text policy = {0};
    enum status status = redis_link_open(&options, &link, err);

    if (status != STATUS_OK) {
        return status;
    }
    status = ask(link, config, 3, &ticket, err);
    if (status == STATUS_OK) {
        policy = policy_of_config(ticket.reply);
    }
    if (status == STATUS_OK && policy.bytes == 0) {
        status = ask(link, info, 2, &ticket, err);
        if (status == STATUS_OK) {
            policy = policy_of_info(ticket.reply);
        }
    }
    if (status == STATUS_OK) {
        status = judge(policy, err);
    }
    redis_ticket_clear(&ticket);
    redis_link_close(link);
    return status;
}
