/*
 * sim - what all simulated parts share: the time, the chance, the faults that are switched on, and
 * the processes, which crash, pause and have clocks of their own. One thread; no real time; the same
 * seed gives the same run.
 *
 * Every port call of a process passes two points, before it takes effect and before the caller has
 * the answer. A crash is planned at such a point: from then on every call of that process answers
 * STATUS_FATAL and does nothing.
 */
#ifndef BATON_SIM_SIM_H
#define BATON_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "base/status.h"
#include "engine/clock.h"

/* Each has a rate in permille of the calls where it may happen. */
enum sim_fault {
    SIM_REQUEST_LOST, /* The call does nothing and fails as one whose outcome is not known. */
    SIM_ANSWER_LOST,  /* The call is carried out and fails the same way. */
    SIM_FENCED,       /* The transaction coordinator gives the producer's id a new epoch. */
    SIM_MARKER_LATE,  /* A transaction is decided, but its markers are written later. */
    SIM_POLL_SHORT,   /* A poll gives fewer records than there are. */
    SIM_POLL_STALE,   /* A removed member goes on reading before it learns that it was removed. */
    SIM_POLL_MIXED,   /* A poll gives records of partitions that it took away in the same call. */
    SIM_POLL_OLD,     /* A poll gives records again that it gave before, out of a queue. */
    SIM_JOIN_LATE,    /* A member goes on reading before it learns of a rebalance. */
    SIM_CHECK_LOST,   /* A removed member forgets its generation, and is not checked any more. */
    SIM_IN_FLIGHT,    /* What a producer had not flushed arrives after it is gone. */
    SIM_STORE_SLOW,   /* The store answers an apply later. */
    SIM_FORGETFUL,    /* A broker that has just begun does not know a topic that is there. */
    SIM_FAULT_COUNT,
};

struct sim_process;

/* Borrowed by `struct sim`; each may be NULL. */
struct sim_hooks {
    void *self;
    /* `process` stands still for `ms`: let the others run and the time pass. */
    void (*pause)(void *self, struct sim_process *process, int64_t ms);
    void *trace_self;
    void (*trace)(void *trace_self, const char *line);
};

struct sim {
    struct rng rng;
    int64_t now_ms;
    bool faulty; /* False: no fault happens whatever the rates say. */
    uint32_t permille[SIM_FAULT_COUNT];
    uint32_t call_costs_permille; /* How often a port call takes a millisecond. */
    struct sim_hooks hooks;
};

#define SIM_NAME_BYTES 48

/* A program that runs against the simulated parts. Its address must not change while any of its
 * handles is open. */
struct sim_process {
    struct sim *sim;
    char name[SIM_NAME_BYTES];
    int64_t wall_offset_ms; /* What its wall clock is ahead of the simulated time. */
    uint64_t points;        /* Passed since it started. */
    uint64_t crash_at;      /* Crash when `points` gets there; 0: never. */
    uint64_t pause_at;      /* Stand still in the call that passes this point, for */
    int64_t pause_ms;       /* so long, while all others go on; 0: never. */
    bool crashed;
};

void sim_init(struct sim *sim, uint64_t seed, int64_t now_ms);
void sim_process_init(struct sim_process *process, struct sim *sim, const char *name);

/* Time as this process sees it. Valid as long as the process. */
struct clock sim_clock_port(struct sim_process *process);

/* True if the fault happens now. */
bool sim_chance(struct sim *sim, enum sim_fault fault);

/* The first point of a port call. False: the process is dead; answer sim_dead(). */
bool sim_enter(struct sim_process *process, const char *call);
/* The second point: gives `status`, or FATAL if the process crashed before it had the answer. */
enum status sim_leave(struct sim_process *process, enum status status, struct error *err);
enum status sim_dead(const struct sim_process *process, struct error *err);

/* A line for people who follow a run; costs nothing unless hooks.trace is set. `process` may be
 * NULL. */
void sim_trace(const struct sim *sim, const struct sim_process *process, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Room for one more item in an array that grows; gives the array, whose address may be new. */
void *sim_grow(void *items, size_t count, size_t *capacity, size_t item_bytes);

#endif
