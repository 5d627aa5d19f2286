/* The sleep_store port. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/sim_shelf.h"

/* What every call but apply begins with. */
static enum status ready(struct sim_shelf_handle *handle, const char *call, struct error *err)
{
    if (!sim_enter(handle->process, call)) {
        return sim_dead(handle->process, err);
    }
    sim_store_tick(handle->store);
    if (sim_store_is_gone(handle->store) || sim_chance(handle->store->sim, SIM_REQUEST_LOST)) {
        return fail(err, STATUS_RETRY, "store: no answer to '%s'", call);
    }
    return STATUS_OK;
}

static enum status done(struct sim_shelf_handle *handle, enum status status, struct error *err)
{
    return status == STATUS_FATAL ? status : sim_leave(handle->process, status, err);
}

static enum status check(const struct sim_shelf_handle *handle, int64_t generation,
                         int64_t watermark, struct error *err)
{
    const struct sim_shelf *shelf = &handle->store->shelves[handle->partition];
    struct sleep_stamp stamp = sim_shelf_stamp(shelf);

    if (!stamp.present || stamp.generation != generation || stamp.watermark != watermark) {
        return fail(err, STATUS_STALE, "store: partition %d stands at %lld of %lld",
                    handle->partition, (long long)stamp.watermark, (long long)stamp.generation);
    }
    if (stamp.run_count != stamp.run_count_seen || stamp.timer_count != stamp.timer_count_seen) {
        return fail(err, STATUS_STALE, "store: partition %d lacks something", handle->partition);
    }
    return STATUS_OK;
}

static enum status store_stamp(void *self, struct sleep_stamp *stamp, struct error *err)
{
    struct sim_shelf_handle *handle = self;
    enum status status = ready(handle, "stamp", err);

    if (status == STATUS_OK) {
        *stamp = sim_shelf_stamp(&handle->store->shelves[handle->partition]);
    }
    return done(handle, status, err);
}

static enum status store_reset(void *self, int64_t generation, struct text topic_id,
                               struct error *err)
{
    struct sim_shelf_handle *handle = self;
    enum status status = ready(handle, "reset", err);

    if (status == STATUS_OK) {
        struct sim_shelf *shelf = &handle->store->shelves[handle->partition];

        sim_shelf_clear(shelf);
        shelf->stamp = (struct sleep_stamp){.present = true,
                                            .format = SLEEP_FORMAT,
                                            .generation = generation,
                                            .applied_ms = handle->store->sim->now_ms};
        snprintf(shelf->stamp.topic_id, sizeof(shelf->stamp.topic_id), "%.*s", TEXT_ARG(topic_id));
        sim_trace(handle->store->sim, handle->process, "store %d: new generation %lld",
                  handle->partition, (long long)generation);
        if (sim_chance(handle->store->sim, SIM_ANSWER_LOST)) {
            status = fail(err, STATUS_RETRY, "store: no answer to 'reset'");
        }
    }
    return done(handle, status, err);
}

static enum status store_apply(void *self, int64_t generation, int64_t from, int64_t to,
                               int64_t now_ms, const struct sleep_op *ops, uint32_t op_count,
                               struct error *err)
{
    struct sim_shelf_handle *handle = self;

    if (!sim_enter(handle->process, "apply")) {
        return sim_dead(handle->process, err);
    }
    CHECK(handle->sent == NULL);
    handle->sent = sim_letter_new(handle->store, ops, op_count);
    handle->sent->partition = handle->partition;
    handle->sent->generation = generation;
    handle->sent->from = from;
    handle->sent->to = to;
    handle->sent->now_ms = now_ms;
    sim_trace(handle->store->sim, handle->process, "store %d: apply %lld to %lld, %u runs",
              handle->partition, (long long)from, (long long)to, op_count);
    return sim_leave(handle->process, STATUS_OK, err);
}

static enum status store_settle(void *self, int64_t wait_ms, bool *is_done, struct error *err)
{
    struct sim_shelf_handle *handle = self;
    struct sim_letter *letter = handle->sent;
    enum status status;

    *is_done = false;
    if (!sim_enter(handle->process, "settle")) {
        return sim_dead(handle->process, err);
    }
    if (letter != NULL && letter->arrives_ms <= handle->store->sim->now_ms + wait_ms) {
        letter->arrives_ms = handle->store->sim->now_ms;
    }
    sim_store_tick(handle->store);
    if (letter != NULL && !letter->arrived) {
        return sim_leave(handle->process, STATUS_OK, err);
    }
    *is_done = true;
    status = letter == NULL ? STATUS_OK : letter->answer;
    if (letter != NULL) {
        letter->awaited = false;
        handle->sent = NULL;
    }
    if (status != STATUS_OK) {
        fail(err, status, "store: partition %d: apply: %s", handle->partition,
             status == STATUS_STALE ? "it stands elsewhere" : "no answer");
    }
    return sim_leave(handle->process, status, err);
}

static void give(struct sim_shelf_handle *handle, struct sim_sleeper *run)
{
    handle->held = sim_grow(handle->held, handle->held_count, &handle->held_capacity,
                            sizeof(struct sim_sleeper *));
    handle->held[handle->held_count++] = sim_sleeper_hold(run);
}

static enum status store_load(void *self, int64_t generation, int64_t watermark,
                              const struct text *names, uint32_t name_count, struct sleep_run *runs,
                              struct error *err)
{
    struct sim_shelf_handle *handle = self;
    const struct sim_shelf *shelf = &handle->store->shelves[handle->partition];
    enum status status = ready(handle, "load", err);

    sim_store_take_back(handle);
    if (status == STATUS_OK) {
        status = check(handle, generation, watermark, err);
    }
    for (uint32_t i = 0; i < name_count && status == STATUS_OK; i++) {
        size_t at = sim_shelf_find(shelf, names[i]);

        runs[i] = (struct sleep_run){.stack_count = 0};
        if (at != SIZE_MAX) {
            give(handle, shelf->runs[at]);
            runs[i] = (struct sleep_run){.state = shelf->runs[at]->state,
                                         .stack = shelf->runs[at]->stack,
                                         .stack_count = shelf->runs[at]->stack_count};
        }
    }
    return done(handle, status, err);
}

static int by_due(const void *a, const void *b)
{
    const struct sleep_due *one = a;
    const struct sleep_due *other = b;

    if (one->due_ms != other->due_ms) {
        return one->due_ms < other->due_ms ? -1 : 1;
    }
    return text_compare(one->name, other->name);
}

static uint32_t due_of(struct sim_shelf_handle *handle, int64_t until_ms, struct sleep_due *due,
                       uint32_t capacity)
{
    const struct sim_shelf *shelf = &handle->store->shelves[handle->partition];
    size_t total = (size_t)shelf->stamp.timer_count;
    struct sleep_due *all = calloc(total + 1, sizeof(*all));
    uint32_t count = 0;

    CHECK(all != NULL);
    for (size_t i = 0; i < shelf->count; i++) {
        struct sim_sleeper *run = shelf->runs[i];

        for (uint32_t k = 0; k < run->timer_count; k++) {
            if (run->timers[k].due_ms <= until_ms) {
                give(handle, run);
                all[count++] = (struct sleep_due){run->name, run->timers[k].id,
                                                  run->timers[k].due_ms};
            }
        }
    }
    qsort(all, count, sizeof(*all), by_due);
    count = count < capacity ? count : capacity;
    for (uint32_t i = 0; i < count; i++) {
        due[i] = all[i];
    }
    free(all);
    return count;
}

static enum status store_due(void *self, int64_t generation, int64_t watermark, int64_t until_ms,
                             struct sleep_due *due, uint32_t capacity, uint32_t *count,
                             struct error *err)
{
    struct sim_shelf_handle *handle = self;
    enum status status = ready(handle, "due", err);

    *count = 0;
    sim_store_take_back(handle);
    if (status == STATUS_OK) {
        status = check(handle, generation, watermark, err);
    }
    if (status == STATUS_OK) {
        *count = due_of(handle, until_ms, due, capacity);
    }
    return done(handle, status, err);
}

static void store_close(void *self)
{
    sim_store_handle_free(self);
}

static struct sim_shelf_handle *handle_new(struct sim_store *store, struct sim_process *process,
                                           int32_t partition)
{
    struct sim_shelf_handle *handle = calloc(1, sizeof(*handle));

    CHECK(handle != NULL);
    *handle = (struct sim_shelf_handle){.store = store, .process = process, .partition = partition};
    store->handles = sim_grow(store->handles, store->handle_count, &store->handle_capacity,
                              sizeof(struct sim_shelf_handle *));
    store->handles[store->handle_count++] = handle;
    return handle;
}

static enum status place_open(void *self, int32_t partition, struct sleep_store *port,
                              struct error *err)
{
    struct sim_shelf_handle *factory = self;

    if (factory->process->crashed) {
        return sim_dead(factory->process, err);
    }
    if (partition < 0 || partition >= factory->store->partitions) {
        return fail(err, STATUS_REJECT, "store: there is no partition %d", partition);
    }
    *port = (struct sleep_store){.self = handle_new(factory->store, factory->process, partition),
                                 .stamp = store_stamp,
                                 .reset = store_reset,
                                 .apply = store_apply,
                                 .settle = store_settle,
                                 .load = store_load,
                                 .due = store_due,
                                 .close = store_close};
    return STATUS_OK;
}

struct sleep_place sim_store_port(struct sim_store *store, struct sim_process *process)
{
    return (struct sleep_place){.self = handle_new(store, process, -1), .open = place_open};
}
