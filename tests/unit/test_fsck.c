/* links: baton_sim */
/* The pure part of fsck, fed record by record: what it keeps, what it lets pass, and what only the
 * second pass can tell. Each kind of damage on a real estate: tests/integration/test_fsck_*.py. */
#include "support/fsck_kit.h"

/* ---- the rules ---- */

static void runs_that_have_ended_are_not_kept(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench);
    begin(&bench);
    for (int64_t i = 0; i < 200; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%lld", (long long)i);
        tell_run(&bench, key, i, KIT_START_MS);
        assert_int_equal(bench.fsck->runs.count, 0);
        send(&bench, key, i, i);
    }
    assert_int_equal(bench.fsck->orphans.count, 0);
    assert_int_equal(bench.fsck->bad_runs.count, 0);
    assert_int_equal(bench.fsck->early.count, 0);
    fsck_end(bench.fsck);
    assert_false(fsck_wants_again(bench.fsck));
    fsck_finish(bench.fsck);
    expect(&bench, 0, FSCK_FLOW_MISSING);
    assert_int_equal(fsck_counts(bench.fsck)->runs, 200);
    assert_int_equal(fsck_counts(bench.fsck)->commands, 200);
    assert_int_equal(fsck_counts(bench.fsck)->commands_unchecked, 0);
    close_bench(&bench);
}

static void second_pass_names_the_command_that_was_sent_twice(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench);
    begin(&bench);
    tell_run(&bench, "a", 1, KIT_START_MS);
    tell_run(&bench, "b", 2, KIT_START_MS);
    fsck_end(bench.fsck);
    send(&bench, "a", 1, 10);
    send(&bench, "b", 2, 11);
    send(&bench, "a", 1, 12);
    expect(&bench, 0, FSCK_FLOW_MISSING);
    assert_true(fsck_wants_again(bench.fsck));
    fsck_again(bench.fsck);
    bench.offset = 0;
    tell_run(&bench, "a", 1, KIT_START_MS);
    tell_run(&bench, "b", 2, KIT_START_MS);
    send(&bench, "a", 1, 10);
    send(&bench, "b", 2, 11);
    send(&bench, "a", 1, 12);
    fsck_finish(bench.fsck);
    expect(&bench, 1, FSCK_COMMAND_TWICE);
    assert_int_equal(bench.found_at[0], 12);
    close_bench(&bench);
}

/* One whose history lies above the history's end is no finding, one whose history lies below is. */
static void command_is_unknown_only_if_its_history_must_be_there(void **state)
{
    (void)state;
    for (int settled = 0; settled < 2; settled++) {
        struct bench bench;

        open_bench(&bench);
        bench.sent_ms = NOW_MS - MS_PER_HOUR;
        struct record record = sent_record(&bench, "new", 9, 30);
        fsck_sent_early(bench.fsck, &record, settled == 1);
        begin(&bench);
        tell_run(&bench, "a", 1, KIT_START_MS);
        send(&bench, "a", 1, 10);
        fsck_end(bench.fsck);
        assert_int_equal(fsck_wants_again(bench.fsck), settled == 1);
        if (settled == 1) {
            fsck_again(bench.fsck);
            tell_run(&bench, "a", 1, KIT_START_MS);
            fsck_sent_early(bench.fsck, &record, true);
            send(&bench, "a", 1, 10);
        }
        fsck_finish(bench.fsck);
        expect(&bench, (uint32_t)settled, FSCK_COMMAND_UNKNOWN);
        close_bench(&bench);
    }
}

/* Its run may have ended, and have been swept since. */
static void command_older_than_keep_is_not_unknown(void **state)
{
    (void)state;
    for (int is_old = 0; is_old < 2; is_old++) {
        struct bench bench;

        open_bench(&bench);
        bench.sent_ms = NOW_MS - bench.flow->keep_ms + (is_old == 1 ? -1 : MS_PER_HOUR);
        for (int pass = 0; pass < 2; pass++) {
            if (pass == 0) {
                begin(&bench);
                fsck_end(bench.fsck);
            } else {
                fsck_again(bench.fsck);
            }
            send(&bench, "gone", 1, 10);
        }
        fsck_finish(bench.fsck);
        expect(&bench, is_old == 0, FSCK_COMMAND_UNKNOWN);
        close_bench(&bench);
    }
}

static void command_that_its_topic_has_forgotten_is_not_missing(void **state)
{
    struct bench bench;

    (void)state;
    open_bench(&bench);
    fsck_sent_cut(bench.fsck, TEXT("out"), 0, KIT_START_MS + MS_PER_HOUR);
    begin(&bench);
    tell_run(&bench, "old", 1, KIT_START_MS);
    tell_run(&bench, "new", 2, KIT_START_MS + 3 * MS_PER_HOUR);
    send(&bench, "new", 2, 10);
    fsck_end(bench.fsck);
    assert_false(fsck_wants_again(bench.fsck));
    expect(&bench, 0, FSCK_FLOW_MISSING);
    assert_int_equal(fsck_counts(bench.fsck)->commands_unchecked, 1);
    close_bench(&bench);
}

/* The janitor follows `keep` behind: its tombstones are none, earlier ones are. */
static void tombstone_is_the_janitors_only_after_keep(void **state)
{
    const struct {
        int64_t after_ms;
        uint32_t found;
    } cases[] = {{MS_PER_DAY, 1}, {8 * MS_PER_DAY, 0}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bench bench;
        struct story story;

        open_bench(&bench);
        begin(&bench);
        start(&bench, &story, "a", 1, KIT_START_MS);
        struct text first = story.key;
        finish(&story);
        feed(&bench, first, (struct text){0}, KIT_START_MS + cases[i].after_ms);
        end_story(&story);
        fsck_end(bench.fsck);
        send(&bench, "a", 1, 10);
        assert_true(fsck_wants_again(bench.fsck));
        fsck_again(bench.fsck);
        bench.offset = 0;
        tell_run(&bench, "a", 1, KIT_START_MS);
        send(&bench, "a", 1, 10);
        fsck_finish(bench.fsck);
        expect(&bench, cases[i].found, FSCK_HISTORY_ERASED);
        close_bench(&bench);
    }
}

/* Density and chain are checked from the lowest seq present: of an ended run the rest is enough. */
static void ended_run_may_have_lost_its_beginning(void **state)
{
    struct bench bench;
    struct story story;

    (void)state;
    open_bench(&bench);
    begin(&bench);
    bench.is_mute = true;
    start(&bench, &story, "a", 1, KIT_START_MS);
    bench.is_mute = false;
    int64_t last = finish(&story);
    fsck_end(bench.fsck);
    assert_true(fsck_wants_again(bench.fsck));
    fsck_again(bench.fsck);
    fsck_history(bench.fsck,
                 &(struct record){.offset = last, .key = story.key, .value = story.value});
    fsck_finish(bench.fsck);
    expect(&bench, 0, FSCK_FLOW_MISSING);
    end_story(&story);
    close_bench(&bench);
}

static void open_run_without_a_beginning_needs_a_snapshot(void **state)
{
    (void)state;
    for (int has_snapshot = 0; has_snapshot < 2; has_snapshot++) {
        struct bench bench;
        struct story story;
        struct event warn = {.kind = EVENT_TIMER, .timer = TIMER_FLOW, .activation = 0};

        open_bench(&bench);
        begin(&bench);
        bench.is_mute = true;
        start(&bench, &story, "a", 1, KIT_START_MS);
        bench.is_mute = false;
        if (has_snapshot == 1) {
            put_snapshot(&story, 0);
        }
        /* Another record of the open run, as an ignored message would make it. */
        struct instance *before = story.state;
        story.state = instance_copy(before);
        story.state->seq++;
        effect_clear(&story.effects);
        warn.time_ms = story.state->time_ms;
        tell_history(&story, before, &warn, "message");
        instance_free(before);
        feed(&bench, story.key, story.value, warn.time_ms);
        fsck_end(bench.fsck);
        assert_int_equal(fsck_wants_again(bench.fsck), has_snapshot == 0);
        if (has_snapshot == 0) {
            fsck_again(bench.fsck);
        }
        fsck_finish(bench.fsck);
        expect(&bench, has_snapshot == 0, FSCK_HISTORY_NO_BASE);
        end_story(&story);
        close_bench(&bench);
    }
}

/* Below the checkpoint an open run must have a snapshot; above it memory may hold it. */
static void open_run_below_the_checkpoint_needs_a_snapshot(void **state)
{
    const struct {
        const char *metadata;
        bool has_snapshot;
        uint32_t found;
    } cases[] = {{"1 me 1.1 0", false, 0}, {"1 me 1.1 5", true, 0}, {"1 me 1.1 5", false, 1}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct bench bench;
        struct story story;

        open_bench(&bench);
        snprintf(bench.bounds.early.metadata, OFFSET_METADATA_BYTES, "%s", cases[i].metadata);
        bench.bounds.late = bench.bounds.early;
        begin(&bench);
        bench.is_mute = true;
        start(&bench, &story, "a", 1, KIT_START_MS);
        bench.is_mute = false;
        if (cases[i].has_snapshot) {
            put_snapshot(&story, 0);
        }
        bench.offset = 0;
        feed(&bench, story.key, story.value, KIT_START_MS);
        fsck_end(bench.fsck);
        expect(&bench, cases[i].found, FSCK_SNAPSHOT_MISSING);
        assert_int_equal(fsck_counts(bench.fsck)->sleeping, cases[i].has_snapshot);
        end_story(&story);
        close_bench(&bench);
    }
}

/* The late offsets are read after the history's end: meanwhile runs may have ended. */
static void checkpoint_may_pass_the_end_that_was_read_before_it(void **state)
{
    const struct {
        const char *early;
        const char *late;
        uint32_t found;
    } cases[] = {{"1 me 1.1 17", "1 me 1.2 18", 0}, {"1 me 1.1 18", "1 me 1.1 18", 1}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bench bench;

        open_bench(&bench);
        bench.bounds.history_end = 17;
        snprintf(bench.bounds.early.metadata, OFFSET_METADATA_BYTES, "%s", cases[i].early);
        snprintf(bench.bounds.late.metadata, OFFSET_METADATA_BYTES, "%s", cases[i].late);
        begin(&bench);
        fsck_end(bench.fsck);
        expect(&bench, cases[i].found, FSCK_OFFSET_AHEAD);
        close_bench(&bench);
    }
}

static void every_finding_has_a_name_and_advice_and_a_place_in_the_manual(void **state)
{
    FILE *file = fopen(BATON_SOURCE_DIR "/docs/fsck.md", "rb");
    char *text = calloc(1, 1 << 16);
    char quoted[64];

    (void)state;
    assert_non_null(file);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 16) - 1, file) > 0);
    fclose(file);
    for (int i = 0; i < FSCK_ID_COUNT; i++) {
        assert_true(strlen(fsck_id_advice((enum fsck_id)i)) > 20);
        snprintf(quoted, sizeof quoted, "| `%s` |", fsck_id_name((enum fsck_id)i));
        if (strstr(text, quoted) == NULL) {
            fail_msg("docs/fsck.md does not tell of %s", quoted);
        }
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_that_have_ended_are_not_kept),
        cmocka_unit_test(second_pass_names_the_command_that_was_sent_twice),
        cmocka_unit_test(command_is_unknown_only_if_its_history_must_be_there),
        cmocka_unit_test(command_older_than_keep_is_not_unknown),
        cmocka_unit_test(command_that_its_topic_has_forgotten_is_not_missing),
        cmocka_unit_test(tombstone_is_the_janitors_only_after_keep),
        cmocka_unit_test(ended_run_may_have_lost_its_beginning),
        cmocka_unit_test(open_run_without_a_beginning_needs_a_snapshot),
        cmocka_unit_test(open_run_below_the_checkpoint_needs_a_snapshot),
        cmocka_unit_test(checkpoint_may_pass_the_end_that_was_read_before_it),
        cmocka_unit_test(every_finding_has_a_name_and_advice_and_a_place_in_the_manual),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
