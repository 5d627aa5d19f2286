#include "engine/janitor.h"

#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/log.h"
#include "codec/records.h"
#include "engine/lane_state.h"

#define PASS_EVERY_MS 200
#define PASS_RECORDS 500
#define PASS_TOMBSTONES 1000
#define KEEP_UNKNOWN_MS (7 * MS_PER_DAY) /* Of flows that are not known any more. */
#define KEY_PREFIX "j/"

/* A run that is being taken away. */
struct doomed {
    char *name; /* NULL: none. */
    struct run_id run;
    int64_t next_seq;
    int64_t last_seq;
    int64_t offset; /* Of its terminal record. */
};

struct janitor {
    struct partition *partition; /* Being swept, or NULL; */
    int64_t keep_ms;             /* by its sweep of this length. */
    struct log_reader reader;
    bool is_reading;
    struct doomed doomed;
    int64_t next_ms; /* Monotonic time of the next pass. */
    bool is_in_turn; /* The open turn holds something: once it is committed, */
    int64_t overlay_position;
    int64_t overlay_seq; /* the next of the doomed run is this, */
    bool is_over;        /* and the partition may be let go. */
};

/* ---- sweeps ---- */

struct sweep *partition_sweep(struct partition *partition, int64_t keep_ms)
{
    for (uint32_t i = 0; i < partition->sweep_count; i++) {
        if (partition->sweeps[i].keep_ms == keep_ms) {
            return &partition->sweeps[i];
        }
    }
    partition->sweeps = realloc(partition->sweeps,
                                (partition->sweep_count + 1) * sizeof *partition->sweeps);
    CHECK(partition->sweeps != NULL);
    struct sweep *sweep = &partition->sweeps[partition->sweep_count++];
    *sweep = (struct sweep){.keep_ms = keep_ms};
    return sweep;
}

bool sweep_key_parse(struct text key, int64_t *keep_ms)
{
    return text_starts(key, TEXT(KEY_PREFIX)) &&
           text_to_int64(text_sub(key, strlen(KEY_PREFIX), key.bytes), keep_ms) && *keep_ms >= 0;
}

static int64_t keep_of(const struct lane *lane, struct text flow_hash)
{
    const struct flow *flow = flow_registry_by_hash(lane->registry, flow_hash);

    return flow == NULL ? KEEP_UNKNOWN_MS : flow->keep_ms;
}

static void make_sweeps(const struct lane *lane, struct partition *partition)
{
    const struct flow *flow;
    size_t cursor = 0;

    (void)partition_sweep(partition, KEEP_UNKNOWN_MS);
    while (flow_registry_next_flow(lane->registry, &cursor, &flow)) {
        (void)partition_sweep(partition, flow->keep_ms);
    }
}

/* ---- what is being swept ---- */

struct janitor *janitor_new(void)
{
    struct janitor *janitor = calloc(1, sizeof *janitor);

    CHECK(janitor != NULL);
    return janitor;
}

static void close_reader(struct janitor *janitor)
{
    if (janitor->is_reading) {
        janitor->reader.close(janitor->reader.self);
        janitor->is_reading = false;
    }
}

static void spare(struct doomed *doomed)
{
    free(doomed->name);
    *doomed = (struct doomed){0};
}

void janitor_close(struct janitor *janitor)
{
    close_reader(janitor);
    spare(&janitor->doomed);
    janitor->partition = NULL;
    janitor->is_in_turn = false;
}

void janitor_free(struct janitor *janitor)
{
    if (janitor != NULL) {
        janitor_close(janitor);
        free(janitor);
    }
}

/* The sweep that is due for the longest time. */
static void choose(struct lane *lane)
{
    struct janitor *janitor = lane->janitor;
    int64_t earliest_ms = lane->now_ms + 1;

    for (int32_t i = 0; i < lane->partition_max; i++) {
        struct partition *partition = lane->partitions[i];
        if (partition == NULL || partition->state != PARTITION_READY) {
            continue;
        }
        make_sweeps(lane, partition);
        for (uint32_t k = 0; k < partition->sweep_count; k++) {
            struct sweep *sweep = &partition->sweeps[k];
            if (sweep->due_ms == 0) { /* Just made: what is taken over comes first. */
                sweep->due_ms = lane->now_ms + lane->settings->sweep_every_ms;
            } else if (sweep->due_ms < earliest_ms) {
                earliest_ms = sweep->due_ms;
                janitor->partition = partition;
                janitor->keep_ms = sweep->keep_ms;
            }
        }
    }
}

/* Done for now: the record at its position is too young, or not there yet. */
static void rest(const struct lane *lane, struct sweep *sweep, int64_t until_ms)
{
    int64_t least_ms = lane->now_ms + lane->settings->sweep_every_ms;

    sweep->due_ms = until_ms > least_ms ? until_ms : least_ms;
}

/* ---- a pass ---- */

static struct text key_of(struct lane *lane, struct text instance, struct run_id run, int64_t seq)
{
    buffer_clear(&lane->scratch_key);
    history_key(instance, run, seq, &lane->scratch_key);
    return lane_keep(lane, buffer_text(&lane->scratch_key));
}

/* Up to `room` tombstones of the doomed run, in the order of its records: a run whose end is there
 * has lost its beginning at most. Gives how many. */
static uint32_t add_tombstones(struct lane *lane, uint32_t room)
{
    struct janitor *janitor = lane->janitor;
    const struct doomed *doomed = &janitor->doomed;
    uint32_t count = 0;

    lane->outbox.origin = (struct origin){janitor->partition, OFFSET_NONE};
    while (count < room && janitor->overlay_seq <= doomed->last_seq) {
        struct outgoing *out = outbox_add(lane, lane->names.history, janitor->partition->number);
        out->key = key_of(lane, text_of(doomed->name), doomed->run, janitor->overlay_seq++);
        count++;
    }
    return count;
}

static void save_position(struct lane *lane, const struct sweep *sweep, int64_t position)
{
    struct janitor *janitor = lane->janitor;
    struct checkpoint_record record = {.kind = CHECKPOINT_WATERMARK, .watermark = position};

    lane->outbox.origin = (struct origin){janitor->partition, OFFSET_NONE};
    checkpoint_add(lane, janitor->partition, &record)->key = arena_printf(
        &lane->arena, KEY_PREFIX "%lld", (long long)sweep->keep_ms);
    lane_touch_partition(lane, janitor->partition);
    janitor->is_in_turn = true;
}

enum look { LOOK_ON, LOOK_DOOMED, LOOK_ENOUGH, LOOK_BAD };

static enum look look_at(struct lane *lane, struct sweep *sweep, const struct record *record)
{
    struct janitor *janitor = lane->janitor;
    struct history_record history;
    struct error err;

    if (record->offset >= janitor->partition->checkpoint) {
        rest(lane, sweep, 0);
        return LOOK_ENOUGH;
    }
    if (record->value.data == NULL) {
        return LOOK_ON;
    }
    if (history_decode(record->value, &lane->arena, &history, &err) != STATUS_OK) {
        log_event(LOG_ERROR, "janitor-stopped", "partition=%d offset=%lld reason=\"%s\"",
                  janitor->partition->number, (long long)record->offset, err.text);
        rest(lane, sweep, lane->now_ms + MS_PER_HOUR);
        return LOOK_BAD;
    }
    if (history.time_ms + sweep->keep_ms > lane->now_ms) {
        rest(lane, sweep, history.time_ms + sweep->keep_ms);
        return LOOK_ENOUGH;
    }
    if (history.kind != HISTORY_TERMINAL || keep_of(lane, history.flow_hash) != sweep->keep_ms) {
        return LOOK_ON;
    }
    janitor->doomed = (struct doomed){
        .name = text_dup(history.instance),
        .run = history.run,
        .next_seq = shorten_upto(janitor->partition, history.instance, history.run) + 1,
        .last_seq = history.seq,
        .offset = record->offset};
    janitor->overlay_seq = janitor->doomed.next_seq;
    return LOOK_DOOMED;
}

/* How far it was folded away while it was open need not be known any more. Should this turn not be
 * committed, a few tombstones are written a second time. */
static void forget_cut(struct lane *lane, const struct doomed *doomed)
{
    struct partition *partition = lane->janitor->partition;
    struct cut *cut = shorten_find(partition, text_of(doomed->name), doomed->run);

    if (cut != NULL) {
        checkpoint_add(lane, partition, NULL)->key = lane_keep(lane, cut->key);
        shorten_drop(partition, cut);
    }
}

/* Go on with the doomed run, and let it go when that was the last of it. Gives its tombstones. */
static uint32_t doom(struct lane *lane, uint32_t room, int64_t *position)
{
    struct janitor *janitor = lane->janitor;
    uint32_t count = add_tombstones(lane, room);

    if (janitor->overlay_seq > janitor->doomed.last_seq) {
        *position = janitor->doomed.offset + 1;
        forget_cut(lane, &janitor->doomed);
        spare(&janitor->doomed);
    } else {
        *position = janitor->doomed.offset;
    }
    return count;
}

/* What the reader gives. True: the sweep rests. */
static bool sweep_on(struct lane *lane, struct sweep *sweep, uint32_t *tombstones,
                     int64_t *position)
{
    struct janitor *janitor = lane->janitor;
    struct record *records = arena_array(&lane->arena, PASS_RECORDS, sizeof *records);
    struct error err;
    uint32_t count = 0;
    bool at_end = false;

    if (janitor->reader.poll(janitor->reader.self, 0, records, PASS_RECORDS, &count, &at_end,
                             &err) != STATUS_OK) {
        rest(lane, sweep, 0);
        return true;
    }
    for (uint32_t i = 0; i < count; i++) {
        enum look look = look_at(lane, sweep, &records[i]);
        if (look == LOOK_ENOUGH || look == LOOK_BAD) {
            *position = records[i].offset;
            return true;
        }
        *position = records[i].offset + 1;
        if (look == LOOK_DOOMED) {
            *tombstones += doom(lane, PASS_TOMBSTONES - *tombstones, position);
        }
        if (*tombstones == PASS_TOMBSTONES) { /* The rest was given out: it is read again. */
            close_reader(janitor);
            return false;
        }
    }
    if (at_end) {
        rest(lane, sweep, 0);
    }
    return at_end;
}

static bool is_open(struct lane *lane, const struct sweep *sweep)
{
    struct janitor *janitor = lane->janitor;
    struct error err;

    if (!janitor->is_reading) {
        janitor->is_reading = lane->broker->open_reader(lane->broker->self,
                                                        text_of(lane->names.history),
                                                        janitor->partition->number, sweep->position,
                                                        &janitor->reader, &err) == STATUS_OK;
    }
    return janitor->is_reading;
}

void janitor_pass(struct lane *lane)
{
    struct janitor *janitor = lane->janitor;
    uint32_t tombstones = 0;

    if (lane->monotonic_ms < janitor->next_ms) {
        return;
    }
    janitor->next_ms = lane->monotonic_ms + PASS_EVERY_MS;
    if (janitor->partition != NULL && janitor->partition->state != PARTITION_READY) {
        janitor_close(janitor);
    }
    if (janitor->partition == NULL) {
        choose(lane);
    }
    if (janitor->partition == NULL) {
        return;
    }
    struct sweep *sweep = partition_sweep(janitor->partition, janitor->keep_ms);
    int64_t position = sweep->position;
    janitor->is_over = false;
    if (janitor->doomed.name != NULL) {
        janitor->overlay_seq = janitor->doomed.next_seq;
        tombstones = doom(lane, PASS_TOMBSTONES, &position);
    } else if (is_open(lane, sweep)) {
        janitor->is_over = sweep_on(lane, sweep, &tombstones, &position);
    } else {
        rest(lane, sweep, 0);
        janitor->is_over = true;
    }
    janitor->overlay_position = position;
    if (tombstones > 0 || (janitor->is_over && position > sweep->saved)) {
        save_position(lane, sweep, position);
    } else {
        sweep->position = position;
    }
    if (janitor->is_over && !janitor->is_in_turn) {
        janitor_close(janitor);
    }
}

void janitor_committed(struct janitor *janitor)
{
    if (!janitor->is_in_turn) {
        return;
    }
    struct sweep *sweep = partition_sweep(janitor->partition, janitor->keep_ms);
    sweep->position = janitor->overlay_position;
    sweep->saved = janitor->overlay_position;
    janitor->doomed.next_seq = janitor->overlay_seq;
    janitor->is_in_turn = false;
    if (janitor->is_over) {
        janitor_close(janitor);
    }
}

void janitor_end_turn(struct janitor *janitor)
{
    if (janitor->is_in_turn) {
        /* From the last committed position, and soon: what was too young then lies behind what is
         * not yet gone. */
        partition_sweep(janitor->partition, janitor->keep_ms)->due_ms = 0;
        janitor_close(janitor);
    }
}

void janitor_forget(struct janitor *janitor, const struct partition *partition)
{
    if (janitor->partition == partition) {
        janitor_close(janitor);
    }
}
