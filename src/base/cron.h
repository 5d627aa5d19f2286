/*
 * cron - times by five fields (minute, hour, day of the month, month, day of the week), as cron knows
 * them: `*`, numbers, ranges, lists, steps, names of months and days. If both days are given, either
 * will do. Times are those of a zone's clocks; one that the clocks leave out comes when they are put
 * forward, and one that they show twice comes once, but what comes every hour comes every hour.
 */
#ifndef BATON_BASE_CRON_H
#define BATON_BASE_CRON_H

#include "base/zone.h"

struct cron {
    uint64_t minutes; /* Bit 0 to 59. */
    uint32_t hours;
    uint32_t days;     /* Bit 1 to 31. */
    uint32_t months;   /* Bit 1 to 12. */
    uint32_t weekdays; /* Bit 0 (Sunday) to 6. */
    bool any_day;      /* `*` */
    bool any_weekday;
    bool any_hour;
};

/* STATUS_REJECT: err says which field is wrong. */
MUST_CHECK enum status cron_parse(struct text text, struct cron *cron, struct error *err);
/* The first time after `after_ms`, in ms since the epoch; INT64_MAX: none within eight years. */
int64_t cron_next(const struct cron *cron, const struct zone *zone, int64_t after_ms);

#endif
