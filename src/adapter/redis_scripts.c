#include "adapter/redis_scripts.h"

#include "base/check.h"

/* Offsets and generations have 64 bits and Lua's numbers 53: they are compared as text. */

/* Where it stands, or nil: `gen` and `at` are what the caller believes. */
#define STANDS                                                                                     \
    "local meta = KEYS[1]\n"                                                                       \
    "local prefix = string.sub(meta, 1, -5)\n"                                                     \
    "local base = prefix .. ARGV[1]\n"                                                             \
    "local m = redis.call('HMGET', meta, 'generation', 'watermark', 'runs', 'timers')\n"           \
    "if m[1] ~= ARGV[1] or m[2] ~= ARGV[2]\n"                                                      \
    "  or redis.call('HLEN', base .. ':i') ~= tonumber(m[3])\n"                                    \
    "  or redis.call('ZCARD', base .. ':t') ~= tonumber(m[4]) then return 0 end\n"

static const char stamp[] =
    "local meta = KEYS[1]\n"
    "local prefix = string.sub(meta, 1, -5)\n"
    "local m = redis.call('HMGET', meta, 'format', 'topic', 'generation', 'watermark',\n"
    "  'applied', 'runs', 'timers')\n"
    "for i = 1, 7 do if not m[i] then return {} end end\n"
    "m[8] = redis.call('HLEN', prefix .. m[3] .. ':i')\n"
    "m[9] = redis.call('ZCARD', prefix .. m[3] .. ':t')\n"
    "m[10] = redis.call('HLEN', prefix .. 'gens')\n"
    "return m\n";

/* Looks, and changes nothing. */
static const char look[] =
    "local meta = KEYS[1]\n"
    "local prefix = string.sub(meta, 1, -5)\n"
    "local m = redis.call('HMGET', meta, 'format', 'topic', 'generation', 'watermark',\n"
    "  'applied', 'runs', 'timers')\n"
    "for i = 1, 7 do if not m[i] then return {} end end\n"
    "local base = prefix .. m[3]\n"
    "m[8] = redis.call('HLEN', base .. ':i')\n"
    "m[9] = redis.call('ZCARD', base .. ':t')\n"
    "m[10] = redis.call('HLEN', prefix .. 'gens')\n"
    "m[11] = {}\n"
    "local i = 1\n"
    "local function take() i = i + 1 return ARGV[i - 1] end\n"
    "while i <= #ARGV do\n"
    "  local name, n, due = take(), tonumber(take()), {}\n"
    "  for k = 1, n do due[k] = redis.call('ZSCORE', base .. ':t', #name .. ':' .. name .. take()) "
    "end\n"
    "  m[11][#m[11] + 1] = {redis.call('HGET', base .. ':i', name),\n"
    "    redis.call('LRANGE', base .. ':c:' .. name, 0, -1), due}\n"
    "end\n"
    "return m\n";

static const char names[] =
    "local generation = redis.call('HGET', KEYS[1], 'generation')\n"
    "if not generation then return {'0', {}} end\n"
    "local key = string.sub(KEYS[1], 1, -5) .. generation .. ':' .. ARGV[1]\n"
    "return redis.call(ARGV[1] == 'i' and 'HSCAN' or 'ZSCAN', key, ARGV[2], 'COUNT', 500)\n";

static const char reset[] =
    "local meta = KEYS[1]\n"
    "local prefix = string.sub(meta, 1, -5)\n"
    "for _, key in ipairs({meta, prefix .. 'gens'}) do\n"
    "  if redis.call('TYPE', key).ok ~= 'hash' then redis.call('DEL', key) end\n"
    "end\n"
    "local m = redis.call('HMGET', meta, 'generation', 'watermark')\n"
    "if m[1] == ARGV[1] and m[2] == '0' then return 1 end\n"
    "if redis.call('HEXISTS', prefix .. 'gens', ARGV[1]) == 1 then return 0 end\n"
    "redis.call('HSET', prefix .. 'gens', ARGV[1], '0')\n"
    "redis.call('DEL', meta)\n"
    "redis.call('HSET', meta, 'format', ARGV[3], 'topic', ARGV[2], 'generation', ARGV[1],\n"
    "  'watermark', '0', 'applied', ARGV[4], 'runs', '0', 'timers', '0')\n"
    "return 1\n";

/* The first write is refused if the memory is full, and then nothing was changed; after it Redis
 * refuses none. The watermark is written last: should a run fail in the middle, the store still
 * stands at `from`, and the same runs are replaced again. */
static const char apply[] =
    "local meta, gen, from, to = KEYS[1], ARGV[1], ARGV[2], ARGV[3]\n"
    "local m = redis.call('HMGET', meta, 'generation', 'watermark', 'runs', 'timers')\n"
    "if m[1] ~= gen then return 0 end\n"
    "if m[2] == to and from ~= to then return 1 end\n"
    "if m[2] ~= from then return 0 end\n"
    "redis.call('HSET', meta, 'applying', to)\n"
    "local base = string.sub(meta, 1, -5) .. gen\n"
    "local states, due, stacks = base .. ':i', base .. ':t', base .. ':c:'\n"
    "local runs, timers = tonumber(m[3]), tonumber(m[4])\n"
    "local function disarm(name, value)\n"
    "  local n, at = string.match(value, '^(%d+):()')\n"
    "  for _ = 1, tonumber(n) do\n"
    "    local bytes, from_at = string.match(value, '^(%d+):()', at)\n"
    "    at = from_at + tonumber(bytes)\n"
    "    local id = string.sub(value, from_at, at - 1)\n"
    "    timers = timers - redis.call('ZREM', due, #name .. ':' .. name .. id)\n"
    "  end\n"
    "end\n"
    "local i = 5\n"
    "local function take() i = i + 1 return ARGV[i - 1] end\n"
    "while i <= #ARGV do\n"
    "  local name = take()\n"
    "  local old = redis.call('HGET', states, name)\n"
    "  if old then disarm(name, old) end\n"
    "  redis.call('UNLINK', stacks .. name)\n"
    "  if take() == '0' then\n"
    "    runs = runs - redis.call('HDEL', states, name)\n"
    "  else\n"
    "    local state, n = take(), tonumber(take())\n"
    "    local value = {n .. ':'}\n"
    "    for k = 1, n do\n"
    "      local id, ms = take(), take()\n"
    "      value[k + 1] = #id .. ':' .. id\n"
    "      timers = timers + redis.call('ZADD', due, ms, #name .. ':' .. name .. id)\n"
    "    end\n"
    "    value[n + 2] = state\n"
    "    runs = runs + redis.call('HSET', states, name, table.concat(value))\n"
    "    for _ = 1, tonumber(take()) do redis.call('RPUSH', stacks .. name, take()) end\n"
    "  end\n"
    "end\n"
    "redis.call('HSET', meta, 'watermark', to, 'applied', ARGV[4],\n"
    "  'runs', string.format('%d', runs), 'timers', string.format('%d', timers))\n"
    "redis.call('HDEL', meta, 'applying')\n"
    "return 1\n";

static const char load[] = STANDS
    "local found = {1}\n"
    "for i = 3, #ARGV do\n"
    "  local value = redis.call('HGET', base .. ':i', ARGV[i])\n"
    "  if value then\n"
    "    found[#found + 1] = i - 3\n"
    "    found[#found + 1] = value\n"
    "    found[#found + 1] = redis.call('LRANGE', base .. ':c:' .. ARGV[i], 0, -1)\n"
    "  end\n"
    "end\n"
    "return found\n";

static const char due[] = STANDS
    "return {1, redis.call('ZRANGEBYSCORE', base .. ':t', '-inf', ARGV[3], 'WITHSCORES',\n"
    "  'LIMIT', 0, ARGV[4])}\n";

/* A slice a call, so that the server is never held for long. */
static const char purge[] =
    "local meta = KEYS[1]\n"
    "local prefix = string.sub(meta, 1, -5)\n"
    "local current = redis.call('HGET', meta, 'generation')\n"
    "if not current then return 0 end\n"
    "local gens = redis.call('HGETALL', prefix .. 'gens')\n"
    "for i = 1, #gens, 2 do\n"
    "  local gen, cursor = gens[i], gens[i + 1]\n"
    "  if gen ~= current then\n"
    "    local base = prefix .. gen\n"
    "    local slice = redis.call('HSCAN', base .. ':i', cursor, 'COUNT', ARGV[1])\n"
    "    for k = 1, #slice[2], 2 do redis.call('UNLINK', base .. ':c:' .. slice[2][k]) end\n"
    "    if slice[1] == '0' then\n"
    "      redis.call('UNLINK', base .. ':i', base .. ':t')\n"
    "      redis.call('HDEL', prefix .. 'gens', gen)\n"
    "    else\n"
    "      redis.call('HSET', prefix .. 'gens', gen, slice[1])\n"
    "    end\n"
    "    return 1\n"
    "  end\n"
    "end\n"
    "return 0\n";

const char *redis_script_source(enum redis_script script)
{
    switch (script) {
    case REDIS_STAMP:
        return stamp;
    case REDIS_RESET:
        return reset;
    case REDIS_APPLY:
        return apply;
    case REDIS_LOAD:
        return load;
    case REDIS_DUE:
        return due;
    case REDIS_PURGE:
        return purge;
    case REDIS_LOOK:
        return look;
    case REDIS_NAMES:
        return names;
    case REDIS_LIMIT_ASK:
        return redis_limit_ask;
    case REDIS_LIMIT_TELL:
        return redis_limit_tell;
    }
    CHECK(!"unknown script");
    return "";
}
