/* The history: dense, chained, folded; one cause once; one terminal record, and nothing after it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "core/fold.h"
#include "sim/checker_parts.h"
#include "sim/sim.h"

void book_free(struct book *book)
{
    instance_free(book->state);
    instance_free(book->almost);
    free(book->prints);
    free(book->instance);
    free(book->key);
    free(book->parent);
    free(book);
}

static struct book *book_new(struct checker *checker, const struct history_record *history,
                             int32_t partition)
{
    struct book *book = calloc(1, sizeof(*book));
    struct buffer key = {.data = NULL};
    char id[RUN_ID_BYTES];

    CHECK(book != NULL);
    run_id_format(history->run, id);
    buffer_addf(&key, "%.*s/%s", TEXT_ARG(history->instance), id);
    book->key = text_dup(buffer_text(&key));
    buffer_release(&key);
    book->instance = text_dup(history->instance);
    book->partition = partition;
    map_put(&checker->books, text_of(book->key), book);
    map_put(&checker->latest, text_of(book->instance), book);
    return book;
}

/* The book that this record continues or opens; NULL after a contradiction. */
static struct book *open_book(struct checker *checker, const struct history_record *history,
                              int32_t partition)
{
    struct book *book = checker_book(checker, history->instance, history->run);
    const struct book *last = map_get(&checker->latest, history->instance);
    int32_t home = kafka_partition(history->instance, checker->options.settings->partitions);

    if (partition != home) {
        checker_fail(checker, "history: '%.*s' is in partition %d instead of %d",
                     TEXT_ARG(history->instance), partition, home);
        return NULL;
    }
    if (book != NULL) {
        return book;
    }
    if (last != NULL && !last->ended) {
        checker_fail(checker, "history: a run of '%.*s' begins before run %s ended",
                     TEXT_ARG(history->instance), last->key);
        return NULL;
    }
    return book_new(checker, history, partition);
}

static void add_print(struct book *book)
{
    while (book->print_count <= (size_t)book->seq) {
        book->prints = sim_grow(book->prints, book->print_count, &book->print_capacity,
                                sizeof(*book->prints));
        book->prints[book->print_count++] = 0;
    }
    book->prints[book->seq] = checker_print(book->state);
}

/* Who started it, as its first record says. */
static void note_parent(struct book *book)
{
    const struct json *parent = json_at(book->state->parents, 0);
    struct buffer key = {.data = NULL};

    if (book->parent != NULL || parent == NULL) {
        return;
    }
    buffer_addf(&key, "%.*s/%.*s", TEXT_ARG(json_member_text(parent, "name")),
                TEXT_ARG(json_member_text(parent, "run")));
    book->parent = text_dup(buffer_text(&key));
    book->parent_step = (uint32_t)json_member_int(parent, "activation", 0);
    buffer_release(&key);
}

static bool fold(struct checker *checker, struct book *book, const struct history_record *history)
{
    struct json *delta = NULL;
    struct instance *after = NULL;
    struct error err;
    enum status status = json_parse(history->delta, &delta, &err);

    if (status == STATUS_OK) {
        status = instance_apply(book->state, delta, &after, &err);
    }
    json_free(delta);
    if (status != STATUS_OK) {
        checker_fail(checker, "history: %s seq %lld cannot be folded: %s", book->key,
                     (long long)history->seq, err.text);
        return false;
    }
    if (book->state != NULL) {
        check_undos(checker, book, book->state, after);
    }
    if (instance_has_ended(after) && book->almost == NULL) {
        book->almost = book->state;
    } else {
        instance_free(book->state);
    }
    book->state = after;
    book->seq = history->seq;
    note_parent(book);
    if (after->seq != history->seq) {
        checker_fail(checker, "history: %s: the record has seq %lld, its state %lld", book->key,
                     (long long)history->seq, (long long)after->seq);
        return false;
    }
    add_print(book);
    return true;
}

static void check_chain(struct checker *checker, const struct book *book,
                        const struct history_record *history)
{
    static const unsigned char nothing[DIGEST_BYTES];
    const unsigned char *previous = book->seq == 0 ? nothing : book->hash;

    if (book->ended) {
        checker_fail(checker, "history: %s has ended and has a record %lld", book->key,
                     (long long)history->seq);
    } else if (history->seq != book->seq + 1) {
        checker_fail(checker, "history: %s has seq %lld after %lld", book->key,
                     (long long)history->seq, (long long)book->seq);
    } else if (memcmp(previous, history->previous, DIGEST_BYTES) != 0) {
        checker_fail(checker, "history: the chain of %s breaks at %lld", book->key,
                     (long long)history->seq);
    }
}

/* A source record takes effect on a run at most once. */
static void check_cause(struct checker *checker, const struct history_record *history)
{
    struct text cause;

    if (history->cause_offset < 0 || history->cause_topic.bytes == 0) {
        return; /* A timer, or a person. */
    }
    cause = arena_printf(&checker->arena, "%.*s %.*s#%d/%d/%lld", TEXT_ARG(history->route),
                         TEXT_ARG(history->cause_topic), history->cause_generation,
                         history->cause_partition, (long long)history->cause_offset);
    if (!checker_note(&checker->causes, cause)) {
        checker_fail(checker, "history: '%.*s' takes %.*s a second time",
                     TEXT_ARG(history->instance), TEXT_ARG(cause));
    }
}

void check_history(struct checker *checker, int32_t partition, const struct record *record)
{
    struct history_record history;
    struct error err;
    struct book *book;
    bool is_last;

    checker->records++;
    arena_reset(&checker->arena);
    if (record->value.data == NULL) {
        return;
    }
    if (history_decode(record->value, &checker->arena, &history, &err) != STATUS_OK) {
        checker_fail(checker, "history: partition %d offset %lld: %s", partition,
                     (long long)record->offset, err.text);
        return;
    }
    book = open_book(checker, &history, partition);
    if (book == NULL) {
        return;
    }
    check_chain(checker, book, &history);
    check_cause(checker, &history);
    check_counted(checker, &history);
    check_deadline(checker, book, &history);
    if (checker->fault[0] != '\0' || !fold(checker, book, &history)) {
        return;
    }
    sim_trace(checker->options.sim, NULL, "history %s %lld: %.*s -> %.*s (%.*s)", book->key,
              (long long)history.seq, TEXT_ARG(history.from), TEXT_ARG(history.to),
              TEXT_ARG(history.cause_kind));
    for (uint32_t i = 0; i < history.command_count; i++) {
        if (is_command_topic(checker, history.commands[i].topic) &&
            !checker_note(&checker->told, history.commands[i].id)) {
            checker_fail(checker, "history: command %.*s is told twice",
                         TEXT_ARG(history.commands[i].id));
        }
    }
    is_last = instance_has_ended(book->state);
    if (is_last != (history.kind == HISTORY_TERMINAL)) {
        checker_fail(checker, "history: %s seq %lld: %s", book->key, (long long)history.seq,
                     is_last ? "ended without a terminal record" : "terminal, but not ended");
    }
    book->ended = is_last;
    memcpy(book->hash, history.hash, DIGEST_BYTES);
}
