/*
 * redis_scripts - the functions that Redis runs for us. Each is atomic there.
 *
 * Every function gets the key of a partition's stamp, "{<app>:<partition>}:meta", and finds the
 * others by it; the braces keep them in one slot. Of a generation G:
 *
 *     {..}:meta        hash: format, topic, generation, watermark, applied, runs, timers
 *     {..}:gens        hash: each generation that has keys, with the cursor of its removal
 *     {..}:G:i         hash: name of a run -> its timers' ids, then its state
 *     {..}:G:t         sorted set: timers by due time
 *     {..}:G:c:<name>  list: the compensation stack of a run that has one
 *
 * The states are one hash and not a key each, because its length is the number of runs that are
 * really there, which is compared with the number that should be; and because a generation that is
 * given up can be removed without looking through all keys of the server.
 */
#ifndef BATON_ADAPTER_REDIS_SCRIPTS_H
#define BATON_ADAPTER_REDIS_SCRIPTS_H

enum redis_script {
    REDIS_STAMP, /* -> {} or {format, topic, generation, watermark, applied, runs, timers,
                    runs there, timers there, generations} */
    REDIS_RESET, /* generation, topic, format, now -> 1, or 0 if the generation is in use */
    REDIS_APPLY, /* generation, from, to, now, then of each run: name, "0" if it is gone, or "1",
                    state, timers n, n times id and due, stack n, n entries
                    -> 1 if it stands at `to`, 0 if elsewhere and nothing was changed */
    REDIS_LOAD,  /* generation, watermark, names -> 0 if it stands elsewhere or lacks something, or
                    {1, of each run found: index, timers and state, stack} */
    REDIS_DUE,   /* generation, watermark, until, most -> 0 as above, or {1, {timer, due, ...}} */
    REDIS_PURGE, /* most -> 1 if a generation remains to be removed */
    REDIS_LOOK, /* of each run: name, timers n, n ids -> as REDIS_STAMP, and of each run {timers and
                    state or nil, stack, n times due or nil} */
    REDIS_NAMES, /* "i" or "t", cursor -> {next cursor, names and values, or timers and due times} */
    /* Of a service's limits, by the key "{<app>:~limit:<service>}:s"; see docs/formats/redis.md. Both
     * begin with: now or 0, concurrency, rate limit, per, burst, failures, within, openFor, probes. */
    REDIS_LIMIT_ASK,  /* n times id, bucket, lease, patience -> {breaker, n times verdict, wait} */
    REDIS_LIMIT_TELL, /* n times id, outcome -> breaker */
};

#define REDIS_SCRIPTS 10

extern const char redis_limit_ask[];
extern const char redis_limit_tell[];

const char *redis_script_source(enum redis_script script);

#endif
