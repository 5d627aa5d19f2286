#include "base/cron.h"

#include <strings.h>

#define MINUTE_S INT64_C(60)
#define DAY_MINUTES 1440
#define LOOK_MINUTES (INT64_C(8) * 366 * DAY_MINUTES)
/* No clock is put forward or back by more than this. */
#define CHANGE_MINUTES 180

/* ---- the five fields ---- */

struct range {
    const char *name;
    int least;
    int most;
    const char *const *words; /* From `least` on, or NULL. */
};

static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
                                     "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

static bool take_number(struct text *rest, const struct range *range, int *value)
{
    size_t at = 0;

    *value = 0;
    while (at < rest->bytes && rest->data[at] >= '0' && rest->data[at] <= '9' && at < 4) {
        *value = *value * 10 + (rest->data[at++] - '0');
    }
    if (at > 0) {
        *rest = text_sub(*rest, at, rest->bytes);
        return true;
    }
    for (int i = 0; range->words != NULL && range->words[i] != NULL && rest->bytes >= 3; i++) {
        if (strncasecmp(rest->data, range->words[i], 3) == 0) {
            *value = range->least + i;
            *rest = text_sub(*rest, 3, rest->bytes);
            return true;
        }
    }
    return false;
}

static bool skip(struct text *rest, char c)
{
    if (rest->bytes == 0 || rest->data[0] != c) {
        return false;
    }
    *rest = text_sub(*rest, 1, rest->bytes);
    return true;
}

/* One item of a list: "*", "5", "1-5", each with "/2". */
static bool take_item(struct text *rest, const struct range *range, uint64_t *bits)
{
    int from = range->least;
    int to = range->most;
    int step = 1;
    bool is_star = skip(rest, '*');

    if (!is_star) {
        if (!take_number(rest, range, &from)) {
            return false;
        }
        to = from;
        if (skip(rest, '-') && !take_number(rest, range, &to)) {
            return false;
        }
    }
    if (skip(rest, '/')) {
        if (!take_number(rest, &(struct range){0}, &step) || step < 1) {
            return false;
        }
        to = is_star || to != from ? to : range->most;
    }
    if (from < range->least || to > range->most || from > to) {
        return false;
    }
    for (int i = from; i <= to; i += step) {
        *bits |= UINT64_C(1) << i;
    }
    return true;
}

static bool take_field(struct text field, const struct range *range, uint64_t *bits)
{
    *bits = 0;
    do {
        if (!take_item(&field, range, bits)) {
            return false;
        }
    } while (skip(&field, ','));
    return field.bytes == 0;
}

enum status cron_parse(struct text text, struct cron *cron, struct error *err)
{
    static const struct range ranges[] = {{"minute", 0, 59, NULL},
                                          {"hour", 0, 23, NULL},
                                          {"day of the month", 1, 31, NULL},
                                          {"month", 1, 12, months},
                                          {"day of the week", 0, 7, weekdays}};
    uint64_t bits[5] = {0};
    bool stars[5] = {false};
    size_t count = 0;

    while (skip(&text, ' ')) {
    }
    while (text.bytes > 0) {
        size_t end = text_find(text, ' ');
        struct text field = text_sub(text, 0, end == SIZE_MAX ? text.bytes : end);

        text = text_sub(text, field.bytes, text.bytes);
        while (skip(&text, ' ')) {
        }
        if (count == 5) {
            return fail(err, STATUS_REJECT, "more than five fields");
        }
        stars[count] = text_is(field, "*");
        if (!take_field(field, &ranges[count], &bits[count])) {
            return fail(err, STATUS_REJECT, "'%.*s' is no %s", TEXT_ARG(field), ranges[count].name);
        }
        count++;
    }
    if (count != 5) {
        return fail(err, STATUS_REJECT,
                    "%zu fields, and five are needed: minute, hour, day of the "
                    "month, month, day of the week",
                    count);
    }
    *cron = (struct cron){.minutes = bits[0],
                          .hours = (uint32_t)bits[1],
                          .days = (uint32_t)bits[2],
                          .months = (uint32_t)bits[3],
                          .weekdays = (uint32_t)((bits[4] & 0x7F) | bits[4] >> 7),
                          .any_day = stars[2],
                          .any_weekday = stars[4],
                          .any_hour = stars[1]};
    return STATUS_OK;
}

/* ---- the next time ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool day_matches(const struct cron *cron, int64_t day)
{
    int64_t year;
    int month;
    int of_month;
    int64_t weekday = ((day + 4) % 7 + 7) % 7;
    bool is_day;
    bool is_weekday;

    zone_date(day, &year, &month, &of_month);
    if ((cron->months >> month & 1) == 0) {
        return false;
    }
    is_day = (cron->days >> of_month & 1) != 0;
    is_weekday = (cron->weekdays >> weekday & 1) != 0;
    return cron->any_day || cron->any_weekday ? is_day && is_weekday : is_day || is_weekday;
}

/* `local` counts minutes as the clocks show them. */
static bool matches(const struct cron *cron, int64_t local)
{
    int64_t day = floor_div(local, DAY_MINUTES);
    int64_t minute = local - day * DAY_MINUTES;

    return (cron->minutes >> (minute % 60) & 1) != 0 && (cron->hours >> (minute / 60) & 1) != 0 &&
           day_matches(cron, day);
}

static int64_t offset_of(const struct zone *zone, int64_t minute)
{
    return floor_div(zone_offset(zone, minute * MINUTE_S), MINUTE_S);
}

/* Clocks have been put forward to get here: what they left out comes now. */
static bool was_left_out(const struct cron *cron, int64_t minute, int64_t before, int64_t offset)
{
    for (int64_t local = minute + before; local < minute + offset; local++) {
        if (!cron->any_hour && matches(cron, local)) {
            return true;
        }
    }
    return false;
}

/* The clocks have shown this before, and then were put back. */
static bool is_second(const struct cron *cron, const struct zone *zone, int64_t minute,
                      int64_t offset)
{
    for (int64_t back = 30; !cron->any_hour && back <= CHANGE_MINUTES; back += 30) {
        if (offset_of(zone, minute - back) == offset + back) {
            return true;
        }
    }
    return false;
}

int64_t cron_next(const struct cron *cron, const struct zone *zone, int64_t after_ms)
{
    int64_t minute = floor_div(after_ms, MINUTE_S * 1000) + 1;
    int64_t last = minute + LOOK_MINUTES;

    while (minute < last) {
        int64_t offset = offset_of(zone, minute);
        int64_t before = offset_of(zone, minute - 1);
        int64_t local = minute + offset;
        int64_t left = DAY_MINUTES - (local - floor_div(local, DAY_MINUTES) * DAY_MINUTES);

        if (offset > before && was_left_out(cron, minute, before, offset)) {
            return minute * MINUTE_S * 1000;
        }
        if (matches(cron, local) && !is_second(cron, zone, minute, offset)) {
            return minute * MINUTE_S * 1000;
        }
        if (left > CHANGE_MINUTES && !day_matches(cron, floor_div(local, DAY_MINUTES))) {
            minute += left - CHANGE_MINUTES; /* Nothing of this day. */
        } else {
            minute++;
        }
    }
    return INT64_MAX;
}
