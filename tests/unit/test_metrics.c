/* Counting and rendering: what is committed counts once, names are bounded, the text is well-formed. */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "engine/metrics.h"
#include "engine/tally.h"

static const char *render(const struct lane_stats *const *lanes, uint32_t count, struct buffer *out)
{
    struct metrics_view view = {.lanes = lanes, .lane_count = count, .barrier_age_ms = -1};

    buffer_clear(out);
    metrics_render(&view, out);
    return buffer_string(out);
}

/* A kind that came with the blocks wrote beyond the counters of timers, into those of commands. */
static void timers_of_every_kind_are_counted_by_their_kind(void **state)
{
    struct lane_stats stats = {0};
    struct tally tally = {0};

    (void)state;
    for (int kind = 0; kind < TIMER_KIND_COUNT; kind++) {
        tally_fired(&tally, (enum timer_kind)kind, 0);
    }
    assert_int_equal(tally.commands, 0);
    assert_int_equal(tally.dead_letters, 0);
    tally_publish(&tally, &stats);
    for (int kind = 0; kind < TIMER_KIND_COUNT; kind++) {
        assert_int_equal(stat_get(&stats.timers[kind]), 1);
    }
    assert_int_equal(stat_get(&stats.timers_fired), TIMER_KIND_COUNT);
    lane_stats_release(&stats);
}

static void what_is_not_committed_is_not_counted(void **state)
{
    struct lane_stats stats = {0};
    struct tally tally = {0};

    (void)state;
    tally_outcome(&tally, OUTCOME_APPLIED);
    tally_alert(&stats, "late");
    tally_fired(&tally, TIMER_WAIT, 30);
    tally_clear(&tally, &stats); /* The transaction failed; its batch is taken again. */
    tally_outcome(&tally, OUTCOME_APPLIED);
    tally_alert(&stats, "late");
    tally_fired(&tally, TIMER_WAIT, 30);
    tally_publish(&tally, &stats);
    tally_clear(&tally, &stats);
    assert_int_equal(stat_get(&stats.outcomes[OUTCOME_APPLIED]), 1);
    assert_int_equal(stat_get(&stat_row(&stats.alerts, TEXT("late"))->values[0]), 1);
    assert_int_equal(stat_get(&stats.timers[TIMER_WAIT]), 1);
    assert_int_equal(stat_get(&stats.late_delay_ms.sum), 30);
    lane_stats_release(&stats);
}

static void lanes_are_added_up_by_name(void **state)
{
    struct lane_stats stats[2] = {{0}, {0}};
    const struct lane_stats *lanes[2] = {&stats[0], &stats[1]};
    struct buffer out = {0};

    (void)state;
    stat_add(&stat_row(&stats[0].flows, TEXT("a"))->values[FLOW_STARTED], 2);
    stat_add(&stat_row(&stats[1].flows, TEXT("b"))->values[FLOW_STARTED], 3);
    stat_add(&stat_row(&stats[1].flows, TEXT("a"))->values[FLOW_STARTED], 5);
    const char *text = render(lanes, 2, &out);
    assert_non_null(strstr(text, "\nbaton_runs_started_total{flow=\"a\"} 7\n"));
    assert_non_null(strstr(text, "\nbaton_runs_started_total{flow=\"b\"} 3\n"));
    assert_null(
        strstr(strstr(text, "started_total{flow=\"a\"} 7") + 1, "started_total{flow=\"a\"}"));
    buffer_release(&out);
    lane_stats_release(&stats[0]);
    lane_stats_release(&stats[1]);
}

static void a_run_moves_between_the_gauges_and_leaves_them(void **state)
{
    struct lane_stats stats = {0};
    struct resident resident = {.instance = instance_new(TEXT("f"), TEXT("k"))};
    const struct stat_row *row = stat_row(&stats.flows, TEXT("f"));

    (void)state;
    resident.instance->status = RUN_EMBRYO;
    instance_arm(resident.instance, TIMER_EARLY, 0, 5);
    resident_count(&stats, &resident);
    assert_int_equal(stat_get(&row->values[FLOW_EARLY]), 1);
    assert_int_equal(stat_get(&row->values[FLOW_TIMERS]), 1);
    resident.instance->status = RUN_COMPENSATING;
    resident_count(&stats, &resident);
    assert_int_equal(stat_get(&row->values[FLOW_EARLY]), 0);
    assert_int_equal(stat_get(&row->values[FLOW_COMPENSATING]), 1);
    assert_int_equal(stat_get(&row->values[FLOW_TIMERS]), 1);
    resident_uncount(&resident);
    resident_uncount(&resident);
    assert_int_equal(stat_get(&row->values[FLOW_COMPENSATING]), 0);
    assert_int_equal(stat_get(&row->values[FLOW_TIMERS]), 0);
    instance_free(resident.instance);
    lane_stats_release(&stats);
}

static void names_beyond_the_bound_share_one_row(void **state)
{
    struct lane_stats stats = {0};
    const struct lane_stats *lane = &stats;
    struct buffer out = {0};
    char name[32];

    (void)state;
    for (int i = 0; i < STAT_ROWS_MAX + 50; i++) {
        snprintf(name, sizeof name, "topic-%d", i);
        stat_add(&stat_row(&stats.topics, text_of(name))->values[TOPIC_EMITS], 1);
    }
    const char *text = render(&lane, 1, &out);
    assert_non_null(strstr(text, "\nbaton_emits_total{topic=\"topic-199\"} 1\n"));
    assert_non_null(strstr(text, "\nbaton_emits_total{topic=\"" STAT_REST "\"} 50\n"));
    buffer_release(&out);
    lane_stats_release(&stats);
}

static void a_label_cannot_break_out_of_its_quotes(void **state)
{
    struct lane_stats stats = {0};
    const struct lane_stats *lane = &stats;
    struct buffer out = {0};

    (void)state;
    stat_row(&stats.flows, TEXT("a\"b\\c\nd"));
    assert_non_null(strstr(render(&lane, 1, &out), "flow=\"a\\\"b\\\\c\\nd\""));
    buffer_release(&out);
    lane_stats_release(&stats);
}

static void buckets_add_up_and_spans_are_seconds(void **state)
{
    struct lane_stats stats = {0};
    const struct lane_stats *lane = &stats;
    struct buffer out = {0};

    (void)state;
    histogram_add(&stats.commit_ms, HISTOGRAM_MS, 4);
    histogram_add(&stats.commit_ms, HISTOGRAM_MS, 5);
    histogram_add(&stats.commit_ms, HISTOGRAM_MS, 1500);
    histogram_add(&stats.commit_ms, HISTOGRAM_MS, -1); /* A clock that jumped. */
    histogram_add(&stats.commit_ms, HISTOGRAM_MS, INT64_C(1) << 40);
    const char *text = render(&lane, 1, &out);
    assert_non_null(strstr(text, "\nbaton_commit_seconds_bucket{le=\"0.002\"} 1\n"));
    assert_non_null(strstr(text, "\nbaton_commit_seconds_bucket{le=\"0.005\"} 3\n"));
    assert_non_null(strstr(text, "\nbaton_commit_seconds_bucket{le=\"2\"} 4\n"));
    assert_non_null(strstr(text, "\nbaton_commit_seconds_bucket{le=\"300\"} 4\n"));
    assert_non_null(strstr(text, "\nbaton_commit_seconds_bucket{le=\"+Inf\"} 5\n"));
    assert_non_null(strstr(text, "\nbaton_commit_seconds_count 5\n"));
    buffer_release(&out);
    lane_stats_release(&stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_of_every_kind_are_counted_by_their_kind),
        cmocka_unit_test(what_is_not_committed_is_not_counted),
        cmocka_unit_test(lanes_are_added_up_by_name),
        cmocka_unit_test(a_run_moves_between_the_gauges_and_leaves_them),
        cmocka_unit_test(names_beyond_the_bound_share_one_row),
        cmocka_unit_test(a_label_cannot_break_out_of_its_quotes),
        cmocka_unit_test(buckets_add_up_and_spans_are_seconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
