/* The forwarder port: idempotent, no transactions, no gaps. */
#include "sim/sim_parts.h"

#define QUEUE_MAX 256

struct sim_forwarder {
    struct sim_handle handle;
    bool broken; /* A delivery has failed: nothing more may be sent. */
    struct sim_queue queue;
};

static enum status send_inner(struct sim_forwarder *forwarder, const struct outgoing *record,
                              struct error *err)
{
    struct sim *sim = forwarder->handle.broker->sim;
    enum status status;

    if (forwarder->broken) {
        return fail(err, STATUS_ABORT, "an earlier record could not be delivered");
    }
    if (forwarder->queue.count >= QUEUE_MAX) {
        return fail(err, STATUS_RETRY, "%d records wait to be sent", QUEUE_MAX);
    }
    status = sim_queue_add(&forwarder->queue, &forwarder->handle, record, true, err);
    if (status == STATUS_OK && rng_chance(&sim->rng, 500)) {
        sim_queue_send(forwarder->handle.broker, &forwarder->queue,
                       (size_t)rng_below(&sim->rng, forwarder->queue.count + 1));
    }
    return status;
}

static enum status forwarder_send(void *self, const struct outgoing *record, struct error *err)
{
    struct sim_forwarder *forwarder = self;

    if (!sim_enter(forwarder->handle.process, "send")) {
        return sim_dead(forwarder->handle.process, err);
    }
    return sim_leave(forwarder->handle.process, send_inner(forwarder, record, err), err);
}

static enum status flush_inner(struct sim_forwarder *forwarder, struct error *err)
{
    struct sim_broker *broker = forwarder->handle.broker;

    sim_broker_tick(broker);
    if (forwarder->broken) {
        return fail(err, STATUS_ABORT, "an earlier record could not be delivered");
    }
    if (sim_chance(broker->sim, SIM_REQUEST_LOST)) {
        forwarder->broken = true;
        sim_queue_lose(broker, &forwarder->queue);
        return fail(err, STATUS_ABORT, "a record could not be delivered");
    }
    sim_queue_send(broker, &forwarder->queue, forwarder->queue.count);
    if (sim_chance(broker->sim, SIM_ANSWER_LOST)) {
        forwarder->broken = true;
        return fail(err, STATUS_ABORT, "a record could not be delivered");
    }
    return STATUS_OK;
}

static enum status forwarder_flush(void *self, struct error *err)
{
    struct sim_forwarder *forwarder = self;

    if (!sim_enter(forwarder->handle.process, "flush of the forwarder")) {
        return sim_dead(forwarder->handle.process, err);
    }
    return sim_leave(forwarder->handle.process, flush_inner(forwarder, err), err);
}

static void forwarder_close(void *self)
{
    struct sim_forwarder *forwarder = self;

    sim_handle_free(&forwarder->handle);
}

void sim_forwarder_release(struct sim_handle *handle)
{
    struct sim_forwarder *forwarder = (struct sim_forwarder *)handle;

    sim_queue_lose(handle->broker, &forwarder->queue);
    sim_queue_release(&forwarder->queue);
}

enum status sim_forwarder_open(struct sim_broker *broker, struct sim_process *process,
                               struct forwarder *forwarder, struct error *err)
{
    struct sim_forwarder *self;

    if (sim_chance(broker->sim, SIM_REQUEST_LOST)) {
        return fail(err, STATUS_RETRY, "cannot open a producer: no answer");
    }
    self = sim_handle_new(broker, process, SIM_FORWARDER, sizeof(*self));
    *forwarder = (struct forwarder){
        .self = self, .send = forwarder_send, .flush = forwarder_flush, .close = forwarder_close};
    return STATUS_OK;
}
