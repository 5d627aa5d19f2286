/*
 * zone - what clocks on the wall show: the offsets of a time zone from UTC, read from the bytes of a
 * TZif file (RFC 8536), as systems keep them in /usr/share/zoneinfo. Plain data in an arena; reading
 * the file is the caller's.
 */
#ifndef BATON_BASE_ZONE_H
#define BATON_BASE_ZONE_H

#include "base/arena.h"
#include "base/status.h"

/* From `at_s` (since the epoch) on, clocks are `offset_s` ahead of UTC. */
struct zone_change {
    int64_t at_s;
    int32_t offset_s;
};

/* Zeroed: UTC. */
struct zone {
    int32_t first_offset_s; /* Before the first change. */
    struct zone_change *changes;
    uint32_t change_count;
};

/* STATUS_REJECT: no such file; err says what is wrong. Rules are followed until the year 2100. */
MUST_CHECK enum status zone_parse(struct text bytes, struct arena *arena, struct zone *zone,
                                  struct error *err);
int32_t zone_offset(const struct zone *zone, int64_t at_s);

/* Days since 1970-01-01 of a day of the Gregorian calendar; month 1 to 12. */
int64_t zone_days(int64_t year, int month, int day);
/* And back. */
void zone_date(int64_t days, int64_t *year, int *month, int *day);

#endif
