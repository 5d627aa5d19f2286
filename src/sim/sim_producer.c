/* The transactional producer port. */
#include "sim/sim_parts.h"

struct sim_producer {
    struct sim_handle handle;
    struct sim_identity *identity;
    int32_t epoch;
    bool in_transaction;
    bool fenced; /* For good. */
    bool broken; /* The outcome of a call is not known: good for abort and close only. */
    bool spoilt; /* An oversize record was refused: this transaction and the next are lost. */
    struct sim_queue queue;
};

static enum status fenced(struct sim_producer *producer, struct error *err)
{
    producer->fenced = true;
    return fail(err, STATUS_FENCED, "transactional id '%s' has a newer producer",
                producer->identity->id);
}

static enum status doubtful(struct sim_producer *producer, const char *doing, struct error *err)
{
    producer->broken = true;
    sim_trace(producer->handle.broker->sim, producer->handle.process, "no answer to %s", doing);
    return fail(err, STATUS_ABORT, "cannot %s: no answer", doing);
}

/* What every call begins with, but those that touch nothing outside. */
static enum status check(struct sim_producer *producer, struct error *err)
{
    struct sim_broker *broker = producer->handle.broker;

    sim_broker_tick(broker);
    if (!producer->fenced && !producer->broken && sim_chance(broker->sim, SIM_FENCED)) {
        sim_identity_fence(broker, producer->identity);
    }
    if (producer->fenced || producer->epoch != producer->identity->epoch) {
        return fenced(producer, err);
    }
    if (producer->broken) {
        return fail(err, STATUS_ABORT, "an earlier call of this transaction failed");
    }
    if (!producer->in_transaction) {
        return fail(err, STATUS_FATAL, "no transaction was begun");
    }
    return STATUS_OK;
}

/* Append the first `count` of the queue to their logs. */
static void send_some(struct sim_producer *producer, size_t count)
{
    struct sim_broker *broker = producer->handle.broker;
    struct sim_queue *queue = &producer->queue;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        struct sim_queued *item = &queue->items[i];
        int64_t time_ms = sim_stamp_ms(broker, item->topic, producer->handle.process);
        int64_t offset;

        sim_txn_append(broker, sim_txn_use(broker, producer->identity),
                       sim_topic_log(item->topic, item->partition), item->record, time_ms);
        offset = item->record->offset;
        sim_trace(broker->sim, producer->handle.process, "%s/%d@%lld %.*s", item->topic->name,
                  item->partition, (long long)offset, TEXT_ARG(item->record->key));
        if (item->offset != NULL) {
            *item->offset = offset;
        }
    }
    for (size_t i = count; i < queue->count; i++) {
        queue->items[kept++] = queue->items[i];
    }
    queue->count = kept;
}

static enum status producer_begin(void *self, struct error *err)
{
    struct sim_producer *producer = self;

    if (!sim_enter(producer->handle.process, "begin")) {
        return sim_dead(producer->handle.process, err);
    }
    if (producer->fenced) {
        return sim_leave(producer->handle.process, fenced(producer, err), err);
    }
    if (producer->broken || producer->in_transaction) {
        return sim_leave(producer->handle.process,
                         fail(err, STATUS_ABORT, "the last transaction was not ended"), err);
    }
    producer->in_transaction = true;
    return sim_leave(producer->handle.process, STATUS_OK, err);
}

static enum status produce_inner(struct sim_producer *producer, const struct outgoing *record,
                                 struct error *err)
{
    bool accepts = producer->handle.broker->accepts_oversize;
    struct sim_topic *topic = sim_topic_find(producer->handle.broker, record->topic);

    if (!producer->in_transaction) {
        return fail(err, STATUS_FATAL, "no transaction was begun");
    }
    if (accepts && topic != NULL &&
        sim_record_bytes(record) > (size_t)topic->options.message_bytes_max) {
        producer->spoilt = true;
        return STATUS_OK; /* The broker's refusal comes with the flush. */
    }
    return sim_queue_add(&producer->queue, &producer->handle, record, !accepts, err);
}

static enum status producer_produce(void *self, const struct outgoing *record, struct error *err)
{
    struct sim_producer *producer = self;

    if (!sim_enter(producer->handle.process, "produce")) {
        return sim_dead(producer->handle.process, err);
    }
    return sim_leave(producer->handle.process, produce_inner(producer, record, err), err);
}

static enum status flush_inner(struct sim_producer *producer, struct error *err)
{
    struct sim *sim = producer->handle.broker->sim;
    enum status status = check(producer, err);

    if (status != STATUS_OK) {
        return status;
    }
    if (sim_chance(sim, SIM_REQUEST_LOST)) {
        send_some(producer, (size_t)rng_below(&sim->rng, producer->queue.count + 1));
        return doubtful(producer, "flush", err);
    }
    send_some(producer, producer->queue.count);
    if (sim_chance(sim, SIM_ANSWER_LOST)) {
        return doubtful(producer, "flush", err);
    }
    if (producer->spoilt) {
        producer->broken = true;
        return fail(err, STATUS_ABORT, "a record is larger than its topic takes");
    }
    return STATUS_OK;
}

static enum status producer_flush(void *self, struct error *err)
{
    struct sim_producer *producer = self;

    if (!sim_enter(producer->handle.process, "flush")) {
        return sim_dead(producer->handle.process, err);
    }
    return sim_leave(producer->handle.process, flush_inner(producer, err), err);
}

static enum status offsets_inner(struct sim_producer *producer, const struct consumer *member,
                                 const struct partition_offset *offsets, uint32_t count,
                                 struct error *err)
{
    struct sim_broker *broker = producer->handle.broker;
    enum status status = check(producer, err);
    struct sim_group *group;
    struct sim_txn *txn;

    if (status != STATUS_OK) {
        return status;
    }
    if (producer->queue.count > 0 && broker->watch.unflushed != NULL) {
        broker->watch.unflushed(broker->watch.self, producer->handle.process);
    }
    if (sim_chance(broker->sim, SIM_REQUEST_LOST)) {
        return doubtful(producer, "send offsets", err);
    }
    status = sim_consumer_check(member, true, &group, err);
    if (status != STATUS_OK) {
        producer->broken = true;
        return status;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct sim_topic *topic = sim_topic_find(broker, offsets[i].topic);

        if (topic == NULL || sim_topic_log(topic, offsets[i].partition) == NULL) {
            producer->broken = true;
            return fail(err, STATUS_ABORT, "no partition %.*s/%d", TEXT_ARG(offsets[i].topic),
                        offsets[i].partition);
        }
    }
    txn = sim_txn_use(broker, producer->identity);
    for (uint32_t i = 0; i < count; i++) {
        sim_txn_offset(broker, txn, group, &offsets[i]);
    }
    return sim_chance(broker->sim, SIM_ANSWER_LOST) ? doubtful(producer, "send offsets", err)
                                                    : STATUS_OK;
}

static enum status producer_send_offsets(void *self, const struct consumer *member,
                                         const struct partition_offset *offsets, uint32_t count,
                                         struct error *err)
{
    struct sim_producer *producer = self;

    if (!sim_enter(producer->handle.process, "send offsets")) {
        return sim_dead(producer->handle.process, err);
    }
    return sim_leave(producer->handle.process, offsets_inner(producer, member, offsets, count, err),
                     err);
}

/* End the transaction, if anything of it is known to the coordinator. */
static void end(struct sim_producer *producer, enum sim_decision decision)
{
    struct sim_identity *identity = producer->identity;

    if (identity->txn != NULL && identity->txn->decision == SIM_OPEN) {
        sim_trace(producer->handle.broker->sim, producer->handle.process, "transaction is %s",
                  decision == SIM_COMMITTED ? "committed" : "aborted");
        sim_txn_decide(producer->handle.broker, identity, decision);
    }
    producer->in_transaction = false;
}

static enum status commit_inner(struct sim_producer *producer, struct error *err)
{
    struct sim *sim = producer->handle.broker->sim;
    enum status status = check(producer, err);

    if (status == STATUS_OK && producer->queue.count > 0) {
        /* The client flushes by itself; those who rely on it wait longer. */
        status = flush_inner(producer, err);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (sim_chance(sim, SIM_REQUEST_LOST)) {
        return doubtful(producer, "commit", err);
    }
    end(producer, SIM_COMMITTED);
    return sim_chance(sim, SIM_ANSWER_LOST) ? doubtful(producer, "commit", err) : STATUS_OK;
}

static enum status producer_commit(void *self, struct error *err)
{
    struct sim_producer *producer = self;

    if (!sim_enter(producer->handle.process, "commit")) {
        return sim_dead(producer->handle.process, err);
    }
    return sim_leave(producer->handle.process, commit_inner(producer, err), err);
}

static enum status abort_inner(struct sim_producer *producer, struct error *err)
{
    struct sim *sim = producer->handle.broker->sim;

    sim_broker_tick(producer->handle.broker);
    sim_queue_release(&producer->queue);
    if (producer->fenced || producer->epoch != producer->identity->epoch) {
        return fenced(producer, err);
    }
    if (!producer->in_transaction) {
        return producer->broken ? fail(err, STATUS_ABORT, "cannot abort: it is decided already")
                                : STATUS_OK;
    }
    if (sim_chance(sim, SIM_REQUEST_LOST)) {
        return doubtful(producer, "abort", err);
    }
    end(producer, SIM_ABORTED);
    if (sim_chance(sim, SIM_ANSWER_LOST)) {
        return doubtful(producer, "abort", err);
    }
    /* After a refused record even a good abort does not help: the next transaction fails too. */
    producer->broken = false;
    return STATUS_OK;
}

static enum status producer_abort(void *self, struct error *err)
{
    struct sim_producer *producer = self;

    if (!sim_enter(producer->handle.process, "abort")) {
        return sim_dead(producer->handle.process, err);
    }
    return sim_leave(producer->handle.process, abort_inner(producer, err), err);
}

static void producer_close(void *self)
{
    struct sim_producer *producer = self;

    sim_handle_free(&producer->handle);
}

void sim_producer_release(struct sim_handle *handle)
{
    struct sim_producer *producer = (struct sim_producer *)handle;

    sim_queue_release(&producer->queue);
}

enum status sim_producer_open(struct sim_broker *broker, struct sim_process *process,
                              struct text id, struct producer *producer, struct error *err)
{
    struct sim_producer *self;

    if (sim_chance(broker->sim, SIM_REQUEST_LOST)) {
        return fail(err, STATUS_RETRY, "transactional id '%.*s': no answer", TEXT_ARG(id));
    }
    self = sim_handle_new(broker, process, SIM_PRODUCER, sizeof(*self));
    self->identity = sim_identity_open(broker, id);
    self->epoch = self->identity->epoch;
    sim_trace(broker->sim, process, "has transactional id '%s', epoch %d", self->identity->id,
              self->epoch);
    *producer = (struct producer){.self = self,
                                  .begin = producer_begin,
                                  .produce = producer_produce,
                                  .flush = producer_flush,
                                  .send_offsets = producer_send_offsets,
                                  .commit = producer_commit,
                                  .abort = producer_abort,
                                  .close = producer_close};
    if (sim_chance(broker->sim, SIM_ANSWER_LOST)) {
        sim_handle_free(&self->handle);
        return fail(err, STATUS_RETRY, "transactional id '%.*s': no answer", TEXT_ARG(id));
    }
    return STATUS_OK;
}
