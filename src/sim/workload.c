#include "sim/workload.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "codec/records.h"

#define LARGE_LINES 400
/* Permille of orders. */
#define CANCELLED 150
#define SIGNALLED 400
#define MIGRATED 600
#define REPEATED 600
#define SENDS_MAX 4
#define SIGNALS_MAX 3
#define MIGRATIONS_MAX 3
#define REFUSALS 150          /* Permille. */
#define REFUSALS_OF_BLOCKS 40 /* They ask for more: some of them have to come through. */

static int64_t some(struct sim *sim, int64_t most)
{
    return (int64_t)rng_below(&sim->rng, (uint64_t)most + 1);
}

static void plan(struct workload *workload, int64_t at_ms, uint32_t order, int kind)
{
    struct workload_event *event = &workload->events[workload->event_count++];

    CHECK(workload->event_count <= sizeof(workload->events) / sizeof(workload->events[0]));
    event->at_ms = at_ms;
    event->order = order;
    event->kind = (unsigned)kind;
}

static int by_time(const void *a, const void *b)
{
    const struct workload_event *one = a;
    const struct workload_event *other = b;

    if (one->at_ms != other->at_ms) {
        return one->at_ms < other->at_ms ? -1 : 1;
    }
    if (one->order != other->order) {
        return one->order < other->order ? -1 : 1;
    }
    return (int)one->kind - (int)other->kind;
}

static bool has_steps(const struct flow *flow, enum step_kind kind)
{
    for (uint32_t i = 0; i < flow->step_count; i++) {
        if (flow->steps[i].kind == kind) {
            return true;
        }
    }
    return false;
}

static bool has_blocks(const struct flow *flow)
{
    return has_steps(flow, STEP_FORK) || has_steps(flow, STEP_FOR);
}

static const char *const signals[] = {"nod", "ask", "ask", "pace", "stop"};

static const struct workload_child children[] = {{"piece", "/piece/0"},     {"piece", "/piece/2"},
                                                 {"piece", "/one"},         {"piece", "/again"},
                                                 {"leaf", "/hurried/leaf"}, {"leaf", "/aside"}};

static const char *const plans[] = {
    "\"steps\":{\"reserve\":\"hold\",\"charge\":\"pay\"},\"timers\":\"keep\"",
    "\"steps\":{\"reserve\":\"hold\",\"charge\":\"pay\",\"approval\":{\"to\":\"pay\",\"as\":"
    "\"skipped\"}},"
    "\"timers\":\"reset\"",
};
static const char plan_back[] =
    "\"steps\":{\"hold\":\"reserve\",\"pay\":\"charge\"},\"timers\":\"keep\"";

static void plan_migrations(struct workload *workload, uint32_t number, int64_t at_ms)
{
    struct sim *sim = workload->options.sim;

    for (int i = 0; i < MIGRATIONS_MAX && rng_chance(&sim->rng, MIGRATED); i++) {
        struct workload_event *event = &workload->events[workload->event_count];

        plan(workload, at_ms + some(sim, 30000), number, WORKLOAD_MIGRATE);
        event->is_back = rng_chance(&sim->rng, 300);
        event->plan = event->is_back
                          ? plan_back
                          : plans[rng_below(&sim->rng, sizeof(plans) / sizeof(plans[0]))];
    }
}

static void plan_order(struct workload *workload, uint32_t number, int64_t at_ms)
{
    struct sim *sim = workload->options.sim;
    struct workload_order *order = &workload->orders[number];

    snprintf(order->key, sizeof(order->key), "o-%u", number);
    workload->keys[number] = text_of(order->key);
    order->slow = rng_chance(&sim->rng, 400);
    order->approve = rng_chance(&sim->rng, 400) && workload->has_approvals;
    order->large = rng_chance(&sim->rng, 60);
    if (workload->has_blocks) {
        order->item_count = (uint32_t)rng_below(&sim->rng, WORKLOAD_ITEMS_MAX + 1);
        order->mood = (uint32_t)rng_below(&sim->rng, WORKLOAD_MOODS);
        if (rng_chance(&sim->rng, CANCELLED)) {
            plan(workload, at_ms + some(sim, 40000) - 1000, number, WORKLOAD_CANCEL);
        }
        if (workload->has_children && rng_chance(&sim->rng, CANCELLED)) {
            plan(workload, at_ms + some(sim, 20000), number, WORKLOAD_CANCEL);
            workload->events[workload->event_count - 1].child =
                &children[rng_below(&sim->rng, sizeof(children) / sizeof(children[0]))];
        }
        for (int i = 0; i < SIGNALS_MAX && rng_chance(&sim->rng, SIGNALLED); i++) {
            plan(workload, at_ms + some(sim, 20000), number, WORKLOAD_SIGNAL);
            workload->events[workload->event_count - 1].signal =
                signals[rng_below(&sim->rng, sizeof(signals) / sizeof(signals[0]))];
        }
    }
    if (workload->has_versions) {
        plan_migrations(workload, number, at_ms);
    }
    plan(workload, at_ms, number, WORKLOAD_CREATED);
    workload->sent[number] = 1;
    while (workload->sent[number] < SENDS_MAX &&
           rng_chance(&sim->rng, workload->restarts ? REPEATED : 200)) {
        plan(workload, at_ms + some(sim, 20000), number, WORKLOAD_CREATED);
        workload->sent[number]++;
        if (!workload->restarts) {
            break;
        }
    }
    if (order->approve && rng_chance(&sim->rng, 850)) {
        int64_t approved_ms = at_ms + some(sim, 45000) - 5000;

        plan(workload, approved_ms, number, WORKLOAD_APPROVED);
        if (rng_chance(&sim->rng, 200)) {
            plan(workload, approved_ms + some(sim, 5000), number, WORKLOAD_APPROVED);
        }
    }
}

void workload_init(struct workload *workload, const struct workload_options *options)
{
    struct sim *sim = options->sim;

    CHECK(options->order_count <= WORKLOAD_ORDERS_MAX);
    *workload = (struct workload){
        .options = *options,
        .has_blocks = has_blocks(options->flow),
        .has_approvals = flow_find_topic(options->flow, TEXT("orders.approved")) != UINT32_MAX,
        .restarts = options->flow->starts[0].after_done == AFTER_DONE_RESTART,
        .has_children = has_steps(options->flow, STEP_RUN),
        .has_versions = options->second != NULL &&
                        text_equal(options->second->name, options->flow->name)};
    for (uint32_t i = 0; i < options->order_count; i++) {
        plan_order(workload, i, sim->now_ms + some(sim, options->span_ms));
    }
    if (rng_chance(&sim->rng, 300)) {
        plan(workload, sim->now_ms + some(sim, options->span_ms), 0, WORKLOAD_POISON);
    }
    if (rng_chance(&sim->rng, 300)) {
        plan(workload, sim->now_ms + some(sim, options->span_ms), 0, WORKLOAD_UNKEYED);
    }
    qsort(workload->events, workload->event_count, sizeof(workload->events[0]), by_time);
}

static void write_order(const struct workload_order *order, struct buffer *out)
{
    buffer_addf(out, "{\"orderId\":\"%s\",\"total\":12.50,\"slow\":%s,\"approve\":%s,\"lines\":[1",
                order->key, order->slow ? "true" : "false", order->approve ? "true" : "false");
    for (int i = 0; order->large && i < LARGE_LINES; i++) {
        buffer_addf(out, ",%d", 100000 + i);
    }
    buffer_addf(out, "],\"mood\":%u,\"items\":[", order->mood);
    for (uint32_t i = 0; i < order->item_count; i++) {
        buffer_addf(out, i == 0 ? "%u" : ",%u", i);
    }
    buffer_addf(out, "]}");
}

/* What a person does goes right into the inbox of the instance "<flow>:<key>". */
static void write_inbox(const struct workload *workload, const struct workload_event *event,
                        struct text flow, struct text key, struct buffer *out)
{
    struct inbox_record inbox = {.kind = INBOX_OPERATOR,
                                 .flow = flow,
                                 .key = key,
                                 .timestamp_ms = workload->options.sim->now_ms,
                                 .verb = OPERATOR_CANCEL,
                                 .value = TEXT("null"),
                                 .format = FORMAT_JSON,
                                 .actor = TEXT("somebody"),
                                 .reason = TEXT("so")};
    struct buffer plan = {.data = NULL};

    if (event->kind == WORKLOAD_SIGNAL) {
        inbox.verb = OPERATOR_SIGNAL;
        inbox.type = text_of(event->signal);
    } else if (event->kind == WORKLOAD_MIGRATE) {
        const struct workload_options *options = &workload->options;

        buffer_addf(&plan, "{\"from\":\"%s\",\"to\":\"%s\",%s}",
                    (event->is_back ? options->second : options->flow)->hash,
                    (event->is_back ? options->flow : options->second)->hash, event->plan);
        inbox.verb = OPERATOR_MIGRATE;
        inbox.type = TEXT("m");
        inbox.value = buffer_text(&plan);
    }
    inbox_encode(&inbox, out);
    buffer_release(&plan);
}

static void order_person(struct workload *workload, const struct workload_event *event)
{
    const struct workload_options *options = &workload->options;
    struct text flow = event->child == NULL ? options->flow->name : text_of(event->child->flow);
    struct text path = event->child == NULL ? TEXT("") : text_of(event->child->path);
    struct outgoing record = {.topic = TEXT("")};
    struct buffer value = {.data = NULL};
    struct arena arena = {0};
    struct text key;
    struct names names;
    struct error err;

    key = arena_printf(&arena, "%.*s%.*s", TEXT_ARG(workload->keys[event->order]), TEXT_ARG(path));
    names_init(&names, options->settings->app);
    write_inbox(workload, event, flow, key, &value);
    record.topic = text_of(names.inbox);
    record.key = arena_printf(&arena, "%.*s:%.*s", TEXT_ARG(flow), TEXT_ARG(key));
    record.partition = kafka_partition(record.key, options->settings->partitions);
    record.value = buffer_text(&value);
    CHECK(sim_broker_append(options->broker, &record, &err) == STATUS_OK);
    sim_trace(options->sim, NULL, "a person: %s %.*s",
              event->kind == WORKLOAD_CANCEL    ? "cancel"
              : event->kind == WORKLOAD_MIGRATE ? "migrate"
                                                : event->signal,
              TEXT_ARG(record.key));
    buffer_release(&value);
    arena_release(&arena);
}

static void produce(struct workload *workload, const struct workload_event *event)
{
    const struct workload_order *order = &workload->orders[event->order];
    struct outgoing record = {.topic = TEXT("orders.created"), .partition = PARTITION_BY_KEY};
    struct buffer value = {.data = NULL};
    struct error err;

    switch (event->kind) {
    case WORKLOAD_CREATED:
        write_order(order, &value);
        break;
    case WORKLOAD_APPROVED:
        record.topic = TEXT("orders.approved");
        buffer_addf(&value, "{\"orderId\":\"%s\",\"id\":\"a-%s\"}", order->key, order->key);
        break;
    case WORKLOAD_POISON:
        buffer_addf(&value, "{\"orderId\":");
        break;
    case WORKLOAD_UNKEYED:
        buffer_addf(&value, "{\"other\":1}");
        break;
    case WORKLOAD_CANCEL:
    case WORKLOAD_SIGNAL:
    case WORKLOAD_MIGRATE:
        order_person(workload, event);
        return;
    }
    record.key = text_of(order->key);
    record.value = buffer_text(&value);
    CHECK(sim_broker_append(workload->options.broker, &record, &err) == STATUS_OK);
    sim_trace(workload->options.sim, NULL, "outside: %.*s %.60s", TEXT_ARG(record.topic),
              buffer_string(&value));
    buffer_release(&value);
}

void workload_step(struct workload *workload)
{
    while (workload->next < workload->event_count &&
           workload->events[workload->next].at_ms <= workload->options.sim->now_ms) {
        produce(workload, &workload->events[workload->next++]);
    }
}

bool workload_done(const struct workload *workload)
{
    return workload->next == workload->event_count;
}

void workload_end(const struct workload *workload, struct checker *checker)
{
    checker_end(checker, workload->keys, workload->sent, workload->options.order_count);
}

enum status workload_services(struct sim_services *services, struct sim *sim,
                              const struct flow *flow, struct error *err)
{
    int64_t refusals = has_blocks(flow) ? REFUSALS_OF_BLOCKS : REFUSALS;
    struct sim_rates rates = {.refuse = (uint32_t)some(sim, refusals),
                              .mute = (uint32_t)some(sim, 150),
                              .miss = (uint32_t)some(sim, 150),
                              .twice = (uint32_t)some(sim, 200),
                              .late = (uint32_t)some(sim, 150),
                              .delay_ms_max = 800,
                              .late_ms_max = 12000};
    const struct sim_service_options options[] = {
        {.name = "inventory",
         .commands = "inventory.commands",
         .replies = "inventory.replies",
         .by_header = true,
         .success = "{\"status\":\"OK\"}",
         .failure = "{\"status\":\"REJECTED\",\"code\":\"OutOfStock\"}",
         .rates = rates},
        {.name = "payments",
         .commands = "payments.commands",
         .replies = "payments.replies",
         .echo = "orderId",
         .success = "{\"outcome\":\"CAPTURED\",\"paymentId\":\"p-1\"}",
         .failure = "{\"outcome\":\"DECLINED\"}",
         .undone = "{\"outcome\":\"REFUNDED\"}",
         .rates = rates},
        {.name = "shipping",
         .commands = "shipping.commands",
         .replies = "shipping.replies",
         .by_header = true,
         .success = "{\"ok\":true}",
         .failure = "{\"ok\":false}",
         .rates = rates},
    };
    enum status status = STATUS_OK;

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]) && status == STATUS_OK; i++) {
        status = sim_services_add(services, &options[i], err);
    }
    return status;
}
