#include "engine/stats.h"

#include <stdlib.h>

#include "base/check.h"

const char *outcome_name(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_APPLIED:
        return "applied";
    case OUTCOME_IGNORED:
        return "ignored";
    case OUTCOME_EARLY:
        return "early";
    case OUTCOME_LATE:
        return "late";
    case OUTCOME_UNMATCHED:
        return "unmatched";
    case OUTCOME_UNWANTED:
        return "unwanted";
    case OUTCOME_REPEAT:
        return "repeat";
    case OUTCOME_POISON:
        return "poison";
    case OUTCOME_UNKEYED:
        return "unkeyed";
    case OUTCOME_OVERSIZE:
        return "oversize";
    case OUTCOME_DEAD:
        return "failing";
    }
    CHECK(!"unknown outcome");
    return "";
}

bool outcome_is_recorded(enum outcome outcome)
{
    return outcome == OUTCOME_APPLIED || outcome == OUTCOME_IGNORED || outcome == OUTCOME_EARLY;
}

const uint32_t *histogram_bounds(enum histogram_kind kind)
{
    static const uint32_t counts[HISTOGRAM_BUCKETS] = {
        1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3072, 4096, 5000, 10000};
    static const uint32_t spans[HISTOGRAM_BUCKETS] = {
        1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 60000, 300000};

    return kind == HISTOGRAM_COUNT ? counts : spans;
}

uint32_t histogram_bucket(enum histogram_kind kind, int64_t value)
{
    const uint32_t *bounds = histogram_bounds(kind);
    uint32_t at = 0;

    while (at < HISTOGRAM_BUCKETS && value > (int64_t)bounds[at]) {
        at++;
    }
    return at;
}

void histogram_add(struct histogram *histogram, enum histogram_kind kind, int64_t value)
{
    stat_add(&histogram->buckets[histogram_bucket(kind, value)], 1);
    stat_add(&histogram->sum, value < 0 ? 0 : (uint64_t)value);
}

struct stat_row *stat_row(struct stat_table *table, struct text name)
{
    struct stat_row *row = map_get(&table->index, name);
    unsigned count = atomic_load_explicit(&table->count, memory_order_relaxed);

    if (row != NULL) {
        return row;
    }
    if (count == STAT_ROWS_MAX + 1) {
        return table->rows[STAT_ROWS_MAX];
    }
    row = calloc(1, sizeof *row);
    CHECK(row != NULL);
    name = count == STAT_ROWS_MAX ? TEXT(STAT_REST) : name;
    row->name = (struct text){text_dup(name), name.bytes};
    map_put(&table->index, row->name, row);
    table->rows[count] = row;
    /* Whoever sees the count sees the row and its name. */
    atomic_store_explicit(&table->count, count + 1, memory_order_release);
    return row;
}

void stat_table_release(struct stat_table *table)
{
    unsigned count = atomic_load_explicit(&table->count, memory_order_relaxed);

    for (unsigned i = 0; i < count; i++) {
        free((char *)(uintptr_t)table->rows[i]->name.data);
        free(table->rows[i]);
        table->rows[i] = NULL;
    }
    map_release(&table->index);
    atomic_store_explicit(&table->count, 0, memory_order_relaxed);
}

void lane_stats_release(struct lane_stats *stats)
{
    stat_table_release(&stats->flows);
    stat_table_release(&stats->topics);
    stat_table_release(&stats->services);
    stat_table_release(&stats->alerts);
}
