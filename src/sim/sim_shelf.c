#include "sim/sim_shelf.h"

#include <stdlib.h>
#include <string.h>

static struct text dup(struct text text)
{
    return (struct text){text.data == NULL ? NULL : text_dup(text), text.bytes};
}

static void drop(struct text text)
{
    free((char *)(uintptr_t)text.data);
}

struct sim_sleeper *sim_sleeper_new(const struct sleep_op *op)
{
    struct sim_sleeper *run = calloc(1, sizeof(*run));

    CHECK(run != NULL);
    run->refs = 1;
    run->name = dup(op->name);
    run->state = dup(op->state);
    run->timers = calloc(op->timer_count + 1, sizeof(*run->timers));
    run->stack = calloc(op->stack_count + 1, sizeof(*run->stack));
    CHECK(run->timers != NULL && run->stack != NULL);
    for (uint32_t i = 0; i < op->timer_count; i++) {
        run->timers[run->timer_count++] = (struct sleep_timer){.id = dup(op->timers[i].id),
                                                               .due_ms = op->timers[i].due_ms};
    }
    for (uint32_t i = 0; i < op->stack_count; i++) {
        run->stack[run->stack_count++] = dup(op->stack[i]);
    }
    return run;
}

struct sim_sleeper *sim_sleeper_hold(struct sim_sleeper *run)
{
    run->refs++;
    return run;
}

void sim_sleeper_drop(struct sim_sleeper *run)
{
    if (run == NULL || --run->refs > 0) {
        return;
    }
    for (uint32_t i = 0; i < run->timer_count; i++) {
        drop(run->timers[i].id);
    }
    for (uint32_t i = 0; i < run->stack_count; i++) {
        drop(run->stack[i]);
    }
    drop(run->name);
    drop(run->state);
    free(run->timers);
    free(run->stack);
    free(run);
}

size_t sim_shelf_find(const struct sim_shelf *shelf, struct text name)
{
    for (size_t i = 0; i < shelf->count; i++) {
        if (text_equal(shelf->runs[i]->name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

void sim_shelf_put(struct sim_shelf *shelf, struct sim_sleeper *run)
{
    size_t at = sim_shelf_find(shelf, run->name);

    if (at != SIZE_MAX) {
        shelf->stamp.run_count--;
        shelf->stamp.timer_count -= shelf->runs[at]->timer_count;
        sim_sleeper_drop(shelf->runs[at]);
        shelf->runs[at] = shelf->runs[--shelf->count];
    }
    if (run->state.data == NULL) {
        return;
    }
    shelf->runs = sim_grow(shelf->runs, shelf->count, &shelf->capacity,
                           sizeof(struct sim_sleeper *));
    shelf->runs[shelf->count++] = sim_sleeper_hold(run);
    shelf->stamp.run_count++;
    shelf->stamp.timer_count += run->timer_count;
}

struct sleep_stamp sim_shelf_stamp(const struct sim_shelf *shelf)
{
    struct sleep_stamp stamp = shelf->stamp;

    stamp.run_count_seen = (int64_t)shelf->count;
    for (size_t i = 0; i < shelf->count; i++) {
        stamp.timer_count_seen += shelf->runs[i]->timer_count;
    }
    return stamp;
}

void sim_shelf_copy(const struct sim_shelf *from, struct sim_shelf *to)
{
    sim_shelf_clear(to);
    to->stamp = from->stamp;
    for (size_t i = 0; i < from->count; i++) {
        to->runs = sim_grow(to->runs, to->count, &to->capacity, sizeof(struct sim_sleeper *));
        to->runs[to->count++] = sim_sleeper_hold(from->runs[i]);
    }
}

void sim_shelf_clear(struct sim_shelf *shelf)
{
    for (size_t i = 0; i < shelf->count; i++) {
        sim_sleeper_drop(shelf->runs[i]);
    }
    shelf->count = 0;
    memset(&shelf->stamp, 0, sizeof(shelf->stamp));
}

void sim_shelf_release(struct sim_shelf *shelf)
{
    sim_shelf_clear(shelf);
    free(shelf->runs);
    *shelf = (struct sim_shelf){.runs = NULL};
}
