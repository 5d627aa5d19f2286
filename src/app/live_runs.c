#include "app/live_runs.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/command.h"
#include "app/topic_scan.h"
#include "base/limits.h"
#include "base/map.h"
#include "core/fold.h"
#include "engine/snapshot.h"

/* What is known of an instance so far. */
struct live {
    char *name;
    struct instance *snapshot; /* The latest; NULL: none. */
    struct instance *state;    /* By the history; NULL: nothing, or it has ended. */
    bool is_told;              /* The history speaks of it. */
};

struct gathering {
    struct text flow;
    struct map instances;
    struct arena arena; /* Of one record. */
};

static bool is_of(struct text instance, struct text flow)
{
    return instance.bytes > flow.bytes && text_starts(instance, flow) &&
           instance.data[flow.bytes] == ':';
}

static struct live *live_of(struct gathering *gathering, struct text name)
{
    struct live *live = map_get(&gathering->instances, name);

    if (live == NULL) {
        live = calloc(1, sizeof *live);
        CHECK(live != NULL);
        live->name = text_dup(name);
        (void)map_put(&gathering->instances, (struct text){live->name, name.bytes}, live);
    }
    return live;
}

static enum status visit_snapshot(void *self, const struct record *record, struct error *err)
{
    struct gathering *gathering = self;
    struct snapshot_record snapshot;

    if (!is_of(record->key, gathering->flow)) {
        return STATUS_OK;
    }
    struct live *live = live_of(gathering, record->key);
    instance_free(live->snapshot);
    live->snapshot = NULL;
    if (record->value.data == NULL) {
        return STATUS_OK;
    }
    arena_reset(&gathering->arena);
    enum status status = snapshot_decode(record->value, &gathering->arena, &snapshot, err);
    return status == STATUS_OK ? snapshot_to_instance(&snapshot, &live->snapshot, err) : status;
}

/* Where the records begin in the middle of a run, the snapshot is their base. */
static void begin(struct live *live, const struct history_record *history)
{
    live->is_told = true;
    if (live->state != NULL && !run_id_equal(live->state->run, history->run)) {
        instance_free(live->state);
        live->state = NULL;
    }
    if (live->state == NULL && history->seq > 1 && live->snapshot != NULL &&
        run_id_equal(live->snapshot->run, history->run)) {
        live->state = instance_copy(live->snapshot);
    }
}

static enum status fold(struct live *live, const struct history_record *history, struct error *err)
{
    struct instance *after = NULL;
    struct json *delta = NULL;
    int64_t seq = live->state == NULL ? 0 : live->state->seq;

    if (history->seq <= seq) {
        return STATUS_OK;
    }
    if (history->seq != seq + 1) {
        return fail(err, STATUS_REJECT, "%.*s: seq %lld does not follow seq %lld",
                    TEXT_ARG(history->instance), (long long)history->seq, (long long)seq);
    }
    enum status status = json_parse_within(history->delta, STATE_DEPTH_MAX, &delta, err);
    if (status == STATUS_OK) {
        status = instance_apply(live->state, delta, &after, err);
    }
    json_free(delta);
    if (status == STATUS_OK) {
        instance_free(live->state);
        live->state = after;
    }
    return status;
}

static enum status visit_history(void *self, const struct record *record, struct error *err)
{
    struct gathering *gathering = self;
    struct history_record history;

    if (record->value.data == NULL || !is_of(record->key, gathering->flow)) {
        return STATUS_OK;
    }
    arena_reset(&gathering->arena);
    enum status status = history_decode(record->value, &gathering->arena, &history, err);
    if (status == STATUS_OK && !is_of(history.instance, gathering->flow)) {
        return STATUS_OK;
    }
    if (status == STATUS_OK && history.kind == HISTORY_TERMINAL) {
        struct live *live = live_of(gathering, history.instance);
        live->is_told = true;
        instance_free(live->state);
        live->state = NULL;
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        struct live *live = live_of(gathering, history.instance);
        begin(live, &history);
        status = fold(live, &history, err);
    }
    return status == STATUS_OK ? status
                               : fail_in(err, STATUS_REJECT, "history partition %d offset %lld",
                                         record->partition, (long long)record->offset);
}

static enum status gather(struct estate *estate, int32_t partition, struct gathering *gathering,
                          struct error *err)
{
    enum status status = topic_scan(estate, estate->names.snapshot, partition, "snapshots",
                                    visit_snapshot, gathering, err);

    return status == STATUS_OK ? topic_scan(estate, estate->names.history, partition, "history",
                                            visit_history, gathering, err)
                               : status;
}

static void tell(struct gathering *gathering,
                 void (*visit)(void *self, const struct instance *instance), void *self)
{
    size_t cursor = 0;
    struct text name;
    void *value;

    while (map_next(&gathering->instances, &cursor, &name, &value)) {
        struct live *live = value;
        const struct instance *state = live->is_told ? live->state : live->snapshot;

        if (visit != NULL && state != NULL && !instance_has_ended(state)) {
            visit(self, state);
        }
        instance_free(live->state);
        instance_free(live->snapshot);
        free(live->name);
        free(live);
    }
    map_clear(&gathering->instances);
}

int live_runs_each(struct estate *estate, struct text name,
                   void (*visit)(void *self, const struct instance *instance), void *self)
{
    struct gathering gathering = {.flow = name};
    enum status status = STATUS_OK;
    struct error err;

    for (int32_t i = 0; i < estate->partitions && status == STATUS_OK; i++) {
        status = gather(estate, i, &gathering, &err);
        tell(&gathering, status == STATUS_OK ? visit : NULL, self);
    }
    map_release(&gathering.instances);
    arena_release(&gathering.arena);
    if (status != STATUS_OK) {
        fprintf(stderr, "baton: %s\n", err.text);
        return status == STATUS_REJECT ? EXIT_FINDINGS : EXIT_UNREACHABLE;
    }
    return EXIT_DONE;
}
