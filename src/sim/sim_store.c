#include "sim/sim_store.h"

#include <stdlib.h>

#include "sim/sim_shelf.h"

#define SLOW_MS_MAX 3000

struct sim_store *sim_store_new(struct sim *sim, int32_t partitions)
{
    struct sim_store *store = calloc(1, sizeof(*store));

    CHECK(store != NULL && partitions > 0);
    store->sim = sim;
    store->partitions = partitions;
    store->shelves = calloc((size_t)partitions, sizeof(*store->shelves));
    store->copies = calloc((size_t)partitions, sizeof(*store->copies));
    CHECK(store->shelves != NULL && store->copies != NULL);
    store->limits = sim_limits_new(sim);
    return store;
}

static void letter_free(struct sim_letter *letter)
{
    for (uint32_t i = 0; i < letter->run_count; i++) {
        sim_sleeper_drop(letter->runs[i]);
    }
    free(letter->runs);
    free(letter);
}

void sim_store_take_back(struct sim_shelf_handle *handle)
{
    for (size_t i = 0; i < handle->held_count; i++) {
        sim_sleeper_drop(handle->held[i]);
    }
    handle->held_count = 0;
}

void sim_store_handle_free(struct sim_shelf_handle *handle)
{
    struct sim_store *store = handle->store;

    for (size_t i = 0; i < store->handle_count; i++) {
        if (store->handles[i] == handle) {
            store->handles[i] = store->handles[--store->handle_count];
            break;
        }
    }
    if (handle->sent != NULL) {
        handle->sent->awaited = false;
    }
    sim_store_take_back(handle);
    free(handle->held);
    free(handle);
}

void sim_store_free(struct sim_store *store)
{
    if (store == NULL) {
        return;
    }
    while (store->handle_count > 0) {
        sim_store_handle_free(store->handles[0]);
    }
    for (size_t i = 0; i < store->letter_count; i++) {
        letter_free(store->letters[i]);
    }
    for (int32_t i = 0; i < store->partitions; i++) {
        sim_shelf_release(&store->shelves[i]);
        sim_shelf_release(&store->copies[i]);
    }
    sim_limits_free(store->limits);
    free(store->shelves);
    free(store->copies);
    free(store->letters);
    free(store->handles);
    free(store);
}

bool sim_store_is_gone(const struct sim_store *store)
{
    return store->sim->now_ms < store->gone_until_ms;
}

/* A copy of what is sent: the sender may be gone when it arrives. */
struct sim_letter *sim_letter_new(struct sim_store *store, const struct sleep_op *ops,
                                  uint32_t op_count)
{
    struct sim_letter *letter = calloc(1, sizeof(*letter));

    CHECK(letter != NULL);
    letter->runs = calloc(op_count + 1, sizeof(struct sim_sleeper *));
    CHECK(letter->runs != NULL);
    for (uint32_t i = 0; i < op_count; i++) {
        letter->runs[letter->run_count++] = sim_sleeper_new(&ops[i]);
    }
    letter->awaited = true;
    letter->lost = sim_chance(store->sim, SIM_REQUEST_LOST);
    letter->arrives_ms = store->sim->now_ms + store->slow_ms;
    if (sim_chance(store->sim, SIM_STORE_SLOW)) {
        letter->arrives_ms += (int64_t)rng_below(&store->sim->rng, SLOW_MS_MAX);
    }
    store->letters = sim_grow(store->letters, store->letter_count, &store->letter_capacity,
                              sizeof(struct sim_letter *));
    store->letters[store->letter_count++] = letter;
    return letter;
}

static void arrive(struct sim_store *store, struct sim_letter *letter)
{
    struct sim_shelf *shelf = &store->shelves[letter->partition];

    letter->arrived = true;
    letter->answer = STATUS_OK;
    if (letter->lost || sim_store_is_gone(store)) {
        letter->answer = STATUS_RETRY;
        return;
    }
    if (!shelf->stamp.present || shelf->stamp.generation != letter->generation ||
        shelf->stamp.watermark != letter->from) {
        letter->answer = STATUS_STALE;
        return;
    }
    for (uint32_t i = 0; i < letter->run_count; i++) {
        sim_shelf_put(shelf, letter->runs[i]);
    }
    shelf->stamp.watermark = letter->to;
    shelf->stamp.applied_ms = letter->now_ms;
    if (sim_chance(store->sim, SIM_ANSWER_LOST)) {
        letter->answer = STATUS_RETRY;
    }
}

void sim_store_tick(struct sim_store *store)
{
    size_t kept = 0;

    for (size_t i = 0; i < store->letter_count; i++) {
        struct sim_letter *letter = store->letters[i];

        if (!letter->arrived && letter->arrives_ms <= store->sim->now_ms) {
            arrive(store, letter);
        }
        if (letter->arrived && !letter->awaited) {
            letter_free(letter);
        } else {
            store->letters[kept++] = letter;
        }
    }
    store->letter_count = kept;
}

void sim_store_forget(struct sim_store *store, struct sim_process *process)
{
    sim_limits_forget(store->limits, process);
    for (size_t i = store->handle_count; i > 0; i--) {
        if (store->handles[i - 1]->process == process) {
            sim_store_handle_free(store->handles[i - 1]);
        }
    }
}

/* ---- trouble ---- */

struct limiter sim_store_limiter(struct sim_store *store, struct sim_process *process)
{
    return sim_limits_port(store->limits, process);
}

void sim_store_flush(struct sim_store *store)
{
    sim_limits_flush(store->limits);
    for (int32_t i = 0; i < store->partitions; i++) {
        sim_shelf_clear(&store->shelves[i]);
    }
}

void sim_store_save(struct sim_store *store)
{
    for (int32_t i = 0; i < store->partitions; i++) {
        sim_shelf_copy(&store->shelves[i], &store->copies[i]);
    }
}

void sim_store_restore(struct sim_store *store)
{
    sim_limits_flush(store->limits);
    for (int32_t i = 0; i < store->partitions; i++) {
        sim_shelf_copy(&store->copies[i], &store->shelves[i]);
    }
}

void sim_store_gone(struct sim_store *store, int64_t until_ms)
{
    store->gone_until_ms = until_ms;
    sim_limits_gone(store->limits, until_ms);
}

void sim_store_slow(struct sim_store *store, int64_t ms)
{
    store->slow_ms = ms;
}

void sim_store_lose_one(struct sim_store *store)
{
    size_t which = (size_t)rng_below(&store->sim->rng, (uint64_t)store->partitions);
    struct sim_shelf *shelf = &store->shelves[which];

    if (shelf->count > 0) {
        sim_sleeper_drop(shelf->runs[--shelf->count]);
    }
}

/* ---- for checkers ---- */

void sim_store_stamp(const struct sim_store *store, int32_t partition, struct sleep_stamp *stamp)
{
    *stamp = sim_shelf_stamp(&store->shelves[partition]);
}

const struct sim_sleeper *sim_store_at(const struct sim_store *store, int32_t partition,
                                       size_t index)
{
    const struct sim_shelf *shelf = &store->shelves[partition];

    return index < shelf->count ? shelf->runs[index] : NULL;
}
