#include "base/zone.h"

#include <string.h>

#define HEADER_BYTES 44
#define CHANGES_MAX 10000
#define YEAR_LAST 2100
#define DAY_S INT64_C(86400)

/* ---- the calendar: years begin in March, so that the leap day is the last of its year ---- */

int64_t zone_days(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void zone_date(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
    int64_t shifted_month = (5 * of_year + 2) / 153;

    *day = (int)(of_year - (153 * shifted_month + 2) / 5 + 1);
    *month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    *year = y + era * 400 + (*month <= 2 ? 1 : 0);
}

/* ---- the bytes ---- */

struct reader {
    struct text bytes;
    size_t at;
    bool is_bad;
};

static const unsigned char *take(struct reader *in, size_t bytes)
{
    const unsigned char *data = (const unsigned char *)in->bytes.data + in->at;

    if (in->is_bad || bytes > in->bytes.bytes - in->at) {
        in->is_bad = true;
        return NULL;
    }
    in->at += bytes;
    return data;
}

static int64_t number(const unsigned char *data, int bytes)
{
    uint64_t value = (data[0] & 0x80) != 0 ? UINT64_MAX : 0;

    for (int i = 0; i < bytes; i++) {
        value = value << 8 | data[i];
    }
    return (int64_t)value;
}

struct counts {
    uint32_t utc, standard, leap, time, type, name;
};

static bool take_header(struct reader *in, struct counts *counts)
{
    const unsigned char *data = take(in, HEADER_BYTES);
    uint32_t *const all[] = {&counts->utc,  &counts->standard, &counts->leap,
                             &counts->time, &counts->type,     &counts->name};

    if (data == NULL || memcmp(data, "TZif", 4) != 0 || data[4] < '2') {
        in->is_bad = true;
        return false;
    }
    for (size_t i = 0; i < 6; i++) {
        *all[i] = (uint32_t)number(data + 20 + 4 * i, 4);
        if (*all[i] > CHANGES_MAX) {
            in->is_bad = true;
        }
    }
    return !in->is_bad;
}

/* ---- the rule at the end, as TZ in POSIX: "CET-1CEST,M3.5.0,M10.5.0/3" ---- */

struct rule_day {
    char kind; /* 'M', 'J', or 0: days from 0. */
    int month, week, day;
    int32_t time_s;
};

struct rule {
    int32_t standard_s, summer_s;
    bool has_summer;
    struct rule_day begin, end;
};

static char peek(const struct reader *in)
{
    return in->at < in->bytes.bytes ? in->bytes.data[in->at] : '\0';
}

static bool skip(struct reader *in, char c)
{
    bool is = peek(in) == c;

    in->at += is;
    return is;
}

static int take_digits(struct reader *in)
{
    int value = 0;

    in->is_bad = in->is_bad || peek(in) < '0' || peek(in) > '9';
    while (peek(in) >= '0' && peek(in) <= '9' && value < 10000) {
        value = value * 10 + (in->bytes.data[in->at++] - '0');
    }
    return value;
}

static void skip_name(struct reader *in)
{
    if (skip(in, '<')) {
        while (peek(in) != '\0' && peek(in) != '>') {
            in->at++;
        }
        in->is_bad = in->is_bad || !skip(in, '>');
        return;
    }
    while ((peek(in) >= 'A' && peek(in) <= 'Z') || (peek(in) >= 'a' && peek(in) <= 'z')) {
        in->at++;
    }
}

/* [+-]hh[:mm[:ss]] */
static int32_t take_span(struct reader *in)
{
    bool is_negative = peek(in) == '-';
    int32_t seconds;

    if (peek(in) == '-' || peek(in) == '+') {
        in->at++;
    }
    seconds = take_digits(in) * 3600;
    if (skip(in, ':')) {
        seconds += take_digits(in) * 60;
        if (skip(in, ':')) {
            seconds += take_digits(in);
        }
    }
    return is_negative ? -seconds : seconds;
}

static struct rule_day take_day(struct reader *in)
{
    struct rule_day day = {.time_s = 7200};

    in->is_bad = in->is_bad || !skip(in, ',');
    if (skip(in, 'M')) {
        day.kind = 'M';
        day.month = take_digits(in);
        in->is_bad = in->is_bad || !skip(in, '.');
        day.week = take_digits(in);
        in->is_bad = in->is_bad || !skip(in, '.');
        day.day = take_digits(in);
        in->is_bad = in->is_bad || day.month < 1 || day.month > 12 || day.week < 1 ||
                     day.week > 5 || day.day > 6;
    } else {
        day.kind = skip(in, 'J') ? 'J' : '\0';
        day.day = take_digits(in);
    }
    if (skip(in, '/')) {
        day.time_s = take_span(in);
    }
    return day;
}

static bool take_rule(struct reader *in, struct rule *rule)
{
    *rule = (struct rule){0};
    skip_name(in);
    rule->standard_s = -take_span(in);
    if (in->is_bad || peek(in) == '\0') {
        return !in->is_bad;
    }
    rule->has_summer = true;
    skip_name(in);
    rule->summer_s = peek(in) == ',' ? rule->standard_s + 3600 : -take_span(in);
    rule->begin = take_day(in);
    rule->end = take_day(in);
    return !in->is_bad;
}

/* When the day's time comes in `year`, as its clocks show it, in seconds since the epoch. */
static int64_t local_of(const struct rule_day *day, int64_t year)
{
    int64_t first = zone_days(year, 1, 1);
    int64_t days;

    if (day->kind == 'M') {
        int64_t next = day->month == 12 ? zone_days(year + 1, 1, 1)
                                        : zone_days(year, day->month + 1, 1);
        int64_t weekday;

        days = zone_days(year, day->month, 1);
        weekday = (days % 7 + 11) % 7; /* 1970-01-01 was a Thursday. */
        days += (day->day - weekday + 7) % 7 + 7 * (day->week - 1);
        days -= days >= next ? 7 : 0;
    } else {
        bool is_leap = zone_days(year + 1, 1, 1) - first == 366;

        days = first + day->day - (day->kind == 'J' ? 1 : 0);
        days += day->kind == 'J' && is_leap && day->day >= 60 ? 1 : 0;
    }
    return days * DAY_S + day->time_s;
}

static void add_change(struct zone *zone, int64_t at_s, int32_t offset_s)
{
    uint32_t count = zone->change_count;

    if (count > 0 && zone->changes[count - 1].at_s >= at_s) {
        return;
    }
    zone->changes[zone->change_count++] = (struct zone_change){at_s, offset_s};
}

static void follow_rule(struct zone *zone, const struct rule *rule)
{
    int64_t last_s = zone->change_count == 0 ? 0 : zone->changes[zone->change_count - 1].at_s;
    int64_t year;
    int month;
    int day;

    if (!rule->has_summer) {
        if (zone->change_count == 0) {
            zone->first_offset_s = rule->standard_s;
        }
        return;
    }
    zone_date(last_s / DAY_S, &year, &month, &day);
    for (; year <= YEAR_LAST; year++) {
        int64_t begin_s = local_of(&rule->begin, year) - rule->standard_s;
        int64_t end_s = local_of(&rule->end, year) - rule->summer_s;
        bool is_south = end_s < begin_s;

        add_change(zone, is_south ? end_s : begin_s, is_south ? rule->standard_s : rule->summer_s);
        add_change(zone, is_south ? begin_s : end_s, is_south ? rule->summer_s : rule->standard_s);
    }
}

static bool take_changes(struct reader *in, const struct counts *counts, struct zone *zone)
{
    const unsigned char *times = take(in, (size_t)counts->time * 8);
    const unsigned char *kinds = take(in, counts->time);
    const unsigned char *types = take(in, (size_t)counts->type * 6);

    (void)take(in,
               (size_t)counts->name + (size_t)counts->leap * 12 + counts->standard + counts->utc);
    if (in->is_bad || counts->type == 0) {
        return false;
    }
    zone->first_offset_s = (int32_t)number(types, 4);
    for (uint32_t i = 0; i < counts->time; i++) {
        if (kinds[i] >= counts->type) {
            return false;
        }
        add_change(zone, number(times + (size_t)i * 8, 8),
                   (int32_t)number(types + (size_t)kinds[i] * 6, 4));
    }
    return true;
}

enum status zone_parse(struct text bytes, struct arena *arena, struct zone *zone, struct error *err)
{
    struct reader in = {.bytes = bytes};
    struct counts counts = {0};
    struct rule rule;
    bool is_good;

    *zone = (struct zone){0};
    is_good = take_header(&in, &counts);
    (void)take(&in, (size_t)counts.time * 5 + (size_t)counts.type * 6 + counts.name +
                        (size_t)counts.leap * 8 + counts.standard + counts.utc);
    is_good = is_good && take_header(&in, &counts);
    if (is_good) {
        zone->changes = arena_array(arena, counts.time + 2 * (YEAR_LAST - 1800),
                                    sizeof(*zone->changes));
        is_good = take_changes(&in, &counts, zone);
    }
    if (is_good && skip(&in, '\n') && peek(&in) != '\n') {
        size_t end = text_find(text_sub(bytes, in.at, bytes.bytes), '\n');
        struct reader tail = {.bytes = text_sub(bytes, in.at, end == SIZE_MAX ? bytes.bytes : end)};

        is_good = take_rule(&tail, &rule);
        if (is_good) {
            follow_rule(zone, &rule);
        }
    }
    return is_good ? STATUS_OK : fail(err, STATUS_REJECT, "no TZif data of version 2 or later");
}

int32_t zone_offset(const struct zone *zone, int64_t at_s)
{
    uint32_t low = 0;
    uint32_t high = zone->change_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (zone->changes[middle].at_s <= at_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? zone->first_offset_s : zone->changes[low - 1].offset_s;
}
