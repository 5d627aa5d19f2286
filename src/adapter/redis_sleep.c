#include "adapter/redis_sleep.h"

#include <hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/redis_script.h"
#include "base/arena.h"

struct redis_place {
    struct redis_link *link;
    char *app;
};

struct redis_sleep {
    struct redis_link *link; /* The place's. */
    char meta[320];
    char prefix[320];
    struct redis_wait answer;  /* To the last question; what it holds is lent until the next. */
    struct redis_wait applied; /* To the apply that is out. */
    struct arena arena;        /* Reset at every call. */
};

/* A command being put together. */
struct words {
    struct arena *arena;
    const char **items;
    size_t *bytes;
    size_t count;
    size_t capacity;
};

static void add(struct words *words, struct text text)
{
    CHECK(words->count < words->capacity);
    words->items[words->count] = text.data == NULL ? "" : text.data;
    words->bytes[words->count++] = text.bytes;
}

static void add_number(struct words *words, int64_t number)
{
    add(words, arena_printf(words->arena, "%" PRId64, number));
}

/* EVAL script 1 meta prefix */
static struct words begin(struct redis_sleep *sleep, const char *script, size_t more)
{
    struct words words = {.arena = &sleep->arena, .capacity = more + 5};

    words.items = arena_array(&sleep->arena, words.capacity, sizeof(char *));
    words.bytes = arena_array(&sleep->arena, words.capacity, sizeof(size_t));
    add(&words, TEXT("EVAL"));
    add(&words, text_of(script));
    add(&words, TEXT("1"));
    add(&words, text_of(sleep->meta));
    add(&words, text_of(sleep->prefix));
    return words;
}

static void forget_answer(struct redis_sleep *sleep)
{
    redis_wait_release(sleep->link, &sleep->answer);
    arena_reset(&sleep->arena);
}

static enum status ask(struct redis_sleep *sleep, const struct words *words, struct error *err)
{
    return redis_link_call(sleep->link, words->count, words->items, words->bytes, &sleep->answer,
                           err);
}

static int64_t number_of(const redisReply *reply)
{
    int64_t number = 0;

    if (reply->type == REDIS_REPLY_INTEGER) {
        return reply->integer;
    }
    if (reply->type != REDIS_REPLY_STRING ||
        !text_to_int64((struct text){reply->str, reply->len}, &number)) {
        return -1;
    }
    return number;
}

static enum status odd(const struct redis_sleep *sleep, const char *what, struct error *err)
{
    return fail(err, STATUS_STALE, "redis '%s': the answer to %s has not the shape expected",
                sleep->meta, what);
}

static enum status elsewhere(const struct redis_sleep *sleep, struct error *err)
{
    return fail(err, STATUS_STALE, "redis '%s' stands elsewhere, or something in it is missing",
                sleep->meta);
}

static enum status sleep_stamp(void *self, struct sleep_stamp *stamp, struct error *err)
{
    struct redis_sleep *sleep = self;

    forget_answer(sleep);
    *stamp = (struct sleep_stamp){0};
    struct words words = begin(sleep, script_stamp, 0);
    enum status status = ask(sleep, &words, err);
    const redisReply *reply = sleep->answer.reply;
    if (status != STATUS_OK || reply->type == REDIS_REPLY_NIL) {
        return status;
    }
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 9) {
        return STATUS_OK; /* Not what we wrote: as good as nothing there. */
    }
    const redisReply *topic = reply->element[1];
    stamp->present = true;
    stamp->format = (int32_t)number_of(reply->element[0]);
    if (topic->type == REDIS_REPLY_STRING && topic->len < sizeof stamp->topic_id) {
        memcpy(stamp->topic_id, topic->str, topic->len);
    }
    stamp->generation = number_of(reply->element[2]);
    stamp->watermark = number_of(reply->element[3]);
    stamp->applied_ms = number_of(reply->element[4]);
    stamp->run_count = number_of(reply->element[5]);
    stamp->timer_count = number_of(reply->element[6]);
    stamp->run_count_seen = number_of(reply->element[7]);
    stamp->timer_count_seen = number_of(reply->element[8]);
    return STATUS_OK;
}

static enum status sleep_reset(void *self, int64_t generation, struct text topic_id,
                               struct error *err)
{
    struct redis_sleep *sleep = self;

    forget_answer(sleep);
    struct words words = begin(sleep, script_reset, 3);
    add_number(&words, generation);
    add_number(&words, SLEEP_FORMAT);
    add(&words, topic_id);
    return ask(sleep, &words, err);
}

static void add_run(struct words *words, const struct sleep_op *op)
{
    add(words, op->name);
    add(words, op->state.data == NULL ? TEXT("0") : TEXT("1"));
    add(words, op->state);
    add_number(words, op->timer_count);
    for (uint32_t i = 0; i < op->timer_count; i++) {
        add(words, op->timers[i].id);
        add_number(words, op->timers[i].due_ms);
    }
    add_number(words, op->stack_count);
    for (uint32_t i = 0; i < op->stack_count; i++) {
        add(words, op->stack[i]);
    }
}

static enum status sleep_apply(void *self, int64_t generation, int64_t from, int64_t to,
                               int64_t now_ms, const struct sleep_op *ops, uint32_t op_count,
                               struct error *err)
{
    struct redis_sleep *sleep = self;
    size_t more = 4;

    CHECK(!sleep->applied.is_pending);
    for (uint32_t i = 0; i < op_count; i++) {
        more += 5 + 2 * (size_t)ops[i].timer_count + ops[i].stack_count;
    }
    forget_answer(sleep);
    redis_wait_release(sleep->link, &sleep->applied);
    struct words words = begin(sleep, script_apply, more);
    add_number(&words, generation);
    add_number(&words, from);
    add_number(&words, to);
    add_number(&words, now_ms);
    for (uint32_t i = 0; i < op_count; i++) {
        add_run(&words, &ops[i]);
    }
    return redis_link_send(sleep->link, words.count, words.items, words.bytes, &sleep->applied,
                           err);
}

static enum status sleep_settle(void *self, int64_t wait_ms, bool *done, struct error *err)
{
    struct redis_sleep *sleep = self;
    enum status status = redis_link_await(sleep->link, &sleep->applied, wait_ms, err);

    *done = status != STATUS_OK || sleep->applied.is_done;
    if (!*done) {
        return STATUS_OK;
    }
    const redisReply *reply = sleep->applied.reply;
    if (status == STATUS_OK && reply->type == REDIS_REPLY_ERROR) {
        status = fail(err, STATUS_RETRY, "redis '%s': %.300s", sleep->meta, reply->str);
    } else if (status == STATUS_OK && number_of(reply) != 1) {
        status = elsewhere(sleep, err);
    }
    redis_wait_release(sleep->link, &sleep->applied);
    return status;
}

static bool is_run(const redisReply *reply)
{
    bool is = reply->type == REDIS_REPLY_ARRAY && reply->elements >= 1;

    for (size_t i = 0; is && i < reply->elements; i++) {
        is = reply->element[i]->type == REDIS_REPLY_STRING;
    }
    return is;
}

static struct text text_in(const redisReply *reply)
{
    return (struct text){reply->str, reply->len};
}

static void lend_run(struct redis_sleep *sleep, const redisReply *reply, struct sleep_run *run)
{
    struct text *stack = arena_array(&sleep->arena, reply->elements, sizeof *stack);

    for (size_t i = 1; i < reply->elements; i++) {
        stack[i - 1] = text_in(reply->element[i]);
    }
    *run = (struct sleep_run){.state = text_in(reply->element[0]),
                              .stack = stack,
                              .stack_count = (uint32_t)(reply->elements - 1)};
}

static enum status sleep_load(void *self, int64_t generation, int64_t watermark,
                              const struct text *names, uint32_t name_count, struct sleep_run *runs,
                              struct error *err)
{
    struct redis_sleep *sleep = self;

    forget_answer(sleep);
    struct words words = begin(sleep, script_load, (size_t)name_count + 2);
    add_number(&words, generation);
    add_number(&words, watermark);
    for (uint32_t i = 0; i < name_count; i++) {
        add(&words, names[i]);
    }
    enum status status = ask(sleep, &words, err);
    if (status != STATUS_OK) {
        return status;
    }
    const redisReply *reply = sleep->answer.reply;
    if (reply->type == REDIS_REPLY_INTEGER) {
        return elsewhere(sleep, err);
    }
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != name_count) {
        return odd(sleep, "load", err);
    }
    for (uint32_t i = 0; i < name_count; i++) {
        runs[i] = (struct sleep_run){0};
        if (is_run(reply->element[i])) {
            lend_run(sleep, reply->element[i], &runs[i]);
        } else if (reply->element[i]->type != REDIS_REPLY_NIL) {
            return odd(sleep, "load", err);
        }
    }
    return STATUS_OK;
}

/* "<id> <name>": an id has no blank. */
static bool lend_due(const redisReply *member, const redisReply *score, struct sleep_due *due)
{
    double at_ms = 0;

    if (member->type != REDIS_REPLY_STRING || score->type != REDIS_REPLY_STRING) {
        return false;
    }
    struct text both = text_in(member);
    size_t blank = text_find(both, ' ');
    at_ms = strtod(score->str, NULL);
    if (blank == SIZE_MAX || !(at_ms >= 0 && at_ms < 9e15)) {
        return false;
    }
    *due = (struct sleep_due){.id = text_sub(both, 0, blank),
                              .name = text_sub(both, blank + 1, both.bytes),
                              .due_ms = (int64_t)at_ms};
    return true;
}

static enum status sleep_due(void *self, int64_t generation, int64_t watermark, int64_t until_ms,
                             struct sleep_due *due, uint32_t capacity, uint32_t *count,
                             struct error *err)
{
    struct redis_sleep *sleep = self;

    forget_answer(sleep);
    *count = 0;
    struct words words = begin(sleep, script_due, 4);
    add_number(&words, generation);
    add_number(&words, watermark);
    add_number(&words, until_ms);
    add_number(&words, capacity);
    enum status status = ask(sleep, &words, err);
    if (status != STATUS_OK) {
        return status;
    }
    const redisReply *reply = sleep->answer.reply;
    if (reply->type == REDIS_REPLY_INTEGER) {
        return elsewhere(sleep, err);
    }
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements % 2 != 0 ||
        reply->elements / 2 > capacity) {
        return odd(sleep, "due", err);
    }
    for (size_t i = 0; i < reply->elements; i += 2) {
        if (!lend_due(reply->element[i], reply->element[i + 1], &due[*count])) {
            return odd(sleep, "due", err);
        }
        (*count)++;
    }
    return STATUS_OK;
}

static void sleep_close(void *self)
{
    struct redis_sleep *sleep = self;

    redis_wait_release(sleep->link, &sleep->answer);
    redis_wait_release(sleep->link, &sleep->applied);
    arena_release(&sleep->arena);
    free(sleep);
}

static enum status place_open(void *self, int32_t partition, struct sleep_store *store,
                              struct error *err)
{
    struct redis_place *place = self;
    struct redis_sleep *sleep = calloc(1, sizeof *sleep);

    (void)err;
    CHECK(sleep != NULL);
    sleep->link = place->link;
    snprintf(sleep->prefix, sizeof sleep->prefix, "{%s:%d}:", place->app, partition);
    snprintf(sleep->meta, sizeof sleep->meta, "{%s:%d}:meta", place->app, partition);
    *store = (struct sleep_store){.self = sleep,
                                  .stamp = sleep_stamp,
                                  .reset = sleep_reset,
                                  .apply = sleep_apply,
                                  .settle = sleep_settle,
                                  .load = sleep_load,
                                  .due = sleep_due,
                                  .close = sleep_close};
    return STATUS_OK;
}

enum status redis_place_open(struct text url, struct text app, struct redis_place **out,
                             struct error *err)
{
    struct redis_place *place = calloc(1, sizeof *place);

    CHECK(place != NULL);
    enum status status = redis_link_open(url, &place->link, err);
    if (status != STATUS_OK) {
        free(place);
        return fail_in(err, status, "redis '%.*s'", TEXT_ARG(url));
    }
    place->app = text_dup(app);
    *out = place;
    return STATUS_OK;
}

struct sleep_place redis_place_port(struct redis_place *place)
{
    return (struct sleep_place){.self = place, .open = place_open};
}

void redis_place_close(struct redis_place *place)
{
    if (place == NULL) {
        return;
    }
    redis_link_close(place->link);
    free(place->app);
    free(place);
}
