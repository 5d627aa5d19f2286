#include "engine/shorten.h"

#include <stdlib.h>
#include <string.h>

#include "codec/records.h"
#include "engine/lane_state.h"

#define PASS_EVERY_MS 200
#define PASS_TOMBSTONES 1000
#define KEY_PREFIX "h/"
#define WORTH_PART 10 /* One is cut when it is longer than wanted by this part of it. */

static struct text key_of(struct text name, struct run_id run, struct buffer *out)
{
    char run_text[RUN_ID_BYTES];

    run_id_format(run, run_text);
    buffer_clear(out);
    buffer_add_text(out, TEXT(KEY_PREFIX));
    buffer_add_text(out, name);
    buffer_add_char(out, '/');
    buffer_add_text(out, text_of(run_text));
    return buffer_text(out);
}

bool shorten_is_key(struct text key)
{
    return text_starts(key, TEXT(KEY_PREFIX));
}

/* ---- which runs are cut ---- */

struct cut *shorten_find(const struct partition *partition, struct text name, struct run_id run)
{
    struct buffer key = {0};
    struct cut *cut = NULL;

    if (partition->cuts.count > 0) {
        cut = map_get(&partition->cuts, key_of(name, run, &key));
        buffer_release(&key);
    }
    return cut;
}

int64_t shorten_upto(const struct partition *partition, struct text name, struct run_id run)
{
    const struct cut *cut = shorten_find(partition, name, run);

    return cut == NULL ? 0 : cut->upto;
}

/* NULL: it is no key of a cut. */
static struct cut *add_cut(struct partition *partition, struct text key)
{
    struct cut *cut = map_get(&partition->cuts, key);
    size_t slash = text_find_last(key, '/');
    struct run_id run;

    if (cut != NULL) {
        return cut;
    }
    if (slash == SIZE_MAX || slash < strlen(KEY_PREFIX) ||
        !run_id_parse(text_sub(key, slash + 1, key.bytes), &run)) {
        return NULL;
    }
    cut = calloc(1, sizeof *cut);
    CHECK(cut != NULL);
    cut->key = (struct text){text_dup(key), key.bytes};
    cut->name = text_sub(cut->key, strlen(KEY_PREFIX), slash - strlen(KEY_PREFIX));
    cut->run = run;
    map_put(&partition->cuts, cut->key, cut);
    return cut;
}

static void cut_free(struct cut *cut)
{
    free((char *)(uintptr_t)cut->key.data);
    free(cut);
}

static void leave_queue(struct partition *partition, struct cut *cut)
{
    struct cut **at = &partition->cuts_due;

    while (*at != NULL && *at != cut) {
        at = &(*at)->next;
    }
    if (*at == cut) {
        *at = cut->next;
    }
    cut->next = NULL;
    cut->is_due = false;
}

static void join_queue(struct partition *partition, struct cut *cut)
{
    struct cut **at = &partition->cuts_due;

    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = cut;
    cut->is_due = true;
}

void shorten_drop(struct partition *partition, struct cut *cut)
{
    leave_queue(partition, cut);
    map_remove(&partition->cuts, cut->key);
    cut_free(cut);
}

void shorten_forget(struct partition *partition)
{
    size_t cursor = 0;
    struct text key;
    void *cut;

    while (map_next(&partition->cuts, &cursor, &key, &cut)) {
        cut_free(cut);
    }
    map_release(&partition->cuts);
    partition->cuts_due = NULL;
}

void shorten_restore(struct partition *partition, struct text key, int64_t upto)
{
    struct cut *cut = upto == 0 ? map_get(&partition->cuts, key) : add_cut(partition, key);

    if (cut != NULL && upto == 0) {
        shorten_drop(partition, cut);
    } else if (cut != NULL) {
        cut->upto = upto;
    }
}

/* ---- what may go ---- */

void shorten_saved(const struct lane *lane, struct partition *partition,
                   const struct instance *instance)
{
    int64_t most = lane->settings->history_max;
    struct buffer key = {0};
    struct cut *cut;

    if (instance->seq <= most || instance_has_ended(instance)) {
        return;
    }
    cut = shorten_find(partition, instance->name, instance->run);
    if (instance->seq - (cut == NULL ? 0 : cut->upto) - most <= most / WORTH_PART ||
        (cut != NULL && cut->is_due)) {
        return; /* What is due already comes first, or a busy run would never be cut. */
    }
    if (cut == NULL) {
        cut = add_cut(partition, key_of(instance->name, instance->run, &key));
        buffer_release(&key);
        CHECK(cut != NULL);
    }
    cut->goal = instance->seq - most;
    cut->behind = partition->history_next;
    join_queue(partition, cut);
}

void shorten_ended(struct partition *partition, const struct instance *instance)
{
    struct cut *cut = shorten_find(partition, instance->name, instance->run);

    if (cut != NULL && cut->upto == 0) {
        shorten_drop(partition, cut);
    } else if (cut != NULL) {
        leave_queue(partition, cut);
    }
}

/* ---- a pass ---- */

static struct cut *choose(const struct lane *lane, struct partition **partition)
{
    for (int32_t i = 0; i < lane->partition_max; i++) {
        *partition = lane->partitions[i];
        if (*partition == NULL || (*partition)->state != PARTITION_READY) {
            continue;
        }
        for (struct cut *cut = (*partition)->cuts_due; cut != NULL; cut = cut->next) {
            if (cut->behind <= (*partition)->checkpoint) {
                return cut;
            }
        }
    }
    return NULL;
}

static void add_tombstones(struct lane *lane, const struct partition *partition,
                           const struct cut *cut, int64_t upto)
{
    struct record_header *header = arena_alloc(&lane->arena, sizeof *header);

    *header = (struct record_header){TEXT(FOLDED_HEADER),
                                     arena_printf(&lane->arena, "%lld", (long long)upto)};
    for (int64_t seq = cut->upto + 1; seq <= upto; seq++) {
        struct outgoing *out = outbox_add(lane, lane->names.history, partition->number);
        buffer_clear(&lane->scratch_key);
        history_key(cut->name, cut->run, seq, &lane->scratch_key);
        out->key = lane_keep(lane, buffer_text(&lane->scratch_key));
        out->headers = header;
        out->header_count = 1;
    }
}

void shorten_pass(struct lane *lane)
{
    struct shortening *turn = &lane->shortening;
    struct partition *partition;
    struct cut *cut;

    if (lane->monotonic_ms < turn->next_ms) {
        return;
    }
    turn->next_ms = lane->monotonic_ms + PASS_EVERY_MS;
    cut = choose(lane, &partition);
    if (cut == NULL) {
        return;
    }
    int64_t upto = cut->goal < cut->upto + PASS_TOMBSTONES ? cut->goal
                                                           : cut->upto + PASS_TOMBSTONES;
    struct checkpoint_record record = {.kind = CHECKPOINT_WATERMARK, .watermark = upto};
    lane->outbox.origin = (struct origin){partition, OFFSET_NONE};
    add_tombstones(lane, partition, cut, upto);
    checkpoint_add(lane, partition, &record)->key = lane_keep(lane, cut->key);
    lane_touch_partition(lane, partition);
    turn->partition = partition;
    turn->key = lane_keep(lane, cut->key);
    turn->upto = upto;
}

void shorten_committed(struct lane *lane)
{
    struct shortening *turn = &lane->shortening;
    struct cut *cut = turn->partition == NULL ? NULL : map_get(&turn->partition->cuts, turn->key);

    if (cut !=
        NULL) { /* If not, the run ended with this very turn, before anything of it was gone. */
        cut->upto = turn->upto;
        if (cut->is_due && cut->upto >= cut->goal) {
            leave_queue(turn->partition, cut);
        }
    }
    turn->partition = NULL;
}

void shorten_lost(struct lane *lane, const struct partition *partition)
{
    if (lane->shortening.partition == partition) {
        lane->shortening.partition = NULL;
    }
}

void shorten_end_turn(struct lane *lane)
{
    lane->shortening.partition = NULL;
}
