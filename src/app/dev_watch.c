#include "app/dev_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_AHEAD_MAX 1000 /* Records of others in a topic that are passed over for ours. */

/* A topic that instances, or alerts of flows, are sent to. Its partition is one: see dev_world. */
struct sent_topic {
    char *name;
    int64_t offset;
};

void watch_init(struct watch *watch, const struct dev_printer *printer, struct sim_broker *broker,
                const struct settings *settings)
{
    size_t count = (size_t)settings->partitions;

    *watch = (struct watch){
        .printer = printer, .broker = broker, .partitions = settings->partitions};
    names_init(&watch->names, settings->app);
    watch->history = calloc(count, sizeof(*watch->history));
    watch->alerts = calloc(count, sizeof(*watch->alerts));
    watch->letters = calloc(count, sizeof(*watch->letters));
    CHECK(watch->history != NULL && watch->alerts != NULL && watch->letters != NULL);
}

void watch_alerts_in(struct watch *watch, struct text topic)
{
    for (uint32_t i = 0; i < watch->own_count; i++) {
        if (text_is(topic, watch->own[i].name)) {
            return;
        }
    }
    if (topic.bytes > 0) {
        watch->own = realloc(watch->own, (watch->own_count + 1) * sizeof(*watch->own));
        CHECK(watch->own != NULL);
        watch->own[watch->own_count++] = (struct sent_topic){.name = text_dup(topic)};
    }
}

/* ---- open instances ---- */

static struct watched *open_of(struct watch *watch, struct text name)
{
    struct watched *found = map_get(&watch->open, name);

    if (found != NULL) {
        return found;
    }
    found = calloc(1, sizeof(*found));
    CHECK(found != NULL);
    found->wake.place = WAKE_OUTSIDE;
    found->wake.at_ms = WAKE_NEVER;
    found->name = text_dup(name);
    found->flow = text_sub(text_of(found->name), 0, text_find(name, ':'));
    map_put(&watch->open, text_of(found->name), found);
    return found;
}

static void watched_free(struct watched *watched)
{
    free(watched->timers);
    free(watched->name);
    free(watched);
}

static void clear_timer(struct watched *watched, struct text id)
{
    for (uint32_t i = 0; i < watched->timer_count; i++) {
        if (text_is(id, watched->timers[i].id)) {
            watched->timers[i] = watched->timers[--watched->timer_count];
            return;
        }
    }
}

static void set_timer(struct watched *watched, const struct history_timer *timer)
{
    struct watched_timer *place;

    clear_timer(watched, timer->id);
    if (watched->timer_count == watched->timer_capacity) {
        watched->timer_capacity = watched->timer_capacity == 0 ? 4 : watched->timer_capacity * 2;
        watched->timers = realloc(watched->timers,
                                  watched->timer_capacity * sizeof(*watched->timers));
        CHECK(watched->timers != NULL);
    }
    place = &watched->timers[watched->timer_count++];
    snprintf(place->id, sizeof(place->id), "%.*s", TEXT_ARG(timer->id));
    place->due_ms = timer->due_ms;
}

static void follow_timers(struct watch *watch, struct watched *watched,
                          const struct history_record *record)
{
    int64_t at_ms = WAKE_NEVER;

    for (uint32_t i = 0; i < record->timers_cleared_count; i++) {
        clear_timer(watched, record->timers_cleared[i]);
    }
    for (uint32_t i = 0; i < record->timers_set_count; i++) {
        set_timer(watched, &record->timers_set[i]);
    }
    for (uint32_t i = 0; i < watched->timer_count; i++) {
        const struct watched_timer *timer = &watched->timers[i];

        /* What asks for a permit from now on does so in memory: the lane knows when. */
        if (timer->due_ms < at_ms && (timer->due_ms > record->time_ms ||
                                      !text_starts(text_of(timer->id), TEXT("permit/")))) {
            at_ms = timer->due_ms;
        }
    }
    wake_heap_set(&watch->heap, &watched->wake, at_ms);
}

static void keep_reason(struct watched *watched, const struct history_record *record)
{
    static const struct text fails = TEXT_INIT("the run fails: ");
    static const struct text cancelled = TEXT_INIT("the run is cancelled: ");

    for (uint32_t i = 0; i < record->decided_count; i++) {
        struct text decided = record->decided[i];
        size_t skip = text_starts(decided, fails)       ? fails.bytes
                      : text_starts(decided, cancelled) ? cancelled.bytes
                                                        : 0;

        if (skip > 0) {
            snprintf(watched->reason, sizeof(watched->reason), "%.*s",
                     TEXT_ARG(text_sub(decided, skip, decided.bytes)));
        }
    }
}

static bool is_alike(const struct end_tally *tally, const struct watched *watched)
{
    return text_is(watched->flow, tally->flow) && text_is(text_of(tally->state), watched->place) &&
           text_is(text_of(tally->reason), watched->reason);
}

/* Where there are too many reasons the last row stands for all others. */
static void count_end(struct watch *watch, const struct watched *watched)
{
    uint32_t at = 0;
    struct end_tally *tally;

    while (at < watch->tally_count && !is_alike(&watch->tallies[at], watched)) {
        at++;
    }
    if (at == WATCH_TALLIES_MAX) {
        tally = &watch->tallies[WATCH_TALLIES_MAX - 1];
        snprintf(tally->state, sizeof(tally->state), "ended");
        snprintf(tally->reason, sizeof(tally->reason), "for other reasons");
        snprintf(tally->flow, sizeof(tally->flow), "(any)");
    } else {
        tally = &watch->tallies[at];
        snprintf(tally->flow, sizeof(tally->flow), "%.*s", TEXT_ARG(watched->flow));
        snprintf(tally->state, sizeof(tally->state), "%.15s", watched->place);
        snprintf(tally->reason, sizeof(tally->reason), "%s", watched->reason);
        watch->tally_count += at == watch->tally_count;
    }
    tally->count++;
    watch->ended++;
}

static void follow(struct watch *watch, const struct history_record *record)
{
    struct watched *watched = open_of(watch, record->instance);

    follow_timers(watch, watched, record);
    keep_reason(watched, record);
    snprintf(watched->place, sizeof(watched->place), "%.*s", TEXT_ARG(record->to));
    watch->transitions++;
    watch->commands += record->command_count;
    watch->replies += text_is(record->cause_kind, "reply");
    watch->timers += text_is(record->cause_kind, "timer");
    if (record->kind == HISTORY_TERMINAL) {
        count_end(watch, watched);
        wake_heap_set(&watch->heap, &watched->wake, WAKE_NEVER);
        map_remove(&watch->open, text_of(watched->name));
        watched_free(watched);
    }
}

/* ---- what was sent ---- */

static struct sent_topic *sent_topic(struct watch *watch, struct text name)
{
    struct sent_topic *topic = map_get(&watch->sent, name);

    if (topic == NULL) {
        topic = calloc(1, sizeof(*topic));
        CHECK(topic != NULL);
        topic->name = text_dup(name);
        map_put(&watch->sent, text_of(topic->name), topic);
    }
    return topic;
}

/* Whatever the service calls the header, its value is the instance's name. */
static bool is_from(const struct record *record, struct text instance)
{
    for (uint32_t i = 0; i < record->header_count; i++) {
        if (text_equal(record->headers[i].value, instance)) {
            return true;
        }
    }
    return false;
}

/* A topic holds what a partition's lane sent in the order of the history. */
static void find_sent(struct watch *watch, const struct history_record *record,
                      const struct history_command *command, struct record *found)
{
    struct sent_topic *topic = sent_topic(watch, command->topic);
    int64_t offset = topic->offset;
    struct record next;

    *found = (struct record){.partition = 0};
    for (int i = 0; i < LOOK_AHEAD_MAX; i++) {
        if (!sim_broker_read(watch->broker, text_of(topic->name), 0, &offset, &next)) {
            return;
        }
        if (is_from(&next, record->instance)) {
            *found = next;
            topic->offset = offset;
            return;
        }
    }
}

/* ---- reading ---- */

static void take_history(struct watch *watch, const struct record *record)
{
    struct history_record history;
    struct record *sent;
    struct error err;

    if (record->value.data == NULL ||
        history_decode(record->value, &watch->arena, &history, &err) != STATUS_OK) {
        return;
    }
    sent = arena_array(&watch->arena, (size_t)history.command_count + 1, sizeof(*sent));
    for (uint32_t i = 0; i < history.command_count; i++) {
        find_sent(watch, &history, &history.commands[i], &sent[i]);
    }
    dev_print_transition(watch->printer, &history, sent);
    if (watch->observer.transition != NULL) {
        watch->observer.transition(watch->observer.self, &history, sent);
    }
    follow(watch, &history);
}

static void take_alert(struct watch *watch, const struct record *record)
{
    struct alert_record alert;
    struct error err;

    if (alert_decode(record->value, &watch->arena, &alert, &err) == STATUS_OK) {
        watch->alert_count++;
        dev_print_alert(watch->printer, &alert);
        if (watch->observer.alert != NULL) {
            watch->observer.alert(watch->observer.self, &alert);
        }
    }
}

static void take_letter(struct watch *watch, const struct record *record)
{
    watch->letter_count++;
    dev_print_dead(watch->printer, record);
    if (watch->observer.letter != NULL) {
        watch->observer.letter(watch->observer.self, record);
    }
}

static bool read_topic(struct watch *watch, const char *name, int64_t *offsets,
                       void (*take)(struct watch *watch, const struct record *record))
{
    struct record record;
    bool any = false;

    for (int32_t i = 0; i < watch->partitions; i++) {
        while (sim_broker_read(watch->broker, text_of(name), i, &offsets[i], &record)) {
            take(watch, &record);
            arena_reset(&watch->arena);
            any = true;
        }
    }
    return any;
}

/* Other records may be there too. */
static bool read_own(struct watch *watch)
{
    struct record record;
    bool any = false;

    for (uint32_t i = 0; i < watch->own_count; i++) {
        struct sent_topic *own = &watch->own[i];

        while (sim_broker_read(watch->broker, text_of(own->name), 0, &own->offset, &record)) {
            take_alert(watch, &record);
            arena_reset(&watch->arena);
            any = true;
        }
    }
    return any;
}

bool watch_read(struct watch *watch)
{
    bool any = read_topic(watch, watch->names.history, watch->history, take_history);

    any = read_topic(watch, watch->names.alerts, watch->alerts, take_alert) || any;
    any = read_own(watch) || any;
    return read_topic(watch, watch->names.dlq, watch->letters, take_letter) || any;
}

int64_t watch_due_ms(const struct watch *watch)
{
    const struct wake *first = wake_heap_first(&watch->heap);

    return first == NULL ? INT64_MAX : first->at_ms;
}

void watch_cut(struct watch *watch)
{
    struct text name;
    void *value;
    size_t cursor = 0;

    for (int32_t i = 0; i < watch->partitions; i++) {
        sim_broker_cut(watch->broker, text_of(watch->names.alerts), i, watch->alerts[i]);
        sim_broker_cut(watch->broker, text_of(watch->names.dlq), i, watch->letters[i]);
    }
    for (uint32_t i = 0; i < watch->own_count; i++) {
        watch->own[i].offset = sim_broker_end(watch->broker, text_of(watch->own[i].name), 0);
    }
    /* Whatever these topics held when the history was read to its end was sent by then. */
    while (map_next(&watch->sent, &cursor, &name, &value)) {
        ((struct sent_topic *)value)->offset = sim_broker_end(watch->broker, name, 0);
    }
}

void watch_release(struct watch *watch)
{
    struct text name;
    void *value;
    size_t cursor = 0;

    while (map_next(&watch->open, &cursor, &name, &value)) {
        watched_free(value);
    }
    cursor = 0;
    while (map_next(&watch->sent, &cursor, &name, &value)) {
        free(((struct sent_topic *)value)->name);
        free(value);
    }
    for (uint32_t i = 0; i < watch->own_count; i++) {
        free(watch->own[i].name);
    }
    map_release(&watch->open);
    map_release(&watch->sent);
    free(watch->own);
    wake_heap_release(&watch->heap);
    arena_release(&watch->arena);
    free(watch->history);
    free(watch->alerts);
    free(watch->letters);
}
