/* What transactions leave behind in an inbox: when instances tell each other something, a marker lies
 * after the records of each transaction, and a consumer is never given one. So a partition that was
 * consumed to its last record still stands before its end, and the barrier would wait for ever. */
#include "engine/lane_state.h"

#define TAIL_WAIT_MS 200
#define TAIL_RECORDS 1

void inbox_tail_close(struct inbox_tail *tail)
{
    if (tail->is_open) {
        tail->reader.close(tail->reader.self);
        tail->is_open = false;
    }
}

/* Nobody waits for long: the reader stays open over turns until it has come to the end. */
static void look(struct lane *lane, struct partition *partition)
{
    struct inbox_tail *tail = &partition->tail;
    struct record records[TAIL_RECORDS];
    uint32_t count = 0;
    bool at_end = false;
    struct error err;

    if (!tail->is_open) {
        tail->is_open = lane->broker->open_reader(lane->broker->self, text_of(lane->names.inbox),
                                                  partition->number, partition->next_offset,
                                                  &tail->reader, &err) == STATUS_OK;
        tail->from = partition->next_offset;
        tail->look_ms = lane->monotonic_ms + TAIL_WAIT_MS;
        return;
    }
    if (tail->reader.poll(tail->reader.self, 0, records, TAIL_RECORDS, &count, &at_end, &err) !=
            STATUS_OK ||
        count > 0) {
        inbox_tail_close(tail); /* What is there comes to the lane as well. */
        return;
    }
    if (at_end) {
        tail->empty_from = tail->from;
        tail->empty_to = tail->reader.position(tail->reader.self);
        inbox_tail_close(tail);
    }
}

bool lane_inbox_is_read(struct lane *lane, struct partition *partition, int64_t end)
{
    struct inbox_tail *tail = &partition->tail;

    if (partition->next_offset >= end ||
        (tail->empty_from == partition->next_offset && tail->empty_to >= end)) {
        inbox_tail_close(tail);
        return true;
    }
    if (tail->waits_at != partition->next_offset) {
        /* Records mostly are on their way: look only when none comes for a while. */
        inbox_tail_close(tail);
        tail->waits_at = partition->next_offset;
        tail->look_ms = lane->monotonic_ms + TAIL_WAIT_MS;
    } else if (tail->is_open || lane->monotonic_ms >= tail->look_ms) {
        look(lane, partition);
    }
    return false;
}
