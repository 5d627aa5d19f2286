/*
 * flow_kit - flows put together in C, for tests that need no YAML.
 */
#ifndef BATON_TESTS_SUPPORT_FLOW_KIT_H
#define BATON_TESTS_SUPPORT_FLOW_KIT_H

#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "model/flow.h"
#include "support/unit.h"

#define KIT_EXPRS_MAX 128
#define KIT_STEPS_MAX 32

/* A flow with one start topic "orders" and room for steps; end it with flow_free(). */
static inline struct flow *kit_flow(void)
{
    static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    static struct text any = {"any", 3};
    struct flow *flow = flow_new();
    struct retry_policy *retry = arena_alloc(&flow->arena, sizeof(*retry));

    *retry = (struct retry_policy){.attempts = 3,
                                   .delay_ms = 1000,
                                   .backoff = BACKOFF_EXPONENTIAL,
                                   .factor = 2,
                                   .max_ms = MS_PER_MINUTE,
                                   .errors = &any,
                                   .error_count = 1};
    flow->name = TEXT("order-saga");
    flow->version = 1;
    memcpy(flow->hash, hash, sizeof(hash));
    flow->saga_retry = retry;
    flow->saga_in_doubt = IN_DOUBT_COMPENSATE;
    flow->early_ms = 10 * MS_PER_MINUTE;
    flow->first_step = STEP_NONE;
    flow->failure_step = STEP_NONE;
    flow->always_step = STEP_NONE;
    flow->exprs = arena_array(&flow->arena, KIT_EXPRS_MAX, sizeof(struct expr *));
    flow->templates = arena_array(&flow->arena, KIT_EXPRS_MAX, sizeof(struct template *));
    flow->steps = arena_array(&flow->arena, KIT_STEPS_MAX, sizeof(struct step));
    flow->topics = arena_array(&flow->arena, 8, sizeof(struct topic));
    flow->services = arena_array(&flow->arena, 8, sizeof(struct service));
    flow->starts = arena_array(&flow->arena, 1, sizeof(struct start));
    flow->start_count = 1;
    flow->topics[0] = (struct topic){.alias = TEXT("orders"), .name = TEXT("orders")};
    flow->topic_count = 1;
    return flow;
}

static inline struct expr *kit_expr(struct flow *flow, const char *source)
{
    struct expr_problem problem;
    struct expr *expr = NULL;

    if (expr_compile(text_of(source), flow_scope(), &expr, &problem) != STATUS_OK) {
        fail_msg("%s: %s", source, problem.text);
    }
    CHECK(flow->expr_count < KIT_EXPRS_MAX);
    flow->exprs[flow->expr_count++] = expr;
    return expr;
}

/* Let the step listen to a topic. */
static inline struct awaited *kit_listen(struct flow *flow, struct step *step, uint32_t topic)
{
    struct awaited *awaited = arena_alloc(&flow->arena, sizeof(*awaited));
    const struct awaited **list = arena_array(&flow->arena, flow->awaited_count + 1, sizeof(*list));

    *awaited = (struct awaited){.topic = topic, .route = step->name};
    step->listen = (struct listen){.items = awaited, .item_count = 1};
    for (uint32_t i = 0; i < flow->awaited_count; i++) {
        list[i] = flow->awaited[i];
    }
    list[flow->awaited_count++] = awaited;
    flow->awaited = list;
    return awaited;
}

static inline struct template *kit_template(struct flow *flow, const char *json)
{
    struct template_problem problem;
    struct template *template = NULL;
    struct json *source = NULL;
    struct error err = {0};

    if (json_parse(text_of(json), &source, &err) != STATUS_OK ||
        template_compile(source, flow_scope(), &template, &problem) != STATUS_OK) {
        fail_msg("%s: %s%s", json, err.text, problem.expr.text);
    }
    json_free(source);
    CHECK(flow->template_count < KIT_EXPRS_MAX);
    flow->templates[flow->template_count++] = template;
    return template;
}

/* A service `name` with topics "<name>.commands" and "<name>.replies", a timeout of 30 s, and ok /
 * refused as its rule. */
static inline uint32_t kit_service(struct flow *flow, const char *name)
{
    struct service *service = &flow->services[flow->service_count];

    *service = (struct service){
        .name = text_of(name),
        .commands = arena_printf(&flow->arena, "%s.commands", name),
        .replies = arena_printf(&flow->arena, "%s.replies", name),
        .by_header = true,
        .correlation_header = TEXT("correlation-id"),
        .timeout_ms = 30 * MS_PER_SECOND,
        .reply = {.success = kit_expr(flow, ".ok == true"),
                  .failure = kit_expr(flow, ".ok == false"),
                  .error = kit_expr(flow, ".code"),
                  .reason = kit_expr(flow, ".why")},
    };
    return flow->service_count++;
}

static inline uint32_t kit_topic(struct flow *flow, const char *name)
{
    flow->topics[flow->topic_count] = (struct topic){.alias = text_of(name), .name = text_of(name)};
    return flow->topic_count++;
}

/* Put a step at the end of the list whose last step is `last` (STEP_NONE: a new list). */
static inline struct step *kit_step(struct flow *flow, const char *name, enum step_kind kind,
                                    uint32_t last)
{
    uint32_t index = flow->step_count++;
    struct step *step = &flow->steps[index];

    CHECK(index < KIT_STEPS_MAX);
    *step = (struct step){.name = text_of(name),
                          .kind = kind,
                          .parent = STEP_NONE,
                          .next = STEP_NONE,
                          .first_step = STEP_NONE};
    if (last != STEP_NONE) {
        flow->steps[last].next = index;
        step->parent = flow->steps[last].parent;
    }
    return step;
}

static inline struct step *kit_request(struct flow *flow, const char *name, uint32_t service,
                                       uint32_t last)
{
    struct step *step = kit_step(flow, name, STEP_REQUEST, last);

    step->as = text_of(name);
    step->message = (struct message_spec){
        .is_request = true,
        .service = service,
        .type = kit_template(flow, "\"Do\""),
        .value = kit_template(flow, "{\"id\": \"${ .orderId }\"}"),
        .reply = flow->services[service].reply};
    return step;
}

static inline void kit_undo(struct flow *flow, struct step *step, uint32_t service)
{
    step->compensate = arena_alloc(&flow->arena, sizeof(*step->compensate));
    step->compensate->message = (struct message_spec){
        .is_request = true,
        .service = service,
        .type = kit_template(flow, "\"Undo\""),
        .value = kit_template(flow, "{\"id\": \"${ .orderId }\"}"),
        .reply = flow->services[service].reply};
}

static inline struct retry_policy *kit_retry(struct flow *flow, uint32_t attempts, int64_t delay_ms)
{
    static struct text timeout = {"timeout", 7};
    struct retry_policy *retry = arena_alloc(&flow->arena, sizeof(*retry));

    *retry = (struct retry_policy){.attempts = attempts,
                                   .delay_ms = delay_ms,
                                   .backoff = BACKOFF_CONSTANT,
                                   .factor = 2,
                                   .max_ms = MS_PER_MINUTE,
                                   .errors = &timeout,
                                   .error_count = 1};
    return retry;
}

/*
 * reserve (undo) -> charge (undo) -> ship -> confirmed; onFailure: rejected. Activations of a run
 * that goes well: 1 to 4.
 */
static inline struct flow *kit_order_flow(void)
{
    struct flow *flow = kit_flow();
    uint32_t inventory = kit_service(flow, "inventory");
    uint32_t payments = kit_service(flow, "payments");
    uint32_t shipping = kit_service(flow, "shipping");
    uint32_t confirmed = kit_topic(flow, "orders.confirmed");
    uint32_t rejected = kit_topic(flow, "orders.rejected");
    struct step *step;

    flow->first_step = 0;
    kit_undo(flow, kit_request(flow, "reserve", inventory, STEP_NONE), inventory);
    kit_undo(flow, kit_request(flow, "charge", payments, 0), payments);
    kit_request(flow, "ship", shipping, 1);
    step = kit_step(flow, "confirmed", STEP_EMIT, 2);
    step->message = (struct message_spec){.topic = confirmed,
                                          .value = kit_template(flow, "{\"done\": true}")};
    flow->failure_step = flow->step_count;
    step = kit_step(flow, "rejected", STEP_EMIT, STEP_NONE);
    step->message = (struct message_spec){
        .topic = rejected, .value = kit_template(flow, "{\"reason\": \"${ $error.title }\"}")};
    flow->timeout = (struct span){.kind = SPAN_FIXED, .ms = 2 * MS_PER_HOUR};
    return flow;
}

#endif
