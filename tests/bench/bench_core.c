/* links: baton_core baton_compile */
/*
 * bench_core - how many transitions a second one thread decides: the order saga, from its start to
 * its end, with the delta of each transition as the history would hold it.
 *
 *   bench_core [SAGAS]
 */
#include <stdio.h>
#include <time.h>

#include "compile/flow_file.h"
#include "core/fold.h"
#include "core/transition.h"

struct bench {
    struct flow *flow;
    struct arena arena;
    struct effect_list effects;
    struct instance *now;
    struct json *message;
    struct buffer delta;
    uint64_t transitions;
    uint64_t delta_bytes;
};

static struct json *parse(const char *text)
{
    struct json *value = NULL;
    struct error err = {0};
    enum status status = json_parse(text_of(text), &value, &err);

    CHECK(status == STATUS_OK);
    return value;
}

static void decide(struct bench *bench, struct event event, const char *payload)
{
    struct json *value = parse(payload);
    struct instance *after = NULL;

    event.payload = value;
    event.message = bench->message;
    event.time_ms = 1000;
    arena_reset(&bench->arena);
    CHECK(transition(bench->flow, bench->now, &event, &after, &bench->effects) ==
          TRANSITION_APPLIED);
    buffer_clear(&bench->delta);
    instance_write_delta(bench->now, after, &bench->delta);
    bench->delta_bytes += bench->delta.bytes;
    bench->transitions++;
    json_free(value);
    instance_free(bench->now);
    bench->now = after;
}

static struct event reply(const struct bench *bench, const char *service, uint32_t activation)
{
    return (struct event){.kind = EVENT_REPLY,
                          .topic = TEXT("replies"),
                          .service = text_of(service),
                          .by_command = true,
                          .command_run = bench->now->run,
                          .command_seq = activation,
                          .activation = activation};
}

static void run_saga(struct bench *bench, uint64_t number)
{
    struct event start = {.kind = EVENT_MESSAGE,
                          .topic = TEXT("orders.created"),
                          .run = {.generation = 0, .offset = (int64_t)number}};

    bench->now = instance_new(TEXT("order-saga"), TEXT("A-1"));
    decide(bench, start,
           "{\"orderId\":\"A-1\",\"lines\":[{\"sku\":\"x-1\",\"n\":2},{\"sku\":\"y-7\",\"n\":1}],"
           "\"total\":129.90,\"currency\":\"EUR\",\"address\":\"Main Street 1, Springfield\"}");
    decide(bench, reply(bench, "inventory", 1), "{\"status\":\"OK\",\"reservation\":\"r-77\"}");
    decide(bench, reply(bench, "payments", 2),
           "{\"orderId\":\"A-1\",\"outcome\":\"CAPTURED\",\"paymentId\":\"p-4711\"}");
    decide(bench, reply(bench, "shipping", 3), "{\"ok\":true,\"trackingId\":\"T-1\"}");
    CHECK(bench->now->status == RUN_COMPLETED);
    instance_free(bench->now);
}

/* Of this process alone: other work on the machine does not count. */
static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    struct diagnostics diagnostics = {0};
    struct buffer definition = {0};
    struct error err = {0};
    int64_t sagas = 50000;
    double started;
    double spent;

    bench.effects.arena = &bench.arena;
    if (argc > 1 && (!text_to_int64(text_of(argv[1]), &sagas) || sagas < 1)) {
        (void)fprintf(stderr, "usage: bench_core [SAGAS]\n");
        return 2;
    }
    if (flow_file_check(BATON_SOURCE_DIR "/workflows/order-saga.yaml", &diagnostics, &definition,
                        &err) != STATUS_OK ||
        flow_build(buffer_text(&definition), &bench.flow, &err) != STATUS_OK) {
        (void)fprintf(stderr, "bench_core: %s\n", err.text);
        return 1;
    }
    bench.message = parse("{\"topic\":\"t\",\"partition\":0,\"offset\":1,\"timestamp\":1,"
                          "\"key\":\"A-1\",\"headers\":{}}");
    started = seconds();
    for (int64_t i = 0; i < sagas; i++) {
        run_saga(&bench, (uint64_t)i);
    }
    spent = seconds() - started;
    (void)printf("%.0f sagas/s, %.0f transitions/s, %.2f us and %.0f delta bytes each\n",
                 (double)sagas / spent, (double)bench.transitions / spent,
                 spent * 1e6 / (double)bench.transitions,
                 (double)bench.delta_bytes / (double)bench.transitions);
    json_free(bench.message);
    flow_free(bench.flow);
    effect_release(&bench.effects);
    arena_release(&bench.arena);
    buffer_release(&definition);
    buffer_release(&bench.delta);
    diagnostics_release(&diagnostics);
    return 0;
}
