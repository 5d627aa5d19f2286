/* One record of the history: its bytes, its place, and how it joins the run that it belongs to. */
#include <string.h>

#include "base/hash.h"
#include "engine/fsck_parts.h"
#include "engine/shorten.h"

/* "<instance>/<run>/<seq>", taken apart; the instance may hold slashes. */
static bool key_parse(struct text key, struct text *instance, struct run_id *run, int64_t *seq)
{
    size_t last = text_find_last(key, '/');

    if (last == SIZE_MAX || !text_to_int64(text_sub(key, last + 1, key.bytes), seq)) {
        return false;
    }
    struct text front = text_sub(key, 0, last);
    size_t middle = text_find_last(front, '/');
    *instance = text_sub(front, 0, middle == SIZE_MAX ? 0 : middle);
    return middle != SIZE_MAX && run_id_parse(text_sub(front, middle + 1, front.bytes), run);
}

static struct fsck_about about(const struct fsck *fsck, enum fsck_id id,
                               const struct history_record *history, int64_t offset)
{
    return (struct fsck_about){.id = id,
                               .topic = fsck->names.history,
                               .offset = offset,
                               .instance = history->instance,
                               .run = &history->run,
                               .seq = history->seq};
}

/* What the key says of a record whose bytes cannot be believed: the run is known no further, but the
 * chain goes on by the hash that stands there. */
static void take_unreadable(struct fsck *fsck, const struct record *record, enum fsck_id id,
                            const char *why)
{
    struct history_record said = {0};
    bool is_named = key_parse(record->key, &said.instance, &said.run, &said.seq);
    struct fsck_run *run = is_named ? fsck_run_find(fsck, said.instance) : NULL;

    fsck_tell(fsck, about(fsck, id, &said, record->offset), "%s", why);
    if (!is_named) {
        return;
    }
    fsck_note_bad(fsck, said.instance, said.run);
    if (run == NULL) {
        run = fsck_run_open(fsck, &said, record->offset);
    }
    fsck_run_break(fsck, run);
    run->seq = said.seq;
    run->run = said.run;
    run->last_offset = record->offset;
    if (record->value.bytes >= DIGEST_BYTES) {
        memcpy(run->hash, record->value.data + record->value.bytes - DIGEST_BYTES, DIGEST_BYTES);
    }
}

static bool is_covered(struct text value)
{
    unsigned char hash[DIGEST_BYTES];

    if (value.bytes <= DIGEST_BYTES) {
        return true; /* Not a matter of the hash. */
    }
    digest_sha256(text_sub(value, 0, value.bytes - DIGEST_BYTES), hash);
    return memcmp(hash, value.data + value.bytes - DIGEST_BYTES, DIGEST_BYTES) == 0;
}

/* Decode, and encode again: what the hash covers has to be what this program would cover. */
static bool read_record(struct fsck *fsck, const struct record *record,
                        struct history_record *history)
{
    struct buffer key = {0};
    struct error err;

    if (!is_covered(record->value)) {
        take_unreadable(fsck, record, FSCK_HISTORY_HASH, "its hash does not cover its bytes");
        return false;
    }
    if (history_decode(record->value, &fsck->arena, history, &err) != STATUS_OK) {
        take_unreadable(fsck, record, FSCK_HISTORY_UNREADABLE, err.text);
        return false;
    }
    history_key(history->instance, history->run, history->seq, &key);
    if (!text_equal(buffer_text(&key), record->key)) {
        fsck_tell(fsck, about(fsck, FSCK_HISTORY_KEY, history, record->offset),
                  "its key is '%.*s', wanted '%s'", TEXT_ARG(record->key), buffer_string(&key));
    }
    buffer_release(&key);
    int32_t home = kafka_partition(history->instance, fsck->options.settings->partitions);
    if (home != fsck->partition) {
        fsck_tell(fsck, about(fsck, FSCK_HISTORY_PLACE, history, record->offset),
                  "it belongs to partition %d", home);
        return false;
    }
    return true;
}

static bool was_folded_away(const struct record *record)
{
    for (uint32_t i = 0; i < record->header_count; i++) {
        if (text_is(record->headers[i].name, FOLDED_HEADER)) {
            return true;
        }
    }
    return false;
}

/* Of an open run: a snapshot has to hold it. Whether one does is known at the run's end; of what was
 * written since the checkpoint was read, the snapshot may have come later. */
static void note_folded(const struct fsck *fsck, struct fsck_run *run, int64_t seq, int64_t offset)
{
    if (seq > run->folded_seq) {
        run->folded_seq = seq;
    }
    if (offset < fsck->checkpoint) {
        run->folded_told = seq;
        run->folded_offset = offset;
    }
}

/* A tombstone says that it was folded away, or it is the janitor's, where the run ended `keep` ago. Of
 * an open run this is seen here, of another in the second pass. */
static void take_tombstone(struct fsck *fsck, const struct record *record)
{
    struct history_record said = {0};
    struct fsck_run *run;

    if (!key_parse(record->key, &said.instance, &said.run, &said.seq)) {
        fsck_tell(fsck, about(fsck, FSCK_HISTORY_KEY, &said, record->offset),
                  "a tombstone under the key '%.*s', which is none of the history's",
                  TEXT_ARG(record->key));
        return;
    }
    run = fsck_run_find(fsck, said.instance);
    bool is_open = run != NULL && run_id_equal(run->run, said.run);
    if (was_folded_away(record)) {
        if (is_open) {
            note_folded(fsck, run, said.seq, record->offset);
        }
    } else if (is_open) {
        fsck_note_bad(fsck, said.instance, said.run);
        fsck_tell(fsck, about(fsck, FSCK_HISTORY_ERASED, &said, record->offset),
                  "a tombstone of a record of a run that has not ended");
    } else {
        fsck_note_erased(fsck, record, said.instance, said.run, said.seq);
    }
}

static int run_order(struct run_id a, struct run_id b)
{
    if (a.generation != b.generation) {
        return a.generation < b.generation ? -1 : 1;
    }
    return a.offset < b.offset ? -1 : a.offset > b.offset;
}

/* Records may have been folded away and compacted while they were read; then their tombstones come
 * later. From here on the state is not known, until a snapshot tells it. */
static void open_gap(struct fsck_run *run, int64_t seq, int64_t offset)
{
    if (run->gap_offset == OFFSET_NONE) {
        run->gap_after = run->seq;
        run->gap_seq = seq;
        run->gap_offset = offset;
    }
    run->gap_to = seq - 1;
    instance_free(run->state);
    run->state = NULL;
}

/* The record that comes next in an open run. False: it does not, which is told. */
static bool joins(struct fsck *fsck, struct fsck_run *run, const struct history_record *history,
                  int64_t offset)
{
    if (history->seq <= run->seq) {
        fsck_tell(fsck, about(fsck, FSCK_HISTORY_REPEAT, history, offset),
                  "seq %lld comes after seq %lld at offset %lld", (long long)history->seq,
                  (long long)run->seq, (long long)run->last_offset);
        return false;
    }
    if (history->seq > run->seq + 1) {
        open_gap(run, history->seq, offset);
        return true;
    }
    if (memcmp(run->hash, history->previous, DIGEST_BYTES) != 0) {
        fsck_tell(fsck, about(fsck, FSCK_HISTORY_CHAIN, history, offset),
                  "it follows another record than the one of seq %lld at offset %lld",
                  (long long)run->seq, (long long)run->last_offset);
    }
    return true;
}

/* The run that the record belongs to, open, or NULL if it is not to be looked at. */
static struct fsck_run *find_run(struct fsck *fsck, const struct history_record *history,
                                 int64_t offset)
{
    static const unsigned char zeros[DIGEST_BYTES];
    struct fsck_run *run = fsck_run_find(fsck, history->instance);

    if (run != NULL && run_id_equal(run->run, history->run)) {
        return joins(fsck, run, history, offset) ? run : NULL;
    }
    /* A run's first record is that of the inbox record that it is named after. */
    if (history->seq == 1 && history->inbox_offset >= 0 &&
        history->inbox_offset <= fsck->inbox_seen) {
        fsck_tell(fsck, about(fsck, FSCK_CAUSE_REPEAT, history, offset),
                  "inbox record %lld was decided before, the latest was %lld",
                  (long long)history->inbox_offset, (long long)fsck->inbox_seen);
        return NULL;
    }
    if (run != NULL) {
        char other[RUN_ID_BYTES];
        run_id_format(run->run, other);
        fsck_tell(fsck, about(fsck, FSCK_HISTORY_OVERLAP, history, offset),
                  "run %s has not ended, its last record is seq %lld at offset %lld", other,
                  (long long)run->seq, (long long)run->last_offset);
        if (run_order(history->run, run->run) < 0) {
            return NULL;
        }
        fsck_run_settle(fsck, run);
        fsck_run_close(fsck, run);
    }
    run = fsck_run_open(fsck, history, offset);
    if (history->seq == 1 && memcmp(history->previous, zeros, DIGEST_BYTES) != 0) {
        fsck_tell(fsck, about(fsck, FSCK_HISTORY_CHAIN, history, offset),
                  "it is the first of its run and follows another record");
    }
    return run;
}

void fsck_history(struct fsck *fsck, const struct record *record)
{
    struct history_record history;
    struct text instance;
    struct run_id run_id;
    int64_t seq;
    struct error err;

    if (fsck->options.instance.bytes > 0 && key_parse(record->key, &instance, &run_id, &seq) &&
        !text_equal(instance, fsck->options.instance)) {
        return;
    }
    arena_reset(&fsck->arena);
    if (fsck->is_again) {
        if (record->value.data != NULL &&
            history_decode(record->value, &fsck->arena, &history, &err) == STATUS_OK) {
            fsck_again_history(fsck, &history, record->offset, record->partition);
        }
        return;
    }
    if (record->value.data == NULL) {
        take_tombstone(fsck, record);
        return;
    }
    fsck->counts.records++;
    if (!read_record(fsck, record, &history)) {
        return;
    }
    struct fsck_run *run = find_run(fsck, &history, record->offset);
    if (run == NULL) {
        return;
    }
    fsck_check_flow(fsck, &history, record->offset);
    if (!run->is_orphan) {
        fsck_check_cause(fsck, &history, record->offset);
    }
    fsck_told(fsck, &history, record->offset);
    fsck_run_fold(fsck, run, &history, record);
    if (history.kind == HISTORY_TERMINAL) {
        fsck_run_ended(fsck, run, &history, record->offset);
    }
}
