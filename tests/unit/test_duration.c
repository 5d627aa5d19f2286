/* links: baton_base */
#include "support/unit.h"

#include <string.h>

#include "base/duration.h"
#include "base/rng.h"

static int64_t parsed(const char *text)
{
    struct error err;
    int64_t ms = -1;

    if (duration_parse(text_of(text), &ms, &err) != STATUS_OK) {
        fail_msg("'%s' refused: %s", text, err.text);
    }
    return ms;
}

static void assert_refused(const char *text, const char *why)
{
    struct error err;
    int64_t ms = -1;

    assert_int_equal(duration_parse(text_of(text), &ms, &err), STATUS_REJECT);
    if (strstr(err.text, why) == NULL) {
        fail_msg("'%s' refused for: %s", text, err.text);
    }
    assert_true(ms == -1);
}

static void short_form_takes_any_subset_in_order(void **state)
{
    (void)state;
    assert_true(parsed("1w2d3h4m5s6ms") == 7 * MS_PER_DAY + 2 * MS_PER_DAY + 3 * MS_PER_HOUR +
                                               4 * MS_PER_MINUTE + 5 * MS_PER_SECOND + 6);
    assert_true(parsed("500ms") == 500);
    assert_true(parsed("90s") == 90000);
    assert_true(parsed("1h30m") == 90 * MS_PER_MINUTE);
    assert_true(parsed("0s") == 0);
    assert_true(parsed("2m3ms") == 120003);
    assert_refused("1s1m", "no duration");
    assert_refused("1m1m", "no duration");
    assert_refused("5", "no duration");
    assert_refused("m", "no duration");
    assert_refused("1.5s", "no duration");
    assert_refused("1 s", "no duration");
    assert_refused("1y", "no duration");
    assert_refused("", "no duration");
    assert_refused("1h ", "no duration");
}

static void iso_form_takes_weeks_to_fractions_of_seconds(void **state)
{
    (void)state;
    assert_true(parsed("PT1H30M") == 90 * MS_PER_MINUTE);
    assert_true(parsed("P1DT12H") == 36 * MS_PER_HOUR);
    assert_true(parsed("PT0.5S") == 500);
    assert_true(parsed("PT1.001000S") == 1001);
    assert_true(parsed("P2W") == 14 * MS_PER_DAY);
    assert_true(parsed("PT0S") == 0);
    assert_refused("P", "no duration");
    assert_refused("PT", "no duration");
    assert_refused("P1DT", "no duration");
    assert_refused("PT1M1H", "no duration");
    assert_refused("P1H", "no duration");
    assert_refused("PT1.5H", "no duration");
    assert_refused("PT1.S", "no duration");
    assert_refused("PT0.0005S", "finer than a millisecond");
    assert_refused("P1M", "no fixed length");
    assert_refused("P1Y2D", "no fixed length");
    assert_refused("P1DT1HT1M", "no duration");
}

static void negative_and_too_long_are_said(void **state)
{
    (void)state;
    assert_refused("-5s", "negative");
    assert_refused("-PT5S", "negative");
    assert_true(parsed("3660d") == DURATION_MAX_MS);
    assert_refused("3660d1ms", "longer than 3660 days");
    assert_refused("99999999999999999999999999s", "longer than 3660 days");
    assert_refused("P3661D", "longer than 3660 days");
    assert_refused("PT9223372036854775807S", "longer than 3660 days");
    assert_refused("316224000000w", "longer than 3660 days");
}

static void format_gives_the_shortest_and_parses_back(void **state)
{
    struct rng rng = {.state = 3};
    char out[TIME_TEXT_BYTES];

    (void)state;
    duration_format(90000, out);
    assert_string_equal(out, "1m30s");
    duration_format(0, out);
    assert_string_equal(out, "0ms");
    duration_format(14 * MS_PER_DAY + 1, out);
    assert_string_equal(out, "2w1ms");
    duration_format(-1500, out);
    assert_string_equal(out, "-1s500ms");
    duration_format(INT64_MIN, out);
    assert_string_equal(out, "-15250284452w3d7h12m55s808ms");
    for (int i = 0; i < 2000; i++) {
        int64_t ms = (int64_t)rng_below(&rng, (uint64_t)DURATION_MAX_MS >> (i % 38)) + 1;

        duration_format(ms, out);
        assert_true(parsed(out) == ms);
    }
}

static int64_t time_of(const char *text)
{
    struct error err;
    int64_t ms = 0;

    if (time_parse(text_of(text), &ms, &err) != STATUS_OK) {
        fail_msg("'%s' refused: %s", text, err.text);
    }
    return ms;
}

static void times_are_read_with_fraction_and_offset(void **state)
{
    (void)state;
    assert_true(time_of("1970-01-01T00:00:00Z") == 0);
    assert_true(time_of("2026-11-21T15:04:05Z") == INT64_C(1795273445000));
    assert_true(time_of("2026-11-21T15:04:05.123456789Z") == INT64_C(1795273445123));
    assert_true(time_of("2026-11-21T17:34:05+02:30") == INT64_C(1795273445000));
    assert_true(time_of("2026-11-21T10:04:05.5-05:00") == INT64_C(1795273445500));
    assert_true(time_of("2024-02-29T00:00:00Z") == INT64_C(1709164800000));
    assert_true(time_of("1969-12-31T23:59:59.999Z") == -1);
    assert_true(time_of("2016-12-31T23:59:60Z") == time_of("2017-01-01T00:00:00Z"));
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-11-21",
        "2026-11-21T15:04:05",
        "2026-11-21 15:04:05Z",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-00-10T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+0100",
        "26-01-01T00:00:00Z",
        "1795273445000",
    };
    struct error err;
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (time_parse(text_of(bad[i]), &ms, &err) != STATUS_REJECT) {
            fail_msg("'%s' was taken", bad[i]);
        }
        assert_non_null(strstr(err.text, "is no time"));
    }
}

static void times_are_written_with_milliseconds_and_read_back(void **state)
{
    struct rng rng = {.state = 4};
    char out[TIME_TEXT_BYTES];

    (void)state;
    time_format(INT64_C(1795273445123), out);
    assert_string_equal(out, "2026-11-21T15:04:05.123Z");
    time_format(-1, out);
    assert_string_equal(out, "1969-12-31T23:59:59.999Z");
    time_format(INT64_MIN, out);
    assert_string_equal(out, "0000-01-01T00:00:00.000Z");
    time_format(INT64_MAX, out);
    assert_string_equal(out, "9999-12-31T23:59:59.999Z");
    for (int i = 0; i < 5000; i++) {
        int64_t ms = (int64_t)rng_below(&rng, UINT64_C(315569520000000)) - INT64_C(62167219200000);

        time_format(ms, out);
        assert_true(time_of(out) == ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_form_takes_any_subset_in_order),
        cmocka_unit_test(iso_form_takes_weeks_to_fractions_of_seconds),
        cmocka_unit_test(negative_and_too_long_are_said),
        cmocka_unit_test(format_gives_the_shortest_and_parses_back),
        cmocka_unit_test(times_are_read_with_fraction_and_offset),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(times_are_written_with_milliseconds_and_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
