#include "adapter/redis_sleep.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/real_clock.h"
#include "adapter/redis_answer.h"
#include "adapter/redis_words.h"

#define PURGE_SLICE 500

struct redis_place {
    struct redis_link *link;
    char *app;
};

struct redis_sleep {
    struct redis_link *link; /* Borrowed. */
    struct text meta;        /* "{<app>:<partition>}:meta" */
    struct arena names;      /* Holds it. */
    struct arena arena;      /* Of one call: its words, then what its answer is made of. */
    struct redis_ticket question;
    struct redis_ticket applied;
    struct redis_ticket purged;
    bool purging; /* A generation may remain to be removed. */
};

/* Forget the answer before, and begin a call of `script` with up to `most` arguments. */
static enum status begin(struct redis_sleep *sleep, enum redis_script script, uint32_t most,
                         struct redis_words *words, struct error *err)
{
    redis_ticket_clear(&sleep->question);
    arena_reset(&sleep->arena);
    return redis_words_begin(words, &sleep->arena, sleep->link, script, sleep->meta, most, err);
}

static enum status ask(struct redis_sleep *sleep, const struct redis_words *words,
                       struct error *err)
{
    struct redis_command command = redis_words_command(words);
    enum status status = redis_link_call(sleep->link, &sleep->question, &command, err);

    return status == STATUS_OK ? status
                               : fail_in(err, status, "store '%.*s'", TEXT_ARG(sleep->meta));
}

static enum status stamp(void *self, struct sleep_stamp *out, struct error *err)
{
    struct redis_sleep *sleep = self;
    struct redis_words words;
    enum status status = begin(sleep, REDIS_STAMP, 0, &words, err);

    *out = (struct sleep_stamp){0};
    if (status == STATUS_OK) {
        status = ask(sleep, &words, err);
    }
    if (status == STATUS_STALE) {
        return STATUS_OK; /* Not ours: as good as nothing. */
    }
    if (status == STATUS_OK) {
        int64_t generations = 0;

        redis_answer_stamp(sleep->question.reply, out, &generations);
        sleep->purging = sleep->purging || generations > 1;
    }
    return status;
}

static enum status reset(void *self, int64_t generation, struct text topic_id, struct error *err)
{
    struct redis_sleep *sleep = self;
    struct clock clock = real_clock();
    struct redis_words words;
    enum status status = begin(sleep, REDIS_RESET, 4, &words, err);

    if (status != STATUS_OK) {
        return status;
    }
    redis_words_add_number(&words, generation);
    redis_words_add(&words, topic_id);
    redis_words_add_number(&words, SLEEP_FORMAT);
    redis_words_add_number(&words, clock.now_ms(clock.self));
    status = ask(sleep, &words, err);
    if (status == STATUS_OK && !redis_answer_is_yes(sleep->question.reply)) {
        return fail(err, STATUS_STALE, "store '%.*s': generation %" PRId64 " is in use",
                    TEXT_ARG(sleep->meta), generation);
    }
    sleep->purging = true;
    return status;
}

static void add_run(struct redis_words *words, const struct sleep_op *op)
{
    redis_words_add(words, op->name);
    if (op->state.data == NULL) {
        redis_words_add(words, TEXT("0"));
        return;
    }
    redis_words_add(words, TEXT("1"));
    redis_words_add(words, op->state);
    redis_words_add_number(words, op->timer_count);
    for (uint32_t i = 0; i < op->timer_count; i++) {
        redis_words_add(words, op->timers[i].id);
        redis_words_add_number(words, op->timers[i].due_ms);
    }
    redis_words_add_number(words, op->stack_count);
    for (uint32_t i = 0; i < op->stack_count; i++) {
        redis_words_add(words, op->stack[i]);
    }
}

/* Remove some more of the generations that were given up. Nobody waits for it. */
static void purge_some(struct redis_sleep *sleep)
{
    struct redis_words words;
    struct redis_command command;

    if (sleep->purged.waiting) {
        return;
    }
    if (sleep->purged.reply != NULL) {
        sleep->purging = redis_answer_is_yes(sleep->purged.reply);
    }
    redis_ticket_clear(&sleep->purged);
    if (!sleep->purging || begin(sleep, REDIS_PURGE, 1, &words, NULL) != STATUS_OK) {
        return;
    }
    redis_words_add_number(&words, PURGE_SLICE);
    command = redis_words_command(&words);
    if (redis_link_submit(sleep->link, &sleep->purged, &command, NULL) != STATUS_OK) {
        sleep->purged = (struct redis_ticket){0}; /* The next apply tries again. */
    }
}

static enum status apply(void *self, int64_t generation, int64_t from, int64_t to, int64_t now_ms,
                         const struct sleep_op *ops, uint32_t op_count, struct error *err)
{
    struct redis_sleep *sleep = self;
    struct redis_command command;
    struct redis_words words;
    uint32_t most = 4;
    enum status status;

    CHECK(!sleep->applied.waiting);
    for (uint32_t i = 0; i < op_count; i++) {
        most += 5 + 2 * ops[i].timer_count + ops[i].stack_count;
    }
    redis_ticket_clear(&sleep->applied);
    status = begin(sleep, REDIS_APPLY, most, &words, err);
    if (status != STATUS_OK) {
        return status;
    }
    redis_words_add_number(&words, generation);
    redis_words_add_number(&words, from);
    redis_words_add_number(&words, to);
    redis_words_add_number(&words, now_ms);
    for (uint32_t i = 0; i < op_count; i++) {
        add_run(&words, &ops[i]);
    }
    command = redis_words_command(&words);
    status = redis_link_submit(sleep->link, &sleep->applied, &command, err);
    if (status != STATUS_OK) {
        return fail_in(err, status, "store '%.*s'", TEXT_ARG(sleep->meta));
    }
    purge_some(sleep);
    return STATUS_OK;
}

static enum status settle(void *self, int64_t wait_ms, bool *done, struct error *err)
{
    struct redis_sleep *sleep = self;
    enum status status = redis_link_wait(sleep->link, &sleep->applied, wait_ms, done, err);

    if (!*done || sleep->applied.reply == NULL) {
        return status; /* Not yet, or the link broke, or nothing was handed over. */
    }
    status = redis_link_judge(sleep->link, sleep->applied.reply, "apply", err);
    if (status == STATUS_OK && !redis_answer_is_yes(sleep->applied.reply)) {
        status = fail(err, STATUS_STALE, "it stands elsewhere");
    }
    redis_ticket_clear(&sleep->applied);
    return status == STATUS_OK ? status
                               : fail_in(err, status, "store '%.*s'", TEXT_ARG(sleep->meta));
}

static enum status stale(const struct redis_sleep *sleep, struct error *err)
{
    return fail(err, STATUS_STALE, "store '%.*s': it stands elsewhere, or lacks something",
                TEXT_ARG(sleep->meta));
}

static enum status load(void *self, int64_t generation, int64_t watermark, const struct text *names,
                        uint32_t name_count, struct sleep_run *runs, struct error *err)
{
    struct redis_sleep *sleep = self;
    struct redis_words words;
    enum status status = begin(sleep, REDIS_LOAD, 2 + name_count, &words, err);

    if (status != STATUS_OK) {
        return status;
    }
    redis_words_add_number(&words, generation);
    redis_words_add_number(&words, watermark);
    for (uint32_t i = 0; i < name_count; i++) {
        runs[i] = (struct sleep_run){0};
        redis_words_add(&words, names[i]);
    }
    status = ask(sleep, &words, err);
    if (status == STATUS_OK &&
        !redis_answer_runs(sleep->question.reply, &sleep->arena, runs, name_count)) {
        return stale(sleep, err);
    }
    return status;
}

static enum status due(void *self, int64_t generation, int64_t watermark, int64_t until_ms,
                       struct sleep_due *timers, uint32_t capacity, uint32_t *count,
                       struct error *err)
{
    struct redis_sleep *sleep = self;
    struct redis_words words;
    enum status status = begin(sleep, REDIS_DUE, 4, &words, err);

    *count = 0;
    if (status != STATUS_OK) {
        return status;
    }
    redis_words_add_number(&words, generation);
    redis_words_add_number(&words, watermark);
    redis_words_add_number(&words, until_ms);
    redis_words_add_number(&words, capacity);
    status = ask(sleep, &words, err);
    if (status == STATUS_OK && !redis_answer_due(sleep->question.reply, timers, capacity, count)) {
        return stale(sleep, err);
    }
    return status;
}

static void close_store(void *self)
{
    struct redis_sleep *sleep = self;

    if (sleep == NULL) {
        return;
    }
    redis_link_forget(sleep->link, &sleep->question);
    redis_link_forget(sleep->link, &sleep->applied);
    redis_link_forget(sleep->link, &sleep->purged);
    arena_release(&sleep->arena);
    arena_release(&sleep->names);
    free(sleep);
}

static enum status open_store(void *self, int32_t partition, struct sleep_store *port,
                              struct error *err)
{
    const struct redis_place *place = self;
    struct redis_sleep *sleep = calloc(1, sizeof(*sleep));

    (void)err;
    CHECK(sleep != NULL);
    sleep->link = place->link;
    sleep->meta = arena_printf(&sleep->names, "{%s:%" PRId32 "}:meta", place->app, partition);
    *port = (struct sleep_store){.self = sleep,
                                 .stamp = stamp,
                                 .reset = reset,
                                 .apply = apply,
                                 .settle = settle,
                                 .load = load,
                                 .due = due,
                                 .close = close_store};
    return STATUS_OK;
}

enum status redis_place_open(struct text url, struct text app, struct redis_place **out,
                             struct error *err)
{
    struct redis_link_options options = {.url = url};
    struct redis_place *place = calloc(1, sizeof(*place));
    enum status status;

    CHECK(place != NULL);
    status = redis_link_open(&options, &place->link, err);
    if (status != STATUS_OK) {
        free(place);
        return status;
    }
    place->app = text_dup(app);
    *out = place;
    return STATUS_OK;
}

void redis_place_count(struct redis_place *place, struct store_stats *stats)
{
    redis_link_count(place->link, stats);
}

struct sleep_place redis_place_port(struct redis_place *place)
{
    return (struct sleep_place){.self = place, .open = open_store};
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
