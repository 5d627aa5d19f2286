#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/rng.h"
#include "engine/lane_state.h"

#define REOPEN_TRIES 5
#define FENCED_WINDOW_MS MS_PER_MINUTE
#define CALM_COMMITS 16

enum status lane_ensure_producer(struct lane *lane, struct error *err)
{
    if (lane->has_producer) {
        return STATUS_OK;
    }
    enum status status = lane->broker->open_producer(
        lane->broker->self, text_of(lane->transactional_id), &lane->producer, err);
    if (status != STATUS_OK) {
        return fail_in(err, status == STATUS_FATAL ? STATUS_FATAL : STATUS_RETRY, "producer '%s'",
                       lane->transactional_id);
    }
    struct rng rng = {lane->options.seed + ++lane->draws};
    lane->batch_random = rng_next(&rng);
    lane->has_producer = true;
    stat_add(&lane->stats->reopened, lane->was_opened);
    lane->was_opened = true;
    return STATUS_OK;
}

static void close_producer(struct lane *lane)
{
    if (lane->has_producer) {
        lane->producer.close(lane->producer.self);
        lane->has_producer = false;
    }
}

/* Positions of every partition that the turn touches, also of one where only a timer fired:
 * without its offset in the transaction a zombie of it would not be fenced (rule 1). */
static uint32_t collect_offsets(struct lane *lane, struct partition_offset *offsets)
{
    uint32_t count = 0;

    for (int32_t i = 0; i < lane->partition_max; i++) {
        struct partition *partition = lane->partitions[i];
        if (partition == NULL || !partition->is_touched) {
            continue;
        }
        bool moved = partition->overlay_next != partition->next_offset;
        if (RULE_OFF(lane, 1) && !moved) {
            continue;
        }
        CHECK(partition->overlay_next >= partition->next_offset || RULE_OFF(lane, 2));
        offsets[count] = (struct partition_offset){
            .topic = text_of(lane->names.inbox), .partition = i, .offset = partition->overlay_next};
        metadata_format(offsets[count].metadata, lane->transactional_id, lane->batch,
                        partition->overlay_checkpoint);
        count++;
    }
    return count;
}

/* Has the group had time to give our partitions away? Then nothing may be committed (rule 7). */
static bool is_overdue(const struct lane *lane)
{
    int64_t now_ms = lane->options.clock->monotonic_ms(lane->options.clock->self);

    return !RULE_OFF(lane, 7) && !RULE_OFF(lane, RULE_CLOCK) &&
           now_ms - lane->last_poll_ms > lane->settings->session_timeout_ms / 2;
}

static enum status refuse_overdue(const struct lane *lane, struct error *err)
{
    return is_overdue(lane)
               ? fail(err, STATUS_ABORT, "the turn took more than half of the session timeout")
               : STATUS_OK;
}

/* A record that its topic cannot take: the event behind it is dead-lettered when it comes again. */
static void note_poison(struct lane *lane, uint32_t index, const struct error *err)
{
    const struct origin *origin = &lane->outbox.origins[index];
    const struct outgoing *record = &lane->outbox.items[index];

    log_event(LOG_ERROR, "record-refused",
              "topic=%.*s partition=%d inbox-offset=%lld reason=\"%s\"", TEXT_ARG(record->topic),
              origin->partition == NULL ? -1 : origin->partition->number,
              (long long)origin->inbox_offset, err->text);
    if (origin->partition != NULL && origin->inbox_offset != OFFSET_NONE) {
        origin->partition->poison_offset = origin->inbox_offset;
    }
}

/* What the state is folded from: without such a record the rest must not be committed. */
static bool is_own_log(const struct lane *lane, struct text topic)
{
    return text_is(topic, lane->names.history) || text_is(topic, lane->names.snapshot) ||
           text_is(topic, lane->names.checkpoint);
}

/* A command of a local event has no inbox record to dead-letter in its place: the refused record
 * itself goes to the dead letters, and the attempt will time out. */
static enum status divert(struct lane *lane, struct outgoing *record, const struct error *why,
                          struct error *err)
{
    struct record_header *headers = arena_array(&lane->arena, record->header_count + 2,
                                                sizeof *headers);

    memcpy(headers, record->headers, record->header_count * sizeof *headers);
    headers[record->header_count] = (struct record_header){TEXT("baton-dlq-reason"),
                                                           lane_keep(lane, text_of(why->text))};
    headers[record->header_count + 1] = (struct record_header){TEXT("baton-dlq-topic"),
                                                               record->topic};
    record->headers = headers;
    record->header_count += 2;
    record->topic = text_of(lane->names.dlq);
    record->partition = PARTITION_BY_KEY;
    lane->tally.dead_letters++;
    return lane->producer.produce(lane->producer.self, record, err);
}

static enum status produce_all(struct lane *lane, struct error *err)
{
    for (uint32_t i = 0; i < lane->outbox.count; i++) {
        struct outgoing *record = &lane->outbox.items[i];
        enum status status = lane->producer.produce(lane->producer.self, record, err);

        if (status == STATUS_REJECT) {
            struct error why = *err;
            note_poison(lane, i, err);
            const struct origin *origin = &lane->outbox.origins[i];
            if (origin->inbox_offset == OFFSET_NONE && !is_own_log(lane, record->topic)) {
                status = divert(lane, record, &why, err);
            } else if (origin->inbox_offset == OFFSET_NONE && origin->partition != NULL) {
                lane_break(lane, origin->partition, &why);
            }
        }
        if (status != STATUS_OK) {
            return status == STATUS_REJECT ? STATUS_ABORT : status;
        }
    }
    return STATUS_OK;
}

static enum status run_transaction(struct lane *lane, bool *was_asked, struct error *err)
{
    struct producer *producer = &lane->producer;
    struct partition_offset *offsets = arena_array(&lane->arena, (size_t)lane->partition_max,
                                                   sizeof *offsets);
    enum status status;

    lane_fault(lane, "before-begin");
    status = producer->begin(producer->self, err);
    if (status == STATUS_OK) {
        lane_fault(lane, "after-begin");
        status = produce_all(lane, err);
    }
    if (status == STATUS_OK) {
        lane_fault(lane, "after-produce");
        status = producer->flush(producer->self, err);
    }
    if (status == STATUS_OK) {
        lane_fault(lane, "after-flush");
        status = refuse_overdue(lane, err);
    }
    if (status == STATUS_OK) {
        uint32_t count = collect_offsets(lane, offsets);
        status = count == 0
                     ? STATUS_OK
                     : producer->send_offsets(producer->self, &lane->consumer, offsets, count, err);
        if (status == STATUS_FENCED) {
            /* That is about the membership, and a rebalance is coming. A second process of our name
             * is told by the other calls. */
            status = STATUS_ABORT;
        }
    }
    if (status == STATUS_OK) {
        lane_fault(lane, "after-send-offsets");
        status = refuse_overdue(lane, err);
    }
    if (status == STATUS_OK) {
        *was_asked = true;
        status = producer->commit(producer->self, err);
    }
    return status;
}

/* So many fencings in a minute without a rebalance: somebody else uses our transactional id. */
static enum status count_fencing(struct lane *lane, struct error *err)
{
    int64_t now_ms = lane->options.clock->monotonic_ms(lane->options.clock->self);

    memmove(lane->fenced_ms, lane->fenced_ms + 1, sizeof lane->fenced_ms - sizeof(int64_t));
    lane->fenced_ms[FENCED_MAX - 1] = now_ms;
    lane->fenced_count++;
    if (lane->fenced_count >= FENCED_MAX && now_ms - lane->fenced_ms[0] < FENCED_WINDOW_MS) {
        return fail(err, STATUS_FATAL,
                    "transactional id '%s' was fenced %d times in a minute: two processes run "
                    "under the same name; give each its own `name`",
                    lane->transactional_id, FENCED_MAX);
    }
    return STATUS_OK;
}

/* Stable offsets of the touched partitions, after the old transaction is certainly over: opening the
 * producer again has committed or aborted it. */
static enum status read_back(struct lane *lane, struct partition_offset *offsets, uint32_t *count,
                             struct error *err)
{
    enum status status = STATUS_RETRY;

    *count = 0;
    for (int32_t i = 0; i < lane->partition_max; i++) {
        if (lane->partitions[i] != NULL && lane->partitions[i]->is_touched) {
            offsets[(*count)++] = (struct partition_offset){
                .topic = text_of(lane->names.inbox), .partition = i, .offset = OFFSET_NONE};
        }
    }
    for (int i = 0; i < REOPEN_TRIES && status == STATUS_RETRY; i++) {
        status = lane_ensure_producer(lane, err);
        if (status == STATUS_OK) {
            status = lane->broker->committed(lane->broker->self, text_of(lane->names.exec_group),
                                             offsets, *count, COMMITTED_STABLE, err);
        }
    }
    return status;
}

/* Somebody else has the partition: nothing of it may be touched until the group says so. */
static void drop_lost(struct lane *lane, struct partition *partition, const char *owner)
{
    struct error err;

    log_event(LOG_WARN, "partition-lost", "partition=%d owner=%s", partition->number, owner);
    partition->is_touched = false;
    if (lane->consumer.pause(lane->consumer.self, text_of(lane->names.inbox), partition->number,
                             &err) != STATUS_OK) {
        log_event(LOG_WARN, "pause-failed", "partition=%d reason=\"%s\"", partition->number,
                  err.text);
    }
    /* The others keep their order: it is the order of their history. */
    uint32_t kept = 0;
    for (uint32_t i = 0; i < lane->touched_count; i++) {
        if (lane->touched[i].partition != partition) {
            lane->touched[kept++] = lane->touched[i];
        }
    }
    lane->touched_count = kept;
    for (uint32_t i = 0; i < lane->mark_count; i++) {
        if (map_get(&partition->watermarks, lane->marks[i]->key) == lane->marks[i]) {
            lane->marks[i--] = lane->marks[--lane->mark_count];
        }
    }
    janitor_forget(lane->janitor, partition);
    shorten_lost(lane, partition);
    lane->partitions[partition->number] = NULL;
    partition_free(partition);
}

/* What the metadata read back says of the doubtful transaction. */
static bool has_happened(struct lane *lane, const struct partition_offset *offsets, uint32_t count)
{
    bool happened = false;

    for (uint32_t i = 0; i < count; i++) {
        struct partition *partition = lane->partitions[offsets[i].partition];
        struct metadata metadata;

        if (!metadata_parse(offsets[i].metadata, &metadata)) {
            metadata.transactional_id[0] = '\0';
        }
        if (strcmp(metadata.transactional_id, lane->transactional_id) != 0) {
            drop_lost(lane, partition, metadata.transactional_id);
        } else if (strcmp(metadata.batch, lane->batch) == 0) {
            happened = true;
        }
    }
    return happened;
}

static void take_again(struct lane *lane, const struct partition_offset *offsets, uint32_t count)
{
    struct error err;

    lane_drop_overlay(lane);
    lane->failures++;
    if ((lane->failures >= 2 || lane->calm_wanted == CALM_COMMITS) && lane->batch_max > 1 &&
        !RULE_OFF(lane, 8)) {
        lane->batch_max /= 2;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct partition *partition = lane->partitions[offsets[i].partition];
        if (partition == NULL || partition->state != PARTITION_READY) {
            continue;
        }
        if (offsets[i].offset != partition->next_offset ||
            lane->consumer.start(lane->consumer.self, text_of(lane->names.inbox), partition->number,
                                 partition->next_offset, &err) != STATUS_OK) {
            lane_take_over(lane, partition, "its position is not where memory stands");
        }
    }
}

/* Nobody can tell at the moment: forget, and learn it by taking the partitions over again. */
static enum status forget_touched(struct lane *lane, struct error *err)
{
    bool was_touched;

    for (int32_t i = 0; i < lane->partition_max; i++) {
        struct partition *partition = lane->partitions[i];
        was_touched = partition != NULL && partition->is_touched;
        if (was_touched) {
            lane_take_over(lane, partition, err->text);
        }
    }
    lane_drop_overlay(lane);
    return STATUS_RETRY;
}

/* Rule 3: after anything but a clean commit the producer is opened anew under the same id, which
 * ends the old transaction one way or the other, and the committed metadata tells which. */
static enum status find_out(struct lane *lane, enum status cause, bool was_asked, struct error *err)
{
    struct partition_offset *offsets = arena_array(&lane->arena, (size_t)lane->partition_max,
                                                   sizeof *offsets);
    uint32_t count;
    struct error why = *err;

    lane->calm_wanted = is_overdue(lane) ? CALM_COMMITS : lane->calm_wanted;
    stat_add(&lane->stats->aborts, 1);
    stat_add(&lane->stats->fenced, cause == STATUS_FENCED);
    log_event(LOG_WARN, "transaction-failed", "lane=%u batch=%s asked=%d reason=\"%s\"",
              lane->options.index, lane->batch, was_asked, why.text);
    if (cause == STATUS_FENCED && count_fencing(lane, err) != STATUS_OK) {
        return STATUS_FATAL;
    }
    if (RULE_OFF(lane, 3)) {
        /* The naive answer: abort and take the batch again, as if a lost answer meant no. */
        (void)lane->producer.abort(lane->producer.self, err);
        for (int32_t i = 0; i < lane->partition_max; i++) {
            if (lane->partitions[i] != NULL && lane->partitions[i]->is_touched) {
                offsets[0] = (struct partition_offset){.partition = i,
                                                       .offset = lane->partitions[i]->next_offset};
                take_again(lane, offsets, 1);
            }
        }
        close_producer(lane);
        return STATUS_RETRY;
    }
    close_producer(lane);
    char batch[sizeof lane->batch];
    memcpy(batch, lane->batch, sizeof batch);
    enum status status = read_back(lane, offsets, &count, err);
    if (status == STATUS_FATAL) {
        return STATUS_FATAL;
    }
    if (status != STATUS_OK) {
        return forget_touched(lane, err);
    }
    if (has_happened(lane, offsets, count)) {
        lane_adopt(lane);
        return STATUS_OK;
    }
    take_again(lane, offsets, count);
    *err = why;
    return STATUS_RETRY;
}

enum status lane_commit(struct lane *lane, struct error *err)
{
    const struct clock *clock = lane->options.clock;
    bool was_asked = false;
    enum status status = lane_ensure_producer(lane, err);

    if (status != STATUS_OK) {
        return status == STATUS_FATAL ? status : forget_touched(lane, err);
    }
    snprintf(lane->batch, sizeof lane->batch, "%016" PRIx64 ".%" PRIu64, lane->batch_random,
             ++lane->batch_counter);
    for (int32_t i = 0; i < lane->partition_max; i++) {
        struct partition *partition = lane->partitions[i];
        if (partition != NULL && partition->is_touched && !partition->is_pass_open) {
            partition->overlay_checkpoint = partition_checkpoint(partition);
        }
    }
    int64_t begun_ms = clock->monotonic_ms(clock->self);
    status = run_transaction(lane, &was_asked, err);
    if (status != STATUS_OK) {
        return find_out(lane, status, was_asked, err);
    }
    lane_fault(lane, "after-commit");
    lane_batch_went_well(lane);
    tally_commit(lane->stats, clock->monotonic_ms(clock->self) - begun_ms, lane->record_count);
    lane_adopt(lane);
    lane_fault(lane, "after-adopt");
    return STATUS_OK;
}
