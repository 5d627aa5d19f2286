#include "sim/check_fsck.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "engine/fsck_estate.h"
#include "sim/checker.h"

#define TIMEOUT_MS 60000

struct looker {
    const struct check_fsck *check;
    struct arena arena; /* Of one answer. */
};

static const struct sim_sleeper *sleeper(const struct looker *looker, int32_t partition,
                                         struct text name)
{
    const struct sim_sleeper *run;

    for (size_t i = 0; (run = sim_store_at(looker->check->store, partition, i)) != NULL; i++) {
        if (text_equal(run->name, name)) {
            return run;
        }
    }
    return NULL;
}

static void see(struct looker *looker, const struct sim_sleeper *run, const struct sleep_ask *ask,
                struct sleep_seen *seen)
{
    int64_t *due = arena_array(&looker->arena, ask->timer_count, sizeof *due);
    struct text *noted;

    *seen = (struct sleep_seen){.due = due};
    for (uint32_t i = 0; i < ask->timer_count; i++) {
        due[i] = SLEEP_NOT_DUE;
    }
    if (run == NULL) {
        return;
    }
    noted = arena_array(&looker->arena, run->timer_count, sizeof *noted);
    for (uint32_t k = 0; k < run->timer_count; k++) {
        noted[k] = run->timers[k].id;
        for (uint32_t i = 0; i < ask->timer_count; i++) {
            if (text_equal(ask->timers[i], noted[k])) {
                due[i] = run->timers[k].due_ms;
            }
        }
    }
    seen->state = run->state;
    seen->noted = noted;
    seen->noted_count = run->timer_count;
    seen->stack = run->stack;
    seen->stack_count = run->stack_count;
}

static enum status look(void *self, int32_t partition, const struct sleep_ask *asks, uint32_t count,
                        struct sleep_stamp *stamp, struct sleep_seen *seen, struct error *err)
{
    struct looker *looker = self;

    (void)err;
    arena_reset(&looker->arena);
    sim_store_stamp(looker->check->store, partition, stamp);
    for (uint32_t i = 0; i < count; i++) {
        see(looker, sleeper(looker, partition, asks[i].name), &asks[i], &seen[i]);
    }
    return STATUS_OK;
}

static enum status names(void *self, int32_t partition, uint64_t *cursor,
                         const struct sleep_name **found, uint32_t *count, struct error *err)
{
    struct looker *looker = self;
    const struct sim_sleeper *run;
    struct sleep_name *name = arena_alloc(&looker->arena, sizeof *name);

    (void)err;
    run = sim_store_at(looker->check->store, partition, *cursor);
    *count = run != NULL;
    *cursor = run == NULL ? 0 : *cursor + 1;
    name->name = run == NULL ? TEXT("") : run->name;
    *found = name;
    return STATUS_OK;
}

static void found(void *self, const struct fsck_finding *finding)
{
    struct looker *looker = self;

    if (looker->check->fault[0] == '\0') {
        snprintf(looker->check->fault, CHECKER_FAULT_BYTES,
                 "fsck: %s: %.*s/%d offset %lld: %.*s run %.*s seq %lld: %s",
                 fsck_id_name(finding->id), TEXT_ARG(finding->topic), finding->partition,
                 (long long)finding->offset, TEXT_ARG(finding->instance), TEXT_ARG(finding->run),
                 (long long)finding->seq, finding->text);
    }
}

static void pause_for(void *self, int64_t wait_ms)
{
    struct looker *looker = self;
    int64_t until_ms = looker->check->sim->now_ms + wait_ms;

    while (looker->check->sim->now_ms < until_ms) {
        looker->check->step(looker->check->self);
    }
}

void check_fsck(const struct check_fsck *check, bool with_store)
{
    struct looker looker = {.check = check};
    struct sleep_look port = {.self = &looker, .look = look, .names = names};
    struct fsck_options options = {.settings = check->settings,
                                   .partition = -1,
                                   .replay = true,
                                   .self = &looker,
                                   .found = found};
    struct fsck_reading reading = {.look = with_store ? &port : NULL,
                                   .timeout_ms = TIMEOUT_MS,
                                   .self = &looker,
                                   .pause = pause_for};
    struct sim_process *process = calloc(1, sizeof *process);
    struct fsck_counts counts = {.records = 0};
    struct error err = {{0}};
    struct names own;

    CHECK(process != NULL);
    if (check->fault[0] != '\0') {
        free(process);
        return;
    }
    sim_process_init(process, check->sim, "fsck");
    names_init(&own, check->settings->app);
    struct broker broker = sim_broker_port(check->broker, process);
    struct clock clock = sim_clock_port(process);
    reading.broker = &broker;
    reading.clock = &clock;
    options.now_ms = clock.now_ms(clock.self);
    enum status status = flow_registry_open(&broker, text_of(own.flows), &reading.registry, &err);
    if (status == STATUS_OK) {
        status = fsck_estate(&reading, &options, &counts, &err);
    }
    sim_trace(check->sim, NULL, "fsck: %lld records, %lld replayed, %lld not, %lld sleeping",
              (long long)counts.records, (long long)counts.replayed, (long long)counts.not_replayed,
              (long long)counts.sleeping);
    if (status != STATUS_OK && check->fault[0] == '\0') {
        snprintf(check->fault, CHECKER_FAULT_BYTES, "fsck: %.400s", err.text);
    }
    flow_registry_close(reading.registry);
    sim_broker_forget(check->broker, process);
    arena_release(&looker.arena);
    free(process);
}
