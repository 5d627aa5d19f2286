/*
 * redis_answer - what the scripts answer, taken apart. Whatever the shape of a reply, it is looked
 * at before it is believed. Used inside of the Redis adapter.
 */
#ifndef BATON_ADAPTER_REDIS_ANSWER_H
#define BATON_ADAPTER_REDIS_ANSWER_H

#include "base/arena.h"
#include "engine/sleep_look.h"

struct redisReply;

/* The number 1. */
bool redis_answer_is_yes(const struct redisReply *reply);

/* Of REDIS_STAMP. Anything odd is as good as nothing: `stamp` stays zeroed. */
void redis_answer_stamp(const struct redisReply *reply, struct sleep_stamp *stamp,
                        int64_t *generations);

/* Of REDIS_LOAD. The texts point into the reply, the arrays live in `arena`. False: stale. */
bool redis_answer_runs(const struct redisReply *reply, struct arena *arena, struct sleep_run *runs,
                       uint32_t run_count);

/* Of REDIS_DUE. The texts point into the reply. False: stale. */
bool redis_answer_due(const struct redisReply *reply, struct sleep_due *due, uint32_t capacity,
                      uint32_t *count);

/* Of REDIS_LOOK, whose stamp redis_answer_stamp() reads. The texts point into the reply, the arrays
 * live in `arena`. False: it is not the answer to these questions. */
bool redis_answer_look(const struct redisReply *reply, struct arena *arena,
                       const struct sleep_ask *asks, struct sleep_seen *seen, uint32_t count);

/* Of REDIS_NAMES, of runs or of timers. The texts point into the reply, *names lives in `arena`. */
bool redis_answer_names(const struct redisReply *reply, struct arena *arena, bool are_timers,
                        int64_t *cursor, struct sleep_name **names, uint32_t *count);

#endif
