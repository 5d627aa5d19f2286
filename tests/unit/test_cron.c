/* links: baton_base */
/* Times by cron fields and time zones. The zones are those of the system (package tzdata). */
#include <stdio.h>

#include "base/buffer.h"
#include "base/cron.h"
#include "base/duration.h"
#include "support/unit.h"

static struct arena arena;

static struct zone zone_named(const char *name)
{
    struct buffer bytes = {0};
    struct zone zone = {0};
    struct error err;
    char path[256];
    FILE *file;
    size_t got;

    (void)snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
    file = fopen(path, "rb");
    assert_non_null(file);
    do {
        buffer_reserve(&bytes, 4096);
        got = fread(bytes.data + bytes.bytes, 1, 4096, file);
        bytes.bytes += got;
    } while (got > 0);
    (void)fclose(file);
    assert_int_equal(zone_parse(buffer_text(&bytes), &arena, &zone, &err), STATUS_OK);
    buffer_release(&bytes);
    return zone;
}

/* The times after `from`, as many as `expected` has, in UTC. */
static void assert_times(const char *fields, const char *zone_name, const char *from,
                         const char *const *expected)
{
    struct zone zone = zone_name == NULL ? (struct zone){0} : zone_named(zone_name);
    struct cron cron;
    struct error err;
    int64_t at_ms;

    assert_int_equal(cron_parse(text_of(fields), &cron, &err), STATUS_OK);
    assert_int_equal(time_parse(text_of(from), &at_ms, &err), STATUS_OK);
    for (size_t i = 0; expected[i] != NULL; i++) {
        char text[TIME_TEXT_BYTES];

        at_ms = cron_next(&cron, &zone, at_ms);
        time_format(at_ms, text);
        assert_string_equal(text, expected[i]);
    }
    arena_release(&arena);
}

static void fields_choose_times(void **state)
{
    (void)state;
    assert_times("*/20 9-10 * * mon-fri", NULL, "2026-11-20T10:35:00Z",
                 (const char *const[]){"2026-11-20T10:40:00.000Z", "2026-11-23T09:00:00.000Z",
                                       "2026-11-23T09:20:00.000Z", NULL});
    assert_times(
        "0 0 29 2 *", NULL, "2026-11-20T10:35:00Z",
        (const char *const[]){"2028-02-29T00:00:00.000Z", "2032-02-29T00:00:00.000Z", NULL});
    assert_times("30 6 1,15 * 7", NULL, "2026-11-01T06:30:00Z",
                 (const char *const[]){"2026-11-08T06:30:00.000Z", "2026-11-15T06:30:00.000Z",
                                       "2026-11-22T06:30:00.000Z", NULL});
}

static void clocks_put_forward_leave_nothing_out(void **state)
{
    (void)state;
    /* On 2026-03-29 clocks go from 02:00 to 03:00, which is 01:00 UTC. */
    assert_times("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z",
                 (const char *const[]){"2026-03-28T01:30:00.000Z", "2026-03-29T01:00:00.000Z",
                                       "2026-03-30T00:30:00.000Z", NULL});
    assert_times("0 * * * *", "Europe/Berlin", "2026-03-28T23:30:00Z",
                 (const char *const[]){"2026-03-29T00:00:00.000Z", "2026-03-29T01:00:00.000Z",
                                       "2026-03-29T02:00:00.000Z", NULL});
}

static void clocks_put_back_repeat_nothing_but_every_hour(void **state)
{
    (void)state;
    /* On 2026-10-25 clocks go from 03:00 back to 02:00, which is 01:00 UTC. */
    assert_times(
        "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z",
        (const char *const[]){"2026-10-25T00:30:00.000Z", "2026-10-26T01:30:00.000Z", NULL});
    assert_times("30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z",
                 (const char *const[]){"2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z",
                                       "2026-10-25T02:30:00.000Z", NULL});
}

static void zones_follow_their_rules_beyond_the_table(void **state)
{
    (void)state;
    assert_times(
        "0 12 1 1,7 *", "America/New_York", "2059-12-01T00:00:00Z",
        (const char *const[]){"2060-01-01T17:00:00.000Z", "2060-07-01T16:00:00.000Z", NULL});
    assert_times(
        "0 12 1 1,7 *", "Australia/Sydney", "2059-12-01T00:00:00Z",
        (const char *const[]){"2060-01-01T01:00:00.000Z", "2060-07-01T02:00:00.000Z", NULL});
    assert_times("0 12 * * *", "Asia/Kolkata", "2026-01-01T00:00:00Z",
                 (const char *const[]){"2026-01-01T06:30:00.000Z", NULL});
    assert_times("0 12 * * *", "Etc/UTC", "2026-01-01T00:00:00Z",
                 (const char *const[]){"2026-01-01T12:00:00.000Z", NULL});
}

static void wrong_fields_are_refused(void **state)
{
    static const char *const bad[] = {
        "",           "* * * *",   "* * * * * *", "60 * * * *",  "* 24 * * *", "* * 0 * *",
        "* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *", "a * * * *",  "1, * * * *"};
    struct cron cron;
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (cron_parse(text_of(bad[i]), &cron, &err) != STATUS_REJECT) {
            fail_msg("'%s' is taken", bad[i]);
        }
    }
    assert_int_equal(cron_parse(TEXT("0 0 31 2 *"), &cron, &err), STATUS_OK);
    assert_true(cron_next(&cron, &(struct zone){0}, 0) == INT64_MAX);
}

static void bytes_that_are_no_zone_are_refused(void **state)
{
    struct zone zone;
    struct error err;
    char bytes[200] = "TZif2";

    (void)state;
    assert_int_equal(zone_parse(TEXT("no zone"), &arena, &zone, &err), STATUS_REJECT);
    for (size_t i = 0; i < sizeof(bytes); i++) {
        assert_int_equal(zone_parse((struct text){bytes, i}, &arena, &zone, &err), STATUS_REJECT);
    }
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_choose_times),
        cmocka_unit_test(clocks_put_forward_leave_nothing_out),
        cmocka_unit_test(clocks_put_back_repeat_nothing_but_every_hour),
        cmocka_unit_test(zones_follow_their_rules_beyond_the_table),
        cmocka_unit_test(wrong_fields_are_refused),
        cmocka_unit_test(bytes_that_are_no_zone_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
