#include "sim/checker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "core/fold.h"
#include "sim/checker_parts.h"

void checker_fail(struct checker *checker, const char *format, ...)
{
    va_list args;

    if (checker->fault[0] != '\0') {
        return;
    }
    va_start(args, format);
    vsnprintf(checker->fault, sizeof(checker->fault), format, args);
    va_end(args);
    sim_trace(checker->options.sim, NULL, "FAULT: %s", checker->fault);
}

const char *checker_fault(const struct checker *checker)
{
    return checker->fault[0] == '\0' ? NULL : checker->fault;
}

uint64_t checker_print(const struct instance *instance)
{
    struct buffer canonical = {.data = NULL};
    uint64_t print;

    instance_canonical(instance, &canonical);
    print = hash64(buffer_text(&canonical), 0);
    buffer_release(&canonical);
    return print;
}

bool checker_note(struct map *map, struct text text)
{
    char *copy;

    if (map_get(map, text) != NULL) {
        return false;
    }
    copy = text_dup(text);
    map_put(map, (struct text){copy, text.bytes}, copy);
    return true;
}

/* An offset of a group moved. It may stand still (a claim, a timer), it may not go back. */
static void on_committed(void *self, const struct sim_commit *commit)
{
    if (commit->before != OFFSET_NONE && commit->after < commit->before) {
        checker_fail(self, "offsets: group %.*s went back on %.*s/%d from %lld to %lld",
                     TEXT_ARG(commit->group), TEXT_ARG(commit->topic), commit->partition,
                     (long long)commit->before, (long long)commit->after);
    }
}

/* Rule 6: the client would wait for a timeout of its own in each transaction. */
static void on_unflushed(void *self, const struct sim_process *process)
{
    checker_fail(self, "order: %s sends offsets before it has flushed", process->name);
}

static void *zeroed(size_t count, size_t bytes)
{
    void *items = calloc(count + 1, bytes);

    CHECK(items != NULL);
    return items;
}

static struct checker_topic *add_topic(struct checker *checker, struct text name)
{
    struct checker_topic *topic = &checker->topics[checker->topic_count];
    int32_t partitions = sim_broker_partitions(checker->options.broker, name);

    for (size_t i = 0; i < checker->topic_count; i++) {
        if (text_equal(checker->topics[i].name, name)) {
            return &checker->topics[i];
        }
    }
    checker->topic_count++;
    *topic = (struct checker_topic){
        .name = name, .partitions = partitions, .at = zeroed((size_t)partitions, sizeof(int64_t))};
    return topic;
}

static void add_topics(struct checker *checker, const struct flow *flow)
{
    for (uint32_t i = 0; i < flow->service_count; i++) {
        add_topic(checker, flow->services[i].replies)->is_reply = true;
        add_topic(checker, flow->services[i].commands)->is_command = true;
    }
    for (uint32_t i = 0; i < flow->step_count; i++) {
        if (flow->steps[i].kind == STEP_EMIT) {
            add_topic(checker, flow->topics[flow->steps[i].message.topic].name);
        }
    }
}

struct checker *checker_new(const struct checker_options *options)
{
    struct checker *checker = zeroed(1, sizeof(*checker));
    size_t topic_count = 0;
    size_t partitions = (size_t)options->settings->partitions;

    checker->options = *options;
    names_init(&checker->names, options->settings->app);
    checker->history_at = zeroed(partitions, sizeof(int64_t));
    checker->snapshot_at = zeroed(partitions, sizeof(int64_t));
    checker->dlq_at = zeroed(partitions, sizeof(int64_t));
    checker->alerts_at = zeroed(partitions, sizeof(int64_t));
    checker->sheets = zeroed(partitions, sizeof(struct sheet *));
    checker->sheet_counts = zeroed(partitions, sizeof(size_t));
    checker->sheet_capacities = zeroed(partitions, sizeof(size_t));
    for (uint32_t i = 0; i < options->flow_count; i++) {
        topic_count += (size_t)options->flows[i]->topic_count +
                       2 * (size_t)options->flows[i]->service_count;
    }
    checker->topics = zeroed(topic_count, sizeof(*checker->topics));
    for (uint32_t i = 0; i < options->flow_count; i++) {
        add_topics(checker, options->flows[i]);
    }
    sim_broker_watch(options->broker, (struct sim_watch){checker, on_committed, on_unflushed});
    return checker;
}

static void drop_notes(struct map *map)
{
    size_t cursor = 0;
    struct text key;
    void *value;

    while (map_next(map, &cursor, &key, &value)) {
        free(value);
    }
    map_release(map);
}

void checker_free(struct checker *checker)
{
    size_t cursor = 0;
    struct text key;
    void *value;

    if (checker == NULL) {
        return;
    }
    sim_broker_watch(checker->options.broker, (struct sim_watch){.self = NULL});
    map_release(&checker->latest);
    map_release(&checker->awake);
    while (map_next(&checker->books, &cursor, &key, &value)) {
        book_free(value);
    }
    map_release(&checker->books);
    cursor = 0;
    while (map_next(&checker->replies, &cursor, &key, &value)) {
        reply_time_free(value);
    }
    map_release(&checker->replies);
    drop_notes(&checker->causes);
    drop_notes(&checker->sent);
    drop_notes(&checker->told);
    drop_notes(&checker->emitted);
    drop_notes(&checker->dead);
    drop_notes(&checker->counted);
    for (int32_t i = 0; i < checker->options.settings->partitions; i++) {
        for (size_t k = 0; k < checker->sheet_counts[i]; k++) {
            sheet_release(&checker->sheets[i][k]);
        }
        free(checker->sheets[i]);
    }
    for (size_t i = 0; i < checker->topic_count; i++) {
        free(checker->topics[i].at);
    }
    free(checker->topics);
    free(checker->sheets);
    free(checker->sheet_counts);
    free(checker->sheet_capacities);
    free(checker->history_at);
    free(checker->snapshot_at);
    free(checker->dlq_at);
    free(checker->alerts_at);
    arena_release(&checker->arena);
    free(checker);
}

const struct flow *checker_flow(const struct checker *checker, struct text instance)
{
    for (uint32_t i = 0; i < checker->options.flow_count; i++) {
        struct text name = checker->options.flows[i]->name;

        if (text_starts(instance, name) && instance.bytes > name.bytes &&
            instance.data[name.bytes] == ':') {
            return checker->options.flows[i];
        }
    }
    return NULL;
}

struct book *checker_book(const struct checker *checker, struct text instance, struct run_id run)
{
    struct buffer key = {.data = NULL};
    char id[RUN_ID_BYTES];
    struct book *book;

    run_id_format(run, id);
    buffer_addf(&key, "%.*s/%s", TEXT_ARG(instance), id);
    book = map_get(&checker->books, buffer_text(&key));
    buffer_release(&key);
    return book;
}

static void read_topics(struct checker *checker, bool replies)
{
    struct record record;

    for (size_t i = 0; i < checker->topic_count; i++) {
        struct checker_topic *topic = &checker->topics[i];

        for (int32_t k = 0;
             k < topic->partitions && topic->is_reply == replies && checker->fault[0] == '\0';
             k++) {
            while (
                sim_broker_read(checker->options.broker, topic->name, k, &topic->at[k], &record)) {
                if (topic->is_reply) {
                    check_reply(checker, &record);
                } else {
                    check_sent(checker, topic, &record);
                }
            }
        }
    }
}

void checker_read(struct checker *checker)
{
    struct sim_broker *broker = checker->options.broker;
    struct record record;

    /* First what a deadline must not beat. */
    read_topics(checker, true);
    for (int32_t i = 0; i < checker->options.settings->partitions; i++) {
        while (checker->fault[0] == '\0' && sim_broker_read(broker, text_of(checker->names.history),
                                                            i, &checker->history_at[i], &record)) {
            check_history(checker, i, &record);
        }
        while (checker->fault[0] == '\0' &&
               sim_broker_read(broker, text_of(checker->names.snapshot), i,
                               &checker->snapshot_at[i], &record)) {
            check_snapshot(checker, i, &record);
        }
        while (
            sim_broker_read(broker, text_of(checker->names.dlq), i, &checker->dlq_at[i], &record)) {
            check_dead(checker, &record);
        }
        while (sim_broker_read(broker, text_of(checker->names.alerts), i, &checker->alerts_at[i],
                               &record)) {
            check_alert(checker, &record);
        }
    }
    read_topics(checker, false);
    check_sheets(checker);
}

uint64_t checker_records(const struct checker *checker)
{
    return checker->records;
}

uint32_t checker_runs(const struct checker *checker)
{
    return (uint32_t)checker->books.count;
}

uint32_t checker_open_runs(const struct checker *checker)
{
    uint32_t count = 0;
    size_t cursor = 0;
    struct text key;
    void *value;

    while (map_next(&checker->books, &cursor, &key, &value)) {
        const struct book *book = value;

        count += !book->ended;
    }
    return count;
}
