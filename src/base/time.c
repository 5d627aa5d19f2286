#include "base/duration.h"
#include "base/scan.h"

#define QUOTED_BYTES_MAX 64
#define YEAR_0_MS INT64_C(-62167219200000)        /* 0000-01-01T00:00:00.000Z */
#define YEAR_9999_END_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

/* Days since 1970-01-01 of a day of the proleptic Gregorian calendar (Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms"): years are counted from March, so that the leap day is the last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static bool take_digits(struct scan *scan, size_t count, int64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_digit(scan_peek(scan))) {
            return false;
        }
        *value = *value * 10 + (scan_peek(scan) - '0');
        scan->at++;
    }
    return true;
}

static int64_t month_days(int64_t year, int64_t month)
{
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    if (month == 2) {
        return leap ? 29 : 28;
    }
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static bool take_date(struct scan *scan, int64_t *ms)
{
    int64_t year;
    int64_t month;
    int64_t day;

    if (!take_digits(scan, 4, &year) || !scan_take(scan, '-') || !take_digits(scan, 2, &month) ||
        !scan_take(scan, '-') || !take_digits(scan, 2, &day)) {
        return false;
    }
    if (month < 1 || month > 12 || day < 1 || day > month_days(year, month)) {
        return false;
    }
    *ms = days_of(year, month, day) * MS_PER_DAY;
    return true;
}

/* Second 60 is a leap second; like POSIX we count it as the first of the next minute. */
static bool take_clock(struct scan *scan, int64_t *ms)
{
    int64_t hour;
    int64_t minute;
    int64_t second;

    if (!take_digits(scan, 2, &hour) || !scan_take(scan, ':') || !take_digits(scan, 2, &minute) ||
        !scan_take(scan, ':') || !take_digits(scan, 2, &second) || hour > 23 || minute > 59 ||
        second > 60) {
        return false;
    }
    *ms = hour * MS_PER_HOUR + minute * MS_PER_MINUTE + second * MS_PER_SECOND;
    if (scan_take(scan, '.')) {
        int64_t scale = 100;

        if (!is_digit(scan_peek(scan))) {
            return false;
        }
        for (; is_digit(scan_peek(scan)); scan->at++) {
            *ms += scale * (scan_peek(scan) - '0');
            scale /= 10;
        }
    }
    return true;
}

static bool take_offset(struct scan *scan, int64_t *ms)
{
    bool west = scan_peek(scan) == '-';
    int64_t hour;
    int64_t minute;

    *ms = 0;
    if (scan_take(scan, 'Z')) {
        return true;
    }
    if ((!scan_take(scan, '+') && !scan_take(scan, '-')) || !take_digits(scan, 2, &hour) ||
        !scan_take(scan, ':') || !take_digits(scan, 2, &minute) || hour > 23 || minute > 59) {
        return false;
    }
    *ms = (hour * MS_PER_HOUR + minute * MS_PER_MINUTE) * (west ? -1 : 1);
    return true;
}

enum status time_parse(struct text text, int64_t *ms, struct error *err)
{
    struct scan scan = {.text = text};
    int64_t date_ms;
    int64_t clock_ms;
    int64_t offset_ms;

    if (!take_date(&scan, &date_ms) || !scan_take(&scan, 'T') || !take_clock(&scan, &clock_ms) ||
        !take_offset(&scan, &offset_ms) || scan.at != text.bytes) {
        return fail(err, STATUS_REJECT, "'%.*s' is no time (write it like 2026-11-21T15:04:05Z)",
                    TEXT_ARG(text_sub(text, 0, QUOTED_BYTES_MAX)));
    }
    *ms = date_ms + clock_ms - offset_ms;
    return STATUS_OK;
}

/* `count` decimal digits and `after`; gives the place behind them. */
static char *put_digits(char *out, int64_t value, size_t count, char after)
{
    for (size_t i = count; i > 0; i--) {
        out[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    out[count] = after;
    return out + count + 1;
}

void time_format(int64_t ms, char out[TIME_TEXT_BYTES])
{
    int64_t clamped = ms < YEAR_0_MS ? YEAR_0_MS : ms > YEAR_9999_END_MS ? YEAR_9999_END_MS : ms;
    int64_t since_year_0 = clamped - YEAR_0_MS;
    int64_t days = since_year_0 / MS_PER_DAY;
    int64_t rest = since_year_0 % MS_PER_DAY;
    int64_t year = days / 366; /* Never too late; the loop below steps on. */
    int64_t month = 1;

    days += YEAR_0_MS / MS_PER_DAY;
    while (days_of(year + 1, 1, 1) <= days) {
        year++;
    }
    days -= days_of(year, 1, 1);
    while (days >= month_days(year, month)) {
        days -= month_days(year, month);
        month++;
    }
    out = put_digits(out, year, 4, '-');
    out = put_digits(out, month, 2, '-');
    out = put_digits(out, days + 1, 2, 'T');
    out = put_digits(out, rest / MS_PER_HOUR, 2, ':');
    out = put_digits(out, rest / MS_PER_MINUTE % 60, 2, ':');
    out = put_digits(out, rest / MS_PER_SECOND % 60, 2, '.');
    out = put_digits(out, rest % MS_PER_SECOND, 3, 'Z');
    *out = '\0';
}
