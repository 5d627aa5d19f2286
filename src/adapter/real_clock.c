#include "adapter/real_clock.h"

#include <time.h>

#include "base/check.h"
#include "base/duration.h"

static int64_t read_ms(clockid_t id)
{
    struct timespec now;

    CHECK(clock_gettime(id, &now) == 0);
    return (int64_t)now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000;
}

static int64_t now_ms(void *self)
{
    (void)self;
    return read_ms(CLOCK_REALTIME);
}

static int64_t monotonic_ms(void *self)
{
    (void)self;
    return read_ms(CLOCK_MONOTONIC);
}

struct clock real_clock(void)
{
    return (struct clock){.self = NULL, .now_ms = now_ms, .monotonic_ms = monotonic_ms};
}

int64_t real_clock_monotonic_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}
