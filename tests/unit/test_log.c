/* links: baton_base */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

/* What `log` writes to standard error, up to `room` bytes. */
static size_t captured(void (*log)(void), char *out, size_t room)
{
    int saved = dup(STDERR_FILENO);
    FILE *file = tmpfile();
    size_t bytes;

    assert_non_null(file);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    log();
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    rewind(file);
    bytes = fread(out, 1, room - 1, file);
    out[bytes] = '\0';
    fclose(file);
    return bytes;
}

static void log_one(void)
{
    log_event(LOG_WARN, "redis_lost", "url=%s tries=%d", "redis://127.0.0.1", 3);
}

static void log_debug_and_info(void)
{
    log_event(LOG_DEBUG, "dropped", "a=1");
    log_event(LOG_INFO, "kept", "a=%d", 2);
}

static void log_hostile(void)
{
    log_event(LOG_ERROR, "bad", "text=%s", "one\ntwo\x1B[31m\r\nthree");
}

static void log_long(void)
{
    log_event(LOG_ERROR, "long", "%020000d", 1);
}

static void a_line_has_time_level_event_and_pairs(void **state)
{
    char out[512];

    (void)state;
    captured(log_one, out, sizeof(out));
    assert_int_equal(strspn(out, "0123456789-:.TZ"), 24);
    assert_string_equal(out + 24, " warn  redis_lost url=redis://127.0.0.1 tries=3\n");
}

static void lines_below_the_level_are_dropped(void **state)
{
    char out[512];

    (void)state;
    captured(log_debug_and_info, out, sizeof(out));
    assert_null(strstr(out, "dropped"));
    assert_non_null(strstr(out, "kept a=2"));
    log_set_level(LOG_DEBUG);
    captured(log_debug_and_info, out, sizeof(out));
    assert_non_null(strstr(out, "debug dropped a=1"));
    log_set_level(LOG_NONE);
    assert_int_equal(captured(log_debug_and_info, out, sizeof(out)), 0);
    log_set_level(LOG_INFO);
}

static void a_value_cannot_start_a_line_or_talk_to_the_terminal(void **state)
{
    char out[512];
    size_t bytes;

    (void)state;
    bytes = captured(log_hostile, out, sizeof(out));
    assert_int_equal(text_find(text_of(out), '\n'), bytes - 1);
    assert_null(strchr(out, '\x1B'));
    assert_non_null(strstr(out, "text=one two [31m  three"));
}

static void a_long_line_is_cut_but_ended(void **state)
{
    static char out[32000];
    size_t bytes;

    (void)state;
    bytes = captured(log_long, out, sizeof(out));
    assert_in_range(bytes, 4000, 4096);
    assert_int_equal(out[bytes - 1], '\n');
}

static void log_as_json(void)
{
    log_set_format(LOG_JSON);
    log_event(LOG_WARN, "lost", "lane=%d id=%s reason=\"%s\" last=%s", 3, "007",
              "it said \"no\", a=b and \\ \xFF\n", "x y");
    log_set_format(LOG_TEXT);
}

static void log_long_json(void)
{
    log_set_format(LOG_JSON);
    log_event(LOG_ERROR, "long", "a=1 text=\"%020000d\"", 1);
    log_set_format(LOG_TEXT);
}

static void a_line_can_be_a_json_object(void **state)
{
    char out[1024];

    (void)state;
    captured(log_as_json, out, sizeof(out));
    assert_int_equal(text_find(text_of(out), '\n'), strlen(out) - 1);
    assert_non_null(strstr(out, "\"level\":\"warn\",\"event\":\"lost\",\"lane\":3,"
                                "\"id\":\"007\",\"reason\":\"it said \\\"no\\\", a=b and "
                                "\\\\ \\ufffd \",\"last\":\"x y\"}"));
    assert_int_equal(strncmp(out, "{\"time\":\"", 9), 0);
}

static void a_long_json_line_is_cut_and_still_whole(void **state)
{
    static char out[32000];
    size_t bytes;

    (void)state;
    bytes = captured(log_long_json, out, sizeof(out));
    assert_in_range(bytes, 4000, 4096);
    assert_string_equal(out + bytes - 3, "\"}\n");
    assert_non_null(strstr(out, "\"a\":1,\"text\":\"0000"));
}

static void log_repeatedly(void)
{
    struct log_gate gate = {0};

    for (int i = 0; i < 100; i++) {
        log_again(&gate, LOG_WARN, "held", "partition=%d", i % 3);
    }
    /* As if half a minute had passed for the first. */
    gate.said[0].next_ms = 0;
    log_again(&gate, LOG_WARN, "held", "partition=0");
}

static void what_repeats_is_said_once_and_later_how_often(void **state)
{
    char out[2048];
    int lines = 0;

    (void)state;
    captured(log_repeatedly, out, sizeof(out));
    for (const char *at = out; *at != '\0'; at++) {
        lines += *at == '\n';
    }
    assert_int_equal(lines, 4);
    assert_non_null(strstr(out, "held partition=0 repeated=33\n"));
    assert_non_null(strstr(out, "held partition=2\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_level_event_and_pairs),
        cmocka_unit_test(lines_below_the_level_are_dropped),
        cmocka_unit_test(a_value_cannot_start_a_line_or_talk_to_the_terminal),
        cmocka_unit_test(a_long_line_is_cut_but_ended),
        cmocka_unit_test(a_line_can_be_a_json_object),
        cmocka_unit_test(a_long_json_line_is_cut_and_still_whole),
        cmocka_unit_test(what_repeats_is_said_once_and_later_how_often),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
