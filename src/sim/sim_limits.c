#include "sim/sim_limits.h"

#include <stdlib.h>
#include <string.h>

#include "sim/sim_limits_parts.h"

static void service_clear(struct sim_limited *service)
{
    while (service->count > 0) {
        sim_permit_drop(service, &service->items[service->count - 1]);
    }
    for (size_t i = 0; i < service->bucket_count; i++) {
        free(service->buckets[i].key);
    }
    service->bucket_count = 0;
    service->failure_count = 0;
    service->until_ms = 0;
    service->done = 0;
}

struct sim_limits *sim_limits_new(struct sim *sim)
{
    struct sim_limits *limits = calloc(1, sizeof(*limits));

    CHECK(limits != NULL);
    limits->sim = sim;
    return limits;
}

static void handle_free(struct sim_limits *limits, size_t index)
{
    free(limits->handles[index]->answers);
    free(limits->handles[index]);
    limits->handles[index] = limits->handles[--limits->handle_count];
}

void sim_limits_free(struct sim_limits *limits)
{
    if (limits == NULL) {
        return;
    }
    while (limits->handle_count > 0) {
        handle_free(limits, 0);
    }
    for (size_t i = 0; i < limits->count; i++) {
        struct sim_limited *service = limits->services[i];

        service_clear(service);
        free(service->items);
        free(service->buckets);
        free(service->failures);
        free(service->name);
        free(service);
    }
    free(limits->services);
    free(limits->handles);
    free(limits);
}

void sim_limits_forget(struct sim_limits *limits, const struct sim_process *process)
{
    for (size_t i = limits->handle_count; i > 0; i--) {
        if (limits->handles[i - 1]->process == process) {
            handle_free(limits, i - 1);
        }
    }
}

void sim_limits_flush(struct sim_limits *limits)
{
    for (size_t i = 0; i < limits->count; i++) {
        service_clear(limits->services[i]);
    }
}

void sim_limits_gone(struct sim_limits *limits, int64_t until_ms)
{
    limits->gone_until_ms = until_ms;
}

static struct sim_limited *find(const struct sim_limits *limits, struct text name)
{
    for (size_t i = 0; i < limits->count; i++) {
        if (text_is(name, limits->services[i]->name)) {
            return limits->services[i];
        }
    }
    return NULL;
}

static struct sim_limited *service_of(struct sim_limits *limits, struct text name)
{
    struct sim_limited *service = find(limits, name);

    if (service == NULL) {
        limits->services = sim_grow(limits->services, limits->count, &limits->capacity,
                                    sizeof(struct sim_limited *));
        service = calloc(1, sizeof(*service));
        CHECK(service != NULL);
        service->name = text_dup(name);
        limits->services[limits->count++] = service;
    }
    return service;
}

uint32_t sim_limits_held(const struct sim_limits *limits, struct text service)
{
    const struct sim_limited *limited = find(limits, service);

    return limited == NULL ? 0 : sim_permits_held(limited, limits->sim->now_ms);
}

/* ---- the port ---- */

static enum status ready(struct sim_limits_handle *handle, const char *call, struct error *err)
{
    struct sim_limits *limits = handle->limits;

    if (!sim_enter(handle->process, call)) {
        return sim_dead(handle->process, err);
    }
    if (limits->sim->now_ms < limits->gone_until_ms || sim_chance(limits->sim, SIM_REQUEST_LOST)) {
        return fail(err, STATUS_RETRY, "limits: no answer to '%s'", call);
    }
    return STATUS_OK;
}

static enum status done_with(struct sim_limits_handle *handle, enum status status,
                             struct error *err)
{
    return status == STATUS_FATAL ? status : sim_leave(handle->process, status, err);
}

static enum status ask(void *self, const struct limit_question *questions, uint32_t count,
                       struct error *err)
{
    struct sim_limits_handle *handle = self;
    enum status status = ready(handle, "limits-ask", err);

    if (status == STATUS_OK) {
        free(handle->answers);
        handle->answers = calloc(count + 1, sizeof(*handle->answers));
        CHECK(handle->answers != NULL);
        handle->count = count;
        for (uint32_t i = 0; i < count; i++) {
            struct sim_limited *service = service_of(handle->limits, questions[i].service);

            handle->answers[i] = sim_permit_ask(service, &questions[i],
                                                handle->limits->sim->now_ms);
        }
    }
    return done_with(handle, status, err);
}

static enum status answers(void *self, bool *done, struct limit_answer *out, uint32_t count,
                           struct error *err)
{
    struct sim_limits_handle *handle = self;
    enum status status = STATUS_OK;

    *done = false;
    if (!sim_enter(handle->process, "limits-answers")) {
        return sim_dead(handle->process, err);
    }
    *done = true;
    if (handle->answers == NULL || sim_chance(handle->limits->sim, SIM_ANSWER_LOST)) {
        status = fail(err, STATUS_RETRY, "limits: the link broke");
    } else {
        CHECK(count == handle->count);
        memcpy(out, handle->answers, count * sizeof(*out));
    }
    free(handle->answers);
    handle->answers = NULL;
    return done_with(handle, status, err);
}

static enum status tell(void *self, const struct limit_report *reports, uint32_t count,
                        struct error *err)
{
    struct sim_limits_handle *handle = self;
    enum status status = ready(handle, "limits-tell", err);

    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        sim_permit_tell(service_of(handle->limits, reports[i].service), &reports[i],
                        handle->limits->sim->now_ms);
    }
    return done_with(handle, status, err);
}

struct limiter sim_limits_port(struct sim_limits *limits, struct sim_process *process)
{
    struct sim_limits_handle *handle = calloc(1, sizeof(*handle));

    CHECK(handle != NULL);
    handle->limits = limits;
    handle->process = process;
    limits->handles = sim_grow(limits->handles, limits->handle_count, &limits->handle_capacity,
                               sizeof(struct sim_limits_handle *));
    limits->handles[limits->handle_count++] = handle;
    return (struct limiter){.self = handle, .ask = ask, .answers = answers, .tell = tell};
}
