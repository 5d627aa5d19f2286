#include "base/duration.h"

#include <stdio.h>
#include <string.h>

#include "base/scan.h"

#define QUOTED_BYTES_MAX 64

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

/* Digits as a number; what is above DURATION_MAX_MS is too long in any unit. */
static enum parsed take_count(struct scan *scan, int64_t *count)
{
    size_t start = scan->at;
    bool too_long = false;

    *count = 0;
    while (is_digit(scan_peek(scan))) {
        if (*count <= DURATION_MAX_MS) {
            *count = *count * 10 + (scan_peek(scan) - '0');
        }
        too_long = too_long || *count > DURATION_MAX_MS;
        scan->at++;
    }
    if (scan->at == start) {
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

static bool take_unit(struct scan *scan, size_t *index)
{
    struct text rest = text_sub(scan->text, scan->at, SIZE_MAX);
    bool is_ms = text_starts(rest, TEXT("ms"));

    for (size_t i = *index; i < UNIT_COUNT; i++) {
        if (text_starts(rest, text_of(units[i].name)) && !(is_ms && units[i].ms != 1)) {
            scan->at += strlen(units[i].name);
            *index = i;
            return true;
        }
    }
    return false;
}

static enum parsed parse_short(struct scan *scan, int64_t *ms)
{
    size_t index = 0;

    while (scan->at < scan->text.bytes) {
        int64_t count;
        enum parsed counted = take_count(scan, &count);
        enum parsed added;

        if (counted == PARSED_WRONG || !take_unit(scan, &index)) {
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
static enum parsed take_fraction_ms(struct scan *scan, int64_t *ms)
{
    int64_t scale = 100;

    *ms = 0;
    if (!is_digit(scan_peek(scan))) {
        return PARSED_WRONG;
    }
    for (; is_digit(scan_peek(scan)); scan->at++) {
        if (scale == 0 && scan_peek(scan) != '0') {
            return PARSED_TOO_FINE;
        }
        *ms += scale * (scan_peek(scan) - '0');
        scale /= 10;
    }
    return PARSED;
}

/* One number with its letter from `letters`, at or after *index, which then stands behind it. */
static enum parsed take_iso_part(struct scan *scan, const char *letters, size_t *index, int64_t *ms)
{
    static const struct unit letter_units[] = {{"W", 7 * MS_PER_DAY},
                                               {"D", MS_PER_DAY},
                                               {"H", MS_PER_HOUR},
                                               {"M", MS_PER_MINUTE},
                                               {"S", MS_PER_SECOND}};
    int64_t count;
    int64_t fraction_ms = 0;
    enum parsed parsed = take_count(scan, &count);
    bool has_fraction = parsed != PARSED_WRONG && (scan_take(scan, '.') || scan_take(scan, ','));
    const char *found;

    if (has_fraction) {
        enum parsed fraction = take_fraction_ms(scan, &fraction_ms);

        parsed = fraction == PARSED ? parsed : fraction;
    }
    if (parsed == PARSED_WRONG || parsed == PARSED_TOO_FINE) {
        return parsed;
    }
    found = scan_peek(scan) == '\0' ? NULL : strchr(letters + *index, scan_peek(scan));
    if (found == NULL || (has_fraction && *found != 'S')) {
        return PARSED_WRONG;
    }
    *index = (size_t)(found - letters) + 1;
    scan->at++;
    for (size_t i = 0; parsed == PARSED && i < sizeof(letter_units) / sizeof(*letter_units); i++) {
        if (letter_units[i].name[0] == *found) {
            parsed = add_units(ms, count, letter_units[i].ms);
        }
    }
    return parsed == PARSED ? add_units(ms, fraction_ms, 1) : parsed;
}

static enum parsed parse_iso(struct scan *scan, int64_t *ms)
{
    const char *letters = "WD";
    size_t index = 0;
    bool any = false;

    while (scan->at < scan->text.bytes) {
        enum parsed parsed;

        if (letters[0] == 'W' && scan_take(scan, 'T')) {
            letters = "HMS";
            index = 0;
            any = false; /* Something has to follow the T. */
            continue;
        }
        parsed = take_iso_part(scan, letters, &index, ms);
        if (parsed != PARSED) {
            bool calendar = letters[0] == 'W' && (scan_peek(scan) == 'Y' || scan_peek(scan) == 'M');

            return parsed == PARSED_WRONG && calendar ? PARSED_NO_LENGTH : parsed;
        }
        any = true;
    }
    return any ? PARSED : PARSED_WRONG;
}

enum status duration_parse(struct text text, int64_t *ms, struct error *err)
{
    struct text quoted = text_sub(text, 0, QUOTED_BYTES_MAX);
    struct scan scan = {.text = text};
    int64_t sum = 0;
    enum parsed parsed = PARSED_WRONG;

    if (text.bytes > 1 && text.data[0] == '-') {
        return fail(err, STATUS_REJECT, "'%.*s' is a negative duration", TEXT_ARG(quoted));
    }
    if (scan_take(&scan, 'P')) {
        parsed = parse_iso(&scan, &sum);
    } else if (text.bytes > 0) {
        parsed = parse_short(&scan, &sum);
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
