/*
 * fsck_estate - reads a live estate for fsck.h: which ends first, so that what is compared has been
 * committed on both sides although workers go on; nothing is written anywhere.
 *
 * Order: committed offsets; the ends of the topics that flows write to; the ends of checkpoint and
 * snapshot; the end of the history; the ends of the topics once more; committed offsets once more.
 * What the first of these hold, the history up to its end tells of; what the history up to its end
 * tells of, the last hold. Markers of a transaction reach the partitions one by one, so each end is
 * that of all records, and readers wait until it can be read committed.
 */
#ifndef BATON_ENGINE_FSCK_ESTATE_H
#define BATON_ENGINE_FSCK_ESTATE_H

#include "engine/clock.h"
#include "engine/fsck.h"

struct scan_range {
    struct text topic;
    int32_t partition;
    int64_t from;
    int64_t to; /* Exclusive. */
};

struct fsck_reading {
    const struct broker *broker;
    struct flow_registry *registry;
    const struct sleep_look *look; /* NULL: the store is not looked at. */
    const struct clock *clock;
    int64_t timeout_ms; /* How long an open transaction may hold an end back. */
    void *self;
    /* Give every committed record of the ranges to `visit`, of a partition in their order; the
     * ranges of one call may be mixed. NULL: one after the other, by the broker's readers. */
    enum status (*scan)(void *self, const struct scan_range *ranges, uint32_t count, void *visitor,
                        void (*visit)(void *visitor, const struct record *record),
                        struct error *err);
    void (*pause)(void *self, int64_t wait_ms);
    /* What is being read, and how far that is; or NULL. */
    void (*progress)(void *self, const char *what, int64_t percent);
};

/*
 * Check the estate; options.registry and options.inbox_at are set here. What is wrong goes to
 * options.found.
 *
 * STATUS_OK:    it was read; *counts says what there was.
 * STATUS_RETRY: it could not be read, or not to its end in time; err says what.
 */
MUST_CHECK enum status fsck_estate(const struct fsck_reading *reading,
                                   const struct fsck_options *options, struct fsck_counts *counts,
                                   struct error *err);

#endif
