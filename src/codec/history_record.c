#include <string.h>

#include "codec/record_parts.h"
#include "codec/records.h"
#include "codec/wire.h"

#define KIND_COUNT (HISTORY_TERMINAL + 1)
#define SEQ_DIGITS 12       /* At least: so that keys sort. */
#define COMMAND_BYTES_MIN 4 /* Four empty texts. */

static void put_cause(const struct history_record *record, struct buffer *out)
{
    wire_put_text(out, record->cause_kind);
    wire_put_text(out, record->cause_topic);
    wire_put_long(out, record->cause_generation);
    wire_put_long(out, record->cause_partition);
    wire_put_long(out, record->cause_offset);
    wire_put_text(out, record->cause_id);
    wire_put_text(out, record->cause_actor);
    wire_put_text(out, record->route);
    wire_put_long(out, record->inbox_offset);
}

static void put_commands(const struct history_record *record, struct buffer *out)
{
    wire_put_array(out, record->command_count);
    for (uint32_t i = 0; i < record->command_count; i++) {
        wire_put_text(out, record->commands[i].id);
        wire_put_text(out, record->commands[i].topic);
        wire_put_text(out, record->commands[i].key);
        wire_put_text(out, record->commands[i].type);
    }
    wire_put_array_end(out);
}

void history_encode(struct history_record *record, struct buffer *out)
{
    size_t start = out->bytes;

    wire_put_text(out, record->instance);
    part_put_run(out, record->run);
    wire_put_long(out, record->seq);
    wire_put_long(out, record->time_ms);
    put_cause(record, out);
    wire_put_text_or_null(out, record->payload);
    wire_put_text(out, record->flow_hash);
    wire_put_text(out, record->from);
    wire_put_text(out, record->to);
    wire_put_texts(out, record->decided, record->decided_count);
    wire_put_text(out, record->delta);
    part_put_timers(out, record->timers_set, record->timers_set_count);
    wire_put_texts(out, record->timers_cleared, record->timers_cleared_count);
    wire_put_texts(out, record->stack_pushed, record->stack_pushed_count);
    wire_put_texts(out, record->stack_popped, record->stack_popped_count);
    put_commands(record, out);
    wire_put_long(out, (int64_t)record->kind);
    wire_put_fixed(out, record->previous, DIGEST_BYTES);
    digest_sha256(text_sub(buffer_text(out), start, out->bytes), record->hash);
    wire_put_fixed(out, record->hash, DIGEST_BYTES);
}

static void take_cause(struct wire_reader *in, struct history_record *record)
{
    record->cause_kind = wire_take_text(in, "cause.kind");
    record->cause_topic = wire_take_text(in, "cause.topic");
    record->cause_generation = wire_take_int(in, "cause.generation");
    record->cause_partition = wire_take_int(in, "cause.partition");
    record->cause_offset = wire_take_long(in, "cause.offset");
    record->cause_id = wire_take_text(in, "cause.id");
    record->cause_actor = wire_take_text(in, "cause.actor");
    record->route = wire_take_text(in, "cause.route");
    record->inbox_offset = wire_take_long(in, "cause.inboxOffset");
}

static void take_commands(struct wire_reader *in, struct arena *arena,
                          struct history_record *record)
{
    uint32_t count = wire_take_array(in, "commands", COMMAND_BYTES_MIN);
    struct history_command *commands = arena_array(arena, count, sizeof(*commands));

    for (uint32_t i = 0; i < count; i++) {
        commands[i].id = wire_take_text(in, "commands.id");
        commands[i].topic = wire_take_text(in, "commands.topic");
        commands[i].key = wire_take_text(in, "commands.key");
        commands[i].type = wire_take_text(in, "commands.type");
    }
    wire_take_array_end(in, "commands", count);
    record->commands = commands;
    record->command_count = count;
}

/* Nothing is believed before the hash has been seen to cover it. */
static enum status check_hash(struct text bytes, struct error *err)
{
    unsigned char hash[DIGEST_BYTES];
    size_t covered;

    if (bytes.bytes <= DIGEST_BYTES) {
        return fail(err, STATUS_REJECT, "history record: %zu bytes are too few", bytes.bytes);
    }
    covered = bytes.bytes - DIGEST_BYTES;
    digest_sha256(text_sub(bytes, 0, covered), hash);
    if (memcmp(hash, bytes.data + covered, DIGEST_BYTES) != 0) {
        return fail(err, STATUS_REJECT, "history record: its hash does not cover its bytes");
    }
    return STATUS_OK;
}

enum status history_decode(struct text bytes, struct arena *arena, struct history_record *record,
                           struct error *err)
{
    struct wire_reader in;
    enum status status = check_hash(bytes, err);

    *record = (struct history_record){0};
    if (status != STATUS_OK) {
        return status;
    }
    in = wire_open(arena_text(arena, bytes));
    record->instance = wire_take_text(&in, "instance");
    record->run = part_take_run(&in);
    record->seq = wire_take_long(&in, "seq");
    record->time_ms = wire_take_long(&in, "timeMs");
    take_cause(&in, record);
    record->payload = wire_take_text_or_null(&in, "payload");
    record->flow_hash = wire_take_text(&in, "flowHash");
    record->from = wire_take_text(&in, "from");
    record->to = wire_take_text(&in, "to");
    record->decided = wire_take_texts(&in, "decided", arena, &record->decided_count);
    record->delta = wire_take_text(&in, "delta");
    record->timers_set = part_take_timers(&in, "timersSet", arena, &record->timers_set_count);
    record->timers_cleared = wire_take_texts(&in, "timersCleared", arena,
                                             &record->timers_cleared_count);
    record->stack_pushed = wire_take_texts(&in, "stackPushed", arena, &record->stack_pushed_count);
    record->stack_popped = wire_take_texts(&in, "stackPopped", arena, &record->stack_popped_count);
    take_commands(&in, arena, record);
    record->kind = (enum history_kind)wire_take_index(&in, "kind", KIND_COUNT);
    wire_take_fixed(&in, "previous", record->previous, DIGEST_BYTES);
    wire_take_fixed(&in, "hash", record->hash, DIGEST_BYTES);
    return wire_finish(&in, "history", err);
}

void history_key(struct text instance, struct run_id run, int64_t seq, struct buffer *out)
{
    char run_text[RUN_ID_BYTES];
    char room[INTEGER_TEXT_BYTES];

    CHECK(seq >= 0);
    run_id_format(run, run_text);
    buffer_add_text(out, instance);
    struct text digits = text_integer(seq, room);

    buffer_add_char(out, '/');
    buffer_add_text(out, text_of(run_text));
    buffer_add_char(out, '/');
    for (size_t i = digits.bytes; i < SEQ_DIGITS; i++) {
        buffer_add_char(out, '0');
    }
    buffer_add_text(out, digits);
}
