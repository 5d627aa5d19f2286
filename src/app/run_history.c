#include "app/run_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/topic_scan.h"
#include "base/hash.h"
#include "base/limits.h"
#include "core/fold.h"
#include "engine/snapshot.h"

struct search {
    struct run_history *history;
    struct text instance;
    const struct run_id *run;
    struct text snapshot; /* Value of the instance's snapshot, or empty. */
};

static int run_order(struct run_id a, struct run_id b)
{
    if (a.generation != b.generation) {
        return a.generation < b.generation ? -1 : 1;
    }
    return a.offset < b.offset ? -1 : a.offset > b.offset;
}

static void note_run(struct run_history *history, struct run_id run)
{
    if (history->run_count > 0 && run_id_equal(history->runs[history->run_count - 1], run)) {
        return;
    }
    if (history->run_count == history->run_capacity) {
        history->run_capacity = history->run_capacity == 0 ? 8 : history->run_capacity * 2;
        history->runs = realloc(history->runs, history->run_capacity * sizeof *history->runs);
        CHECK(history->runs != NULL);
    }
    history->runs[history->run_count++] = run;
}

static void note_record(struct run_history *history, const struct history_record *record,
                        int64_t offset)
{
    if (history->count == history->capacity) {
        history->capacity = history->capacity == 0 ? 64 : history->capacity * 2;
        history->records = realloc(history->records, history->capacity * sizeof *history->records);
        history->offsets = realloc(history->offsets, history->capacity * sizeof *history->offsets);
        CHECK(history->records != NULL && history->offsets != NULL);
    }
    history->records[history->count] = *record;
    history->offsets[history->count++] = offset;
}

/* "<instance>/<run>/<seq>": the instance may hold slashes, the rest does not. */
static bool is_of(struct text key, struct text instance)
{
    return key.bytes > instance.bytes && text_starts(key, instance) &&
           key.data[instance.bytes] == '/' &&
           text_find(text_sub(key, instance.bytes + 1, key.bytes), '/') != SIZE_MAX;
}

/* A tombstone: of the run that is being collected, as the records before it have to be there. */
static void note_gone(struct run_history *history, struct text key, struct text instance)
{
    size_t slash = text_find_last(key, '/');
    struct run_id run;
    int64_t seq;

    if (history->count > 0 &&
        run_id_parse(text_sub(key, instance.bytes + 1, slash - instance.bytes - 1), &run) &&
        run_id_equal(run, history->records[0].run) &&
        text_to_int64(text_sub(key, slash + 1, key.bytes), &seq) && seq > history->gone) {
        history->gone = seq;
    }
}

/* What has a tombstone is there until compaction comes by. Of a run of which nothing would be left, all
 * is shown. */
static void leave_gone(struct run_history *history)
{
    uint32_t skipped = 0;

    if (history->records[history->count - 1].seq > history->gone) {
        while (history->records[skipped].seq <= history->gone) {
            skipped++;
        }
    }
    history->count -= skipped;
    memmove(history->records, history->records + skipped,
            history->count * sizeof *history->records);
    memmove(history->offsets, history->offsets + skipped,
            history->count * sizeof *history->offsets);
    history->gone = history->records[0].seq - 1;
}

static enum status visit_history(void *self, const struct record *record, struct error *err)
{
    struct search *search = self;
    struct run_history *history = search->history;
    struct history_record decoded;

    if (!is_of(record->key, search->instance)) {
        return STATUS_OK;
    }
    if (record->value.data == NULL) {
        note_gone(history, record->key, search->instance);
        return STATUS_OK;
    }
    struct text kept = arena_text(&history->arena, record->value);
    enum status status = history_decode(kept, &history->arena, &decoded, err);
    if (status != STATUS_OK) {
        return fail_in(err, STATUS_REJECT, "history partition %d offset %lld", history->partition,
                       (long long)record->offset);
    }
    if (!text_equal(decoded.instance, search->instance)) {
        return STATUS_OK;
    }
    note_run(history, decoded.run);
    bool wanted = search->run == NULL || run_id_equal(*search->run, decoded.run);
    if (!wanted) {
        return STATUS_OK;
    }
    if (history->count > 0 && !run_id_equal(history->records[0].run, decoded.run)) {
        if (run_order(decoded.run, history->records[0].run) < 0) {
            return STATUS_OK;
        }
        history->count = 0; /* A later life: the latest is wanted. */
        history->gone = 0;
    }
    note_record(history, &decoded, record->offset);
    return STATUS_OK;
}

static enum status visit_snapshot(void *self, const struct record *record, struct error *err)
{
    struct search *search = self;

    (void)err;
    if (text_equal(record->key, search->instance)) {
        search->snapshot = record->value.data == NULL
                               ? (struct text){0}
                               : arena_text(&search->history->arena, record->value);
    }
    return STATUS_OK;
}

/* Where the oldest records are no longer there, the snapshot is the base. */
static enum status base_of(struct estate *estate, struct search *search, struct error *err)
{
    struct run_history *history = search->history;
    struct snapshot_record snapshot;
    enum status status = topic_scan(estate, estate->names.snapshot, history->partition, "history",
                                    visit_snapshot, search, err);

    if (status != STATUS_OK || search->snapshot.data == NULL) {
        return status;
    }
    status = snapshot_decode(search->snapshot, &history->arena, &snapshot, err);
    if (status == STATUS_OK && run_id_equal(snapshot.run, history->records[0].run)) {
        status = snapshot_to_instance(&snapshot, &history->state, err);
        history->has_base = true;
        history->base = status == STATUS_OK ? instance_copy(history->state) : NULL;
    }
    return status;
}

static enum status fold_records(struct run_history *history, struct error *err)
{
    for (uint32_t i = 0; i < history->count; i++) {
        const struct history_record *record = &history->records[i];
        struct instance *after = NULL;
        struct json *delta = NULL;

        if (history->state != NULL && record->seq <= history->state->seq) {
            continue;
        }
        if (record->seq != (history->state == NULL ? 0 : history->state->seq) + 1) {
            return fail(err, STATUS_REJECT,
                        "history partition %d offset %lld: seq %lld does not follow seq %lld",
                        history->partition, (long long)history->offsets[i], (long long)record->seq,
                        (long long)(history->state == NULL ? 0 : history->state->seq));
        }
        enum status status = json_parse_within(record->delta, STATE_DEPTH_MAX, &delta, err);
        if (status == STATUS_OK) {
            status = instance_apply(history->state, delta, &after, err);
        }
        json_free(delta);
        if (status != STATUS_OK) {
            return fail_in(err, STATUS_REJECT, "history partition %d offset %lld",
                           history->partition, (long long)history->offsets[i]);
        }
        instance_free(history->state);
        history->state = after;
    }
    return STATUS_OK;
}

static int report(enum status status, const struct error *err)
{
    if (status == STATUS_OK) {
        return EXIT_DONE;
    }
    fprintf(stderr, "baton: %s\n", err->text);
    return status == STATUS_REJECT ? EXIT_FINDINGS : EXIT_UNREACHABLE;
}

int run_history_read(struct estate *estate, struct text instance, const struct run_id *run,
                     struct run_history *history)
{
    struct search search = {.history = history, .instance = instance, .run = run};
    struct error err;

    *history = (struct run_history){.partition = kafka_partition(instance, estate->partitions)};
    enum status status = topic_scan(estate, estate->names.history, history->partition, "history",
                                    visit_history, &search, &err);
    if (status == STATUS_OK && history->count == 0) {
        fprintf(stderr, "baton: there is no %s of '%.*s' in '%s'\n",
                run == NULL ? "run" : "such run", TEXT_ARG(instance), estate->names.history);
        return EXIT_FINDINGS;
    }
    if (status == STATUS_OK) {
        leave_gone(history);
    }
    if (status == STATUS_OK && history->gone > 0) {
        status = base_of(estate, &search, &err);
    }
    /* An ended run has no snapshot any more: then there is nothing to fold its last records onto. */
    bool is_rest = history->gone > 0 && !history->has_base &&
                   history->records[history->count - 1].kind == HISTORY_TERMINAL;
    if (status == STATUS_OK && !is_rest) {
        status = fold_records(history, &err);
    }
    if (status == STATUS_OK && history->state != NULL) {
        history->flow = flow_registry_by_hash(estate->registry, text_of(history->state->flow_hash));
    }
    return report(status, &err);
}

void run_history_release(struct run_history *history)
{
    instance_free(history->base);
    instance_free(history->state);
    arena_release(&history->arena);
    free(history->records);
    free(history->offsets);
    free(history->runs);
    *history = (struct run_history){0};
}
