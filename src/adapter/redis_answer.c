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
