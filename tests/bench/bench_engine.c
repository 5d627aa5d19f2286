/* links: baton_sim */
/* wraps: sim_enter sim_leave lane_take lane_adopt transition instance_write_delta outbox_history outbox_effects inbox_encode inbox_decode history_encode payload_decode payload_encode */
/*
 * bench_engine - what one three-step saga costs the engine: the real router and one lane over the
 * simulator's broker and store, the order saga with messages of some 300 bytes. No server, no client
 * library, no thread: what is left is our own work, split into its parts.
 *
 *   bench_engine [SAGAS [plain]]
 *
 * Time is that of the process; it is split by clocks read where a part begins and ends, which cost a
 * little themselves: `plain` measures without them. A part does not count what the parts within it
 * take. For instructions, which a busy machine does not change:
 *
 *   valgrind --tool=callgrind --callgrind-out-file=engine.out bench_engine 2000 plain
 *   callgrind_annotate --inclusive=yes engine.out
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/duration.h"
#include "base/log.h"
#include "codec/payload.h"
#include "codec/records.h"
#include "compile/flow_file.h"
#include "core/fold.h"
#include "engine/lane.h"
#include "engine/lane_state.h"
#include "engine/router.h"
#include "sim/estate.h"
#include "sim/sim_broker.h"
#include "sim/sim_store.h"
#include "support/meter.h"

#define START_MS INT64_C(1760000000000)
#define PARTITIONS 4
#define WAVE 1000
#define ROUND_MS 20
#define KEY_BYTES 32

struct participant {
    const char *commands;
    const char *replies;
    bool by_header;
    const char *reply; /* With the order's id in it. */
    int64_t offsets[PARTITIONS];
};

struct bench {
    struct sim sim;
    struct sim_process process;
    struct sim_broker *broker;
    struct sim_store *store;
    struct broker port;
    struct sleep_place place;
    struct clock clock;
    struct settings settings;
    struct barrier *barrier;
    struct router *router;
    struct lane *lane;
    struct flow *flow;
    uint64_t ended;
    int64_t confirmed[PARTITIONS];
};

#define NOTE                                                                                       \
    "\"note\":\"what a service says beside that, and what somebody else will have to read one "    \
    "day, fills the message up to the three hundred bytes that are usual, or so they say, in "     \
    "such an estate of services\""

static struct participant participants[] = {
    {.commands = "inventory.commands",
     .replies = "inventory.replies",
     .by_header = true,
     .reply =
         "{\"orderId\":\"%s\",\"status\":\"OK\",\"reservation\":\"r-77\",\"warehouse\":{\"id\":12,"
         "\"city\":\"Lyon\"}," NOTE "}"},
    {.commands = "payments.commands",
     .replies = "payments.replies",
     .reply = "{\"orderId\":\"%s\",\"outcome\":\"CAPTURED\",\"paymentId\":\"p-4711\",\"fees\":[1.2,"
              "0.35],"
              "\"settled\":true," NOTE "}"},
    {.commands = "shipping.commands",
     .replies = "shipping.replies",
     .by_header = true,
     .reply =
         "{\"orderId\":\"%s\",\"ok\":true,\"trackingId\":\"T-1\",\"carrier\":\"yellow\",\"weight\":"
         "12.5," NOTE "}"},
};
#define PARTICIPANTS (sizeof participants / sizeof participants[0])

static const char order[] = "{\"orderId\":\"%s\",\"lines\":[{\"sku\":\"x-1\",\"n\":2,\"price\":45."
                            "00},{\"sku\":\"y-7\",\"n\":1,"
                            "\"price\":39.90}],\"total\":129.90,\"currency\":\"EUR\",\"customer\":{"
                            "\"id\":55012,\"name\":\"Jane "
                            "Doe\",\"country\":\"DE\",\"vat\":null},\"address\":\"Main Street 1, "
                            "12345 Springfield\",\"note\":"
                            "\"please ring twice, the dog is friendly\"}";

static void must(enum status status, const struct error *err)
{
    if (status != STATUS_OK && status != STATUS_RETRY) {
        (void)fprintf(stderr, "bench_engine: %s: %s\n", status_name(status), err->text);
        exit(1);
    }
}

/* ---- where a part begins and ends ---- */

bool __real_sim_enter(struct sim_process *process, const char *call);
bool __wrap_sim_enter(struct sim_process *process, const char *call);
enum status __real_sim_leave(struct sim_process *process, enum status status, struct error *err);
enum status __wrap_sim_leave(struct sim_process *process, enum status status, struct error *err);

/* Every call of a simulated port begins with the one and ends with the other. */
bool __wrap_sim_enter(struct sim_process *process, const char *call)
{
    meter_port(true);
    return __real_sim_enter(process, call);
}

enum status __wrap_sim_leave(struct sim_process *process, enum status status, struct error *err)
{
    status = __real_sim_leave(process, status, err);
    meter_port(false);
    return status;
}

METER_VOID(METER_INTAKE, lane_take, (struct lane * lane), (lane))
METER_VOID(METER_ADOPT, lane_adopt, (struct lane * lane), (lane))
METER(METER_TRANSITION, enum transition_result, transition,
      (const struct flow *flow, const struct instance *before, const struct event *event,
       struct instance **after, struct effect_list *effects),
      (flow, before, event, after, effects))
METER_VOID(METER_DELTA, instance_write_delta,
           (const struct instance *before, const struct instance *after, struct buffer *out),
           (before, after, out))
METER_VOID(METER_OUTBOX, outbox_history,
           (struct lane * lane, const struct decision *decision, struct resident *resident,
            const struct flow *flow, const struct instance *after, bool is_ignored),
           (lane, decision, resident, flow, after, is_ignored))
METER_VOID(METER_OUTBOX, outbox_effects,
           (struct lane * lane, const struct decision *decision, const struct flow *flow,
            const struct instance *after),
           (lane, decision, flow, after))
METER_VOID(meter_codec(), inbox_encode, (const struct inbox_record *record, struct buffer *out),
           (record, out))
METER(METER_CODEC, enum status, inbox_decode,
      (struct text bytes, struct arena *arena, struct inbox_record *record, struct error *err),
      (bytes, arena, record, err))
METER_VOID(METER_HASH, history_encode, (struct history_record * record, struct buffer *out),
           (record, out))
METER(meter_codec(), enum status, payload_decode,
      (struct text bytes, enum format format, struct json **value, struct error *err),
      (bytes, format, value, err))
METER(METER_CODEC, enum status, payload_encode,
      (const struct json *value, enum format format, struct buffer *out, struct error *err),
      (value, format, out, err))

/* ---- what stands outside ---- */

static void produce(struct bench *bench, const char *topic, const char *key, const char *format,
                    const struct record_header *header)
{
    char value[1024];
    struct error err = {{0}};
    struct outgoing record = {.topic = text_of(topic),
                              .partition = PARTITION_BY_KEY,
                              .key = text_of(key),
                              .headers = header,
                              .header_count = header != NULL};
    const char *hole = strstr(format, "%s");
    int bytes = snprintf(value, sizeof value, "%.*s%s%s", (int)(hole - format), format, key,
                         hole + 2);

    CHECK(bytes > 0 && (size_t)bytes < sizeof value);
    record.value = (struct text){value, (size_t)bytes};
    must(sim_broker_append(bench->broker, &record, &err), &err);
}

static void answer(struct bench *bench, const struct participant *service,
                   const struct record *command)
{
    struct record_header header = {TEXT("correlation-id"), TEXT("")};
    char key[KEY_BYTES];

    (void)snprintf(key, sizeof key, "%.*s", TEXT_ARG(command->key));
    for (uint32_t i = 0; i < command->header_count; i++) {
        if (text_is(command->headers[i].name, "correlation-id")) {
            header.value = command->headers[i].value;
        }
    }
    produce(bench, service->replies, key, service->reply, service->by_header ? &header : NULL);
}

static void serve(struct bench *bench)
{
    struct record record;

    for (size_t i = 0; i < PARTICIPANTS; i++) {
        for (int32_t p = 0; p < PARTITIONS; p++) {
            while (sim_broker_read(bench->broker, text_of(participants[i].commands), p,
                                   &participants[i].offsets[p], &record)) {
                answer(bench, &participants[i], &record);
            }
        }
    }
    for (int32_t p = 0; p < PARTITIONS; p++) {
        while (sim_broker_read(bench->broker, TEXT("orders.confirmed"), p, &bench->confirmed[p],
                               &record)) {
            bench->ended++;
        }
    }
}

/* ---- the engine ---- */

static void turn(struct bench *bench)
{
    struct error err = {{0}};

    bench->sim.now_ms += ROUND_MS;
    (void)meter_enter(METER_ROUTER);
    must(router_turn(bench->router, 0, &err), &err);
    (void)meter_enter(METER_LANE);
    must(lane_turn(bench->lane, 0, &err), &err);
    (void)meter_enter(METER_OUTSIDE);
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
    CHECK(lane_stats(bench->lane)->ready == PARTITIONS);
}

static void build(struct bench *bench)
{
    struct diagnostics diagnostics = {0};
    struct buffer definition = {0};
    struct error err = {{0}};

    log_set_level(LOG_NONE);
    must(flow_file_check(BATON_SOURCE_DIR "/workflows/order-saga.yaml", &diagnostics, &definition,
                         &err),
         &err);
    must(flow_build(buffer_text(&definition), &bench->flow, &err), &err);
    diagnostics_release(&diagnostics);
    buffer_release(&definition);
    sim_init(&bench->sim, 1, START_MS);
    bench->settings = settings_default();
    bench->settings.partitions = PARTITIONS;
    /* Simulated calls take simulated time: no run is to sleep in the middle of its saga. */
    bench->settings.checkpoint_idle_ms = MS_PER_HOUR;
    bench->settings.checkpoint_max_ms = MS_PER_HOUR;
    bench->broker = sim_broker_new(&bench->sim);
    bench->store = sim_store_new(&bench->sim, PARTITIONS);
    sim_process_init(&bench->process, &bench->sim, "bench");
    must(estate_deploy(bench->broker, &bench->settings, bench->flow, PARTITIONS, 0, &err), &err);
    open_engine(bench);
}

static void release(struct bench *bench)
{
    lane_close(bench->lane);
    router_close(bench->router);
    barrier_close(bench->barrier);
    sim_store_free(bench->store);
    sim_broker_free(bench->broker);
    flow_free(bench->flow);
}

static void run(struct bench *bench, uint64_t sagas)
{
    uint64_t started = 0;
    char key[KEY_BYTES];

    while (bench->ended < sagas) {
        uint64_t until = started + WAVE < sagas ? started + WAVE : sagas;

        for (; started < until; started++) {
            (void)snprintf(key, sizeof key, "ord-2026-%06llu", (unsigned long long)started);
            produce(bench, "orders.created", key, order, NULL);
        }
        turn(bench);
        serve(bench);
    }
}

int main(int argc, char **argv)
{
    struct bench *bench = calloc(1, sizeof *bench);
    int64_t sagas = 20000;

    CHECK(bench != NULL);
    if (argc > 3 || (argc > 1 && (!text_to_int64(text_of(argv[1]), &sagas) || sagas < 1)) ||
        (argc > 2 && strcmp(argv[2], "plain") != 0)) {
        (void)fprintf(stderr, "usage: bench_engine [SAGAS [plain]]\n");
        return 2;
    }
    build(bench);
    meter_start(argc < 3);
    run(bench, (uint64_t)sagas);
    meter_report((uint64_t)sagas);
    release(bench);
    free(bench);
    return 0;
}
