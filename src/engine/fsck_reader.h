/*
 * fsck_reader - what the files that read an estate for fsck share: fsck_estate.c (the order of it),
 * fsck_ends.c (up to where), fsck_reader.c (records), fsck_sleepers.c (the store).
 */
#ifndef BATON_ENGINE_FSCK_READER_H
#define BATON_ENGINE_FSCK_READER_H

#include "engine/fsck_estate.h"

/* A partition of a topic that flows write to. */
struct sent_range {
    struct text topic;
    int32_t partition;
    int64_t low;
    int64_t from;    /* From here on its history is there. */
    int64_t settled; /* Below here, too. */
    int64_t end;
};

struct inbox_cursor {
    struct log_reader reader;
    bool is_open;
    struct record *records;
    uint32_t count;
    uint32_t at;
};

/* Where a partition's topics end. */
struct partition_ends {
    struct fsck_bounds bounds;
    struct log_ends checkpoint;
    struct log_ends snapshot;
    struct log_ends history;
};

struct fsck_visit {
    const struct fsck_reading *reading;
    struct fsck_options options;
    struct fsck *fsck;
    struct names names;
    struct arena arena;
    struct partition_ends *ends; /* By partition. */
    struct sent_range *sent;
    uint32_t sent_count;
    uint32_t sent_capacity;
    int64_t until_ms; /* Monotonic: when waiting for ends ends. */
    int32_t partition;
    struct inbox_cursor inbox;
    int64_t read; /* Records of the scan, for progress. */
    int64_t to_read;
};

static inline bool fsck_looks_at(const struct fsck_visit *visit, int32_t partition)
{
    return visit->options.partition < 0 || visit->options.partition == partition;
}

/* fsck_reader.c */
enum status fsck_scan(struct fsck_visit *visit, const struct scan_range *ranges, uint32_t count,
                      void (*take)(struct fsck *fsck, const struct record *record),
                      struct error *err);
enum status fsck_scan_one(struct fsck_visit *visit, const char *topic, int64_t from, int64_t to,
                          void (*take)(struct fsck *fsck, const struct record *record),
                          struct error *err);
bool fsck_inbox_at(void *self, int64_t offset, struct record *record);
void fsck_inbox_close(struct fsck_visit *visit);
/* The time of the first record of a topic whose beginning was cut off, and its records up to some
 * time after it, to fsck_sent_early. */
enum status fsck_read_cut(struct fsck_visit *visit, struct sent_range *range, struct error *err);

/* fsck_ends.c: fill visit->ends and visit->sent. */
enum status fsck_read_ends(struct fsck_visit *visit, struct error *err);

/* fsck_sleepers.c: feed the snapshots of visit->partition up to their end, and compare the store in
 * between. *is_due: it stands beyond; to be done after the history, by the other. */
enum status fsck_read_sleepers(struct fsck_visit *visit, bool *is_due, struct error *err);
enum status fsck_read_sleepers_on(struct fsck_visit *visit, struct error *err);

#endif
