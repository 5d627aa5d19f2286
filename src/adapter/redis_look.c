#include "adapter/redis_look.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdlib.h>

#include "adapter/redis_answer.h"
#include "adapter/redis_words.h"

#define CURSOR_TIMERS (UINT64_C(1) << 63)

struct redis_look {
    struct redis_link *link;
    char *app;
    struct redis_ticket ticket;
    struct arena arena; /* Of one call: its words, then what its answer is made of. */
};

/* Forget the answer before, and begin a call of `script` with up to `most` arguments. */
static enum status begin(struct redis_look *look, enum redis_script script, int32_t partition,
                         uint32_t most, struct redis_words *words, struct error *err)
{
    redis_ticket_clear(&look->ticket);
    arena_reset(&look->arena);
    return redis_words_begin(
        words, &look->arena, look->link, script,
        arena_printf(&look->arena, "{%s:%" PRId32 "}:meta", look->app, partition), most, err);
}

static enum status ask(struct redis_look *look, const struct redis_words *words, struct error *err)
{
    struct redis_command command = redis_words_command(words);

    return redis_link_call(look->link, &look->ticket, &command, err);
}

static enum status look_port(void *self, int32_t partition, const struct sleep_ask *asks,
                             uint32_t count, struct sleep_stamp *stamp, struct sleep_seen *seen,
                             struct error *err)
{
    struct redis_look *look = self;
    int64_t generations = 0;
    struct redis_words words;
    uint32_t most = 0;
    enum status status;

    *stamp = (struct sleep_stamp){.present = false};
    for (uint32_t i = 0; i < count; i++) {
        most += 2 + asks[i].timer_count;
    }
    status = begin(look, REDIS_LOOK, partition, most, &words, err);
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        redis_words_add(&words, asks[i].name);
        redis_words_add(&words, arena_printf(&look->arena, "%" PRIu32, asks[i].timer_count));
        for (uint32_t k = 0; k < asks[i].timer_count; k++) {
            redis_words_add(&words, asks[i].timers[k]);
        }
    }
    if (status == STATUS_OK) {
        status = ask(look, &words, err);
    }
    if (status == STATUS_STALE) {
        return STATUS_OK; /* Not ours: as good as nothing. */
    }
    if (status != STATUS_OK) {
        return status;
    }
    redis_answer_stamp(look->ticket.reply, stamp, &generations);
    if (stamp->present && !redis_answer_look(look->ticket.reply, &look->arena, asks, seen, count)) {
        return fail(err, STATUS_RETRY, "redis: partition %" PRId32 ": an odd answer", partition);
    }
    return STATUS_OK;
}

/* States first, then timers: the cursor's highest bit tells. */
static enum status names_port(void *self, int32_t partition, uint64_t *cursor,
                              const struct sleep_name **names, uint32_t *count, struct error *err)
{
    struct redis_look *look = self;
    bool are_timers = (*cursor & CURSOR_TIMERS) != 0;
    struct sleep_name *found = NULL;
    int64_t next = 0;
    struct redis_words words;
    enum status status = begin(look, REDIS_NAMES, partition, 2, &words, err);

    *count = 0;
    if (status == STATUS_OK) {
        redis_words_add(&words, are_timers ? TEXT("t") : TEXT("i"));
        redis_words_add(&words, arena_printf(&look->arena, "%" PRIu64, *cursor & ~CURSOR_TIMERS));
        status = ask(look, &words, err);
    }
    if (status == STATUS_OK &&
        !redis_answer_names(look->ticket.reply, &look->arena, are_timers, &next, &found, count)) {
        status = fail(err, STATUS_RETRY, "redis: partition %" PRId32 ": an odd answer", partition);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *names = found;
    *cursor = next != 0 ? (uint64_t)next | (*cursor & CURSOR_TIMERS)
                        : (are_timers ? 0 : CURSOR_TIMERS);
    return STATUS_OK;
}

enum status redis_look_open(struct text url, struct text app, struct redis_look **out,
                            struct error *err)
{
    struct redis_link_options options = {.url = url};
    struct redis_look *look = calloc(1, sizeof(*look));
    enum status status;

    CHECK(look != NULL);
    status = redis_link_open(&options, &look->link, err);
    if (status != STATUS_OK) {
        free(look);
        return status;
    }
    look->app = text_dup(app);
    *out = look;
    return STATUS_OK;
}

struct sleep_look redis_look_port(struct redis_look *look)
{
    return (struct sleep_look){.self = look, .look = look_port, .names = names_port};
}

void redis_look_close(struct redis_look *look)
{
    if (look == NULL) {
        return;
    }
    redis_link_forget(look->link, &look->ticket);
    redis_link_close(look->link);
    arena_release(&look->arena);
    free(look->app);
    free(look);
}
