#include "sim/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_CAPACITY 8
#define TRACE_BYTES 512
#define CALL_COSTS_PERMILLE 100

void sim_init(struct sim *sim, uint64_t seed, int64_t now_ms)
{
    *sim = (struct sim){
        .rng = {.state = seed}, .now_ms = now_ms, .call_costs_permille = CALL_COSTS_PERMILLE};
}

void sim_process_init(struct sim_process *process, struct sim *sim, const char *name)
{
    *process = (struct sim_process){.sim = sim};
    snprintf(process->name, sizeof(process->name), "%s", name);
}

static int64_t wall_ms(void *self)
{
    const struct sim_process *process = self;

    return process->sim->now_ms + process->wall_offset_ms;
}

static int64_t monotonic_ms(void *self)
{
    const struct sim_process *process = self;

    return process->sim->now_ms;
}

struct clock sim_clock_port(struct sim_process *process)
{
    return (struct clock){.self = process, .now_ms = wall_ms, .monotonic_ms = monotonic_ms};
}

bool sim_chance(struct sim *sim, enum sim_fault fault)
{
    return sim->faulty && sim->permille[fault] > 0 && rng_chance(&sim->rng, sim->permille[fault]);
}

static bool pass(struct sim_process *process, const char *where)
{
    process->points++;
    if (!process->crashed && process->points == process->crash_at) {
        process->crashed = true;
        sim_trace(process->sim, process, "crashes %s", where);
    }
    return !process->crashed;
}

bool sim_enter(struct sim_process *process, const char *call)
{
    struct sim *sim = process->sim;

    if (process->crashed || !pass(process, call)) {
        return false;
    }
    sim->now_ms += rng_chance(&sim->rng, sim->call_costs_permille);
    if (sim->hooks.pause != NULL && process->pause_at != 0 &&
        process->points >= process->pause_at) {
        process->pause_at = 0;
        sim_trace(sim, process, "stands still for %lld ms before %s", (long long)process->pause_ms,
                  call);
        sim->hooks.pause(sim->hooks.self, process, process->pause_ms);
        sim_trace(sim, process, "goes on with %s", call);
    }
    return true;
}

enum status sim_dead(const struct sim_process *process, struct error *err)
{
    return fail(err, STATUS_FATAL, "process '%s' has crashed", process->name);
}

enum status sim_leave(struct sim_process *process, enum status status, struct error *err)
{
    return pass(process, "before it has the answer") ? status : sim_dead(process, err);
}

void sim_trace(const struct sim *sim, const struct sim_process *process, const char *format, ...)
{
    char line[TRACE_BYTES];
    va_list args;
    int bytes;

    if (sim->hooks.trace == NULL) {
        return;
    }
    bytes = snprintf(line, sizeof(line), "%10lld %-8s ", (long long)(sim->now_ms % 10000000000),
                     process == NULL ? "-" : process->name);
    va_start(args, format);
    vsnprintf(line + bytes, sizeof(line) - (size_t)bytes, format, args);
    va_end(args);
    sim->hooks.trace(sim->hooks.trace_self, line);
}

void *sim_grow(void *items, size_t count, size_t *capacity, size_t item_bytes)
{
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity == 0 ? FIRST_CAPACITY : *capacity * 2;
    items = realloc(items, *capacity * item_bytes);
    CHECK(items != NULL);
    return items;
}
