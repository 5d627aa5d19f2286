/* A deadline does not beat a reply that was in time: whatever was written to a reply topic before an
 * attempt ran out is taken before that attempt is given up. One that cannot be carried out, since what
 * follows from it is too large for a topic, say, is a dead letter, and its step times out. */
#include <stdlib.h>

#include "core/correlate.h"
#include "sim/checker_parts.h"

/* The clocks of two processes may differ by this much. */
#define CLOCKS_MS 1500

struct reply_time {
    char *key;     /* "<instance>/<run>/<activation>" */
    char *command; /* Its id, which the reply carries. */
    int64_t at_ms;
};

void reply_time_free(void *reply)
{
    struct reply_time *time = reply;

    free(time->key);
    free(time->command);
    free(time);
}

static struct text header(const struct record *record, const char *name)
{
    for (uint32_t i = record->header_count; i > 0; i--) {
        if (text_is(record->headers[i - 1].name, name)) {
            return record->headers[i - 1].value;
        }
    }
    return TEXT("");
}

static struct text place(struct checker *checker, struct text instance, struct run_id run,
                         uint32_t activation)
{
    char id[RUN_ID_BYTES];

    run_id_format(run, id);
    return arena_printf(&checker->arena, "%.*s/%s/%u", TEXT_ARG(instance), id, activation);
}

void check_reply(struct checker *checker, const struct record *record)
{
    struct command_id id;
    struct reply_time *reply;
    struct text command = header(record, "correlation-id");
    struct text key;

    if (!command_id_parse(command, checker->options.settings->app, &id)) {
        return;
    }
    key = place(checker, id.instance, (struct run_id){id.generation, id.offset}, id.activation);
    if (map_get(&checker->replies, key) != NULL) {
        return;
    }
    reply = calloc(1, sizeof(*reply));
    CHECK(reply != NULL);
    *reply = (struct reply_time){
        .key = text_dup(key), .command = text_dup(command), .at_ms = record->timestamp_ms};
    map_put(&checker->replies, text_of(reply->key), reply);
}

void check_deadline(struct checker *checker, const struct book *book,
                    const struct history_record *history)
{
    static const struct text prefix = {"attempt/", 8};
    const struct reply_time *reply;
    const struct timer *timer;
    int64_t activation;

    if (!text_is(history->cause_kind, "timer") || !text_starts(history->cause_id, prefix) ||
        !text_to_int64(text_sub(history->cause_id, prefix.bytes, history->cause_id.bytes),
                       &activation) ||
        book->state == NULL) {
        return;
    }
    timer = instance_timer(book->state, TIMER_ATTEMPT, (uint32_t)activation);
    reply = map_get(&checker->replies,
                    place(checker, history->instance, history->run, (uint32_t)activation));
    if (timer != NULL && reply != NULL && reply->at_ms + CLOCKS_MS < timer->due_ms &&
        map_get(&checker->dead, text_of(reply->command)) == NULL) {
        checker_fail(checker, "deadline: %s gives up step %lld, whose reply came %lld ms in time",
                     book->key, (long long)activation, (long long)(timer->due_ms - reply->at_ms));
    }
}
