/* Life of an fsck, its findings, the flows, and the order in which a partition is looked at. */
#include "engine/fsck.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "engine/fsck_parts.h"
#include "engine/lane_state.h"

struct fsck *fsck_new(const struct fsck_options *options)
{
    struct fsck *fsck = calloc(1, sizeof *fsck);

    CHECK(fsck != NULL);
    fsck->options = *options;
    names_init(&fsck->names, options->settings->app);
    fsck->classes = calloc(FSCK_CLASSES, sizeof *fsck->classes);
    CHECK(fsck->classes != NULL);
    fsck->effects.arena = &fsck->arena;
    fsck_topics_build(fsck);
    return fsck;
}

static void release_partition(struct fsck *fsck)
{
    size_t cursor = 0;
    struct text name;
    void *run;

    while (map_next(&fsck->runs, &cursor, &name, &run)) {
        instance_free(((struct fsck_run *)run)->state);
        free((char *)(uintptr_t)name.data);
        free(run);
    }
    map_clear(&fsck->runs);
    fsck_shelves_release(fsck);
    fsck_marks_release(fsck);
    ended_release(&fsck->ended);
}

void fsck_free(struct fsck *fsck)
{
    if (fsck == NULL) {
        return;
    }
    release_partition(fsck);
    map_release(&fsck->runs);
    map_release(&fsck->shelves);
    map_release(&fsck->marks);
    map_release(&fsck->definitions);
    map_release(&fsck->told_flows);
    map_release(&fsck->bad_runs);
    fsck_again_release(fsck);
    fsck_sent_release(fsck);
    effect_release(&fsck->effects);
    arena_release(&fsck->arena);
    arena_release(&fsck->kept);
    free(fsck->classes);
    free(fsck);
}

const struct fsck_counts *fsck_counts(const struct fsck *fsck)
{
    return &fsck->counts;
}

void fsck_report(struct fsck *fsck, const struct fsck_finding *finding)
{
    fsck->counts.findings++;
    fsck->options.found(fsck->options.self, finding);
}

void fsck_tell(struct fsck *fsck, struct fsck_about about, const char *format, ...)
{
    char text[1024];
    char run[RUN_ID_BYTES] = "";
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (about.run != NULL) {
        run_id_format(*about.run, run);
    }
    fsck_report(fsck, &(struct fsck_finding){.id = about.id,
                                             .topic = text_of(about.topic),
                                             .partition = fsck->partition,
                                             .offset = about.offset,
                                             .instance = about.instance,
                                             .run = text_of(run),
                                             .seq = about.seq,
                                             .text = text});
}

bool fsck_is_wanted(const struct fsck *fsck, struct text instance)
{
    if (fsck->options.instance.bytes > 0) {
        return text_equal(fsck->options.instance, instance);
    }
    return fsck->options.partition < 0 ||
           kafka_partition(instance, fsck->options.settings->partitions) == fsck->options.partition;
}

struct text fsck_run_key(struct arena *arena, struct text instance, struct run_id run)
{
    char run_text[RUN_ID_BYTES];
    struct buffer key = {0};

    run_id_format(run, run_text);
    buffer_add_text(&key, instance);
    buffer_addf(&key, "/%s", run_text);
    struct text text = arena_text(arena, buffer_text(&key));
    buffer_release(&key);
    return text;
}

/* ---- flows ---- */

static void about_flows(struct fsck *fsck, enum fsck_id id, const struct record *record,
                        const char *text)
{
    fsck->partition = 0;
    fsck_tell(fsck,
              (struct fsck_about){.id = id, .topic = fsck->names.flows, .offset = record->offset},
              "'%.*s': %s", TEXT_ARG(record->key), text);
}

static void take_definition(struct fsck *fsck, const struct record *record, struct text hash)
{
    struct text definition;
    struct text name;
    struct error err;
    int32_t version;

    if (record->value.data == NULL) {
        map_remove(&fsck->definitions, hash);
        return;
    }
    if (definition_decode(record->value, &fsck->arena, &definition, &name, &version, &err) !=
        STATUS_OK) {
        about_flows(fsck, FSCK_FLOW_UNREADABLE, record, err.text);
        return;
    }
    if (map_get(&fsck->definitions, hash) == NULL) {
        map_put(&fsck->definitions, arena_text(&fsck->kept, hash), fsck);
    }
}

void fsck_flow(struct fsck *fsck, const struct record *record)
{
    struct text key = record->key;
    struct flow_state state;
    struct error err;
    int32_t partitions;

    arena_reset(&fsck->arena);
    if (text_starts(key, TEXT("def/"))) {
        take_definition(fsck, record, text_sub(key, 4, key.bytes));
    } else if (record->value.data == NULL) {
        return;
    } else if (text_starts(key, TEXT("flow/"))) {
        if (flow_state_decode(record->value, &fsck->arena, &state, &err) != STATUS_OK) {
            about_flows(fsck, FSCK_FLOW_UNREADABLE, record, err.text);
        }
    } else if (!text_is(key, "config")) {
        about_flows(fsck, FSCK_FLOW_UNREADABLE, record, "no such kind of key");
    } else if (estate_config_decode(record->value, &partitions, &err) != STATUS_OK) {
        about_flows(fsck, FSCK_FLOW_UNREADABLE, record, err.text);
    }
}

void fsck_flows_end(struct fsck *fsck)
{
    struct active_flow active;
    size_t cursor = 0;

    fsck->partition = 0;
    while (flow_registry_next(fsck->options.registry, &cursor, &active)) {
        if (map_get(&fsck->definitions, active.state->active) == NULL &&
            map_put(&fsck->told_flows, arena_text(&fsck->kept, active.state->active), fsck) ==
                NULL) {
            fsck_tell(fsck,
                      (struct fsck_about){.id = FSCK_FLOW_MISSING,
                                          .topic = fsck->names.flows,
                                          .offset = OFFSET_NONE},
                      "flow '%.*s' is active as definition %.*s, which is not there",
                      TEXT_ARG(active.name), TEXT_ARG(active.state->active));
        }
    }
}

/* A definition that history names has to be there as long as the history is. */
void fsck_check_flow(struct fsck *fsck, const struct history_record *history, int64_t offset)
{
    if (map_get(&fsck->definitions, history->flow_hash) != NULL ||
        map_get(&fsck->told_flows, history->flow_hash) != NULL) {
        return;
    }
    map_put(&fsck->told_flows, arena_text(&fsck->kept, history->flow_hash), fsck);
    fsck_tell(fsck,
              (struct fsck_about){.id = FSCK_FLOW_MISSING,
                                  .topic = fsck->names.history,
                                  .offset = offset,
                                  .instance = history->instance,
                                  .run = &history->run,
                                  .seq = history->seq},
              "it runs definition %.*s, which '%s' does not hold; others may, too",
              TEXT_ARG(history->flow_hash), fsck->names.flows);
}

/* ---- a partition ---- */

void fsck_begin(struct fsck *fsck, int32_t partition, const struct fsck_bounds *bounds)
{
    struct metadata metadata;

    release_partition(fsck);
    fsck->partition = partition;
    fsck->bounds = *bounds;
    fsck->checkpoint = 0;
    if (bounds->early.offset != OFFSET_NONE && metadata_parse(bounds->early.metadata, &metadata)) {
        fsck->checkpoint = metadata.checkpoint;
    }
    fsck->kept_history = OFFSET_NONE;
    fsck->kept_inbox = OFFSET_NONE;
    fsck->inbox_seen = OFFSET_NONE;
    fsck->shelf_cursor = 0;
    fsck->store_findings = 0;
    if (!fsck->is_again) {
        fsck_check_offsets(fsck);
    }
}

void fsck_end(struct fsck *fsck)
{
    if (fsck->is_again) {
        return;
    }
    fsck_runs_end(fsck);
    fsck_shelves_end(fsck);
    fsck_offsets_end(fsck);
    fsck->counts.open_runs += (int64_t)fsck->runs.count;
    fsck->counts.sleeping += (int64_t)fsck->shelves.count;
}

bool fsck_wants_again(const struct fsck *fsck)
{
    return fsck->orphans.count > 0 || fsck->erased.count > 0 || fsck_sent_differs(fsck);
}

void fsck_again(struct fsck *fsck)
{
    release_partition(fsck);
    fsck->is_again = true;
}
