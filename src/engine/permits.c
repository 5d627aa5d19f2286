#include "engine/permits.h"

#include <stdlib.h>

#include "base/log.h"
#include "engine/lane_state.h"
#include "model/permit.h"

#define LEASE_MARGIN_MS 10000 /* Beyond the attempt: for clocks that differ, and late deadlines. */
#define NEAR_MS 2000          /* So short a wait is not worth a record. */
#define FLYING_MS 1000        /* Looked at again meanwhile; the answer wakes it sooner. */
#define SWEEP_MS 60000
#define QUESTIONS_MAX 1000 /* Of one turn. */

enum ask_state {
    ASK_PAUSED,   /* To be asked, at `again_ms`. */
    ASK_QUEUED,   /* In the questions of this turn, or on its way. */
    ASK_ANSWERED, /* `answer` is to be decided. */
};

struct permit_ask {
    struct text id; /* Owned. */
    struct text name;
    int32_t partition;
    enum ask_state state;
    struct limit_answer answer;
    int64_t again_ms;
    int64_t touched_ms;
    bool was_delayed;     /* Counted. */
    struct stat_row *row; /* Of its service. */
};

/* ---- the table ---- */

static void ask_free(struct permit_ask *ask)
{
    if (ask != NULL) {
        free((char *)(uintptr_t)ask->id.data);
        free((char *)(uintptr_t)ask->name.data);
        free(ask);
    }
}

static void forget_flying(struct permits *permits)
{
    for (uint32_t i = 0; i < permits->flying_count; i++) {
        free((char *)(uintptr_t)permits->flying[i].data);
    }
    free(permits->flying);
    permits->flying = NULL;
    permits->flying_count = 0;
}

void permits_release(struct permits *permits)
{
    size_t cursor = 0;
    struct text id;
    void *value;

    while (map_next(&permits->asks, &cursor, &id, &value)) {
        ask_free(value);
    }
    map_release(&permits->asks);
    forget_flying(permits);
    free(permits->questions);
    *permits = (struct permits){0};
}

void permits_forget(struct permits *permits, struct text id)
{
    ask_free(map_remove(&permits->asks, id));
}

static struct text owned(struct text text)
{
    char *copy = text_dup(text);

    return (struct text){copy, text.bytes};
}

struct text lane_permit_id(struct lane *lane, const struct instance *state,
                           const struct permit *permit)
{
    buffer_clear(&lane->scratch_key);
    permit_id(state, permit, &lane->scratch_key);
    return lane_keep(lane, buffer_text(&lane->scratch_key));
}

/* What was waited for when its run, or the partition, went elsewhere. */
static void sweep(struct lane *lane)
{
    struct permits *permits = &lane->permits;
    size_t cursor = 0;
    struct text id;
    void *value;

    if (permits->asks.count == 0 || lane->monotonic_ms - permits->swept_ms < SWEEP_MS) {
        return;
    }
    permits->swept_ms = lane->monotonic_ms;
    while (map_next(&permits->asks, &cursor, &id, &value)) {
        struct permit_ask *ask = value;

        if (lane->monotonic_ms - ask->touched_ms > SWEEP_MS) {
            map_remove(&permits->asks, id);
            ask_free(ask);
            cursor = 0; /* Slots have moved. */
        }
    }
}

/* ---- answers ---- */

static void count_answer(struct permit_ask *ask, const struct limit_answer *answer)
{
    struct stat_row *row = ask->row;

    switch (answer->verdict) {
    case LIMIT_GRANTED:
        stat_add(&row->values[SERVICE_GRANTED], 1);
        break;
    case LIMIT_QUEUED:
    case LIMIT_RESERVED:
        stat_add(&row->values[SERVICE_DELAYED], !ask->was_delayed);
        ask->was_delayed = true;
        break;
    case LIMIT_REFUSED:
        stat_add(&row->values[SERVICE_REFUSED], 1);
        break;
    }
    stat_set(&row->values[SERVICE_CLOSED], answer->breaker == BREAKER_CLOSED);
    stat_set(&row->values[SERVICE_OPEN], answer->breaker == BREAKER_OPEN);
    stat_set(&row->values[SERVICE_PROBING], answer->breaker == BREAKER_PROBING);
}

static const struct service *service_of(struct lane *lane, const struct instance *state,
                                        uint32_t activation, struct permit *permit)
{
    const struct flow *flow = flow_registry_by_hash(lane->registry, text_of(state->flow_hash));
    const struct frame *frame = instance_find_frame(state, activation);

    return flow == NULL || frame == NULL || !permit_of(frame, permit) || !permit->is_waiting
               ? NULL
               : permit_service(flow, frame);
}

/* A short wait is waited for here, without a word in the history. */
static void take_answer(struct lane *lane, struct permit_ask *ask,
                        const struct limit_answer *answer)
{
    struct partition *partition = lane_partition(lane, ask->partition);
    struct resident *resident = partition == NULL ? NULL : partition_find(partition, ask->name);

    ask->answer = *answer;
    ask->state = ASK_ANSWERED;
    ask->again_ms = lane->now_ms + answer->wait_ms;
    ask->touched_ms = lane->monotonic_ms;
    if ((answer->verdict == LIMIT_QUEUED || answer->verdict == LIMIT_RESERVED) &&
        answer->wait_ms <= NEAR_MS) {
        ask->state = ASK_PAUSED;
    }
    if (resident != NULL && resident->instance != NULL && resident->overlay == NULL) {
        resident->permit_ms = 0;
        resident_set_wake(partition, resident, lane->now_ms);
    }
}

void lane_hear_permits(struct lane *lane)
{
    struct permits *permits = &lane->permits;
    const struct limiter *limiter = lane->options.limiter;
    struct limit_answer *answers;
    struct error err;
    bool done = false;

    sweep(lane);
    if (permits->flying_count == 0) {
        return;
    }
    answers = arena_array(&lane->arena, permits->flying_count, sizeof(*answers));
    enum status status = limiter->answers(limiter->self, &done, answers, permits->flying_count,
                                          &err);
    if (!done && status == STATUS_OK) {
        return;
    }
    for (uint32_t i = 0; i < permits->flying_count; i++) {
        struct permit_ask *ask = map_get(&permits->asks, permits->flying[i]);

        if (ask == NULL || ask->state != ASK_QUEUED) {
            continue;
        }
        if (status == STATUS_OK) {
            count_answer(ask, &answers[i]);
            take_answer(lane, ask, &answers[i]);
        } else {
            /* Not known whether it was granted: asked again, which gives the same. */
            take_answer(lane, ask, &(struct limit_answer){.verdict = LIMIT_QUEUED});
        }
    }
    forget_flying(permits);
}

/* ---- questions ---- */

static void add_question(struct lane *lane, const struct permit *permit,
                         const struct service *service, struct permit_ask *ask, int64_t patience_ms)
{
    struct permits *permits = &lane->permits;
    int64_t lease_ms = permit->span_ms >= 0 ? permit->span_ms : LIMIT_DAY_MS;

    if (permits->question_count == permits->question_capacity) {
        permits->question_capacity = permits->question_capacity == 0
                                         ? 64
                                         : permits->question_capacity * 2;
        permits->questions = realloc(permits->questions,
                                     permits->question_capacity * sizeof(*permits->questions));
        CHECK(permits->questions != NULL);
    }
    if (patience_ms >= 0) {
        lease_ms = patience_ms;
    }
    lease_ms += LEASE_MARGIN_MS;
    permits->questions[permits->question_count++] = (struct limit_question){
        .service = service->name,
        .limits = &service->limits,
        .id = ask->id,
        .key = lane_keep(lane, permit->key),
        .lease_ms = lease_ms < LIMIT_DAY_MS ? lease_ms : LIMIT_DAY_MS,
        .patience_ms = patience_ms,
    };
    ask->state = ASK_QUEUED;
    ask->touched_ms = lane->monotonic_ms;
    ask->row = stat_row(&lane->stats->services, service->name);
}

static int by_service(const void *a, const void *b)
{
    const struct limit_question *one = a;
    const struct limit_question *other = b;

    return one->limits == other->limits                        ? 0
           : (uintptr_t)one->limits < (uintptr_t)other->limits ? -1
                                                               : 1;
}

static void grant_unasked(struct lane *lane, const struct limit_question *question)
{
    struct permit_ask *ask = map_get(&lane->permits.asks, question->id);

    if (ask != NULL) {
        stat_add(&ask->row->values[SERVICE_UNASKED], 1);
        take_answer(lane, ask, &(struct limit_answer){.verdict = LIMIT_GRANTED});
    }
}

/* Without a limiter that answers all is granted: what it knows is worth less than the work. */
void lane_ask_permits(struct lane *lane)
{
    struct permits *permits = &lane->permits;
    const struct limiter *limiter = lane->options.limiter;
    uint32_t count = permits->question_count;
    enum status status = STATUS_OK;
    struct error err;

    if (count == 0 || permits->flying_count > 0) {
        return;
    }
    permits->question_count = 0;
    qsort(permits->questions, count, sizeof(*permits->questions), by_service);
    if (limiter != NULL) {
        status = limiter->ask(limiter->self, permits->questions, count, &err);
        if (status != STATUS_OK) {
            log_again(&lane->permit_gate, LOG_WARN, "limits-unknown",
                      "lane=%u reason=\"%s; requests go out without asking\"", lane->options.index,
                      err.text);
        }
    }
    if (limiter == NULL || status != STATUS_OK) {
        for (uint32_t i = 0; i < count; i++) {
            grant_unasked(lane, &permits->questions[i]);
        }
        return;
    }
    permits->flying = calloc(count, sizeof(*permits->flying));
    CHECK(permits->flying != NULL);
    for (uint32_t i = 0; i < count; i++) {
        permits->flying[permits->flying_count++] = owned(permits->questions[i].id);
    }
}

static struct permit_ask *ask_of(struct lane *lane, const struct partition *partition,
                                 const struct instance *state, struct text id)
{
    struct permit_ask *ask = map_get(&lane->permits.asks, id);

    if (ask == NULL) {
        ask = calloc(1, sizeof(*ask));
        CHECK(ask != NULL);
        ask->id = owned(id);
        ask->name = owned(state->name);
        ask->partition = partition->number;
        ask->touched_ms = lane->monotonic_ms;
        map_put(&lane->permits.asks, ask->id, ask);
    }
    return ask;
}

static void look_again(struct resident *resident, int64_t at_ms)
{
    if (at_ms < resident->permit_ms) {
        resident->permit_ms = at_ms;
    }
}

bool lane_permit_speaks(struct lane *lane, struct partition *partition, struct resident *resident,
                        const struct timer *timer)
{
    const struct instance *state = resident_state(resident);
    const struct timer *deadline = instance_timer(state, TIMER_ATTEMPT, timer->owner);
    int64_t patience_ms = deadline == NULL ? -1 : deadline->due_ms - lane->now_ms;
    struct permit committed;
    struct permit permit;
    const struct service *service = service_of(lane, state, timer->owner, &permit);
    struct permit_ask *ask;

    if (service == NULL) { /* A migration took its limits away: nothing is in its way. */
        return true;
    }
    /* What this very turn began to wait for is asked about when it is committed. */
    if (resident->instance == NULL ||
        service_of(lane, resident->instance, timer->owner, &committed) == NULL ||
        committed.seq != permit.seq) {
        return false;
    }
    ask = ask_of(lane, partition, state, lane_permit_id(lane, state, &permit));
    if (ask->state == ASK_ANSWERED) {
        return true;
    }
    bool is_asked = ask->state == ASK_QUEUED &&
                    (lane->permits.flying_count > 0 || lane->permits.question_count > 0);
    bool is_late = deadline != NULL && patience_ms <= 0; /* Its deadline is about to fire. */

    if (is_late || is_asked) {
        look_again(resident, lane->now_ms + FLYING_MS);
    } else if (ask->state == ASK_PAUSED && ask->again_ms > lane->now_ms) {
        ask->touched_ms = lane->monotonic_ms;
        look_again(resident, ask->again_ms);
    } else if (lane->permits.flying_count > 0 || lane->permits.question_count >= QUESTIONS_MAX) {
        look_again(resident, lane->now_ms + 1); /* One batch at a time. */
    } else {
        add_question(lane, &permit, service, ask, patience_ms);
        look_again(resident, lane->now_ms + FLYING_MS);
    }
    return false;
}

void lane_permit_event(struct lane *lane, const struct instance *state, struct event *event)
{
    struct permit permit;
    const struct service *service = service_of(lane, state, event->activation, &permit);
    struct permit_ask *ask = NULL;
    struct text id;

    if (service == NULL) {
        return;
    }
    id = lane_permit_id(lane, state, &permit);
    ask = map_remove(&lane->permits.asks, id);
    CHECK(ask != NULL && ask->state == ASK_ANSWERED);
    if (ask->answer.verdict != LIMIT_GRANTED) {
        event->kind = EVENT_PERMIT;
        event->permit = ask->answer.verdict == LIMIT_REFUSED ? PERMIT_REFUSED : PERMIT_LATER;
        event->until_ms = ask->again_ms > lane->now_ms ? ask->again_ms : lane->now_ms + 1;
    }
    ask_free(ask);
}
