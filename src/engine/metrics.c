#include "engine/metrics.h"

#include <stddef.h>

#include "engine/metrics_text.h"
#include "model/instance.h"

/* A counter or gauge that is one field of every lane. */
struct lane_field {
    struct family family;
    size_t offset; /* In struct lane_stats. */
};

#define LANE(field) offsetof(struct lane_stats, field)

static const struct lane_field lane_fields[] = {
    {{"baton_turns_total", "counter", "Turns of the executor lanes, idle ones included."},
     LANE(turns)},
    {{"baton_transactions_total", "counter", "Kafka transactions committed by the lanes."},
     LANE(transactions)},
    {{"baton_transactions_aborted_total", "counter",
      "Transactions that failed; their batch was taken again or found committed."},
     LANE(aborts)},
    {{"baton_transactions_fenced_total", "counter",
      "Transactions that failed because another producer has the transactional id."},
     LANE(fenced)},
    {{"baton_producers_reopened_total", "counter",
      "Openings of a transactional producer after the first of its lane."},
     LANE(reopened)},
    {{"baton_dead_letters_total", "counter", "Records written to the dead letter topic."},
     LANE(dead_letters)},
    {{"baton_snapshots_total", "counter",
      "Runs put to sleep, or their ends, that the store has acknowledged."},
     LANE(snapshots)},
    {{"baton_rebalances_total", "counter", "Times the group assigned partitions to a lane."},
     LANE(rebalances)},
    {{"baton_take_overs_total", "counter", "Partitions taken over."}, LANE(take_overs)},
    {{"baton_redis_rebuilds_total", "counter",
      "Times a partition's sleeping runs were written into Redis anew."},
     LANE(rebuilds)},
    {{"baton_redis_unapplied_runs", "gauge",
      "Runs whose snapshot is committed and that Redis has not acknowledged yet."},
     LANE(unapplied)},
    {{"baton_partitions_owned", "gauge", "Inbox partitions assigned to this process."},
     LANE(partitions)},
    {{"baton_partitions_ready", "gauge", "Of these: taken over and at work."}, LANE(ready)},
    {{"baton_partitions_held", "gauge",
      "Of these: stopped for a reason that passes, such as Redis being away."},
     LANE(held)},
    {{"baton_partitions_broken", "gauge", "Of these: stopped until an operator decides."},
     LANE(broken)},
    {{"baton_memory_runs", "gauge", "Runs kept in memory, whatever their state."}, LANE(resident)},
    {{"baton_sleeping_runs", "gauge",
      "Runs asleep in Redis, of the partitions owned, when it was asked last."},
     LANE(sleeping)},
    {{"baton_sleeping_timers", "gauge",
      "Timers of the runs asleep in Redis, when it was asked last."},
     LANE(sleeping_timers)},
};

static void add_lane_fields(const struct metrics_view *view, struct buffer *out)
{
    for (size_t i = 0; i < sizeof lane_fields / sizeof *lane_fields; i++) {
        uint64_t sum = 0;

        for (uint32_t k = 0; k < view->lane_count; k++) {
            const char *stats = (const char *)view->lanes[k];
            sum += stat_get(
                (const atomic_uint_fast64_t *)(const void *)(stats + lane_fields[i].offset));
        }
        metrics_single(out, &lane_fields[i].family, (double)sum);
    }
}

static void add_outcomes(const struct metrics_view *view, struct buffer *out)
{
    static const struct family family = {
        "baton_inbox_records_total", "counter",
        "Records of the inbox by where they ended; each ends in exactly one place."};

    metrics_family(out, &family);
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        struct label label = {"outcome", text_of(outcome_name((enum outcome)i))};
        uint64_t sum = 0;

        for (uint32_t k = 0; k < view->lane_count; k++) {
            sum += stat_get(&view->lanes[k]->outcomes[i]);
        }
        metrics_sample(out, family.name, &label, 1, (double)sum);
    }
}

static void add_timers(const struct metrics_view *view, struct buffer *out)
{
    static const struct family family = {"baton_timers_fired_total", "counter",
                                         "Timers that fired, by kind."};

    metrics_family(out, &family);
    for (int i = 0; i < TIMER_KIND_COUNT; i++) {
        struct label label = {"kind", text_of(timer_kind_name((enum timer_kind)i))};
        uint64_t sum = 0;

        for (uint32_t k = 0; k < view->lane_count; k++) {
            sum += stat_get(&view->lanes[k]->timers[i]);
        }
        metrics_sample(out, family.name, &label, 1, (double)sum);
    }
}

/* ---- histograms ---- */

static struct histogram_sum sum_lanes(const struct metrics_view *view, size_t offset)
{
    struct histogram_sum sum = {{0}, 0};

    for (uint32_t i = 0; i < view->lane_count; i++) {
        const char *stats = (const char *)view->lanes[i];
        histogram_sum_add(&sum, (const struct histogram *)(const void *)(stats + offset));
    }
    return sum;
}

static void add_histograms(const struct metrics_view *view, struct buffer *out)
{
    static const struct {
        struct family family;
        size_t offset;
        enum histogram_kind kind;
    } items[] = {
        {{"baton_turn_seconds", "histogram",
          "Time of a turn that did something, from the end of its poll to its end."},
         LANE(turn_ms),
         HISTOGRAM_MS},
        {{"baton_commit_seconds", "histogram",
          "Time of a Kafka transaction, from its begin to its commit."},
         LANE(commit_ms),
         HISTOGRAM_MS},
        {{"baton_batch_records", "histogram", "Inbox records of a committed transaction."},
         LANE(batch_records),
         HISTOGRAM_COUNT},
    };
    static const struct family late = {"baton_timer_lateness_seconds", "histogram",
                                       "How long after they were due timers fired; deadlines wait "
                                       "until replies in time are read."};
    struct label delay = {"class", TEXT_INIT("delay")};
    struct label deadline = {"class", TEXT_INIT("deadline")};
    struct histogram_sum sum;

    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        sum = sum_lanes(view, items[i].offset);
        metrics_family(out, &items[i].family);
        metrics_histogram(out, items[i].family.name, items[i].kind, &sum, NULL);
    }
    metrics_family(out, &late);
    sum = sum_lanes(view, LANE(late_delay_ms));
    metrics_histogram(out, late.name, HISTOGRAM_MS, &sum, &delay);
    sum = sum_lanes(view, LANE(late_limit_ms));
    metrics_histogram(out, late.name, HISTOGRAM_MS, &sum, &deadline);
}

/* ---- tables ---- */

#define ROW_VALUES_MAX 6

/* A family whose samples are values of the rows of a table. */
struct table_field {
    struct family family;
    size_t offset;     /* Of the table in struct lane_stats. */
    const char *label; /* What the rows' names are. */
    /* Of the second label: its values, and where each is in the row. Without a second label: one,
     * whose name is empty. */
    struct {
        const char *name;
        uint32_t value;
    } values[ROW_VALUES_MAX];
    const char *second; /* NULL: no second label. */
    bool skips_none;    /* Rows that have none of the values are left out. */
};

static const struct table_field table_fields[] = {
    {{"baton_runs_started_total", "counter", "Runs started, by flow."},
     LANE(flows),
     "flow",
     {{"", FLOW_STARTED}},
     NULL,
     false},
    {{"baton_runs_ended_total", "counter", "Runs ended, by flow and how."},
     LANE(flows),
     "flow",
     {{"completed", FLOW_COMPLETED},
      {"failed", FLOW_FAILED},
      {"cancelled", FLOW_CANCELLED},
      {"expired", FLOW_EXPIRED}},
     "status",
     false},
    {{"baton_runs", "gauge", "Open runs in memory, by flow and state; see baton_sleeping_runs."},
     LANE(flows),
     "flow",
     {{"early", FLOW_EARLY},
      {"running", FLOW_RUNNING},
      {"compensating", FLOW_COMPENSATING},
      {"finishing", FLOW_FINISHING},
      {"stuck", FLOW_STUCK}},
     "state",
     false},
    {{"baton_timers", "gauge", "Timers armed of the runs in memory, by flow."},
     LANE(flows),
     "flow",
     {{"", FLOW_TIMERS}},
     NULL,
     false},
    {{"baton_commands_total", "counter",
      "Commands produced, by topic: to do a step, or to undo one."},
     LANE(topics),
     "topic",
     {{"step", TOPIC_COMMANDS}, {"undo", TOPIC_UNDOS}},
     "kind",
     true},
    {{"baton_command_retries_total", "counter",
      "Of the commands produced: second and further attempts, by topic."},
     LANE(topics),
     "topic",
     {{"", TOPIC_RETRIES}},
     NULL,
     true},
    {{"baton_cancels_total", "counter",
      "Notices to services that an attempt was abandoned, by topic."},
     LANE(topics),
     "topic",
     {{"", TOPIC_CANCELS}},
     NULL,
     true},
    {{"baton_emits_total", "counter", "Records that flows emitted, by topic."},
     LANE(topics),
     "topic",
     {{"", TOPIC_EMITS}},
     NULL,
     true},
    {{"baton_permits_total", "counter",
      "Permits asked for, by limited service: granted, delayed first, refused by the breaker, or "
      "given unasked because the limiter did not answer."},
     LANE(services),
     "service",
     {{"granted", SERVICE_GRANTED},
      {"delayed", SERVICE_DELAYED},
      {"refused", SERVICE_REFUSED},
      {"unasked", SERVICE_UNASKED}},
     "result",
     false},
    {{"baton_breaker_lanes", "gauge",
      "Lanes by how each last saw the breaker of a limited service."},
     LANE(services),
     "service",
     {{"closed", SERVICE_CLOSED}, {"open", SERVICE_OPEN}, {"probing", SERVICE_PROBING}},
     "state",
     false},
    {{"baton_alerts_total", "counter", "Alerts written, by kind."},
     LANE(alerts),
     "kind",
     {{"", 0}},
     NULL,
     false},
};

static const struct stat_table *table_at(const struct metrics_view *view, uint32_t lane,
                                         size_t offset)
{
    const char *stats = (const char *)view->lanes[lane];

    return (const struct stat_table *)(const void *)(stats + offset);
}

static unsigned rows_of(const struct stat_table *table)
{
    return atomic_load_explicit(&table->count, memory_order_acquire);
}

static uint64_t value_of(const struct stat_table *table, struct text name, uint32_t value)
{
    unsigned count = rows_of(table);

    for (unsigned i = 0; i < count; i++) {
        if (text_equal(table->rows[i]->name, name)) {
            return stat_get(&table->rows[i]->values[value]);
        }
    }
    return 0;
}

static bool is_in_earlier(const struct metrics_view *view, uint32_t lane, size_t offset,
                          struct text name)
{
    for (uint32_t i = 0; i < lane; i++) {
        const struct stat_table *table = table_at(view, i, offset);
        unsigned count = rows_of(table);

        for (unsigned k = 0; k < count; k++) {
            if (text_equal(table->rows[k]->name, name)) {
                return true;
            }
        }
    }
    return false;
}

static void add_row(const struct metrics_view *view, const struct table_field *field,
                    struct text name, struct buffer *out)
{
    struct label labels[2] = {{field->label, name}, {field->second, {0}}};

    uint64_t sums[ROW_VALUES_MAX] = {0};
    uint64_t all = 0;
    uint32_t count = 0;

    for (; count < ROW_VALUES_MAX && field->values[count].name != NULL; count++) {
        for (uint32_t k = 0; k < view->lane_count; k++) {
            sums[count] += value_of(table_at(view, k, field->offset), name,
                                    field->values[count].value);
        }
        all += sums[count];
    }
    for (uint32_t i = 0; i < count && (all > 0 || !field->skips_none); i++) {
        labels[1].value = text_of(field->values[i].name);
        metrics_sample(out, field->family.name, labels, field->second == NULL ? 1 : 2,
                       (double)sums[i]);
    }
}

static void add_tables(const struct metrics_view *view, struct buffer *out)
{
    for (size_t i = 0; i < sizeof table_fields / sizeof *table_fields; i++) {
        const struct table_field *field = &table_fields[i];

        metrics_family(out, &field->family);
        for (uint32_t k = 0; k < view->lane_count; k++) {
            const struct stat_table *table = table_at(view, k, field->offset);
            unsigned count = rows_of(table);

            for (unsigned r = 0; r < count; r++) {
                if (!is_in_earlier(view, k, field->offset, table->rows[r]->name)) {
                    add_row(view, field, table->rows[r]->name, out);
                }
            }
        }
    }
}

void metrics_render(const struct metrics_view *view, struct buffer *out)
{
    static const struct family build = {"baton_build_info", "gauge",
                                        "1; the version is in the label."};
    static const struct family threads = {"baton_threads_turning", "gauge",
                                          "Threads of the worker whose loop turns."};
    struct label version = {"version", TEXT_INIT(BATON_VERSION)};

    metrics_family(out, &build);
    metrics_sample(out, build.name, &version, 1, 1);
    metrics_single(out, &threads, view->threads_alive);
    if (view->lane_count > 0) {
        add_lane_fields(view, out);
        add_outcomes(view, out);
        add_timers(view, out);
        add_histograms(view, out);
        add_tables(view, out);
    }
    metrics_render_around(view, out);
}
