/* links: baton_sim */
/* What fsck makes of an open run whose old records were folded away, and of damage that looks like it. */
#include "engine/shorten.h"
#include "support/fsck_kit.h"

/* Another record of the open run, as an ignored message would make it. */
static void go_on(struct story *story)
{
    struct event event = {.kind = EVENT_TIMER, .time_ms = story->state->time_ms};
    struct instance *before = story->state;

    story->state = instance_copy(before);
    story->state->seq++;
    effect_clear(&story->effects);
    tell_history(story, before, &event, "message");
    instance_free(before);
    feed(story->bench, story->key, story->value, event.time_ms);
}

static void feed_folded(struct story *story, int64_t seq)
{
    struct bench *bench = story->bench;
    struct record_header header = {TEXT(FOLDED_HEADER), TEXT("3")};
    struct buffer key = {0};

    history_key(story->state->name, story->state->run, seq, &key);
    fsck_history(bench->fsck, &(struct record){.offset = bench->offset++,
                                               .key = buffer_text(&key),
                                               .headers = &header,
                                               .header_count = 1});
    buffer_release(&key);
}

/* What was folded away is in a snapshot, or it is lost; above the checkpoint that may come. */
static void open_run_may_be_folded_away_into_its_snapshot(void **state)
{
    const struct {
        bool has_snapshot;
        const char *metadata;
        uint32_t found;
    } cases[] = {{true, "1 me 1.1 9", 0}, {false, "1 me 1.1 2", 0}, {false, "1 me 1.1 9", 1}};

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
        go_on(&story);
        if (cases[i].has_snapshot) {
            put_snapshot(&story, 0);
        }
        bench.is_mute = false;
        bench.offset = 2;
        go_on(&story);
        feed_folded(&story, 1);
        feed_folded(&story, 2);
        fsck_end(bench.fsck);
        assert_true(bench.found_count >= cases[i].found);
        for (uint32_t k = 0; k < bench.found_count; k++) {
            assert_true(bench.found[k] != FSCK_HISTORY_ERASED || cases[i].found == 1);
        }
        if (cases[i].found == 1) {
            assert_int_equal(bench.found[0], FSCK_HISTORY_ERASED);
        }
        end_story(&story);
        close_bench(&bench);
    }
}

/* Compaction may take records away between those that were read: then their tombstones follow. */
static void gap_in_a_run_is_none_if_it_was_folded_away(void **state)
{
    (void)state;
    for (uint32_t is_damage = 0; is_damage < 2; is_damage++) {
        struct bench bench;
        struct story story;

        open_bench(&bench);
        begin(&bench);
        start(&bench, &story, "a", 1, KIT_START_MS);
        bench.is_mute = true;
        go_on(&story);
        go_on(&story);
        bench.is_mute = false;
        put_snapshot(&story, 0);
        go_on(&story);
        feed_folded(&story, 1);
        feed_folded(&story, 2);
        if (is_damage == 0) {
            feed_folded(&story, 3);
        }
        expect(&bench, 0, FSCK_HISTORY_GAP);
        fsck_end(bench.fsck);
        expect(&bench, is_damage, FSCK_HISTORY_GAP);
        end_story(&story);
        close_bench(&bench);
    }
}

/* Of what was sent, the record that told may be folded away. */
static void command_of_a_run_that_is_cut_need_not_be_told(void **state)
{
    (void)state;
    for (int is_cut = 0; is_cut < 2; is_cut++) {
        struct bench bench;
        struct story story;

        open_bench(&bench);
        bench.sent_ms = NOW_MS - MS_PER_HOUR;
        begin(&bench);
        bench.is_mute = is_cut == 1;
        start(&bench, &story, "a", 1, KIT_START_MS);
        bench.is_mute = false;
        put_snapshot(&story, 0);
        go_on(&story);
        fsck_end(bench.fsck);
        send(&bench, "a", 1, 10);
        assert_true(fsck_wants_again(bench.fsck));
        fsck_again(bench.fsck);
        fsck_history(bench.fsck,
                     &(struct record){.offset = 1, .key = story.key, .value = story.value});
        send(&bench, "a", 1, 10);
        fsck_finish(bench.fsck);
        expect(&bench, is_cut == 0, FSCK_COMMAND_UNKNOWN);
        end_story(&story);
        close_bench(&bench);
    }
}

static void tombstone_of_an_open_run_says_that_it_was_folded_away(void **state)
{
    struct bench bench;
    struct story story;

    (void)state;
    open_bench(&bench);
    begin(&bench);
    start(&bench, &story, "a", 1, KIT_START_MS);
    put_snapshot(&story, 0);
    feed(&bench, story.key, (struct text){0}, KIT_START_MS);
    expect(&bench, 1, FSCK_HISTORY_ERASED);
    end_story(&story);
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_run_may_be_folded_away_into_its_snapshot),
        cmocka_unit_test(gap_in_a_run_is_none_if_it_was_folded_away),
        cmocka_unit_test(command_of_a_run_that_is_cut_need_not_be_told),
        cmocka_unit_test(tombstone_of_an_open_run_says_that_it_was_folded_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
