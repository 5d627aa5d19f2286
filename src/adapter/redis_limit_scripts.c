/* The limiter in Redis: the rules of engine/limiter.h, as functions that it runs. */
#include "adapter/redis_scripts.h"

/* Everybody counts by the clock of the server; tests bring one of their own. What a lease, a reserved
 * token or a waiter leaves behind is swept by whoever comes next. */
#define LIMIT_HEAD                                                                                 \
    "local prefix = string.sub(KEYS[1], 1, -2)\n"                                                  \
    "local p, r, w, a = prefix .. 'p', prefix .. 'r', prefix .. 'w', prefix .. 'a'\n"              \
    "local f, h, s = prefix .. 'f', prefix .. 'h', prefix .. 's'\n"                                \
    "local DAY = 86400000\n"                                                                       \
    "local now = tonumber(ARGV[1])\n"                                                              \
    "if now == 0 then\n"                                                                           \
    "  local t = redis.call('TIME')\n"                                                             \
    "  now = t[1] * 1000 + math.floor(t[2] / 1000)\n"                                              \
    "end\n"                                                                                        \
    "local places, count, per, burst = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]),\n" \
    "  tonumber(ARGV[5])\n"                                                                        \
    "local failures, within, open, probes = tonumber(ARGV[6]), tonumber(ARGV[7]),\n"               \
    "  tonumber(ARGV[8]), tonumber(ARGV[9])\n"                                                     \
    "local function text(number) return string.format('%.3f', number) end\n"                       \
    "local function put(key, score, id)\n"                                                         \
    "  redis.call('ZADD', key, text(score), id)\n"                                                 \
    "  redis.call('PEXPIRE', key, 3 * DAY)\n"                                                      \
    "end\n"                                                                                        \
    "local function score(key, id) return tonumber(redis.call('ZSCORE', key, id) or nil) end\n"    \
    "local function sweep(key, most) redis.call('ZREMRANGEBYSCORE', key, '-inf', text(most)) "     \
    "end\n"                                                                                        \
    "local function drop(id)\n"                                                                    \
    "  for _, key in ipairs({p, r, w, a}) do redis.call('ZREM', key, id) end\n"                    \
    "end\n"                                                                                        \
    "local until_, done\n"                                                                         \
    "local function look()\n"                                                                      \
    "  until_, done = nil, 0\n"                                                                    \
    "  if failures == 0 then return end\n"                                                         \
    "  local m = redis.call('HMGET', s, 'until', 'ok')\n"                                          \
    "  until_, done = tonumber(m[1] or nil), tonumber(m[2] or 0)\n"                                \
    "end\n"                                                                                        \
    "local function trip()\n"                                                                      \
    "  redis.call('HSET', s, 'until', text(now + open), 'ok', '0')\n"                              \
    "  redis.call('PEXPIRE', s, open + DAY)\n"                                                     \
    "  redis.call('DEL', f, h)\n"                                                                  \
    "end\n"                                                                                        \
    "local function state()\n"                                                                     \
    "  look()\n"                                                                                   \
    "  return not until_ and 0 or now < until_ and 1 or 2\n"                                       \
    "end\n"                                                                                        \
    "sweep(p, now)\n"                                                                              \
    "sweep(h, now)\n"                                                                              \
    "sweep(r, now - DAY)\n"

const char redis_limit_ask[] = LIMIT_HEAD
    "local gone = redis.call('ZRANGEBYSCORE', a, '-inf', text(now))\n"
    "for _, id in ipairs(gone) do redis.call('ZREM', w, id) end\n"
    "sweep(a, now)\n"
    "local GRANTED, QUEUED, RESERVED, REFUSED = 0, 1, 2, 3\n"
    "local function ask(id, key, lease, patience)\n"
    "  local held = score(p, id)\n"
    "  local at = held and score(r, id)\n"
    "  if held and not at then return GRANTED, 0 end\n"
    "  look()\n"
    "  if until_ and now < until_ then\n"
    "    drop(id)\n"
    "    return REFUSED, until_ - now\n"
    "  end\n"
    "  local probe = until_ and not score(h, id)\n"
    "  if probe and redis.call('ZCARD', h) + done >= probes then\n"
    "    drop(id)\n"
    "    return REFUSED, 1000\n"
    "  end\n"
    "  if at then\n"
    "    if now < at then return RESERVED, math.ceil(at - now) end\n"
    "    redis.call('ZREM', r, id)\n"
    "    if probe then put(h, held, id) end\n"
    "    return GRANTED, 0\n"
    "  end\n"
    "  if places > 0 then\n"
    "    local free = places - redis.call('ZCARD', p)\n"
    "    local rank = redis.call('ZRANK', w, id)\n"
    "    local is_new = not rank\n"
    "    rank = rank or redis.call('ZCARD', w)\n"
    "    if rank >= free then\n"
    "      local wait = math.min(2000, 25 * (1 + math.floor((rank - math.max(free, 0)) / "
    "places)))\n"
    "      if is_new then put(w, now, id) end\n"
    "      put(a, now + 3 * wait + 5000, id)\n"
    "      return QUEUED, wait\n"
    "    end\n"
    "  end\n"
    "  local go = now\n"
    "  if count > 0 then\n"
    "    local bucket, span = prefix .. 'b:' .. key, per / count\n"
    "    local full = tonumber(redis.call('GET', bucket) or nil) or 0\n"
    "    go = math.max(now, full - (burst - 1) * span)\n"
    "    local most = patience < 0 and DAY or math.min(patience, DAY)\n"
    "    if go - now > most then\n"
    "      drop(id)\n"
    "      return QUEUED, math.max(1, math.min(most, 3600000))\n"
    "    end\n"
    "    full = math.max(full, go) + span\n"
    "    redis.call('SET', bucket, text(full), 'PX', math.ceil(full - now))\n"
    "  end\n"
    "  drop(id)\n"
    "  put(p, go + lease, id)\n"
    "  if probe then put(h, go + lease, id) end\n"
    "  if go > now then\n"
    "    put(r, go, id)\n"
    "    return RESERVED, math.ceil(go - now)\n"
    "  end\n"
    "  return GRANTED, 0\n"
    "end\n"
    "local found = {0}\n"
    "for i = 10, #ARGV, 4 do\n"
    "  local verdict, wait = ask(ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]), tonumber(ARGV[i + "
    "3]))\n"
    "  found[#found + 1] = verdict\n"
    "  found[#found + 1] = math.ceil(wait)\n"
    "end\n"
    "found[1] = state()\n"
    "return found\n";

const char redis_limit_tell[] = LIMIT_HEAD
    "local SUCCESS, FAILURE = '1', '2'\n"
    "local function tell(id, outcome)\n"
    "  local probe = redis.call('ZREM', h, id) == 1\n"
    "  drop(id)\n"
    "  look()\n"
    "  if failures == 0 then return end\n"
    "  if not until_ then\n"
    "    if outcome ~= FAILURE then return end\n"
    "    redis.call('ZADD', f, text(now), id)\n"
    "    redis.call('PEXPIRE', f, within + DAY)\n"
    "    sweep(f, now - within)\n"
    "    if redis.call('ZCARD', f) >= failures then trip() end\n"
    "  elseif now >= until_ and probe then\n"
    "    if outcome == FAILURE then\n"
    "      trip()\n"
    "    elseif outcome == SUCCESS and redis.call('HINCRBY', s, 'ok', 1) >= probes then\n"
    "      redis.call('DEL', s, h, f)\n"
    "    end\n"
    "  end\n"
    "end\n"
    "for i = 10, #ARGV, 2 do tell(ARGV[i], ARGV[i + 1]) end\n"
    "return state()\n";
