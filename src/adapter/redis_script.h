/*
 * redis_script - what runs inside Redis. Each script checks that the store stands where the caller
 * believes before it does anything, so that a zombie can write only what is committed, and a flush,
 * a failover or a restore is noticed at the next call.
 *
 * KEYS[1] is the meta key; ARGV[1] the prefix of the others, "{app:p}:".
 */
#ifndef BATON_ADAPTER_REDIS_SCRIPT_H
#define BATON_ADAPTER_REDIS_SCRIPT_H

/* -> format, topic id, generation, watermark, applied, runs, timers, runs seen, timers seen; or nil */
static const char script_stamp[] =
    "local m = redis.call('HMGET', KEYS[1], 'format', 'topic', 'generation', 'watermark',"
    " 'applied', 'runs', 'timers')\n"
    "if not m[3] then return false end\n"
    "local p = ARGV[1] .. m[3]\n"
    "m[8] = tostring(redis.call('SCARD', p .. ':n'))\n"
    "m[9] = tostring(redis.call('ZCARD', p .. ':t'))\n"
    "return m\n";

/* ARGV: prefix, generation, format, topic id. The former generation is noted for removal. */
static const char script_reset[] =
    "local g = redis.call('HGET', KEYS[1], 'generation')\n"
    "if g and g ~= ARGV[2] then redis.call('RPUSH', ARGV[1] .. 'old', g) end\n"
    "redis.call('DEL', KEYS[1])\n"
    "redis.call('HSET', KEYS[1], 'format', ARGV[3], 'topic', ARGV[4], 'generation', ARGV[2],"
    " 'watermark', '0', 'applied', '0', 'runs', '0', 'timers', '0')\n"
    "return 1\n";

/*
 * ARGV: prefix, generation, from, to, now, then for each run: name, "1" or "0" (gone), state, number
 * of timers, (id, due)..., number of stack entries, entry...
 * -> 1: it stands at `to`; 0: it stood elsewhere and nothing was changed.
 * Up to 200 runs of a former generation are removed on the way.
 */
static const char script_apply[] =
    "local m = redis.call('HMGET', KEYS[1], 'generation', 'watermark')\n"
    "if m[1] ~= ARGV[2] then return 0 end\n"
    "if m[2] == ARGV[4] then return 1 end\n"
    "if m[2] ~= ARGV[3] then return 0 end\n"
    "local p = ARGV[1] .. ARGV[2]\n"
    "local at, last, runs, timers = 6, #ARGV, 0, 0\n"
    "while at <= last do\n"
    "  local name, there, state = ARGV[at], ARGV[at + 1], ARGV[at + 2]\n"
    "  local i, c = p .. ':i:' .. name, p .. ':c:' .. name\n"
    "  local old = redis.call('HGET', i, 't')\n"
    "  if old then\n"
    "    for id in string.gmatch(old, '%S+') do\n"
    "      timers = timers - redis.call('ZREM', p .. ':t', id .. ' ' .. name)\n"
    "    end\n"
    "    redis.call('DEL', i, c)\n"
    "  end\n"
    "  local count = tonumber(ARGV[at + 3])\n"
    "  at = at + 4\n"
    "  local ids = {}\n"
    "  for n = 1, count do\n"
    "    ids[n] = ARGV[at]\n"
    "    timers = timers + redis.call('ZADD', p .. ':t', ARGV[at + 1], ARGV[at] .. ' ' .. name)\n"
    "    at = at + 2\n"
    "  end\n"
    "  count = tonumber(ARGV[at])\n"
    "  at = at + 1\n"
    "  for n = 1, count do\n"
    "    redis.call('RPUSH', c, ARGV[at])\n"
    "    at = at + 1\n"
    "  end\n"
    "  if there == '1' then\n"
    "    redis.call('HSET', i, 's', state, 't', table.concat(ids, ' '))\n"
    "    runs = runs + redis.call('SADD', p .. ':n', name)\n"
    "  else\n"
    "    runs = runs - redis.call('SREM', p .. ':n', name)\n"
    "  end\n"
    "end\n"
    "redis.call('HINCRBY', KEYS[1], 'runs', runs)\n"
    "redis.call('HINCRBY', KEYS[1], 'timers', timers)\n"
    "redis.call('HSET', KEYS[1], 'watermark', ARGV[4], 'applied', ARGV[5])\n"
    "local g = redis.call('LINDEX', ARGV[1] .. 'old', 0)\n"
    "if g then\n"
    "  local o = ARGV[1] .. g\n"
    "  for _, name in ipairs(redis.call('SPOP', o .. ':n', 200)) do\n"
    "    redis.call('UNLINK', o .. ':i:' .. name, o .. ':c:' .. name)\n"
    "  end\n"
    "  if redis.call('EXISTS', o .. ':n') == 0 then\n"
    "    redis.call('UNLINK', o .. ':t')\n"
    "    redis.call('LPOP', ARGV[1] .. 'old')\n"
    "  end\n"
    "end\n"
    "return 1\n";

/* Used by load and due: ARGV: prefix, generation, watermark. Counts that differ mean a loss. */
#define SCRIPT_CHECK                                                                               \
    "local m = redis.call('HMGET', KEYS[1], 'generation', 'watermark', 'runs', 'timers')\n"        \
    "if m[1] ~= ARGV[2] or m[2] ~= ARGV[3] then return 0 end\n"                                    \
    "local p = ARGV[1] .. ARGV[2]\n"                                                               \
    "if redis.call('SCARD', p .. ':n') ~= tonumber(m[3])"                                          \
    " or redis.call('ZCARD', p .. ':t') ~= tonumber(m[4]) then return 0 end\n"

/* Then the names. -> for each: false, or {state, stack entry...}; 0: it stands elsewhere. */
static const char script_load[] = SCRIPT_CHECK
    "local out = {}\n"
    "for at = 4, #ARGV do\n"
    "  local state = redis.call('HGET', p .. ':i:' .. ARGV[at], 's')\n"
    "  if state then\n"
    "    local run = redis.call('LRANGE', p .. ':c:' .. ARGV[at], 0, -1)\n"
    "    table.insert(run, 1, state)\n"
    "    out[at - 3] = run\n"
    "  elseif redis.call('SISMEMBER', p .. ':n', ARGV[at]) == 1 then\n"
    "    return 0\n"
    "  else\n"
    "    out[at - 3] = false\n"
    "  end\n"
    "end\n"
    "return out\n";

/* Then until and limit. -> id and name in one, due, ...; 0: it stands elsewhere. */
static const char script_due[] = SCRIPT_CHECK
    "return redis.call('ZRANGEBYSCORE', p .. ':t', '-inf', ARGV[4], 'WITHSCORES', 'LIMIT', 0,"
    " ARGV[5])\n";

#endif
