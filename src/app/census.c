#include "app/census.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/command.h"
#include "app/topic_scan.h"
#include "base/map.h"
#include "codec/records.h"

/* The last record of an instance. */
struct last {
    struct text hash;
    struct text place;
    bool ended;
};

struct counting {
    struct census *census;
    struct text flow;
    struct map instances;
    struct text clock;  /* Name of the instance that starts others by the clock. */
    struct map texts;   /* Places and hashes, each once. */
    struct arena arena; /* Of one record. */
};

static struct text once(struct counting *counting, struct text text)
{
    const struct text *known = map_get(&counting->texts, text);
    struct text *kept;

    if (known != NULL) {
        return *known;
    }
    kept = arena_alloc(&counting->census->arena, sizeof *kept);
    *kept = arena_text(&counting->census->arena, text);
    (void)map_put(&counting->texts, *kept, kept);
    return *kept;
}

/* Instances whose names begin with '~' are baton's own. */
static bool is_of(struct text instance, struct text flow)
{
    if (flow.bytes == 0) {
        return !text_starts(instance, TEXT("~"));
    }
    return instance.bytes > flow.bytes && text_starts(instance, flow) &&
           instance.data[flow.bytes] == ':';
}

bool census_mentions(const struct census *census, struct text hash)
{
    for (uint32_t i = 0; i < census->hash_count; i++) {
        if (text_equal(census->hashes[i], hash)) {
            return true;
        }
    }
    return false;
}

uint32_t census_running(const struct census *census, struct text hash)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < census->row_count; i++) {
        count += text_equal(census->rows[i].hash, hash) ? census->rows[i].count : 0;
    }
    return count;
}

static void note_hash(struct census *census, struct text hash)
{
    if (census_mentions(census, hash)) {
        return;
    }
    census->hashes = realloc(census->hashes,
                             ((size_t)census->hash_count + 1) * sizeof *census->hashes);
    CHECK(census->hashes != NULL);
    census->hashes[census->hash_count++] = hash;
}

/* The instance behind the starts by the clock is none of the flow's runs. */
static bool is_clock(const struct counting *counting, struct text key)
{
    return text_starts(key, counting->clock) && key.bytes > counting->clock.bytes &&
           key.data[counting->clock.bytes] == '/';
}

static void note_clock(struct counting *counting, const struct history_record *history)
{
    counting->census->clock = history->kind == HISTORY_TERMINAL
                                  ? TEXT("")
                                  : once(counting, history->flow_hash);
    note_hash(counting->census, once(counting, history->flow_hash));
}

static enum status visit(void *self, const struct record *record, struct error *err)
{
    struct counting *counting = self;
    struct history_record history;
    struct last *last;

    if (record->value.data == NULL ||
        (!is_of(record->key, counting->flow) && !is_clock(counting, record->key))) {
        return STATUS_OK;
    }
    arena_reset(&counting->arena);
    enum status status = history_decode(record->value, &counting->arena, &history, err);
    if (status != STATUS_OK) {
        return fail_in(err, STATUS_REJECT, "history partition %d offset %lld", record->partition,
                       (long long)record->offset);
    }
    if (is_clock(counting, record->key)) {
        note_clock(counting, &history);
        return STATUS_OK;
    }
    last = map_get(&counting->instances, history.instance);
    if (last == NULL) {
        last = arena_alloc(&counting->census->arena, sizeof *last);
        (void)map_put(&counting->instances, arena_text(&counting->census->arena, history.instance),
                      last);
    }
    *last = (struct last){once(counting, history.flow_hash), once(counting, history.to),
                          history.kind == HISTORY_TERMINAL};
    note_hash(counting->census, last->hash);
    return STATUS_OK;
}

static void count(struct census *census, const struct last *last)
{
    census->running++;
    for (uint32_t i = 0; i < census->row_count; i++) {
        struct census_row *row = &census->rows[i];

        if (text_equal(row->hash, last->hash) && text_equal(row->place, last->place)) {
            row->count++;
            return;
        }
    }
    census->rows = realloc(census->rows, ((size_t)census->row_count + 1) * sizeof *census->rows);
    CHECK(census->rows != NULL);
    census->rows[census->row_count++] = (struct census_row){last->hash, last->place, 1};
}

static int by_version(const void *left, const void *right)
{
    const struct census_row *a = left;
    const struct census_row *b = right;
    int order = text_compare(a->hash, b->hash);

    if (order == 0) {
        order = a->count > b->count ? -1 : a->count < b->count;
    }
    return order != 0 ? order : text_compare(a->place, b->place);
}

int census_take(struct estate *estate, struct text flow, struct census *census)
{
    struct counting counting = {.census = census, .flow = flow};
    enum status status = STATUS_OK;
    struct error err;
    size_t cursor = 0;
    struct text name;
    void *last;

    *census = (struct census){0};
    counting.clock = arena_printf(&census->arena, SCHEDULE_FLOW ":%.*s", TEXT_ARG(flow));
    for (int32_t i = 0; i < estate->partitions && status == STATUS_OK; i++) {
        status = topic_scan(estate, estate->names.history, i, "history", visit, &counting, &err);
    }
    while (status == STATUS_OK && map_next(&counting.instances, &cursor, &name, &last)) {
        if (!((struct last *)last)->ended) {
            count(census, last);
        }
    }
    if (census->row_count > 0) {
        qsort(census->rows, census->row_count, sizeof *census->rows, by_version);
    }
    map_release(&counting.instances);
    map_release(&counting.texts);
    arena_release(&counting.arena);
    if (status != STATUS_OK) {
        fprintf(stderr, "baton: %s\n", err.text);
        return status == STATUS_REJECT ? EXIT_FINDINGS : EXIT_UNREACHABLE;
    }
    return EXIT_DONE;
}

void census_release(struct census *census)
{
    free(census->rows);
    free(census->hashes);
    arena_release(&census->arena);
    *census = (struct census){0};
}
