#include "codec/record_parts.h"
#include "codec/records.h"
#include "codec/wire.h"

void snapshot_encode(const struct snapshot_record *record, struct buffer *out)
{
    wire_put_text(out, record->instance);
    part_put_run(out, record->run);
    wire_put_long(out, record->seq);
    wire_put_fixed(out, record->hash, DIGEST_BYTES);
    wire_put_text(out, record->flow_hash);
    wire_put_text(out, record->status);
    wire_put_text(out, record->state);
    part_put_timers(out, record->timers, record->timer_count);
    wire_put_texts(out, record->stack, record->stack_count);
    wire_put_long(out, (int64_t)record->stack_hash);
    wire_put_long(out, record->stack_depth);
}

enum status snapshot_decode(struct text bytes, struct arena *arena, struct snapshot_record *record,
                            struct error *err)
{
    struct wire_reader in = wire_open(arena_text(arena, bytes));

    *record = (struct snapshot_record){0};
    record->instance = wire_take_text(&in, "instance");
    record->run = part_take_run(&in);
    record->seq = wire_take_long(&in, "seq");
    wire_take_fixed(&in, "hash", record->hash, DIGEST_BYTES);
    record->flow_hash = wire_take_text(&in, "flowHash");
    record->status = wire_take_text(&in, "status");
    record->state = wire_take_text(&in, "state");
    record->timers = part_take_timers(&in, "timers", arena, &record->timer_count);
    record->stack = wire_take_texts(&in, "stack", arena, &record->stack_count);
    record->stack_hash = (uint64_t)wire_take_long(&in, "stackHash");
    record->stack_depth = wire_take_uint(&in, "stackDepth");
    return wire_finish(&in, "snapshot", err);
}
