/*
 * real_clock - the clock port over the clocks of the machine.
 */
#ifndef BATON_ADAPTER_REAL_CLOCK_H
#define BATON_ADAPTER_REAL_CLOCK_H

#include "engine/clock.h"

/* Needs no closing; may be shared by threads. */
struct clock real_clock(void);

/* The monotonic clock alone, for deadlines inside the adapters. */
int64_t real_clock_monotonic_ms(void);

#endif
