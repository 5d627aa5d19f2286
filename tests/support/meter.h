/*
 * meter - where the time of a benchmark goes: one part is running at any time, and who enters another
 * gets the one to go back to. The functions at which a part begins are wrapped by the linker (--wrap;
 * the benchmark's second line names them).
 */
#ifndef BATON_TESTS_SUPPORT_METER_H
#define BATON_TESTS_SUPPORT_METER_H

#include <stdio.h>
#include <time.h>

enum meter_part {
    METER_OUTSIDE, /* Services, and whoever starts sagas. */
    METER_SIMULATOR,
    METER_ROUTER,
    METER_ROUTER_CODEC,
    METER_LANE, /* All of a turn that is not below. */
    METER_INTAKE,
    METER_TRANSITION,
    METER_DELTA,
    METER_OUTBOX,
    METER_CODEC,
    METER_HASH,
    METER_ADOPT,
    METER_PARTS,
};

struct meter {
    bool on;
    enum meter_part part;
    enum meter_part caller; /* Of the port that is being called. */
    double since;
    double spent[METER_PARTS];
    double started_cpu;
};

static struct meter meter;

static inline double meter_clock(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static inline enum meter_part meter_enter(enum meter_part part)
{
    enum meter_part before = meter.part;

    meter.part = part;
    if (meter.on) {
        double now = meter_clock(CLOCK_MONOTONIC);

        meter.spent[before] += now - meter.since;
        meter.since = now;
    }
    return before;
}

static inline void meter_port(bool is_called)
{
    if (is_called) {
        meter.caller = meter_enter(METER_SIMULATOR);
    } else {
        (void)meter_enter(meter.caller);
    }
}

/* The router's and the lane's are told apart. */
static inline enum meter_part meter_codec(void)
{
    return meter.part == METER_ROUTER ? METER_ROUTER_CODEC : METER_CODEC;
}

static inline void meter_start(bool on)
{
    meter = (struct meter){.on = on, .since = meter_clock(CLOCK_MONOTONIC)};
    meter.started_cpu = meter_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static inline void meter_report(uint64_t sagas)
{
    static const char *const names[METER_PARTS] = {
        [METER_OUTSIDE] = "(services)",    [METER_SIMULATOR] = "(simulated broker)",
        [METER_ROUTER] = "router",         [METER_ROUTER_CODEC] = "  its codec, JSON",
        [METER_LANE] = "lane: the rest",   [METER_INTAKE] = "intake",
        [METER_TRANSITION] = "transition", [METER_DELTA] = "delta",
        [METER_OUTBOX] = "outbox",         [METER_CODEC] = "codec, JSON",
        [METER_HASH] = "history record",   [METER_ADOPT] = "adopt"};
    double cpu = meter_clock(CLOCK_PROCESS_CPUTIME_ID) - meter.started_cpu;
    double whole = 0;
    double ours = 0;

    (void)meter_enter(METER_OUTSIDE);
    printf("%llu sagas, %.1f us of CPU each, with the simulator's\n", (unsigned long long)sagas,
           cpu / (double)sagas);
    for (int i = 0; i < METER_PARTS && meter.on; i++) {
        whole += meter.spent[i];
    }
    for (int i = 0; i < METER_PARTS && meter.on; i++) {
        double each = meter.spent[i] / whole * cpu / (double)sagas;

        printf("  %-20s %7.1f us\n", names[i], each);
        ours += i > METER_SIMULATOR ? each : 0;
    }
    if (meter.on) {
        printf("  %-20s %7.1f us\n", "ours", ours);
    }
}

/* Define the wrapper of a function that gives a value, or none. */
#define METER(part, type, name, parameters, arguments)                                             \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        enum meter_part came_from = meter_enter(part);                                             \
        type given = __real_##name arguments;                                                      \
                                                                                                   \
        (void)meter_enter(came_from);                                                              \
        return given;                                                                              \
    }
#define METER_VOID(part, name, parameters, arguments)                                              \
    void __real_##name parameters;                                                                 \
    void __wrap_##name parameters;                                                                 \
    void __wrap_##name parameters                                                                  \
    {                                                                                              \
        enum meter_part came_from = meter_enter(part);                                             \
                                                                                                   \
        __real_##name arguments;                                                                   \
        (void)meter_enter(came_from);                                                              \
    }

#endif
