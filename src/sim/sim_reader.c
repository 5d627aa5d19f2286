/* The log_reader port. */
#include "sim/sim_parts.h"

struct sim_reader {
    struct sim_handle handle;
    struct sim_topic *topic;
    int32_t partition;
    int64_t position;
};

static enum status poll_inner(struct sim_reader *reader, struct record *records, uint32_t capacity,
                              uint32_t *count, struct error *err)
{
    struct sim_log *log = sim_topic_log(reader->topic, reader->partition);
    struct sim *sim = reader->handle.broker->sim;
    struct sim_record *record;

    sim_handle_take_back(&reader->handle);
    sim_broker_tick(reader->handle.broker);
    if (sim_chance(sim, SIM_REQUEST_LOST)) {
        return fail(err, STATUS_RETRY, "%s/%d: no answer", reader->topic->name, reader->partition);
    }
    if (sim_chance(sim, SIM_POLL_SHORT)) {
        capacity = (uint32_t)rng_below(&sim->rng, capacity < 8 ? capacity + 1 : 8);
    }
    if (reader->position < log->low) {
        reader->position = log->low; /* Deleted meanwhile. */
    }
    while (*count < capacity &&
           (record = sim_log_next(log, &reader->position, sim_log_stable(log))) != NULL) {
        sim_handle_give(&reader->handle, record);
        records[(*count)++] = sim_record_view(record, text_of(reader->topic->name),
                                              reader->partition);
    }
    return STATUS_OK;
}

static enum status reader_poll(void *self, int64_t wait_ms, struct record *records,
                               uint32_t capacity, uint32_t *count, bool *at_end, struct error *err)
{
    struct sim_reader *reader = self;
    enum status status;

    (void)wait_ms;
    *count = 0;
    *at_end = false;
    if (!sim_enter(reader->handle.process, "read")) {
        return sim_dead(reader->handle.process, err);
    }
    status = poll_inner(reader, records, capacity, count, err);
    status = sim_leave(reader->handle.process, status, err);
    if (status != STATUS_OK) {
        *count = 0;
        return status;
    }
    *at_end = reader->position >= sim_log_stable(sim_topic_log(reader->topic, reader->partition));
    return STATUS_OK;
}

static int64_t reader_position(void *self)
{
    const struct sim_reader *reader = self;

    return reader->position;
}

static void reader_close(void *self)
{
    struct sim_reader *reader = self;

    sim_handle_free(&reader->handle);
}

enum status sim_reader_open(struct sim_broker *broker, struct sim_process *process,
                            const struct sim_reader_place *place, struct log_reader *reader,
                            struct error *err)
{
    struct sim_reader *self;

    if (sim_chance(broker->sim, SIM_REQUEST_LOST)) {
        return fail(err, STATUS_RETRY, "%s/%d: no answer", place->topic->name, place->partition);
    }
    self = sim_handle_new(broker, process, SIM_READER, sizeof(*self));
    self->topic = place->topic;
    self->partition = place->partition;
    self->position = place->from;
    *reader = (struct log_reader){
        .self = self, .poll = reader_poll, .position = reader_position, .close = reader_close};
    return STATUS_OK;
}
