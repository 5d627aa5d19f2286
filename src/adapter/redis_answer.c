#include "adapter/redis_answer.h"

#include <hiredis/hiredis.h>
#include <string.h>

#include "base/scan.h"

static struct text text_in(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING ? (struct text){reply->str, reply->len}
                                             : (struct text){0};
}

static bool number_in(const redisReply *reply, int64_t *number)
{
    if (reply->type == REDIS_REPLY_INTEGER) {
        *number = reply->integer;
        return true;
    }
    return text_to_int64(text_in(reply), number);
}

static bool is_array(const redisReply *reply, size_t least)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements >= least;
}

bool redis_answer_is_yes(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
}

void redis_answer_stamp(const redisReply *reply, struct sleep_stamp *stamp, int64_t *generations)
{
    struct sleep_stamp found = {.present = true};
    struct text topic;
    int64_t format = 0;

    if (!is_array(reply, 10)) {
        return;
    }
    topic = text_in(reply->element[1]);
    if (topic.data == NULL || topic.bytes >= sizeof(found.topic_id) ||
        !number_in(reply->element[0], &format) ||
        !number_in(reply->element[2], &found.generation) ||
        !number_in(reply->element[3], &found.watermark) ||
        !number_in(reply->element[4], &found.applied_ms) ||
        !number_in(reply->element[5], &found.run_count) ||
        !number_in(reply->element[6], &found.timer_count) ||
        !number_in(reply->element[7], &found.run_count_seen) ||
        !number_in(reply->element[8], &found.timer_count_seen) ||
        !number_in(reply->element[9], generations)) {
        return;
    }
    found.format = format > 0 && format <= INT32_MAX ? (int32_t)format : 0;
    memcpy(found.topic_id, topic.data, topic.bytes);
    *stamp = found;
}

/* "<number>:" from the scan on; no more than what is left could hold. */
static bool take_count(struct scan *scan, size_t *count)
{
    size_t from = scan->at;
    int64_t number;

    while (is_digit(scan_peek(scan))) {
        scan->at++;
    }
    if (!text_to_int64(text_sub(scan->text, from, scan->at - from), &number) || number < 0 ||
        !scan_take(scan, ':') || (uint64_t)number > scan->text.bytes - scan->at) {
        return false;
    }
    *count = (size_t)number;
    return true;
}

/* "<n>:" and n times "<bytes>:<timer id>", then the state. */
static bool take_state(struct text value, struct text *state)
{
    struct scan scan = {.text = value};
    size_t timers;
    size_t bytes;

    if (value.data == NULL || !take_count(&scan, &timers)) {
        return false;
    }
    for (size_t i = 0; i < timers; i++) {
        if (!take_count(&scan, &bytes)) {
            return false;
        }
        scan.at += bytes;
    }
    *state = text_sub(value, scan.at, value.bytes - scan.at);
    return true;
}

static bool take_stack(const redisReply *reply, struct arena *arena, struct sleep_run *run)
{
    struct text *stack;

    if (!is_array(reply, 0)) {
        return false;
    }
    stack = arena_array(arena, reply->elements, sizeof(*stack));
    for (size_t i = 0; i < reply->elements; i++) {
        stack[i] = text_in(reply->element[i]);
        if (stack[i].data == NULL) {
            return false;
        }
    }
    run->stack = stack;
    run->stack_count = (uint32_t)reply->elements;
    return true;
}

bool redis_answer_runs(const redisReply *reply, struct arena *arena, struct sleep_run *runs,
                       uint32_t run_count)
{
    if (!is_array(reply, 1) || reply->elements % 3 != 1 ||
        !redis_answer_is_yes(reply->element[0])) {
        return false;
    }
    for (size_t i = 1; i < reply->elements; i += 3) {
        int64_t index = -1;

        if (!number_in(reply->element[i], &index) || index < 0 || index >= run_count ||
            !take_state(text_in(reply->element[i + 1]), &runs[index].state) ||
            !take_stack(reply->element[i + 2], arena, &runs[index])) {
            return false;
        }
    }
    return true;
}

/* "<bytes>:<name><timer id>" */
static bool take_timer(struct text member, struct sleep_due *due)
{
    struct scan scan = {.text = member};
    size_t bytes;

    if (member.data == NULL || !take_count(&scan, &bytes)) {
        return false;
    }
    due->name = text_sub(member, scan.at, bytes);
    due->id = text_sub(member, scan.at + bytes, member.bytes);
    return true;
}

bool redis_answer_due(const redisReply *reply, struct sleep_due *due, uint32_t capacity,
                      uint32_t *count)
{
    const redisReply *timers;

    if (!is_array(reply, 2) || !redis_answer_is_yes(reply->element[0]) ||
        !is_array(reply->element[1], 0)) {
        return false;
    }
    timers = reply->element[1];
    if (timers->elements % 2 != 0 || timers->elements / 2 > capacity) {
        return false;
    }
    for (size_t i = 0; i < timers->elements; i += 2) {
        struct sleep_due *timer = &due[i / 2];

        if (!take_timer(text_in(timers->element[i]), timer) ||
            !number_in(timers->element[i + 1], &timer->due_ms)) {
            return false;
        }
    }
    *count = (uint32_t)(timers->elements / 2);
    return true;
}

/* "<n>:" and n times "<bytes>:<timer id>", then the state; all of it. */
static bool take_noted(struct text value, struct arena *arena, struct sleep_seen *seen)
{
    struct scan scan = {.text = value};
    struct text *noted;
    size_t count;
    size_t bytes;

    if (!take_count(&scan, &count)) {
        return false;
    }
    noted = arena_array(arena, count, sizeof(*noted));
    for (size_t i = 0; i < count; i++) {
        if (!take_count(&scan, &bytes)) {
            return false;
        }
        noted[i] = text_sub(value, scan.at, bytes);
        scan.at += bytes;
    }
    seen->noted = noted;
    seen->noted_count = (uint32_t)count;
    seen->state = text_sub(value, scan.at, value.bytes - scan.at);
    return true;
}

static bool take_seen(const redisReply *reply, struct arena *arena, const struct sleep_ask *ask,
                      struct sleep_seen *seen)
{
    struct sleep_run run = {.stack_count = 0};
    struct text value;
    int64_t *due;

    *seen = (struct sleep_seen){.noted_count = 0};
    if (!is_array(reply, 3) || !take_stack(reply->element[1], arena, &run) ||
        !is_array(reply->element[2], ask->timer_count)) {
        return false;
    }
    value = text_in(reply->element[0]);
    /* What cannot be read is as it stands there: it will not be what it should be. */
    if (value.data != NULL && !take_noted(value, arena, seen)) {
        seen->state = value;
    }
    seen->stack = run.stack;
    seen->stack_count = run.stack_count;
    due = arena_array(arena, ask->timer_count, sizeof(*due));
    for (uint32_t i = 0; i < ask->timer_count; i++) {
        if (!number_in(reply->element[2]->element[i], &due[i])) {
            due[i] = SLEEP_NOT_DUE;
        }
    }
    seen->due = due;
    return true;
}

bool redis_answer_look(const redisReply *reply, struct arena *arena, const struct sleep_ask *asks,
                       struct sleep_seen *seen, uint32_t count)
{
    if (!is_array(reply, 11) || !is_array(reply->element[10], count)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!take_seen(reply->element[10]->element[i], arena, &asks[i], &seen[i])) {
            return false;
        }
    }
    return true;
}

bool redis_answer_names(const redisReply *reply, struct arena *arena, bool are_timers,
                        int64_t *cursor, struct sleep_name **names, uint32_t *count)
{
    const redisReply *found;

    if (!is_array(reply, 2) || !number_in(reply->element[0], cursor) || *cursor < 0 ||
        !is_array(reply->element[1], 0)) {
        return false;
    }
    found = reply->element[1];
    *count = (uint32_t)(found->elements / 2);
    *names = arena_array(arena, *count, sizeof(**names));
    for (uint32_t i = 0; i < *count; i++) {
        struct text name = text_in(found->element[2 * (size_t)i]);
        struct sleep_due timer;

        (*names)[i].name = name;
        if (are_timers && take_timer(name, &timer)) {
            (*names)[i] = (struct sleep_name){timer.name, timer.id};
        } else if (are_timers) {
            (*names)[i] = (struct sleep_name){TEXT(""), name};
        }
    }
    return true;
}
