/*
 * The second pass, over the same records: it looks at what the first could not tell without keeping
 * everything. Which commands make the sums differ; what came before records whose run is not open;
 * when the runs ended whose records were taken away.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "core/correlate.h"
#include "engine/fsck_parts.h"

void fsck_note_orphan(struct fsck *fsck, const struct fsck_run *run, bool has_ended)
{
    struct fsck_orphan *orphan;
    struct text key;

    fsck_note_bad(fsck, run->name, run->run);
    key = fsck_run_key(&fsck->arena, run->name, run->run);
    if (fsck->orphans.count >= FSCK_LIST_MAX || map_get(&fsck->orphans, key) != NULL) {
        return;
    }
    orphan = calloc(1, sizeof *orphan);
    CHECK(orphan != NULL);
    *orphan = (struct fsck_orphan){.key = text_dup(key),
                                   .name = text_dup(run->name),
                                   .run = run->run,
                                   .partition = fsck->partition,
                                   .offset = run->first_offset,
                                   .seq = run->first_seq,
                                   .has_ended = has_ended,
                                   .end_offset = OFFSET_NONE};
    map_put(&fsck->orphans, (struct text){orphan->key, key.bytes}, orphan);
}

void fsck_note_erased(struct fsck *fsck, const struct record *record, struct text instance,
                      struct run_id run, int64_t seq)
{
    struct text key = fsck_run_key(&fsck->arena, instance, run);
    struct fsck_erased *erased;

    if (fsck->erased.count >= FSCK_LIST_MAX || map_get(&fsck->erased, key) != NULL) {
        return;
    }
    erased = calloc(1, sizeof *erased);
    CHECK(erased != NULL);
    *erased = (struct fsck_erased){.key = text_dup(key),
                                   .name = text_dup(instance),
                                   .run = run,
                                   .seq = seq,
                                   .partition = record->partition,
                                   .offset = record->offset,
                                   .erased_ms = record->timestamp_ms};
    map_put(&fsck->erased, (struct text){erased->key, key.bytes}, erased);
}

/* ---- the history once more ---- */

static void look_at_run(struct fsck *fsck, const struct history_record *history, int64_t offset)
{
    struct text key = fsck_run_key(&fsck->arena, history->instance, history->run);
    struct fsck_orphan *orphan = map_get(&fsck->orphans, key);
    struct fsck_erased *erased = map_get(&fsck->erased, key);

    if (history->kind != HISTORY_TERMINAL) {
        return;
    }
    if (orphan != NULL && offset < orphan->offset) {
        orphan->end_offset = offset;
        orphan->end_seq = history->seq;
    }
    if (erased != NULL && offset < erased->offset) {
        const struct flow *flow = flow_registry_by_hash(fsck->options.registry, history->flow_hash);
        erased->is_found = true;
        erased->end_ms = history->time_ms;
        erased->keep_ms = flow == NULL ? 7 * MS_PER_DAY : flow->keep_ms;
    }
}

static bool is_suspect(const struct fsck *fsck, struct text key)
{
    uint64_t hash;

    return map_get(&fsck->early, key) != NULL ||
           fsck_class_differs(&fsck->classes[fsck_class_of(key, &hash)]);
}

static struct fsck_suspect *suspect_of(struct fsck *fsck, struct text key)
{
    struct fsck_suspect *suspect = map_get(&fsck->suspects, key);

    if (suspect == NULL) {
        suspect = arena_alloc(&fsck->suspect_arena, sizeof *suspect);
        struct text kept = arena_text(&fsck->suspect_arena, key);
        suspect->key = (char *)(uintptr_t)kept.data;
        map_put(&fsck->suspects, kept, suspect);
    }
    return suspect;
}

void fsck_again_history(struct fsck *fsck, const struct history_record *history, int64_t offset,
                        int32_t partition)
{
    if (fsck->orphans.count > 0 || fsck->erased.count > 0) {
        look_at_run(fsck, history, offset);
    }
    for (uint32_t i = 0; i < history->command_count; i++) {
        struct text key = fsck_told_key(fsck, history, &history->commands[i]);
        if (key.data == NULL || !is_suspect(fsck, key)) {
            continue;
        }
        struct fsck_suspect *suspect = suspect_of(fsck, key);
        suspect->told++;
        suspect->told_at = (struct fsck_place){TEXT(""), partition, offset, history->time_ms};
    }
}

void fsck_again_sent(struct fsck *fsck, const struct record *record, bool is_early)
{
    struct text key = fsck_sent_key(fsck, record);
    struct fsck_suspect *suspect;
    struct fsck_place place;

    (void)is_early;
    if (key.data == NULL || !is_suspect(fsck, key)) {
        return;
    }
    suspect = suspect_of(fsck, key);
    place = (struct fsck_place){arena_text(&fsck->suspect_arena, record->topic), record->partition,
                                record->offset, record->timestamp_ms};
    *(suspect->sent++ == 0 ? &suspect->sent_at : &suspect->again_at) = place;
}

/* ---- what it comes to ---- */

/* The run of a key: "<topic>\n<command id>", or "<topic>\n~<instance>/<run>/<activation>"; and the seq
 * of the record that decided it, 0 if the key does not say. */
static bool run_of(const struct fsck *fsck, struct text key, struct text *instance,
                   struct run_id *run, int64_t *seq)
{
    struct text id = text_sub(key, text_find(key, '\n') + 1, key.bytes);
    struct command_id parsed;

    if (!text_starts(id, TEXT("~"))) {
        bool is_id = command_id_parse(id, fsck->options.settings->app, &parsed);
        *instance = parsed.instance;
        *run = (struct run_id){parsed.generation, parsed.offset};
        *seq = is_id ? parsed.seq : 0;
        return is_id;
    }
    id = text_sub(id, 1, text_find_last(id, '/') - 1);
    size_t slash = text_find_last(id, '/');
    *instance = text_sub(id, 0, slash == SIZE_MAX ? 0 : slash);
    return slash != SIZE_MAX && run_id_parse(text_sub(id, slash + 1, id.bytes), run);
}

/* What told of it was folded away, or went with the beginning of its run. */
static bool was_cut(struct fsck *fsck, struct text instance, struct run_id run, int64_t seq)
{
    const int64_t *lowest = fsck->cut_runs.count == 0
                                ? NULL
                                : map_get(&fsck->cut_runs,
                                          fsck_run_key(&fsck->arena, instance, run));

    return lowest != NULL && seq < *lowest;
}

/* The shortest that any version of the instance's flow keeps its histories; 0: there is none. */
static int64_t shortest_keep(const struct fsck *fsck, struct text instance)
{
    struct text name = text_sub(instance, 0, text_find(instance, ':'));
    const struct flow *flow;
    int64_t keep_ms = INT64_MAX;
    size_t cursor = 0;

    while (flow_registry_next_flow(fsck->options.registry, &cursor, &flow)) {
        if (text_equal(flow->name, name) && flow->keep_ms < keep_ms) {
            keep_ms = flow->keep_ms;
        }
    }
    return keep_ms == INT64_MAX ? 0 : keep_ms;
}

/* It was sent so long ago that its run may have ended and its history may be gone since. */
static bool may_be_swept(const struct fsck *fsck, struct text instance,
                         const struct fsck_place *sent_at)
{
    int64_t keep_ms = shortest_keep(fsck, instance);

    return keep_ms < fsck->options.now_ms - sent_at->time_ms;
}

static void tell_suspect(struct fsck *fsck, struct text key, const struct fsck_suspect *suspect)
{
    struct text id = text_sub(key, text_find(key, '\n') + 1, key.bytes);
    struct fsck_about about = {.offset = suspect->sent_at.offset};
    const struct fsck_early *early = map_get(&fsck->early, key);
    struct run_id run;
    int64_t seq = 0;

    bool is_named = run_of(fsck, key, &about.instance, &run, &seq);
    about.run = is_named ? &run : NULL;
    about.topic = suspect->sent > 0 ? suspect->sent_at.topic.data : fsck->names.history;
    fsck->partition = suspect->sent > 0 ? suspect->sent_at.partition : suspect->told_at.partition;
    if (is_named && fsck_is_bad(fsck, about.instance, run)) {
        return; /* Its history is told to be wrong already. */
    }
    if (suspect->sent > 1) {
        about.id = FSCK_COMMAND_TWICE;
        about.offset = suspect->again_at.offset;
        about.topic = suspect->again_at.topic.data;
        fsck->partition = suspect->again_at.partition;
        fsck_tell(fsck, about, "%.*s is there %u times, also in partition %d at offset %lld",
                  TEXT_ARG(id), suspect->sent, suspect->sent_at.partition,
                  (long long)suspect->sent_at.offset);
    }
    bool is_gone = is_named && (was_cut(fsck, about.instance, run, seq) ||
                                may_be_swept(fsck, about.instance, &suspect->sent_at));
    if (suspect->told == 0 && !is_gone && (early == NULL || early->is_settled)) {
        about.id = FSCK_COMMAND_UNKNOWN;
        fsck_tell(fsck, about, "no history record tells of %.*s", TEXT_ARG(id));
    } else if (suspect->told > 1) {
        about.id = FSCK_HISTORY_REPEAT;
        about.topic = fsck->names.history;
        about.offset = suspect->told_at.offset;
        fsck->partition = suspect->told_at.partition;
        fsck_tell(fsck, about, "%u records tell of command %.*s", suspect->told, TEXT_ARG(id));
    } else if (suspect->told == 1 && suspect->sent == 0) {
        about.id = FSCK_COMMAND_MISSING;
        about.offset = suspect->told_at.offset;
        fsck_tell(fsck, about, "it tells of command %.*s, which is not in '%.*s'", TEXT_ARG(id),
                  (int)text_find(key, '\n'), key.data);
    }
}

static void tell_orphan(struct fsck *fsck, const struct fsck_orphan *orphan)
{
    struct fsck_about about = {.id = FSCK_HISTORY_NO_BASE,
                               .topic = fsck->names.history,
                               .offset = orphan->offset,
                               .instance = text_of(orphan->name),
                               .run = &orphan->run,
                               .seq = orphan->seq};

    fsck->partition = orphan->partition;
    if (orphan->end_offset != OFFSET_NONE && orphan->seq <= orphan->end_seq) {
        about.id = FSCK_HISTORY_REPEAT;
        fsck_tell(fsck, about, "the run ended with seq %lld at offset %lld",
                  (long long)orphan->end_seq, (long long)orphan->end_offset);
    } else if (orphan->end_offset != OFFSET_NONE) {
        about.id = FSCK_HISTORY_AFTER_END;
        fsck_tell(fsck, about, "it follows the terminal record, seq %lld at offset %lld%s",
                  (long long)orphan->end_seq, (long long)orphan->end_offset,
                  orphan->has_ended ? ", and the run ends once more" : "");
    } else if (!orphan->has_ended) {
        fsck_tell(fsck, about,
                  "the records before it are gone, no snapshot stands for them, and "
                  "the run has not ended");
    }
    /* A run that has ended, and whose first records the janitor has taken away. */
}

static void tell_erased(struct fsck *fsck, const struct fsck_erased *erased)
{
    if (!erased->is_found || erased->erased_ms >= erased->end_ms + erased->keep_ms) {
        return;
    }
    fsck->partition = erased->partition;
    fsck_tell(fsck,
              (struct fsck_about){.id = FSCK_HISTORY_ERASED,
                                  .topic = fsck->names.history,
                                  .offset = erased->offset,
                                  .instance = text_of(erased->name),
                                  .run = &erased->run,
                                  .seq = erased->seq},
              "a tombstone of a record of a run that ended less than `keep` before");
}

void fsck_finish(struct fsck *fsck)
{
    size_t cursor = 0;
    struct text key;
    void *value;

    arena_reset(&fsck->arena);
    if (!fsck->is_again) {
        return;
    }
    while (map_next(&fsck->orphans, &cursor, &key, &value)) {
        tell_orphan(fsck, value);
    }
    cursor = 0;
    while (map_next(&fsck->erased, &cursor, &key, &value)) {
        tell_erased(fsck, value);
    }
    cursor = 0;
    while (map_next(&fsck->suspects, &cursor, &key, &value)) {
        tell_suspect(fsck, key, value);
    }
}

void fsck_again_release(struct fsck *fsck)
{
    size_t cursor = 0;
    struct text key;
    void *value;

    while (map_next(&fsck->orphans, &cursor, &key, &value)) {
        struct fsck_orphan *orphan = value;
        free(orphan->key);
        free(orphan->name);
        free(orphan);
    }
    cursor = 0;
    while (map_next(&fsck->erased, &cursor, &key, &value)) {
        struct fsck_erased *erased = value;
        free(erased->key);
        free(erased->name);
        free(erased);
    }
    map_release(&fsck->cut_runs);
    map_release(&fsck->orphans);
    map_release(&fsck->erased);
    map_release(&fsck->suspects);
    arena_release(&fsck->suspect_arena);
}
