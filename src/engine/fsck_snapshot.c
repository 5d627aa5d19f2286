/* The snapshot topic: what sleeps, by its records, and that each equals the fold of the history. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "core/fold.h"
#include "engine/fsck_parts.h"
#include "engine/snapshot.h"

#define OLDER_MAX 3 /* Snapshots of one instance that are kept to be compared. */

static void snap_free(struct fsck_snap *snap)
{
    while (snap != NULL) {
        struct fsck_snap *older = snap->older;
        free((char *)(uintptr_t)snap->value.data);
        free(snap);
        snap = older;
    }
}

static void shelf_free(struct fsck_shelf *shelf)
{
    snap_free(shelf->latest);
    free((char *)(uintptr_t)shelf->name.data);
    free(shelf);
}

void fsck_shelves_release(struct fsck *fsck)
{
    size_t cursor = 0;
    struct text name;
    void *shelf;

    while (map_next(&fsck->shelves, &cursor, &name, &shelf)) {
        shelf_free(shelf);
    }
    map_clear(&fsck->shelves);
}

static struct fsck_about about(const struct fsck *fsck, enum fsck_id id,
                               const struct fsck_snap *snap, struct text name)
{
    return (struct fsck_about){.id = id,
                               .topic = fsck->names.snapshot,
                               .offset = snap->offset,
                               .instance = name,
                               .run = &snap->run,
                               .seq = snap->seq};
}

static void drop_shelf(struct fsck *fsck, struct text name)
{
    struct fsck_shelf *shelf = map_remove(&fsck->shelves, name);

    if (shelf != NULL) {
        shelf_free(shelf);
    }
}

static void put_on_shelf(struct fsck *fsck, struct text name, struct fsck_snap *snap)
{
    struct fsck_shelf *shelf = map_get(&fsck->shelves, name);
    struct fsck_snap *last = snap;

    if (shelf == NULL) {
        shelf = calloc(1, sizeof *shelf);
        CHECK(shelf != NULL);
        shelf->name = (struct text){text_dup(name), name.bytes};
        map_put(&fsck->shelves, shelf->name, shelf);
    }
    snap->older = shelf->latest;
    shelf->latest = snap;
    shelf->was_asked = false;
    for (int i = 0; i < OLDER_MAX && last != NULL; i++) {
        last = last->older;
    }
    if (last != NULL) {
        snap_free(last->older);
        last->older = NULL;
    }
}

/* What the record says beside the state has to be what the state says. */
static const char *contradiction(struct fsck *fsck, const struct record *record,
                                 const struct snapshot_record *snapshot,
                                 const struct instance *state)
{
    struct snapshot_record wanted;

    snapshot_of(state, snapshot->hash, &fsck->arena, &wanted);
    if (!text_equal(record->key, state->name) || !text_equal(snapshot->instance, state->name)) {
        return "its key, its instance and its state are not of one name";
    }
    if (!run_id_equal(snapshot->run, state->run) || snapshot->seq != state->seq) {
        return "its state is of another run or seq";
    }
    if (!text_equal(snapshot->status, wanted.status) ||
        !text_equal(snapshot->flow_hash, wanted.flow_hash)) {
        return "its status or definition is not that of its state";
    }
    bool is_same = snapshot->timer_count == wanted.timer_count;
    for (uint32_t i = 0; i < wanted.timer_count && is_same; i++) {
        is_same = text_equal(snapshot->timers[i].id, wanted.timers[i].id) &&
                  snapshot->timers[i].due_ms == wanted.timers[i].due_ms;
    }
    return is_same ? NULL : "its timers are not those of its state";
}

void fsck_snapshot(struct fsck *fsck, const struct record *record)
{
    struct snapshot_record snapshot;
    struct instance *state = NULL;
    struct error err;

    if (fsck->is_again ||
        (fsck->options.instance.bytes > 0 && !text_equal(fsck->options.instance, record->key))) {
        return;
    }
    arena_reset(&fsck->arena);
    if (record->value.data == NULL) {
        drop_shelf(fsck, record->key);
        return;
    }
    fsck->counts.snapshots++;
    struct fsck_snap *snap = calloc(1, sizeof *snap);
    CHECK(snap != NULL);
    snap->offset = record->offset;
    enum status status = snapshot_decode(record->value, &fsck->arena, &snapshot, &err);
    if (status == STATUS_OK) {
        snap->run = snapshot.run;
        snap->seq = snapshot.seq;
        memcpy(snap->hash, snapshot.hash, DIGEST_BYTES);
        status = snapshot_to_instance(&snapshot, &state, &err);
    }
    snap->value = (struct text){text_dup(record->value), record->value.bytes};
    const char *why = status == STATUS_OK ? contradiction(fsck, record, &snapshot, state) : NULL;
    if (status != STATUS_OK) {
        snap->is_checked = true;
        fsck_tell(fsck, about(fsck, FSCK_SNAPSHOT_UNREADABLE, snap, record->key), "%s", err.text);
    } else if (why != NULL) {
        snap->is_checked = true;
        fsck_tell(fsck, about(fsck, FSCK_SNAPSHOT_DIFFERS, snap, record->key), "%s", why);
    }
    instance_free(state);
    int32_t home = kafka_partition(record->key, fsck->options.settings->partitions);
    if (home != fsck->partition) {
        fsck_tell(fsck, about(fsck, FSCK_SNAPSHOT_PLACE, snap, record->key),
                  "it belongs to partition %d", home);
        snap_free(snap);
        return;
    }
    put_on_shelf(fsck, record->key, snap);
}

struct fsck_snap *fsck_snap_of(const struct fsck *fsck, struct text instance, struct run_id run)
{
    const struct fsck_shelf *shelf = map_get(&fsck->shelves, instance);

    return shelf != NULL && run_id_equal(shelf->latest->run, run) ? shelf->latest : NULL;
}

struct instance *fsck_snap_state(struct fsck *fsck, struct fsck_snap *snap, struct text name)
{
    struct snapshot_record snapshot;
    struct instance *state = NULL;
    struct error err;

    (void)name;
    if (snapshot_decode(snap->value, &fsck->arena, &snapshot, &err) == STATUS_OK &&
        snapshot_to_instance(&snapshot, &state, &err) == STATUS_OK) {
        return state;
    }
    return NULL; /* Told when it was read. */
}

/* The first member of the two states that differs, for people. */
static struct text first_difference(struct fsck *fsck, const struct instance *is,
                                    const struct instance *wanted)
{
    struct json *delta = instance_delta(is, wanted);
    struct json_cursor cursor = {0};
    const struct json *value;
    struct text key = TEXT("the form");

    (void)json_next(delta, &cursor, &key, &value);
    key = arena_text(&fsck->arena, key);
    json_free(delta);
    return key;
}

static void compare(struct fsck *fsck, const struct fsck_run *run, struct fsck_snap *snap)
{
    struct instance *state = NULL;
    struct buffer is = {0};
    struct buffer wanted = {0};

    if (memcmp(snap->hash, run->hash, DIGEST_BYTES) != 0) {
        fsck_tell(fsck, about(fsck, FSCK_SNAPSHOT_DIFFERS, snap, run->name),
                  "it is of another history record than the one of seq %lld at offset %lld",
                  (long long)run->seq, (long long)run->last_offset);
        return;
    }
    state = run->state == NULL ? NULL : fsck_snap_state(fsck, snap, run->name);
    if (state != NULL) {
        instance_canonical(state, &is);
        instance_canonical(run->state, &wanted);
        if (!text_equal(buffer_text(&is), buffer_text(&wanted))) {
            fsck_tell(fsck, about(fsck, FSCK_SNAPSHOT_DIFFERS, snap, run->name),
                      "its '%.*s' is not what the history folds to, up to seq %lld at offset %lld",
                      TEXT_ARG(first_difference(fsck, state, run->state)), (long long)run->seq,
                      (long long)run->last_offset);
        }
    }
    instance_free(state);
    buffer_release(&is);
    buffer_release(&wanted);
}

void fsck_compare_snapshots(struct fsck *fsck, const struct fsck_run *run)
{
    const struct fsck_shelf *shelf = map_get(&fsck->shelves, run->name);

    for (struct fsck_snap *snap = shelf == NULL ? NULL : shelf->latest; snap != NULL;
         snap = snap->older) {
        if (!snap->is_checked && snap->seq == run->seq && run_id_equal(snap->run, run->run)) {
            snap->is_checked = true;
            compare(fsck, run, snap);
        }
    }
}

/* Every run that sleeps has its history. */
void fsck_shelves_end(struct fsck *fsck)
{
    size_t cursor = 0;
    struct text name;
    void *value;

    while (map_next(&fsck->shelves, &cursor, &name, &value)) {
        struct fsck_snap *snap = ((struct fsck_shelf *)value)->latest;
        const struct fsck_run *run = fsck_run_find(fsck, name);
        bool is_known = run != NULL && run_id_equal(run->run, snap->run);

        if (snap->is_checked || snap->has_ended || (is_known && run->seq >= snap->seq) ||
            fsck_is_bad(fsck, name, snap->run)) {
            continue;
        }
        fsck_tell(fsck, about(fsck, FSCK_SNAPSHOT_AHEAD, snap, name),
                  is_known ? "the history of its run ends with seq %lld"
                           : "there is no history of its run (%lld records)",
                  is_known ? (long long)run->seq : 0LL);
    }
}
