/* Snapshots equal the fold of the history, the store equals the fold of the snapshots, and memory
 * equals the fold of the history. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/snapshot.h"
#include "sim/checker_parts.h"

void sheet_release(struct sheet *sheet)
{
    free(sheet->name);
    free(sheet->run);
}

static uint64_t timers_print(const struct snapshot_record *snapshot)
{
    uint64_t print = snapshot->timer_count;

    /* In any order. */
    for (uint32_t i = 0; i < snapshot->timer_count; i++) {
        print += hash64(snapshot->timers[i].id, (uint64_t)snapshot->timers[i].due_ms);
    }
    return print;
}

static struct sheet *add_sheet(struct checker *checker, int32_t partition)
{
    checker->sheets[partition] = sim_grow(
        checker->sheets[partition], checker->sheet_counts[partition],
        &checker->sheet_capacities[partition], sizeof(struct sheet));
    return &checker->sheets[partition][checker->sheet_counts[partition]++];
}

void check_snapshot(struct checker *checker, int32_t partition, const struct record *record)
{
    struct sheet *sheet = add_sheet(checker, partition);
    struct snapshot_record snapshot;
    struct instance *state = NULL;
    char id[RUN_ID_BYTES];
    struct error err;

    checker->records++;
    arena_reset(&checker->arena);
    *sheet = (struct sheet){.offset = record->offset,
                            .name = text_dup(record->key),
                            .gone = record->value.data == NULL,
                            .checked = record->value.data == NULL};
    if (sheet->gone) {
        return;
    }
    if (snapshot_decode(record->value, &checker->arena, &snapshot, &err) != STATUS_OK ||
        snapshot_to_instance(&snapshot, &state, &err) != STATUS_OK) {
        checker_fail(checker, "snapshot: partition %d offset %lld: %s", partition,
                     (long long)record->offset, err.text);
        return;
    }
    run_id_format(snapshot.run, id);
    sheet->run = text_dup(arena_printf(&checker->arena, "%s/%s", sheet->name, id));
    sheet->seq = snapshot.seq;
    sheet->print = checker_print(state);
    sheet->timer_print = timers_print(&snapshot);
    sheet->timer_count = snapshot.timer_count;
    if (!text_equal(record->key, state->name)) {
        checker_fail(checker, "snapshot: '%s' holds '%.*s'", sheet->name, TEXT_ARG(state->name));
    }
    instance_free(state);
}

/* The fingerprint that the history gives for a run at `seq`. False: it is not seen yet. */
static bool print_at(const struct checker *checker, struct text run, int64_t seq, uint64_t *print)
{
    const struct book *book = map_get(&checker->books, run);

    if (book == NULL || seq < 0 || (size_t)seq >= book->print_count) {
        return false;
    }
    *print = book->prints[seq];
    return true;
}

void check_sheets(struct checker *checker)
{
    for (int32_t i = 0; i < checker->options.settings->partitions; i++) {
        /* Back to the first that was checked: older ones are. Late markers leave some behind, so
         * all are passed over when the last ones are still open. */
        for (size_t k = checker->sheet_counts[i]; k > 0; k--) {
            struct sheet *sheet = &checker->sheets[i][k - 1];
            uint64_t print;

            if (sheet->checked || sheet->run == NULL ||
                !print_at(checker, text_of(sheet->run), sheet->seq, &print)) {
                continue;
            }
            sheet->checked = true;
            if (print != sheet->print) {
                checker_fail(checker, "snapshot: %s at seq %lld is not the fold of its history",
                             sheet->run, (long long)sheet->seq);
            }
        }
    }
}

/* ---- memory ---- */

static void visit(void *self, int32_t partition, const struct instance *instance)
{
    struct checker *checker = self;
    const struct book *book = checker_book(checker, instance->name, instance->run);

    (void)partition;
    if (book == NULL || (size_t)instance->seq >= book->print_count) {
        return; /* Its markers are not there yet. */
    }
    map_put(&checker->awake, text_of(book->key), (void *)(uintptr_t)book);
    if (book->prints[instance->seq] != checker_print(instance)) {
        checker_fail(checker, "memory: %s at seq %lld is not the fold of its history", book->key,
                     (long long)instance->seq);
    }
}

void checker_look(struct checker *checker)
{
    map_clear(&checker->awake);
}

void checker_lane(struct checker *checker, const struct lane *lane)
{
    lane_each_instance(lane, visit, checker);
}

/* ---- the store ---- */

static const struct sim_sleeper *find_run(const struct checker *checker, int32_t partition,
                                          const char *name)
{
    const struct sim_sleeper *run;

    for (size_t i = 0; (run = sim_store_at(checker->options.store, partition, i)) != NULL; i++) {
        if (text_is(run->name, name)) {
            return run;
        }
    }
    return NULL;
}

static uint64_t sleeper_print(const struct sim_sleeper *run)
{
    uint64_t print = run->timer_count;

    for (uint32_t i = 0; i < run->timer_count; i++) {
        print += hash64(run->timers[i].id, (uint64_t)run->timers[i].due_ms);
    }
    return print;
}

/* Whether a sheet from `from` and below `to` speaks of the same run later. */
static bool is_told_later(const struct checker *checker, int32_t partition, size_t at, int64_t from,
                          int64_t to)
{
    const struct sheet *sheets = checker->sheets[partition];

    for (size_t i = at + 1; i < checker->sheet_counts[partition]; i++) {
        if (sheets[i].offset >= from && sheets[i].offset < to &&
            strcmp(sheets[i].name, sheets[at].name) == 0) {
            return true;
        }
    }
    return false;
}

/* The last word of the snapshots below the watermark about one run. False: a contradiction. */
static bool check_sleeper(struct checker *checker, int32_t partition, size_t at, int64_t watermark)
{
    const struct sheet *sheet = &checker->sheets[partition][at];
    const struct sim_sleeper *run = find_run(checker, partition, sheet->name);

    /* What is replaced above the watermark may have been compacted away before it was applied. */
    if (run == NULL && is_told_later(checker, partition, at, watermark, INT64_MAX)) {
        return true;
    }
    if (sheet->gone != (run == NULL)) {
        checker_fail(checker, "store: partition %d at %lld: '%s' %s", partition,
                     (long long)watermark, sheet->name,
                     run == NULL ? "does not sleep there" : "sleeps there, but is gone");
        return false;
    }
    if (run != NULL && sleeper_print(run) != sheet->timer_print) {
        checker_fail(checker, "store: partition %d: the timers of '%s' are others", partition,
                     sheet->name);
        return false;
    }
    return true;
}

static void check_shelf(struct checker *checker, int32_t partition, const struct sleep_stamp *stamp)
{
    const struct sheet *sheets = checker->sheets[partition];
    int64_t alive = 0;

    for (size_t i = 0; i < checker->sheet_counts[partition]; i++) {
        if (sheets[i].offset >= stamp->watermark ||
            is_told_later(checker, partition, i, 0, stamp->watermark)) {
            continue;
        }
        if (!check_sleeper(checker, partition, i, stamp->watermark)) {
            return;
        }
        alive += find_run(checker, partition, sheets[i].name) != NULL;
    }
    if (alive != stamp->run_count_seen) {
        checker_fail(checker, "store: partition %d holds %lld runs, the snapshots %lld", partition,
                     (long long)stamp->run_count_seen, (long long)alive);
    }
}

static void check_asleep(struct checker *checker, const struct book *book)
{
    const struct sim_sleeper *run = find_run(checker, book->partition, book->instance);
    const struct sheet *last = NULL;

    for (size_t i = 0; i < checker->sheet_counts[book->partition]; i++) {
        const struct sheet *sheet = &checker->sheets[book->partition][i];

        if (strcmp(sheet->name, book->instance) == 0) {
            last = sheet;
        }
    }
    if (run == NULL || last == NULL || last->gone || last->seq != book->seq) {
        checker_fail(checker, "asleep: %s at seq %lld is neither in memory nor asleep", book->key,
                     (long long)book->seq);
    } else if (run->timer_count != book->state->timer_count) {
        checker_fail(checker, "asleep: %s has %u timers armed and %u in the store", book->key,
                     book->state->timer_count, run->timer_count);
    }
}

void checker_asleep(struct checker *checker)
{
    size_t cursor = 0;
    struct text key;
    void *value;

    while (map_next(&checker->books, &cursor, &key, &value)) {
        const struct book *book = value;

        if (!book->ended && map_get(&checker->awake, key) == NULL) {
            check_asleep(checker, book);
        }
    }
}

void checker_store(struct checker *checker)
{
    for (int32_t i = 0; i < checker->options.settings->partitions; i++) {
        struct sleep_stamp stamp;

        sim_store_stamp(checker->options.store, i, &stamp);
        /* What was taken away from it is noticed by its counts; then it is not believed. And what
         * it applied may be newer than what readers see. */
        if (stamp.present && stamp.run_count == stamp.run_count_seen &&
            stamp.watermark <= checker->snapshot_at[i]) {
            check_shelf(checker, i, &stamp);
        }
    }
}
