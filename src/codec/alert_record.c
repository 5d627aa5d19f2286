#include "codec/records.h"
#include "codec/wire.h"

void alert_encode(const struct alert_record *record, struct buffer *out)
{
    wire_put_text(out, record->instance);
    wire_put_text(out, record->run);
    wire_put_text(out, record->kind);
    wire_put_text(out, record->step);
    wire_put_long(out, record->time_ms);
    wire_put_text(out, record->detail);
}

enum status alert_decode(struct text bytes, struct arena *arena, struct alert_record *record,
                         struct error *err)
{
    struct wire_reader in = wire_open(arena_text(arena, bytes));

    *record = (struct alert_record){0};
    record->instance = wire_take_text(&in, "instance");
    record->run = wire_take_text(&in, "run");
    record->kind = wire_take_text(&in, "kind");
    record->step = wire_take_text(&in, "step");
    record->time_ms = wire_take_long(&in, "timeMs");
    record->detail = wire_take_text(&in, "detail");
    return wire_finish(&in, "alert", err);
}
