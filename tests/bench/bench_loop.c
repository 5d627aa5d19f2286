/* links: baton_sim */
/*
 * bench_loop - what a `for` over many items costs, as the number of items grows: the real router and
 * one lane over the simulator's broker and store, one run, all replies of the open items in one turn.
 * Printed are the times of the turns, what a transition costs and writes, and the largest state.
 *
 *   bench_loop [ITEMS...]
 *
 * Each number of items is run with a request an item, and with one that has a compensation, so that
 * the stack grows with the items as well.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/duration.h"
#include "base/log.h"
#include "codec/records.h"
#include "compile/flow_file.h"
#include "engine/lane.h"
#include "engine/router.h"
#include "sim/estate.h"
#include "sim/sim_broker.h"
#include "sim/sim_store.h"

#define START_MS INT64_C(1760000000000)
#define TURNS_MAX 100000
#define STACK_ITEMS_MAX 4000 /* With an undo each: more does not fit the state of a run. */
#define FLOW                                                                                       \
    "flow: bulk\nversion: 1\nkey: .id\ntopics:\n  in: {name: in}\n  done: {name: done}\n"          \
    "services:\n  stock: {commands: commands, replies: replies, success: .ok}\n"                   \
    "start: {topic: in, from: earliest}\ntimeout: none\ndo:\n"                                     \
    "  - step: lines\n    for: {each: line, in: .items, parallel: 100, result: .pick.shelf}\n"     \
    "    do:\n"                                                                                    \
    "      - {step: pick, request: stock, type: Pick, value: {sku: \"${ $line.sku }\"}, "          \
    "timeout: 1h%s}\n"                                                                             \
    "  - {step: told, emit: done, value: {n: \"${ .lines | length }\"}}\n"

struct bench {
    struct sim sim;
    struct sim_process process;
    struct sim_broker *broker;
    struct sim_store *store;
    struct broker port;
    struct sleep_place place;
    struct clock clock;
    struct settings settings;
    struct names names;
    struct barrier *barrier;
    struct router *router;
    struct lane *lane;
    struct flow *flow;
    int64_t commands_at;
    int64_t done_at;
    double *turn_ms;
    uint32_t turn_count;
    double lane_ms;
};

static void must(enum status status, const struct error *err)
{
    if (status != STATUS_OK && status != STATUS_RETRY) {
        (void)fprintf(stderr, "bench_loop: %s: %s\n", status_name(status), err->text);
        exit(1);
    }
}

static double now_ms(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void produce(struct bench *bench, const char *topic, struct text key, struct text value,
                    const struct record_header *header)
{
    struct error err = {{0}};
    struct outgoing record = {.topic = text_of(topic),
                              .key = key,
                              .value = value,
                              .headers = header,
                              .header_count = header != NULL};

    must(sim_broker_append(bench->broker, &record, &err), &err);
}

/* All commands that are there get their reply. */
static void serve(struct bench *bench)
{
    struct record record;

    while (sim_broker_read(bench->broker, TEXT("commands"), 0, &bench->commands_at, &record)) {
        for (uint32_t i = 0; i < record.header_count; i++) {
            if (text_is(record.headers[i].name, "correlation-id")) {
                produce(bench, "replies", record.key, TEXT("{\"ok\":true,\"shelf\":\"A-17-204\"}"),
                        &record.headers[i]);
            }
        }
    }
}

static void turn(struct bench *bench)
{
    struct error err = {{0}};

    bench->sim.now_ms += 20;
    must(router_turn(bench->router, 0, &err), &err);
    double began = now_ms();
    must(lane_turn(bench->lane, 0, &err), &err);
    double took = now_ms() - began;
    CHECK(bench->turn_count < TURNS_MAX);
    bench->turn_ms[bench->turn_count++] = took;
    bench->lane_ms += took;
}

static void open_engine(struct bench *bench)
{
    struct error err = {{0}};

    bench->clock = sim_clock_port(&bench->process);
    bench->port = sim_broker_port(bench->broker, &bench->process);
    bench->place = sim_store_port(bench->store, &bench->process);
    must(barrier_open(&bench->port, &bench->clock, &bench->settings, &bench->barrier, &err), &err);
    must(router_open(&(struct router_options){.broker = &bench->port,
                                              .clock = &bench->clock,
                                              .settings = &bench->settings,
                                              .seed = 1},
                     &bench->router, &err),
         &err);
    must(lane_open(&(struct lane_options){.broker = &bench->port,
                                          .place = &bench->place,
                                          .clock = &bench->clock,
                                          .barrier = bench->barrier,
                                          .settings = &bench->settings,
                                          .seed = 1},
                   &bench->lane, &err),
         &err);
    for (int i = 0; i < 200; i++) {
        turn(bench);
    }
    CHECK(lane_stats(bench->lane)->ready == 1);
    bench->turn_count = 0;
    bench->lane_ms = 0;
}

static void open_bench(struct bench *bench, const char *compensate)
{
    struct diagnostics diagnostics = {0};
    struct buffer definition = {0};
    struct error err = {{0}};
    char text[4096];

    *bench = (struct bench){.turn_ms = calloc(TURNS_MAX, sizeof(double))};
    CHECK(bench->turn_ms != NULL);
    (void)snprintf(text, sizeof text, FLOW, compensate);
    if (flow_text_check("bulk.yaml", text_of(text), &diagnostics, &definition) != STATUS_OK) {
        struct buffer printed = {0};
        diagnostics_print(&diagnostics, DIAGNOSTIC_TEXT, &printed);
        (void)fprintf(stderr, "%s", buffer_string(&printed));
        exit(1);
    }
    must(flow_build(buffer_text(&definition), &bench->flow, &err), &err);
    diagnostics_release(&diagnostics);
    buffer_release(&definition);
    sim_init(&bench->sim, 1, START_MS);
    bench->settings = settings_default();
    bench->settings.partitions = 1;
    names_init(&bench->names, bench->settings.app);
    bench->broker = sim_broker_new(&bench->sim);
    bench->store = sim_store_new(&bench->sim, 1);
    sim_process_init(&bench->process, &bench->sim, "bench");
    must(estate_deploy(bench->broker, &bench->settings, bench->flow, 1, 0, &err), &err);
    open_engine(bench);
}

static void close_bench(struct bench *bench)
{
    lane_close(bench->lane);
    router_close(bench->router);
    barrier_close(bench->barrier);
    sim_store_free(bench->store);
    sim_broker_free(bench->broker);
    flow_free(bench->flow);
    free(bench->turn_ms);
}

/* ---- what it comes to ---- */

struct written {
    uint64_t records;
    uint64_t bytes;
    uint64_t delta_bytes;
    size_t
        delta_most; /* Leaving out the first and the last two, which hold the items as a whole. */
};

static struct written read_history(struct bench *bench)
{
    struct written written = {0};
    struct arena arena = {0};
    struct history_record history;
    struct record record;
    struct error err;
    int64_t at = 0;
    size_t last[2] = {0};

    while (sim_broker_read(bench->broker, text_of(bench->names.history), 0, &at, &record)) {
        if (record.value.data == NULL) {
            continue;
        }
        must(history_decode(record.value, &arena, &history, &err), &err);
        if (last[0] > written.delta_most) {
            written.delta_most = last[0];
        }
        last[0] = last[1];
        last[1] = history.seq == 1 ? 0 : history.delta.bytes;
        written.records++;
        written.bytes += record.value.bytes;
        written.delta_bytes += history.delta.bytes;
        arena_reset(&arena);
    }
    arena_release(&arena);
    return written;
}

static int by_length(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;

    return (*x > *y) - (*x < *y);
}

static void report(struct bench *bench, int64_t items)
{
    struct written written = read_history(bench);
    double *ms = bench->turn_ms;
    uint32_t count = 0;

    for (uint32_t i = 0; i < bench->turn_count; i++) {
        if (ms[i] > 0.05) { /* Turns that had something to do. */
            ms[count++] = ms[i];
        }
    }
    qsort(ms, count, sizeof *ms, by_length);
    (void)printf("%6lld %12llu %8.1f %8.2f %8.2f %8.2f %9.0f %9zu %9.0f\n", (long long)items,
                 (unsigned long long)written.records,
                 bench->lane_ms * 1000 / (double)written.records, ms[count / 2],
                 ms[count * 99 / 100], ms[count - 1],
                 (double)written.delta_bytes / (double)written.records, written.delta_most,
                 (double)written.bytes / (double)written.records);
}

static void run(int64_t items, const char *compensate)
{
    struct bench bench;
    struct buffer value = {0};
    struct record record;

    open_bench(&bench, compensate);
    buffer_addf(&value, "{\"id\":\"b\",\"items\":[");
    for (int64_t i = 0; i < items; i++) {
        buffer_addf(&value, "%s{\"sku\":\"x-%lld\"}", i == 0 ? "" : ",", (long long)i);
    }
    buffer_addf(&value, "]}");
    produce(&bench, "in", TEXT("b"), buffer_text(&value), NULL);
    while (!sim_broker_read(bench.broker, TEXT("done"), 0, &bench.done_at, &record)) {
        turn(&bench);
        serve(&bench);
        if ((int64_t)bench.turn_count > items + 1000) {
            (void)fprintf(stderr,
                          "bench_loop: %lld items do not come to an end: their state may "
                          "be too large\n",
                          (long long)items);
            exit(1);
        }
    }
    report(&bench, items);
    buffer_release(&value);
    close_bench(&bench);
}

int main(int argc, char **argv)
{
    static const int64_t usual[] = {1000, 2500, 5000, 10000};
    static const char *const kinds[] = {
        "", ", compensate: {request: stock, type: Undo, value: {sku: \"${ $line.sku }\"}}"};
    int64_t items[16];
    uint32_t count = 0;

    for (; argc > 1 && count < 16 && (int)count + 1 < argc; count++) {
        if (!text_to_int64(text_of(argv[count + 1]), &items[count]) || items[count] < 1) {
            (void)fprintf(stderr, "usage: bench_loop [ITEMS...]\n");
            return 2;
        }
    }
    if (count == 0) {
        memcpy(items, usual, sizeof usual);
        count = sizeof usual / sizeof usual[0];
    }
    log_set_level(LOG_NONE);
    for (int kind = 0; kind < 2; kind++) {
        (void)printf(
            "%s\n items  transitions   us each  turn p50      p99      max  delta mean      "
            "most    record\n",
            kind == 0 ? "a request an item" : "with a compensation");
        for (uint32_t i = 0; i < count; i++) {
            bool is_bounded = kind == 1 && items[i] > STACK_ITEMS_MAX;
            run(is_bounded ? STACK_ITEMS_MAX : items[i], kinds[kind]);
        }
    }
    return 0;
}
