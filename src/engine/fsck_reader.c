/* Reading ranges of partitions, by what the caller brings or by the broker's readers. */
#include "engine/fsck_reader.h"

#include <stdlib.h>

#define RECORDS_MAX 1000
#define WAIT_MS 500
#define IDLE_MAX 20 /* Polls without a record: ten seconds. */

struct taking {
    struct fsck_visit *visit;
    void (*take)(struct fsck *fsck, const struct record *record);
};

static void take_one(void *self, const struct record *record)
{
    struct taking *taking = self;
    struct fsck_visit *visit = taking->visit;

    taking->take(visit->fsck, record);
    visit->read++;
    if (visit->reading->progress != NULL && visit->read % 1000 == 0 && visit->to_read > 0) {
        visit->reading->progress(visit->reading->self, "records",
                                 visit->read * 100 / (visit->to_read + visit->read));
    }
}

/* One after the other. Records beyond the range are given out by the reader, too. */
static enum status scan_range(const struct broker *broker, const struct scan_range *range,
                              void *visitor, void (*visit)(void *, const struct record *),
                              struct error *err)
{
    struct record *records = calloc(RECORDS_MAX, sizeof *records);
    struct log_reader reader;
    bool at_end = false;
    uint32_t idle = 0;

    CHECK(records != NULL);
    enum status status = broker->open_reader(broker->self, range->topic, range->partition,
                                             range->from, &reader, err);
    if (status != STATUS_OK) {
        free(records);
        return status;
    }
    while (status == STATUS_OK && !at_end && reader.position(reader.self) < range->to) {
        uint32_t count = 0;
        status = reader.poll(reader.self, WAIT_MS, records, RECORDS_MAX, &count, &at_end, err);
        for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
            if (records[i].offset < range->to) {
                visit(visitor, &records[i]);
            }
        }
        idle = count > 0 ? 0 : idle + 1;
        if (status == STATUS_OK && idle == IDLE_MAX) {
            status = fail(err, STATUS_RETRY, "topic '%.*s' partition %d: nothing comes after %lld",
                          TEXT_ARG(range->topic), range->partition,
                          (long long)reader.position(reader.self));
        }
    }
    reader.close(reader.self);
    free(records);
    return status;
}

enum status fsck_scan(struct fsck_visit *visit, const struct scan_range *ranges, uint32_t count,
                      void (*take)(struct fsck *fsck, const struct record *record),
                      struct error *err)
{
    struct taking taking = {visit, take};
    enum status status = STATUS_OK;

    if (count > 0 && visit->reading->scan != NULL) {
        return visit->reading->scan(visit->reading->self, ranges, count, &taking, take_one, err);
    }
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        if (ranges[i].from < ranges[i].to) {
            status = scan_range(visit->reading->broker, &ranges[i], &taking, take_one, err);
        }
    }
    return status;
}

enum status fsck_scan_one(struct fsck_visit *visit, const char *topic, int64_t from, int64_t to,
                          void (*take)(struct fsck *fsck, const struct record *record),
                          struct error *err)
{
    struct scan_range range = {text_of(topic), visit->partition, from, to};

    return from < to ? fsck_scan(visit, &range, 1, take, err) : STATUS_OK;
}

/* ---- the inbox beside the history ---- */

static bool fill(struct fsck_visit *visit, int64_t offset)
{
    struct inbox_cursor *cursor = &visit->inbox;
    const struct broker *broker = visit->reading->broker;
    bool at_end = false;

    if (!cursor->is_open) {
        if (broker->open_reader(broker->self, text_of(visit->names.inbox), visit->partition, offset,
                                &cursor->reader, NULL) != STATUS_OK) {
            return false;
        }
        cursor->is_open = true;
        cursor->count = 0;
    }
    cursor->at = 0;
    cursor->count = 0;
    for (int i = 0; i < IDLE_MAX && cursor->count == 0 && !at_end; i++) {
        if (cursor->reader.poll(cursor->reader.self, WAIT_MS, cursor->records, RECORDS_MAX,
                                &cursor->count, &at_end, NULL) != STATUS_OK) {
            return false;
        }
    }
    return cursor->count > 0;
}

bool fsck_inbox_at(void *self, int64_t offset, struct record *record)
{
    struct fsck_visit *visit = self;
    struct inbox_cursor *cursor = &visit->inbox;

    if (offset < visit->ends[visit->partition].bounds.inbox_low) {
        return false;
    }
    if (cursor->records == NULL) {
        cursor->records = calloc(RECORDS_MAX, sizeof *cursor->records);
        CHECK(cursor->records != NULL);
    }
    for (;;) {
        while (cursor->at < cursor->count && cursor->records[cursor->at].offset < offset) {
            cursor->at++;
        }
        if (cursor->at < cursor->count) {
            *record = cursor->records[cursor->at];
            return record->offset == offset;
        }
        if (!fill(visit, offset)) {
            return false;
        }
    }
}

void fsck_inbox_close(struct fsck_visit *visit)
{
    if (visit->inbox.is_open) {
        visit->inbox.reader.close(visit->inbox.reader.self);
    }
    free(visit->inbox.records);
    visit->inbox = (struct inbox_cursor){.count = 0};
}

/* ---- topics that have forgotten their beginning ---- */

enum status fsck_read_cut(struct fsck_visit *visit, struct sent_range *range, struct error *err)
{
    const struct broker *broker = visit->reading->broker;
    struct record *records = calloc(RECORDS_MAX, sizeof *records);
    int64_t first_ms = INT64_MAX;
    struct log_reader reader;
    bool at_end = range->low >= range->end;

    CHECK(records != NULL);
    enum status status = broker->open_reader(broker->self, range->topic, range->partition,
                                             range->low, &reader, err);
    if (status != STATUS_OK) {
        free(records);
        return status;
    }
    range->from = range->settled;
    for (uint32_t idle = 0; status == STATUS_OK && !at_end && idle < IDLE_MAX; idle++) {
        uint32_t count = 0;
        status = reader.poll(reader.self, WAIT_MS, records, RECORDS_MAX, &count, &at_end, err);
        for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
            first_ms = first_ms == INT64_MAX ? records[i].timestamp_ms : first_ms;
            at_end = records[i].offset >= range->settled ||
                     records[i].timestamp_ms >= fsck_sent_cut_until(first_ms);
            if (at_end) {
                range->from = records[i].offset < range->settled ? records[i].offset
                                                                 : range->settled;
                break;
            }
            fsck_sent_early(visit->fsck, &records[i], true);
            idle = 0;
        }
    }
    reader.close(reader.self);
    free(records);
    fsck_sent_cut(visit->fsck, range->topic, range->partition, first_ms);
    return status;
}
