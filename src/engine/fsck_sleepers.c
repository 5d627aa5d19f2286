/*
 * The store beside the snapshots. It moves on while it is looked at, so every answer is compared with
 * the snapshots below the watermark that it came with: they are read up to there first, and a
 * question that was overtaken is asked again. The history is compared with the snapshots up to their
 * end and no further: where the store stands beyond it, it is looked at after the history.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/fsck_reader.h"

#define ASKS_MAX 200
#define OVERTAKEN_MAX                                                                              \
    50               /* Times that the watermark may move on between a question and its answer. */
#define ROUNDS_MAX 5 /* Over all sleepers, as more fall asleep. */

struct sleepers {
    struct fsck_visit *visit;
    int64_t at; /* Snapshots below are fed. */
    int64_t generation;
    int64_t limit; /* Snapshots from here on may not be fed now. */
    struct sleep_stamp stamp;
    bool
        was_lost; /* Beyond the limit, another generation, or a watermark that does not stand still. */
};

static enum status feed_to(struct sleepers *sleepers, int64_t to, struct error *err)
{
    enum status status = fsck_scan_one(sleepers->visit, sleepers->visit->names.snapshot,
                                       sleepers->at, to, fsck_snapshot, err);

    sleepers->at = to > sleepers->at ? to : sleepers->at;
    return status;
}

static enum status look(struct sleepers *sleepers, const struct sleep_ask *asks, uint32_t count,
                        struct sleep_seen *seen, struct error *err)
{
    const struct sleep_look *port = sleepers->visit->reading->look;

    return port->look(port->self, sleepers->visit->partition, asks, count, &sleepers->stamp, seen,
                      err);
}

/* Ask until the answer is of the watermark up to which snapshots are fed. */
static enum status ask_again(struct sleepers *sleepers, struct sleep_ask *asks, uint32_t count,
                             struct sleep_seen *seen, struct error *err)
{
    enum status status = look(sleepers, asks, count, seen, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (!sleepers->stamp.present || sleepers->stamp.generation != sleepers->generation ||
        sleepers->stamp.watermark < sleepers->at || sleepers->stamp.watermark > sleepers->limit) {
        sleepers->was_lost = true;
        return STATUS_OK;
    }
    if (sleepers->stamp.watermark == sleepers->at) {
        fsck_store(sleepers->visit->fsck, asks, seen, count);
        return STATUS_OK;
    }
    /* Overtaken. What was asked for may sleep otherwise now: the next round asks anew. */
    return feed_to(sleepers, sleepers->stamp.watermark, err);
}

static enum status look_at_all(struct sleepers *sleepers, struct error *err)
{
    struct sleep_ask *asks = calloc(ASKS_MAX, sizeof *asks);
    struct sleep_seen *seen = calloc(ASKS_MAX, sizeof *seen);
    struct fsck *fsck = sleepers->visit->fsck;
    enum status status = STATUS_OK;
    uint32_t overtaken = 0;
    uint32_t rounds = 0;

    CHECK(asks != NULL && seen != NULL);
    while (status == STATUS_OK && !sleepers->was_lost && rounds < ROUNDS_MAX) {
        int64_t at = sleepers->at;
        uint32_t count = fsck_store_ask(fsck, asks, ASKS_MAX);
        status = ask_again(sleepers, asks, count, seen, err);
        if (count == 0) {
            rounds = sleepers->at == at ? ROUNDS_MAX : rounds + 1;
        } else if (sleepers->at != at && ++overtaken == OVERTAKEN_MAX) {
            sleepers->was_lost = true;
        }
    }
    free(asks);
    free(seen);
    return status;
}

/* What was replaced above the watermark may have been compacted away below it. */
static enum status is_all_applied(struct sleepers *sleepers, bool *is_all, struct error *err)
{
    struct fsck_visit *visit = sleepers->visit;
    int64_t read = visit->read;
    enum status status = feed_to(sleepers, visit->ends[visit->partition].snapshot.high, err);

    *is_all = visit->read == read;
    return status;
}

static enum status find_strays(struct sleepers *sleepers, struct error *err)
{
    const struct sleep_look *port = sleepers->visit->reading->look;
    const struct sleep_name *names;
    uint64_t cursor = 0;
    uint32_t count;
    enum status status;

    do {
        status = port->names(port->self, sleepers->visit->partition, &cursor, &names, &count, err);
        for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
            fsck_store_stray(sleepers->visit->fsck, names[i].name, names[i].timer);
        }
    } while (status == STATUS_OK && cursor != 0);
    return status;
}

/* Strays can be told only while nothing moves: otherwise a new sleeper would be one. */
static enum status look_for_strays(struct sleepers *sleepers, struct error *err)
{
    int64_t at = sleepers->at;
    bool is_all = false;
    enum status status = look(sleepers, NULL, 0, NULL, err);

    if (status != STATUS_OK || sleepers->stamp.watermark != at ||
        sleepers->stamp.generation != sleepers->generation ||
        !fsck_store_end(sleepers->visit->fsck, &sleepers->stamp)) {
        return status;
    }
    status = is_all_applied(sleepers, &is_all, err);
    return status == STATUS_OK && is_all ? find_strays(sleepers, err) : status;
}

static void tell_ahead(struct sleepers *sleepers, const struct log_ends *ends)
{
    char text[160];
    struct fsck_visit *visit = sleepers->visit;

    snprintf(text, sizeof text, "it stands at %lld, '%.80s' ends at %lld",
             (long long)sleepers->stamp.watermark, visit->names.snapshot, (long long)ends->high);
    fsck_report(visit->fsck, &(struct fsck_finding){.id = FSCK_REDIS_AHEAD,
                                                    .topic = text_of(visit->names.snapshot),
                                                    .partition = visit->partition,
                                                    .offset = sleepers->stamp.watermark,
                                                    .instance = TEXT(""),
                                                    .run = TEXT(""),
                                                    .text = text});
}

/* The store stands where snapshots can be fed to. */
static enum status compare(struct sleepers *sleepers, struct error *err)
{
    enum status status;

    sleepers->generation = sleepers->stamp.generation;
    status = feed_to(sleepers, sleepers->stamp.watermark, err);
    if (status != STATUS_OK || !fsck_store_begin(sleepers->visit->fsck, &sleepers->stamp)) {
        return status;
    }
    status = look_at_all(sleepers, err);
    return status == STATUS_OK && !sleepers->was_lost ? look_for_strays(sleepers, err) : status;
}

enum status fsck_read_sleepers(struct fsck_visit *visit, bool *is_due, struct error *err)
{
    const struct log_ends *ends = &visit->ends[visit->partition].snapshot;
    struct sleepers sleepers = {.visit = visit, .at = ends->low, .limit = ends->high};
    enum status status = STATUS_OK;

    *is_due = false;
    if (visit->reading->look != NULL) {
        status = look(&sleepers, NULL, 0, NULL, err);
        *is_due = !sleepers.stamp.present || sleepers.stamp.watermark > ends->high;
    }
    if (status == STATUS_OK && visit->reading->look != NULL && !*is_due) {
        status = compare(&sleepers, err);
        *is_due = sleepers.was_lost;
    }
    return status == STATUS_OK ? feed_to(&sleepers, ends->high, err) : status;
}

enum status fsck_read_sleepers_on(struct fsck_visit *visit, struct error *err)
{
    const struct broker *broker = visit->reading->broker;
    struct sleepers sleepers = {
        .visit = visit, .at = visit->ends[visit->partition].snapshot.high, .limit = INT64_MAX};
    struct log_ends ends;
    enum status status = look(&sleepers, NULL, 0, NULL, err);

    if (status == STATUS_OK) {
        status = broker->ends(broker->self, text_of(visit->names.snapshot), visit->partition, &ends,
                              err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (sleepers.stamp.present && sleepers.stamp.watermark > ends.high) {
        tell_ahead(&sleepers, &ends);
        return STATUS_OK;
    }
    if (!sleepers.stamp.present) {
        (void)fsck_store_begin(visit->fsck, &sleepers.stamp);
        return STATUS_OK;
    }
    /* Built anew meanwhile, it stands lower: the next look will see it. */
    return sleepers.stamp.watermark < sleepers.at ? STATUS_OK : compare(&sleepers, err);
}
