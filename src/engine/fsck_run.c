/* A run from its first record to its last: the fold, the order of its undos, and what has to stand
 * for it where the checkpoint has passed. */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "core/fold.h"
#include "engine/fsck_parts.h"

struct fsck_run *fsck_run_find(const struct fsck *fsck, struct text instance)
{
    return map_get(&fsck->runs, instance);
}

bool fsck_is_bad(struct fsck *fsck, struct text instance, struct run_id run)
{
    return fsck->bad_runs.count > 0 &&
           map_get(&fsck->bad_runs, fsck_run_key(&fsck->arena, instance, run)) != NULL;
}

void fsck_note_bad(struct fsck *fsck, struct text instance, struct run_id run)
{
    if (!fsck_is_bad(fsck, instance, run) && fsck->bad_runs.count < FSCK_LIST_MAX) {
        map_put(&fsck->bad_runs, fsck_run_key(&fsck->kept, instance, run), fsck);
    }
}

void fsck_run_break(struct fsck *fsck, struct fsck_run *run)
{
    fsck_note_bad(fsck, run->name, run->run);
    run->is_broken = true;
    instance_free(run->state);
    run->state = NULL;
}

void fsck_note_cut(struct fsck *fsck, struct text instance, struct run_id run, int64_t seq)
{
    struct text key = fsck_run_key(&fsck->arena, instance, run);
    int64_t *known = map_get(&fsck->cut_runs, key);

    if (known == NULL && fsck->cut_runs.count < FSCK_LIST_MAX) {
        known = arena_alloc(&fsck->kept, sizeof *known);
        map_put(&fsck->cut_runs, arena_text(&fsck->kept, key), known);
    }
    if (known != NULL) {
        *known = seq;
    }
}

/* The snapshot that stands for what came before the first record that is there. */
static void find_base(struct fsck *fsck, struct fsck_run *run, const struct history_record *history)
{
    struct fsck_snap *snap = fsck_snap_of(fsck, run->name, run->run);

    while (snap != NULL && snap->seq > history->seq - 1) {
        snap = snap->older;
    }
    if (snap != NULL && snap->seq == history->seq - 1 && run_id_equal(snap->run, run->run)) {
        run->state = fsck_snap_state(fsck, snap, run->name);
        run->seq = snap->seq;
        memcpy(run->hash, snap->hash, DIGEST_BYTES);
    }
    run->is_orphan = fsck_snap_of(fsck, run->name, run->run) == NULL;
}

struct fsck_run *fsck_run_open(struct fsck *fsck, const struct history_record *history,
                               int64_t offset)
{
    struct fsck_run *run = calloc(1, sizeof *run);

    CHECK(run != NULL);
    *run = (struct fsck_run){.name = {text_dup(history->instance), history->instance.bytes},
                             .run = history->run,
                             .seq = history->seq - 1,
                             .first_offset = offset,
                             .first_seq = history->seq,
                             .last_offset = OFFSET_NONE,
                             .unsaved_offset = OFFSET_NONE,
                             .folded_offset = OFFSET_NONE,
                             .gap_offset = OFFSET_NONE};
    memcpy(run->hash, history->previous, DIGEST_BYTES);
    if (history->seq > 1) {
        find_base(fsck, run, history);
        fsck_note_cut(fsck, run->name, run->run, history->seq);
    }
    map_put(&fsck->runs, run->name, run);
    fsck->counts.runs += !run->is_orphan;
    return run;
}

void fsck_run_close(struct fsck *fsck, struct fsck_run *run)
{
    map_remove(&fsck->runs, run->name);
    instance_free(run->state);
    free((char *)(uintptr_t)run->name.data);
    free(run);
}

static struct fsck_about about(const struct fsck *fsck, enum fsck_id id, const struct fsck_run *run,
                               int64_t seq, int64_t offset)
{
    return (struct fsck_about){.id = id,
                               .topic = fsck->names.history,
                               .offset = offset,
                               .instance = run->name,
                               .run = &run->run,
                               .seq = seq};
}

/* ---- undos ---- */

/* An entry pushed after `undo` in the same list that is still to be undone, or NULL. */
static const struct undo *armed_above(const struct instance *state, const struct undo *undo)
{
    for (uint32_t i = 0; i < state->undo_count; i++) {
        const struct undo *other = &state->stack[i];

        if (other->activation > undo->activation && other->group == undo->group &&
            other->state == UNDO_ARMED) {
            return other;
        }
    }
    return NULL;
}

/* A rollback undoes the steps that it names, whatever was done after them. */
static bool is_rolling_back(const struct instance *state)
{
    for (uint32_t i = 0; i < state->frame_count; i++) {
        if (state->frames[i].kind == FRAME_STEP && state->frames[i].state == FRAME_UNWINDING) {
            return true;
        }
    }
    return false;
}

static bool is_reverse(const struct fsck *fsck, const struct instance *state)
{
    const struct flow *flow = flow_registry_by_hash(fsck->options.registry,
                                                    text_of(state->flow_hash));

    return flow == NULL || flow->saga_order == SAGA_REVERSE;
}

/* `undo` was on the stack before, or came onto it with this record. */
static void check_undo(struct fsck *fsck, struct fsck_run *run, const struct instance *after,
                       const struct undo *undo, int64_t offset)
{
    const struct undo *above = is_reverse(fsck, after) && !is_rolling_back(after)
                                   ? armed_above(after, undo)
                                   : NULL;

    if (undo->state == UNDO_RUNNING) {
        fsck_tell(fsck, about(fsck, FSCK_UNDO_TWICE, run, after->seq, offset),
                  "activation %u is undone a second time", undo->activation);
    } else if (above != NULL) {
        fsck_tell(fsck, about(fsck, FSCK_UNDO_ORDER, run, after->seq, offset),
                  "activation %u is undone before activation %u", undo->activation,
                  above->activation);
    }
}

/* A frame that waits for the answer to an undo has been opened. */
static void check_undo_frame(struct fsck *fsck, struct fsck_run *run, const struct instance *before,
                             const struct instance *after, const struct frame *frame,
                             int64_t offset)
{
    const struct undo *undo = instance_find_undo(before, frame->undo_of);

    if (undo == NULL && frame->undo_of >= before->activation_next) {
        undo = instance_find_undo(after, frame->undo_of); /* Pushed by this very record. */
    } else if (undo == NULL) {
        fsck_tell(fsck, about(fsck, FSCK_UNDO_TWICE, run, after->seq, offset),
                  "activation %u is undone, but it is not on the stack (any more)", frame->undo_of);
        return;
    } else {
        check_undo(fsck, run, after, undo, offset);
        return;
    }
    if (undo == NULL) {
        fsck_tell(fsck, about(fsck, FSCK_UNDO_TWICE, run, after->seq, offset),
                  "activation %u is undone, but it never was on the stack", frame->undo_of);
    }
}

/* What this record began to undo: by a frame that waits for the answer, or, of an emit, by taking it
 * off the stack at once. */
static void check_undos(struct fsck *fsck, struct fsck_run *run, const struct instance *before,
                        const struct instance *after, int64_t offset)
{
    for (uint32_t i = before->undo_count; i > 0; i--) {
        const struct undo *undo = &before->stack[i - 1];
        bool is_unwinding = before->status == RUN_COMPENSATING || after->status == RUN_COMPENSATING;

        if (is_unwinding && undo->state == UNDO_ARMED &&
            instance_find_undo(after, undo->activation) == NULL) {
            check_undo(fsck, run, after, undo, offset);
        }
    }
    for (uint32_t i = 0; i < after->frame_count; i++) {
        const struct frame *frame = &after->frames[i];

        if (frame->kind == FRAME_UNDO && instance_find_frame(before, frame->activation) == NULL) {
            check_undo_frame(fsck, run, before, after, frame, offset);
        }
    }
}

/* ---- the fold ---- */

/* What the record says of itself has to be what its delta makes of the state. */
static const char *contradiction(const struct history_record *history, const struct instance *after)
{
    if (!text_equal(after->name, history->instance)) {
        return "its delta is of another instance";
    }
    if (!run_id_equal(after->run, history->run)) {
        return "its delta is of another run";
    }
    if (after->seq != history->seq) {
        return "its delta has another seq";
    }
    if (after->time_ms != history->time_ms) {
        return "its delta has another time";
    }
    if (!text_is(history->flow_hash, after->flow_hash)) {
        return "its delta has another definition";
    }
    if (instance_has_ended(after) != (history->kind == HISTORY_TERMINAL)) {
        return instance_has_ended(after) ? "the run has ended and the record is not terminal"
                                         : "the record is terminal and the run has not ended";
    }
    return NULL;
}

static struct instance *apply(struct fsck *fsck, struct fsck_run *run,
                              const struct history_record *history, int64_t offset)
{
    struct instance *after = NULL;
    struct json *delta = NULL;
    struct error err;
    enum status status = json_parse_within(history->delta, STATE_DEPTH_MAX, &delta, &err);

    if (status == STATUS_OK) {
        status = instance_apply(run->state, delta, &after, &err);
    }
    json_free(delta);
    const char *why = status != STATUS_OK ? err.text : contradiction(history, after);
    if (why == NULL && run->state != NULL && after->time_ms < run->state->time_ms) {
        why = "its time lies before that of the record before it";
    }
    if (why != NULL) {
        fsck_tell(fsck, about(fsck, FSCK_HISTORY_FOLD, run, history->seq, offset), "%s", why);
        instance_free(after);
        return NULL;
    }
    return after;
}

static void fold(struct fsck *fsck, struct fsck_run *run, const struct history_record *history,
                 const struct record *record)
{
    struct instance *after = apply(fsck, run, history, record->offset);

    if (after == NULL) {
        fsck_run_break(fsck, run);
        return;
    }
    if (run->state != NULL) {
        check_undos(fsck, run, run->state, after, record->offset);
    }
    if (fsck->options.replay) {
        fsck_replay(fsck, run->state, history, record);
    }
    instance_free(run->state);
    run->state = after;
}

void fsck_run_fold(struct fsck *fsck, struct fsck_run *run, const struct history_record *history,
                   const struct record *record)
{
    struct fsck_snap *snap = fsck_snap_of(fsck, run->name, run->run);

    if (!run->is_broken && (run->state != NULL || history->seq == 1)) {
        fold(fsck, run, history, record);
    }
    run->seq = history->seq;
    run->last_offset = record->offset;
    memcpy(run->hash, history->hash, DIGEST_BYTES);
    if (run->unsaved_offset == OFFSET_NONE && (snap == NULL || history->seq > snap->seq)) {
        run->unsaved_offset = record->offset;
        run->unsaved_seq = history->seq;
    }
    fsck_compare_snapshots(fsck, run);
    if (run->state == NULL && !run->is_broken && snap != NULL && snap->seq == run->seq) {
        run->state = fsck_snap_state(fsck, snap, run->name);
    }
}

/* ---- the end ---- */

void fsck_run_settle(struct fsck *fsck, struct fsck_run *run)
{
    if (run->gap_offset != OFFSET_NONE && run->gap_to > run->folded_seq) {
        fsck_tell(fsck, about(fsck, FSCK_HISTORY_GAP, run, run->gap_seq, run->gap_offset),
                  "seq %lld comes after seq %lld", (long long)run->gap_seq,
                  (long long)run->gap_after);
        fsck_run_break(fsck, run);
    } else if (run->gap_offset != OFFSET_NONE) {
        fsck_note_cut(fsck, run->name, run->run, run->gap_to + 1);
    }
    run->gap_offset = OFFSET_NONE;
}

/* What was folded away is in the snapshot of the run, which has not ended. */
static void check_folded(struct fsck *fsck, const struct fsck_run *run)
{
    const struct fsck_snap *snap = fsck_snap_of(fsck, run->name, run->run);

    if (run->folded_offset == OFFSET_NONE || (snap != NULL && snap->seq >= run->folded_told)) {
        return;
    }
    fsck_note_bad(fsck, run->name, run->run);
    fsck_tell(fsck, about(fsck, FSCK_HISTORY_ERASED, run, run->folded_told, run->folded_offset),
              "a tombstone of a record of a run that has not ended, which no snapshot holds");
}

void fsck_run_ended(struct fsck *fsck, struct fsck_run *run, const struct history_record *history,
                    int64_t offset)
{
    struct fsck_snap *snap = fsck_snap_of(fsck, run->name, run->run);

    fsck_run_settle(fsck, run);
    for (struct fsck_snap *each = snap; each != NULL; each = each->older) {
        each->has_ended = true;
    }
    if (run->is_orphan) {
        fsck_note_orphan(fsck, run, true);
    } else if (offset < fsck->checkpoint && snap != NULL) {
        fsck_tell(fsck,
                  (struct fsck_about){.id = FSCK_SNAPSHOT_LEFT,
                                      .topic = fsck->names.snapshot,
                                      .offset = snap->offset,
                                      .instance = run->name,
                                      .run = &run->run,
                                      .seq = snap->seq},
                  "the run ended with seq %lld at offset %lld of the history, below the checkpoint "
                  "%lld, and its snapshot is still there",
                  (long long)history->seq, (long long)offset, (long long)fsck->checkpoint);
    }
    if (offset < fsck->checkpoint && !run->is_broken && !run->is_orphan &&
        !fsck_is_remembered(fsck, run, history)) {
        fsck_tell(fsck, about(fsck, FSCK_ENDED_MISSING, run, history->seq, offset),
                  "the run has ended below the checkpoint %lld, and no ended entry of '%s' "
                  "remembers its key",
                  (long long)fsck->checkpoint, fsck->names.checkpoint);
    }
    fsck_run_close(fsck, run);
}

void fsck_runs_end(struct fsck *fsck)
{
    size_t cursor = 0;
    struct text name;
    void *value;

    while (map_next(&fsck->runs, &cursor, &name, &value)) {
        struct fsck_run *run = value;
        fsck_run_settle(fsck, run);
        check_folded(fsck, run);
        if (run->is_orphan) {
            fsck_note_orphan(fsck, run, false);
        } else if (!run->is_broken && run->unsaved_offset != OFFSET_NONE &&
                   run->unsaved_offset < fsck->checkpoint) {
            fsck_tell(
                fsck,
                about(fsck, FSCK_SNAPSHOT_MISSING, run, run->unsaved_seq, run->unsaved_offset),
                "the run has not ended and the checkpoint %lld has passed this record, but "
                "no snapshot in '%s' holds it",
                (long long)fsck->checkpoint, fsck->names.snapshot);
        }
    }
}
