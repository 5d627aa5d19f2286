/* What runs sent, and how their orders ended. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "sim/checker_parts.h"

static struct text header(const struct record *record, const char *name)
{
    for (uint32_t i = record->header_count; i > 0; i--) {
        if (text_is(record->headers[i - 1].name, name)) {
            return record->headers[i - 1].value;
        }
    }
    return TEXT("");
}

bool is_command_topic(const struct checker *checker, struct text name)
{
    for (size_t i = 0; i < checker->topic_count; i++) {
        if (text_equal(checker->topics[i].name, name)) {
            return checker->topics[i].is_command;
        }
    }
    return false;
}

/* "<instance>/<run>" of an idempotency key "<instance>/<run>/<step>/<activation>". */
static struct text run_part(struct text key)
{
    for (int i = 0; i < 2; i++) {
        size_t slash = text_find_last(key, '/');

        key = text_sub(key, 0, slash == SIZE_MAX ? 0 : slash);
    }
    return key;
}

void check_sent(struct checker *checker, const struct checker_topic *topic,
                const struct record *record)
{
    struct text id = header(record, topic->is_command ? "correlation-id" : "idempotency-key");

    if (id.bytes == 0) {
        checker_fail(checker, "sent: %.*s/%d offset %lld has no id", TEXT_ARG(topic->name),
                     record->partition, (long long)record->offset);
        return;
    }
    if (!checker_note(topic->is_command ? &checker->sent : &checker->emitted, id)) {
        checker_fail(checker, "sent: %.*s is in %.*s twice", TEXT_ARG(id), TEXT_ARG(topic->name));
    }
}

/* ---- the end ---- */

static bool is_undone(const struct checker *checker, const struct sim_deed *deed)
{
    const struct sim_deed *other;

    for (size_t i = 0; (other = sim_services_deed(checker->options.services, i)) != NULL; i++) {
        if (other->done && text_equal(other->undo_of, deed->idempotency_key)) {
            return other->order > deed->order;
        }
    }
    return false;
}

/* The number after the last '/'. */
static uint32_t last_number(struct text text)
{
    size_t slash = text_find_last(text, '/');
    int64_t number = 0;

    if (slash == SIZE_MAX ||
        !text_to_int64(text_sub(text, slash + 1, text.bytes - slash - 1), &number)) {
        return 0;
    }
    return (uint32_t)number;
}

/* Whether the run, when it completed, would still have undone the deed. */
static bool stands(const struct book *book, const struct sim_deed *deed)
{
    const struct undo *undo = book->almost == NULL
                                  ? NULL
                                  : instance_find_undo(book->almost,
                                                       last_number(deed->idempotency_key));

    return undo != NULL && (undo->state == UNDO_ARMED || undo->state == UNDO_PENDING);
}

/* A completed run has done what stands on its stack and undone all else that it did; another one
 * has undone all that was done. */
static void check_deeds(struct checker *checker, const struct book *book)
{
    const struct sim_deed *deed;
    bool completed = book->state->status == RUN_COMPLETED;
    bool is_left = false;

    for (size_t i = 0; (deed = sim_services_deed(checker->options.services, i)) != NULL; i++) {
        if (deed->undo_of.bytes > 0 || !deed->done ||
            !text_equal(run_part(deed->idempotency_key), text_of(book->key))) {
            continue;
        }
        is_left = is_left || (completed && stands(book, deed));
        if (completed && stands(book, deed) && is_undone(checker, deed)) {
            checker_fail(checker, "whole: %s completed, but %.*s is undone", book->key,
                         TEXT_ARG(deed->idempotency_key));
        }
        if (!(completed && stands(book, deed)) && !is_undone(checker, deed)) {
            checker_fail(checker, "whole: %s ended as %s, but %.*s is done and not undone",
                         book->key, run_status_name(book->state->status),
                         TEXT_ARG(deed->idempotency_key));
        }
    }
    check_child(checker, book, is_left);
}

/* What a completed run was to do whatever happened: the requests of its own list, and what its flow
 * says in `result.whole`. */
static void check_requests_done(struct checker *checker, const struct book *book)
{
    const struct flow *flow = checker_flow(checker, text_of(book->instance));
    const struct json *whole = json_member(book->state->result, "whole");
    uint32_t done = 0;
    uint32_t wanted = 0;
    const struct sim_deed *deed;

    if (book->state->status != RUN_COMPLETED || flow == NULL) {
        return;
    }
    for (uint32_t i = 0; i < flow->step_count; i++) {
        const struct step *step = &flow->steps[i];

        wanted += step->kind == STEP_REQUEST && step->condition == NULL &&
                  step->parent == STEP_NONE;
    }
    for (size_t i = 0; (deed = sim_services_deed(checker->options.services, i)) != NULL; i++) {
        done += deed->done && deed->undo_of.bytes == 0 && stands(book, deed) &&
                text_equal(run_part(deed->idempotency_key), text_of(book->key));
    }
    if (done < wanted) {
        checker_fail(checker, "whole: %s completed, but did %u of %u requests", book->key, done,
                     wanted);
    }
    check_losers(checker, book);
    check_children_done(checker, book);
    if (whole != NULL && !json_is_true(whole)) {
        checker_fail(checker, "whole: %s completed, but its result is not whole", book->key);
    }
}

/* It has ended, and whole. */
static void check_book(struct checker *checker, const struct book *book)
{
    if (!book->ended) {
        checker_fail(checker, "end: %s has not ended: %s", book->key,
                     run_status_name(book->state->status));
        return;
    }
    check_deeds(checker, book);
    check_requests_done(checker, book);
}

/* How many runs so many messages make. Of those that come while the key runs all wait, or the last. */
static void count_runs(const struct flow *flow, uint32_t sent, uint32_t *least, uint32_t *most)
{
    const struct start *start = &flow->starts[0];
    bool restarts = flow->start_count == 1 && start->after_done == AFTER_DONE_RESTART;
    bool queues = flow->start_count == 1 && start->if_running == IF_RUNNING_QUEUE;

    *most = restarts || queues ? sent : 1;
    *least = restarts && queues ? sent : 1;
}

static void check_key(struct checker *checker, struct text key, uint32_t sent)
{
    uint32_t least;
    uint32_t most;
    char name[FLOW_HASH_BYTES + KEY_BYTES_MAX];
    const struct book *book;
    size_t cursor = 0;
    uint32_t runs = 0;
    struct text each;
    void *value;

    count_runs(checker->options.flows[0], sent, &least, &most);
    snprintf(name, sizeof(name), "%.*s:%.*s", TEXT_ARG(checker->options.flows[0]->name),
             TEXT_ARG(key));
    while (map_next(&checker->books, &cursor, &each, &value)) {
        book = value;
        if (strcmp(book->instance, name) != 0) {
            continue;
        }
        /* Messages that came early and whose order came too late make a run of their own. */
        runs += book->state->status != RUN_EXPIRED;
    }
    if (runs > most || (runs < least && map_get(&checker->dead, key) == NULL)) {
        checker_fail(checker, "end: '%s' had %u runs of %u messages", name, runs, sent);
    }
}

/* What the history tells of was sent (or is among the dead letters), and nothing else was. */
static void check_told(struct checker *checker)
{
    size_t cursor = 0;
    struct text id;
    void *value;

    while (map_next(&checker->told, &cursor, &id, &value)) {
        if (map_get(&checker->sent, id) == NULL && map_get(&checker->dead, id) == NULL) {
            checker_fail(checker, "sent: %.*s is in the history, but was not sent", TEXT_ARG(id));
        }
    }
    cursor = 0;
    while (map_next(&checker->sent, &cursor, &id, &value)) {
        if (map_get(&checker->told, id) == NULL) {
            checker_fail(checker, "sent: the history does not tell of %.*s", TEXT_ARG(id));
        }
    }
}

/* Every run has ended, and whole. What is baton's own is no run of a flow. */
static void check_books(struct checker *checker)
{
    size_t cursor = 0;
    struct text each;
    void *book;

    while (map_next(&checker->books, &cursor, &each, &book)) {
        if (checker_flow(checker, text_of(((struct book *)book)->instance)) != NULL) {
            check_book(checker, book);
        }
    }
}

void checker_end(struct checker *checker, const struct text *keys, const uint32_t *sent,
                 size_t key_count)
{
    check_books(checker);
    for (size_t i = 0; i < key_count && !checker_gathers(checker); i++) {
        check_key(checker, keys[i], sent[i]);
    }
    if (checker_gathers(checker)) {
        check_batches(checker, keys, sent, key_count);
    }
    check_told(checker);
    check_inbound(checker);
    checker_store(checker);
}
