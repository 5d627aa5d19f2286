#include "codec/records.h"
#include "codec/wire.h"

/* The order of the union in schemas/checkpoint.avsc is that of enum checkpoint_kind. */
#define KIND_COUNT (CHECKPOINT_OFFSETS + 1)
#define ENTRY_BYTES_MIN (ENDED_HASH_BYTES + 1)

void checkpoint_encode(const struct checkpoint_record *record, struct buffer *out)
{
    wire_put_long(out, (int64_t)record->kind);
    switch (record->kind) {
    case CHECKPOINT_WATERMARK:
        wire_put_long(out, record->watermark);
        return;
    case CHECKPOINT_ENDED:
        wire_put_array(out, record->ended_count);
        for (uint32_t i = 0; i < record->ended_count; i++) {
            wire_put_fixed(out, record->ended[i].name_hash, ENDED_HASH_BYTES);
            wire_put_long(out, record->ended[i].end_second);
        }
        wire_put_array_end(out);
        return;
    case CHECKPOINT_OFFSETS:
        wire_put_long(out, record->history_offset);
        wire_put_long(out, record->inbox_offset);
        return;
    }
    CHECK(!"unknown checkpoint kind");
}

static void take_ended(struct wire_reader *in, struct arena *arena,
                       struct checkpoint_record *record)
{
    uint32_t count = wire_take_array(in, "entries", ENTRY_BYTES_MIN);
    struct ended_entry *ended = arena_array(arena, count, sizeof(*ended));

    for (uint32_t i = 0; i < count; i++) {
        wire_take_fixed(in, "entries.nameHash", ended[i].name_hash, ENDED_HASH_BYTES);
        ended[i].end_second = wire_take_uint(in, "entries.endSecond");
    }
    wire_take_array_end(in, "entries", count);
    record->ended = ended;
    record->ended_count = count;
}

enum status checkpoint_decode(struct text bytes, struct arena *arena,
                              struct checkpoint_record *record, struct error *err)
{
    struct wire_reader in = wire_open(bytes);

    *record = (struct checkpoint_record){0};
    record->kind = (enum checkpoint_kind)wire_take_index(&in, "value", KIND_COUNT);
    switch (record->kind) {
    case CHECKPOINT_WATERMARK:
        record->watermark = wire_take_long(&in, "next");
        break;
    case CHECKPOINT_ENDED:
        take_ended(&in, arena, record);
        break;
    case CHECKPOINT_OFFSETS:
        record->history_offset = wire_take_long(&in, "history");
        record->inbox_offset = wire_take_long(&in, "inbox");
        break;
    }
    return wire_finish(&in, "checkpoint", err);
}
