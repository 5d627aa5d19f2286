#include "adapter/redis_limits.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/redis_words.h"

#define CONNECT_MS 300
#define SILENCE_MS 2000
#define LIMIT_NUMBERS 9 /* The time and the limits, as each call tells them. */

/* A call: the questions about one service, or reports on it. */
struct call {
    struct redis_ticket ticket;
    uint32_t first; /* Of its questions in the batch. */
    uint32_t count;
    struct call *next;
};

struct redis_limits {
    struct redis_link *link;
    char *app;
    int64_t time_ms;
    struct arena arena; /* Of one command. */
    struct call *asked; /* The open batch. */
    struct call *told;  /* Whose answers nobody waits for. */
};

/* The words of a call up to its questions or reports, of which there are `most` words. */
static enum status begin(struct redis_limits *self, enum redis_script script, struct text service,
                         const struct limits *limits, uint32_t most, struct redis_words *words,
                         struct error *err)
{
    enum status status;

    arena_reset(&self->arena);
    status = redis_words_begin(
        words, &self->arena, self->link, script,
        arena_printf(&self->arena, "{%s:~limit:%.*s}:s", self->app, TEXT_ARG(service)),
        most + LIMIT_NUMBERS, err);
    if (status != STATUS_OK) {
        return status;
    }
    redis_words_add_number(words, self->time_ms);
    redis_words_add_number(words, limits->concurrency);
    redis_words_add_number(words, limits->rate_count);
    redis_words_add_number(words, limits->rate_per_ms);
    redis_words_add_number(words, limits->rate_burst);
    redis_words_add_number(words, limits->breaker_failures);
    redis_words_add_number(words, limits->breaker_within_ms);
    redis_words_add_number(words, limits->breaker_open_ms);
    redis_words_add_number(words, limits->breaker_probes);
    return STATUS_OK;
}

static enum status submit(struct redis_limits *self, struct call *call,
                          const struct redis_words *words, struct error *err)
{
    struct redis_command command = redis_words_command(words);
    enum status status = redis_link_submit(self->link, &call->ticket, &command, err);

    /* It broke while it was sent: nobody waits for that ticket any more. */
    if (status != STATUS_OK) {
        call->ticket = (struct redis_ticket){0};
    }
    return status;
}

static void forget(struct redis_limits *self, struct call **calls)
{
    while (*calls != NULL) {
        struct call *call = *calls;

        *calls = call->next;
        redis_link_forget(self->link, &call->ticket);
        free(call);
    }
}

static bool same_service(const struct limit_question *a, const struct limit_question *b)
{
    return a->limits == b->limits && text_equal(a->service, b->service);
}

static enum status ask_service(struct redis_limits *self, const struct limit_question *questions,
                               uint32_t first, uint32_t count, struct error *err)
{
    const struct limit_question *question = &questions[first];
    struct redis_words words = {0};
    struct call *call;
    enum status status = begin(self, REDIS_LIMIT_ASK, question->service, question->limits,
                               4 * count, &words, err);

    if (status != STATUS_OK) {
        return status;
    }
    for (uint32_t i = 0; i < count; i++, question++) {
        redis_words_add(&words, question->id);
        redis_words_add(&words, question->key);
        redis_words_add_number(&words, question->lease_ms);
        redis_words_add_number(&words, question->patience_ms);
    }
    call = calloc(1, sizeof(*call));
    CHECK(call != NULL);
    call->first = first;
    call->count = count;
    call->next = self->asked;
    self->asked = call;
    return submit(self, call, &words, err);
}

/* Of consecutive questions about one service one call is made; all go out without waiting. */
static enum status ask(void *port, const struct limit_question *questions, uint32_t count,
                       struct error *err)
{
    struct redis_limits *self = port;
    enum status status = STATUS_OK;

    CHECK(self->asked == NULL);
    for (uint32_t first = 0; first < count && status == STATUS_OK;) {
        uint32_t end = first + 1;

        while (end < count && same_service(&questions[first], &questions[end])) {
            end++;
        }
        status = ask_service(self, questions, first, end - first, err);
        first = end;
    }
    if (status != STATUS_OK) {
        forget(self, &self->asked);
        return fail_in(err, status, "limits");
    }
    return status;
}

static bool read_answers(const redisReply *reply, const struct call *call,
                         struct limit_answer *answers, uint32_t count)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 1 + 2 * (size_t)call->count ||
        call->first + call->count > count) {
        return false;
    }
    for (size_t i = 0; i < reply->elements; i++) {
        if (reply->element[i]->type != REDIS_REPLY_INTEGER || reply->element[i]->integer < 0) {
            return false;
        }
    }
    for (uint32_t i = 0; i < call->count; i++) {
        long long verdict = reply->element[1 + 2 * i]->integer;

        if (verdict > LIMIT_REFUSED || reply->element[0]->integer > BREAKER_PROBING) {
            return false;
        }
        answers[call->first + i] = (struct limit_answer){
            .verdict = (enum limit_verdict)verdict,
            .wait_ms = reply->element[2 + 2 * i]->integer,
            .breaker = (enum breaker_state)reply->element[0]->integer,
        };
    }
    return true;
}

static enum status answers(void *port, bool *done, struct limit_answer *out, uint32_t count,
                           struct error *err)
{
    struct redis_limits *self = port;
    enum status status = STATUS_OK;

    *done = false;
    for (struct call *call = self->asked; call != NULL; call = call->next) {
        bool is_there = false;

        status = redis_link_wait(self->link, &call->ticket, 0, &is_there, err);
        if (status != STATUS_OK) {
            break;
        }
        if (!is_there) {
            return STATUS_OK;
        }
    }
    for (struct call *call = self->asked; call != NULL && status == STATUS_OK; call = call->next) {
        status = redis_link_judge(self->link, call->ticket.reply, "count limits", err);
        if (status == STATUS_OK && !read_answers(call->ticket.reply, call, out, count)) {
            status = fail(err, STATUS_RETRY, "redis answers what no limiter says");
        }
    }
    *done = true;
    forget(self, &self->asked);
    return status == STATUS_OK ? status : fail_in(err, STATUS_RETRY, "limits");
}

/* Take the answers that are there out of the way. */
static void clear_told(struct redis_limits *self)
{
    struct call **at = &self->told;

    while (*at != NULL) {
        struct call *call = *at;
        bool done = false;

        if (redis_link_wait(self->link, &call->ticket, 0, &done, NULL) != STATUS_OK || done) {
            *at = call->next;
            redis_link_forget(self->link, &call->ticket);
            free(call);
        } else {
            at = &call->next;
        }
    }
}

static enum status tell_service(struct redis_limits *self, const struct limit_report *reports,
                                uint32_t count, struct error *err)
{
    struct redis_words words = {0};
    struct call *call;
    enum status status = begin(self, REDIS_LIMIT_TELL, reports->service, reports->limits, 2 * count,
                               &words, err);

    if (status != STATUS_OK) {
        return status;
    }
    for (uint32_t i = 0; i < count; i++) {
        redis_words_add(&words, reports[i].id);
        redis_words_add_number(&words, reports[i].outcome);
    }
    call = calloc(1, sizeof(*call));
    CHECK(call != NULL);
    call->next = self->told;
    self->told = call;
    return submit(self, call, &words, err);
}

static enum status tell(void *port, const struct limit_report *reports, uint32_t count,
                        struct error *err)
{
    struct redis_limits *self = port;
    enum status status = STATUS_OK;

    clear_told(self);
    for (uint32_t first = 0; first < count && status == STATUS_OK;) {
        uint32_t end = first + 1;

        while (end < count && reports[end].limits == reports[first].limits &&
               text_equal(reports[end].service, reports[first].service)) {
            end++;
        }
        status = tell_service(self, reports + first, end - first, err);
        first = end;
    }
    return status == STATUS_OK ? status : fail_in(err, status, "limits");
}

enum status redis_limits_open(struct text url, struct text app, struct redis_limits **out,
                              struct error *err)
{
    struct redis_link_options options = {
        .url = url, .connect_ms = CONNECT_MS, .silence_ms = SILENCE_MS};
    struct redis_limits *limits = calloc(1, sizeof(*limits));
    enum status status;

    CHECK(limits != NULL);
    status = redis_link_open(&options, &limits->link, err);
    if (status != STATUS_OK) {
        free(limits);
        return status;
    }
    limits->app = text_dup(app);
    *out = limits;
    return STATUS_OK;
}

struct limiter redis_limits_port(struct redis_limits *limits)
{
    return (struct limiter){.self = limits, .ask = ask, .answers = answers, .tell = tell};
}

void redis_limits_set_time(struct redis_limits *limits, int64_t now_ms)
{
    limits->time_ms = now_ms;
}

void redis_limits_close(struct redis_limits *limits)
{
    if (limits == NULL) {
        return;
    }
    forget(limits, &limits->asked);
    forget(limits, &limits->told);
    redis_link_close(limits->link);
    arena_release(&limits->arena);
    free(limits->app);
    free(limits);
}
