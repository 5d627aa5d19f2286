/* Port: time. Wall clock for events and timers, monotonic clock for spans. Milliseconds. */
#ifndef BATON_ENGINE_CLOCK_H
#define BATON_ENGINE_CLOCK_H

#include <stdint.h>

struct clock {
    void *self;
    int64_t (*now_ms)(void *self);       /* Since the Unix epoch; may jump. */
    int64_t (*monotonic_ms)(void *self); /* Never goes back; its zero means nothing. */
};

#endif
