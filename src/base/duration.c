#include "base/duration.h"

#include <stdio.h>
#include <string.h>

#define QUOTED_BYTES_MAX 64
#define YEAR_0_MS INT64_C(-62167219200000)       /* 0000-01-01T00:00:00.000Z */
#define YEAR_9999_END_MS INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

struct unit {
    const char *name;
    int64_t ms;
};

/* In the order in which they are written; "m" and "ms" are told apart by the longer match. */
static const struct unit units[] = {
    {"w", 7 * MS_PER_DAY}, {"d", MS_PER_DAY},    {"h", MS_PER_HOUR},
    {"m", MS_PER_MINUTE},  {"s", MS_PER_SECOND}, {"ms", 1},
};
#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

enum parsed { PARSED, PARSED_WRONG, PARSED_TOO_LONG, PARSED_TOO_FINE, PARSED_NO_LENGTH };

struct reader {
    struct text text;
    size_t at;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char peek(const struct reader *reader)
{
    return reader->at < reader->text.bytes ? reader->text.data[reader->at] : '\0';
}

static bool take(struct reader *reader, char c)
{
    if (peek(reader) != c || c == '\0') {
        return false;
    }
    reader->at++;
    return true;
}

/* Digits as a number; what is above DURATION_MAX_MS is too long in any unit. */
static enum parsed take_count(struct reader *reader, int64_t *count)
{
    size_t start = reader->at;
    bool too_long = false;

    *count = 0;
    while (is_digit(peek(reader))) {
        if (*count <= DURATION_MAX_MS) {
            *count = *count * 10 + (peek(reader) - '0');
        }
        too_long = too_long || *count > DURATION_MAX_MS;
        reader->at++;
    }
    if (reader->at == start) {
        return PARSED_WRONG;
    }
    return too_long ? PARSED_TOO_LONG : PARSED;
}

/* The product may not fit 64 bits, so the bound is divided instead. */
static enum parsed add_units(int64_t *sum, int64_t count, int64_t unit_ms)
{
    if (count > (DURATION_MAX_MS - *sum) / unit_ms) {
        return PARSED_TOO_LONG;
    }
    *sum += count * unit_ms;
    return PARSED;
}

static bool take_unit(struct reader *reader, size_t *index)
{
    struct text rest = text_sub(reader->text, reader->at, SIZE_MAX);
    bool is_ms = text_starts(rest, TEXT("ms"));

    for (size_t i = *index; i < UNIT_COUNT; i++) {
        if (text_starts(rest, text_of(units[i].name)) && !(is_ms && units[i].ms != 1)) {
            reader->at += strlen(units[i].name);
            *index = i;
            return true;
        }
    }
    return false;
}

static enum parsed parse_short(struct reader *reader, int64_t *ms)
{
    size_t index = 0;

    while (reader->at < reader->text.bytes) {
        int64_t count;
        enum parsed counted = take_count(reader, &count);
        enum parsed added;

        if (counted == PARSED_WRONG || !take_unit(reader, &index)) {
            return PARSED_WRONG;
        }
        added = counted == PARSED ? add_units(ms, count, units[index].ms) : counted;
        if (added != PARSED) {
            return added;
        }
        index++;
    }
    return PARSED;
}

/* The digits after the point of seconds, as milliseconds. */
static enum parsed take_fraction_ms(struct reader *reader, int64_t *ms)
{
    int64_t scale = 100;

    *ms = 0;
    if (!is_digit(peek(reader))) {
        return PARSED_WRONG;
    }
    for (; is_digit(peek(reader)); reader->at++) {
        if (scale == 0 && peek(reader) != '0') {
            return PARSED_TOO_FINE;
        }
        *ms += scale * (peek(reader) - '0');
        scale /= 10;
    }
    return PARSED;
}

/* One number with its letter from `letters`, at or after *index, which then stands behind it. */
static enum parsed take_iso_part(struct reader *reader, const char *letters, size_t *index,
                                 int64_t *ms)
{
    static const struct unit letter_units[] = {{"W", 7 * MS_PER_DAY}, {"D", MS_PER_DAY},
                                               {"H", MS_PER_HOUR},    {"M", MS_PER_MINUTE},
                                               {"S", MS_PER_SECOND}};
    int64_t count;
    int64_t fraction_ms = 0;
    enum parsed parsed = take_count(reader, &count);
    bool has_fraction = parsed != PARSED_WRONG && (take(reader, '.') || take(reader, ','));
    const char *found;

    if (has_fraction) {
        enum parsed fraction = take_fraction_ms(reader, &fraction_ms);

        parsed = fraction == PARSED ? parsed : fraction;
    }
    if (parsed == PARSED_WRONG || parsed == PARSED_TOO_FINE) {
        return parsed;
    }
    found = peek(reader) == '\0' ? NULL : strchr(letters + *index, peek(reader));
    if (found == NULL || (has_fraction && *found != 'S')) {
        return PARSED_WRONG;
    }
    *index = (size_t)(found - letters) + 1;
    reader->at++;
    for (size_t i = 0; parsed == PARSED && i < sizeof(letter_units) / sizeof(*letter_units); i++) {
        if (letter_units[i].name[0] == *found) {
            parsed = add_units(ms, count, letter_units[i].ms);
        }
    }
    return parsed == PARSED ? add_units(ms, fraction_ms, 1) : parsed;
}

static enum parsed parse_iso(struct reader *reader, int64_t *ms)
{
    const char *letters = "WD";
    size_t index = 0;
    bool any = false;

    while (reader->at < reader->text.bytes) {
        enum parsed parsed;

        if (letters[0] == 'W' && take(reader, 'T')) {
            letters = "HMS";
            index = 0;
            any = false; /* Something has to follow the T. */
            continue;
        }
        parsed = take_iso_part(reader, letters, &index, ms);
        if (parsed != PARSED) {
            bool calendar = letters[0] == 'W' && (peek(reader) == 'Y' || peek(reader) == 'M');

            return parsed == PARSED_WRONG && calendar ? PARSED_NO_LENGTH : parsed;
        }
        any = true;
    }
    return any ? PARSED : PARSED_WRONG;
}

enum status duration_parse(struct text text, int64_t *ms, struct error *err)
{
    struct text quoted = text_sub(text, 0, QUOTED_BYTES_MAX);
    struct reader reader = {.text = text};
    int64_t sum = 0;
    enum parsed parsed = PARSED_WRONG;

    if (text.bytes > 1 && text.data[0] == '-') {
        return fail(err, STATUS_REJECT, "'%.*s' is a negative duration", TEXT_ARG(quoted));
    }
    if (take(&reader, 'P')) {
        parsed = parse_iso(&reader, &sum);
    } else if (text.bytes > 0) {
        parsed = parse_short(&reader, &sum);
    }
    switch (parsed) {
    case PARSED:
        *ms = sum;
        return STATUS_OK;
    case PARSED_WRONG:
        return fail(err, STATUS_REJECT,
                    "'%.*s' is no duration (write it like 30s, 1h30m, 500ms or PT1H30M)",
                    TEXT_ARG(quoted));
    case PARSED_TOO_LONG:
        return fail(err, STATUS_REJECT, "'%.*s' is longer than %d days, the longest duration",
                    TEXT_ARG(quoted), (int)(DURATION_MAX_MS / MS_PER_DAY));
    case PARSED_TOO_FINE:
        return fail(err, STATUS_REJECT, "'%.*s' is finer than a millisecond", TEXT_ARG(quoted));
    case PARSED_NO_LENGTH:
        return fail(err, STATUS_REJECT,
                    "'%.*s' has years or months, which have no fixed length (use days)",
                    TEXT_ARG(quoted));
    }
    CHECK(!"unknown result");
    return STATUS_REJECT;
}

void duration_format(int64_t ms, char out[TIME_TEXT_BYTES])
{
    /* Unsigned, because the negative range is one longer. The longest text is 29 bytes. */
    uint64_t left = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
    size_t at = 0;

    if (ms == 0) {
        memcpy(out, "0ms", 4);
        return;
    }
    if (ms < 0) {
        out[at++] = '-';
    }
    out[at] = '\0';
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        uint64_t count = left / (uint64_t)units[i].ms;

        left %= (uint64_t)units[i].ms;
        if (count > 0) {
            at += (size_t)snprintf(out + at, TIME_TEXT_BYTES - at, "%llu%s",
                                   (unsigned long long)count, units[i].name);
            CHECK(at < TIME_TEXT_BYTES);
        }
    }
}

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

static bool take_digits(struct reader *reader, size_t count, int64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_digit(peek(reader))) {
            return false;
        }
        *value = *value * 10 + (peek(reader) - '0');
        reader->at++;
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

static bool take_date(struct reader *reader, int64_t *ms)
{
    int64_t year;
    int64_t month;
    int64_t day;

    if (!take_digits(reader, 4, &year) || !take(reader, '-') || !take_digits(reader, 2, &month) ||
        !take(reader, '-') || !take_digits(reader, 2, &day)) {
        return false;
    }
    if (month < 1 || month > 12 || day < 1 || day > month_days(year, month)) {
        return false;
    }
    *ms = days_of(year, month, day) * MS_PER_DAY;
    return true;
}

/* Second 60 is a leap second; like POSIX we count it as the first of the next minute. */
static bool take_clock(struct reader *reader, int64_t *ms)
{
    int64_t hour;
    int64_t minute;
    int64_t second;

    if (!take_digits(reader, 2, &hour) || !take(reader, ':') || !take_digits(reader, 2, &minute) ||
        !take(reader, ':') || !take_digits(reader, 2, &second) || hour > 23 || minute > 59 ||
        second > 60) {
        return false;
    }
    *ms = hour * MS_PER_HOUR + minute * MS_PER_MINUTE + second * MS_PER_SECOND;
    if (take(reader, '.')) {
        int64_t scale = 100;

        if (!is_digit(peek(reader))) {
            return false;
        }
        for (; is_digit(peek(reader)); reader->at++) {
            *ms += scale * (peek(reader) - '0');
            scale /= 10;
        }
    }
    return true;
}

static bool take_offset(struct reader *reader, int64_t *ms)
{
    bool west = peek(reader) == '-';
    int64_t hour;
    int64_t minute;

    *ms = 0;
    if (take(reader, 'Z')) {
        return true;
    }
    if ((!take(reader, '+') && !take(reader, '-')) || !take_digits(reader, 2, &hour) ||
        !take(reader, ':') || !take_digits(reader, 2, &minute) || hour > 23 || minute > 59) {
        return false;
    }
    *ms = (hour * MS_PER_HOUR + minute * MS_PER_MINUTE) * (west ? -1 : 1);
    return true;
}

enum status time_parse(struct text text, int64_t *ms, struct error *err)
{
    struct reader reader = {.text = text};
    int64_t date_ms;
    int64_t clock_ms;
    int64_t offset_ms;

    if (!take_date(&reader, &date_ms) || !take(&reader, 'T') || !take_clock(&reader, &clock_ms) ||
        !take_offset(&reader, &offset_ms) || reader.at != text.bytes) {
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
