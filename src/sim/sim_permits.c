/* The rules of engine/limiter.h, in memory. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "sim/sim_limits_parts.h"

#define QUEUE_WAIT_MS 25
#define QUEUE_WAIT_MAX_MS 2000
#define QUEUE_ALIVE_MS 5000
#define PROBE_WAIT_MS 1000
#define FAR_WAIT_MS 3600000

static struct sim_permit *find(struct sim_limited *service, struct text id)
{
    for (size_t i = 0; i < service->count; i++) {
        if (text_is(id, service->items[i].id)) {
            return &service->items[i];
        }
    }
    return NULL;
}

static struct sim_permit *open_permit(struct sim_limited *service, struct text id)
{
    struct sim_permit *permit = find(service, id);

    if (permit == NULL) {
        service->items = sim_grow(service->items, service->count, &service->capacity,
                                  sizeof(*service->items));
        permit = &service->items[service->count++];
        *permit = (struct sim_permit){.id = text_dup(id)};
    }
    return permit;
}

void sim_permit_drop(struct sim_limited *service, struct sim_permit *permit)
{
    free(permit->id);
    *permit = service->items[--service->count];
}

/* Its place, token and turn in the queue; that it is a probe stays. */
static void give_up(struct sim_limited *service, struct text id)
{
    struct sim_permit *permit = find(service, id);

    if (permit == NULL) {
        return;
    }
    permit->held_until_ms = permit->go_ms = permit->queued_ms = permit->alive_ms = 0;
    if (permit->probe_until_ms == 0) {
        sim_permit_drop(service, permit);
    }
}

static void sweep(struct sim_limited *service, int64_t now_ms)
{
    for (size_t i = service->count; i > 0; i--) {
        struct sim_permit *permit = &service->items[i - 1];

        if (permit->held_until_ms <= now_ms) {
            permit->held_until_ms = permit->go_ms = 0;
        }
        if (permit->probe_until_ms <= now_ms) {
            permit->probe_until_ms = 0;
        }
        if (permit->alive_ms <= now_ms) {
            permit->alive_ms = permit->queued_ms = 0;
        }
        if (permit->held_until_ms == 0 && permit->probe_until_ms == 0 && permit->queued_ms == 0) {
            sim_permit_drop(service, permit);
        }
    }
}

uint32_t sim_permits_held(const struct sim_limited *service, int64_t now_ms)
{
    uint32_t held = 0;

    for (size_t i = 0; i < service->count; i++) {
        held += service->items[i].held_until_ms > now_ms;
    }
    return held;
}

static uint32_t probes_of(const struct sim_limited *service)
{
    uint32_t probes = 0;

    for (size_t i = 0; i < service->count; i++) {
        probes += service->items[i].probe_until_ms != 0;
    }
    return probes;
}

/* How many are before it; who is not in the queue would be its last. */
static uint32_t rank_of(const struct sim_limited *service, const struct sim_permit *own)
{
    uint32_t before = 0;

    for (size_t i = 0; i < service->count; i++) {
        const struct sim_permit *other = &service->items[i];

        if (other->queued_ms == 0 || other == own) {
            continue;
        }
        before += own == NULL || own->queued_ms == 0 || other->queued_ms < own->queued_ms ||
                  (other->queued_ms == own->queued_ms && strcmp(other->id, own->id) < 0);
    }
    return before;
}

static struct limit_answer answer(enum limit_verdict verdict, int64_t wait_ms)
{
    return (struct limit_answer){.verdict = verdict, .wait_ms = wait_ms};
}

/* True: it has to wait for its turn. */
static bool queue(struct sim_limited *service, const struct limit_question *question,
                  int64_t now_ms, struct limit_answer *out)
{
    uint32_t places = question->limits->concurrency;
    uint32_t held = sim_permits_held(service, now_ms);
    uint32_t free_now = held < places ? places - held : 0;
    uint32_t rank = rank_of(service, find(service, question->id));
    struct sim_permit *permit;
    int64_t wait_ms;

    if (places == 0 || rank < free_now) {
        return false;
    }
    permit = open_permit(service, question->id);
    wait_ms = QUEUE_WAIT_MS * (int64_t)(1 + (rank - free_now) / places);
    wait_ms = wait_ms < QUEUE_WAIT_MAX_MS ? wait_ms : QUEUE_WAIT_MAX_MS;
    permit->queued_ms = permit->queued_ms == 0 ? now_ms : permit->queued_ms;
    permit->alive_ms = now_ms + 3 * wait_ms + QUEUE_ALIVE_MS;
    *out = answer(LIMIT_QUEUED, wait_ms);
    return true;
}

static struct sim_bucket *bucket_of(struct sim_limited *service, struct text key)
{
    struct sim_bucket *bucket;

    for (size_t i = 0; i < service->bucket_count; i++) {
        if (text_is(key, service->buckets[i].key)) {
            return &service->buckets[i];
        }
    }
    service->buckets = sim_grow(service->buckets, service->bucket_count, &service->bucket_capacity,
                                sizeof(*service->buckets));
    bucket = &service->buckets[service->bucket_count++];
    *bucket = (struct sim_bucket){.key = text_dup(key)};
    return bucket;
}

/* True: none is reserved, since nobody would wait for it. */
static bool reserve(struct sim_limited *service, const struct limit_question *question,
                    int64_t now_ms, double *go_ms, struct limit_answer *out)
{
    const struct limits *limits = question->limits;
    struct sim_bucket *bucket;
    double span;
    int64_t most_ms = question->patience_ms < 0 || question->patience_ms > LIMIT_DAY_MS
                          ? LIMIT_DAY_MS
                          : question->patience_ms;

    *go_ms = (double)now_ms;
    if (limits->rate_count == 0) {
        return false;
    }
    bucket = bucket_of(service, question->key);
    span = (double)limits->rate_per_ms / limits->rate_count;
    if (bucket->full_ms - (limits->rate_burst - 1) * span > *go_ms) {
        *go_ms = bucket->full_ms - (limits->rate_burst - 1) * span;
    }
    if (*go_ms - (double)now_ms > (double)most_ms) {
        most_ms = most_ms < FAR_WAIT_MS ? most_ms : FAR_WAIT_MS;
        *out = answer(LIMIT_QUEUED, most_ms < 1 ? 1 : most_ms);
        return true;
    }
    bucket->full_ms = (bucket->full_ms > *go_ms ? bucket->full_ms : *go_ms) + span;
    return false;
}

/* What stands in the way of a new permit; false: nothing, and it has its place and token. */
static bool is_held_up(struct sim_limited *service, const struct limit_question *question,
                       int64_t now_ms, bool is_probe, struct limit_answer *out)
{
    struct sim_permit *permit;
    double go_ms;

    if (queue(service, question, now_ms, out)) {
        return true;
    }
    if (reserve(service, question, now_ms, &go_ms, out)) {
        give_up(service, question->id);
        return true;
    }
    give_up(service, question->id);
    permit = open_permit(service, question->id);
    permit->held_until_ms = (int64_t)ceil(go_ms) + question->lease_ms;
    if (is_probe) {
        permit->probe_until_ms = permit->held_until_ms;
    }
    if (go_ms > (double)now_ms) {
        permit->go_ms = (int64_t)ceil(go_ms);
        *out = answer(LIMIT_RESERVED, permit->go_ms - now_ms);
        return true;
    }
    return false;
}

static struct limit_answer decide(struct sim_limited *service,
                                  const struct limit_question *question, int64_t now_ms)
{
    struct sim_permit *permit = find(service, question->id);
    bool is_held = permit != NULL && permit->held_until_ms != 0;
    bool is_probing = service->until_ms != 0 && question->limits->breaker_failures > 0;
    bool is_probe = is_probing && (permit == NULL || permit->probe_until_ms == 0);
    struct limit_answer out = {.verdict = LIMIT_GRANTED};

    if (is_held && permit->go_ms == 0) {
        return out;
    }
    if (is_probing && now_ms < service->until_ms) {
        give_up(service, question->id);
        return answer(LIMIT_REFUSED, service->until_ms - now_ms);
    }
    if (is_probe && probes_of(service) + service->done >= question->limits->breaker_probes) {
        give_up(service, question->id);
        return answer(LIMIT_REFUSED, PROBE_WAIT_MS);
    }
    if (!is_held) {
        (void)is_held_up(service, question, now_ms, is_probe, &out);
        return out;
    }
    if (now_ms < permit->go_ms) {
        return answer(LIMIT_RESERVED, permit->go_ms - now_ms);
    }
    permit->go_ms = 0;
    if (is_probe) {
        permit->probe_until_ms = permit->held_until_ms;
    }
    return out;
}

struct limit_answer sim_permit_ask(struct sim_limited *service,
                                   const struct limit_question *question, int64_t now_ms)
{
    struct limit_answer out;

    sweep(service, now_ms);
    out = decide(service, question, now_ms);
    out.breaker = service->until_ms == 0 || question->limits->breaker_failures == 0 ? BREAKER_CLOSED
                  : now_ms < service->until_ms                                      ? BREAKER_OPEN
                                               : BREAKER_PROBING;
    return out;
}

static void clear_probes(struct sim_limited *service)
{
    for (size_t i = 0; i < service->count; i++) {
        service->items[i].probe_until_ms = 0;
    }
    service->failure_count = 0;
    service->done = 0;
}

static void trip(struct sim_limited *service, const struct limits *limits, int64_t now_ms)
{
    clear_probes(service);
    service->until_ms = now_ms + limits->breaker_open_ms;
}

static void count_failure(struct sim_limited *service, const struct limit_report *report,
                          int64_t now_ms)
{
    uint64_t id_hash = hash64(report->id, 0);
    size_t kept = 0;

    for (size_t i = 0; i < service->failure_count; i++) {
        const struct sim_failure *failure = &service->failures[i];

        if (failure->at_ms > now_ms - report->limits->breaker_within_ms &&
            failure->id_hash != id_hash) {
            service->failures[kept++] = *failure;
        }
    }
    service->failure_count = kept;
    service->failures = sim_grow(service->failures, kept, &service->failure_capacity,
                                 sizeof(*service->failures));
    service->failures[service->failure_count++] = (struct sim_failure){id_hash, now_ms};
    if (service->failure_count >= report->limits->breaker_failures) {
        trip(service, report->limits, now_ms);
    }
}

void sim_permit_tell(struct sim_limited *service, const struct limit_report *report, int64_t now_ms)
{
    const struct limits *limits = report->limits;
    struct sim_permit *permit;
    bool was_probe;

    sweep(service, now_ms);
    permit = find(service, report->id);
    was_probe = permit != NULL && permit->probe_until_ms != 0;
    if (permit != NULL) {
        sim_permit_drop(service, permit);
    }
    if (limits->breaker_failures == 0) {
        return;
    }
    if (service->until_ms == 0) {
        if (report->outcome == LIMIT_FAILURE) {
            count_failure(service, report, now_ms);
        }
    } else if (now_ms >= service->until_ms && was_probe) {
        if (report->outcome == LIMIT_FAILURE) {
            trip(service, limits, now_ms);
        } else if (report->outcome == LIMIT_SUCCESS && ++service->done >= limits->breaker_probes) {
            clear_probes(service);
            service->until_ms = 0;
        }
    }
}
