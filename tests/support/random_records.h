/*
 * random_records - seeded records of every internal topic: empty and long texts, extremes of
 * numbers, nulls, characters of every length. Texts and arrays live in the arena.
 */
#ifndef BATON_TESTS_RANDOM_RECORDS_H
#define BATON_TESTS_RANDOM_RECORDS_H

#include "base/rng.h"
#include "codec/records.h"
#include "model/event.h"

#define RANDOM_ITEMS_MAX 4

static inline struct text random_text(struct rng *rng, struct arena *arena)
{
    static const char *const parts[] = {"a",
                                        "order:",
                                        "/",
                                        "\"",
                                        " ",
                                        "\xC3\xA9",
                                        "\xE2\x82\xAC",
                                        "\xF0\x9F\x9A\x80",
                                        "0123456789abcdef",
                                        "\x01",
                                        "{}",
                                        "~"};
    struct buffer text = {0};
    struct text copy;
    uint64_t count = rng_below(rng, rng_chance(rng, 30) ? 300 : 12);

    for (uint64_t i = 0; i < count; i++) {
        const char *part = parts[rng_below(rng, sizeof(parts) / sizeof(parts[0]))];

        buffer_add_text(&text, text_of(part));
    }
    copy = arena_text(arena, buffer_text(&text));
    buffer_release(&text);
    return copy;
}

static inline struct text random_bytes(struct rng *rng, struct arena *arena)
{
    size_t count = rng_below(rng, 80);
    char *bytes = arena_alloc(arena, count + 1);

    if (rng_chance(rng, 250)) {
        return (struct text){NULL, 0};
    }
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (char)rng_below(rng, 256);
    }
    return (struct text){bytes, count};
}

static inline struct text random_text_or_null(struct rng *rng, struct arena *arena)
{
    return rng_chance(rng, 250) ? (struct text){NULL, 0} : random_text(rng, arena);
}

static inline int64_t random_long(struct rng *rng)
{
    static const int64_t extremes[] = {0,  -1,  1,   INT64_MIN, INT64_MAX, 63,
                                       64, -64, -65, 8191,      8192};

    if (rng_chance(rng, 300)) {
        return extremes[rng_below(rng, sizeof(extremes) / sizeof(extremes[0]))];
    }
    return (int64_t)(rng_next(rng) >> rng_below(rng, 64));
}

static inline int32_t random_int(struct rng *rng)
{
    return rng_chance(rng, 100) ? INT32_MIN : (int32_t)(rng_next(rng) >> 33);
}

static inline uint32_t random_uint(struct rng *rng)
{
    return rng_chance(rng, 100) ? UINT32_MAX : (uint32_t)(rng_next(rng) >> 32);
}

static inline void random_fixed(struct rng *rng, unsigned char *data, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        data[i] = (unsigned char)rng_below(rng, 256);
    }
}

static inline const struct text *random_texts(struct rng *rng, struct arena *arena, uint32_t *count)
{
    struct text *texts;

    *count = (uint32_t)rng_below(rng, RANDOM_ITEMS_MAX);
    texts = arena_array(arena, *count, sizeof(*texts));
    for (uint32_t i = 0; i < *count; i++) {
        texts[i] = random_text(rng, arena);
    }
    return texts;
}

static inline const struct history_timer *random_timers(struct rng *rng, struct arena *arena,
                                                        uint32_t *count)
{
    struct history_timer *timers;

    *count = (uint32_t)rng_below(rng, RANDOM_ITEMS_MAX);
    timers = arena_array(arena, *count, sizeof(*timers));
    for (uint32_t i = 0; i < *count; i++) {
        timers[i] = (struct history_timer){random_text(rng, arena), random_long(rng)};
    }
    return timers;
}

static inline struct inbox_record random_inbox(struct rng *rng, struct arena *arena)
{
    uint32_t count = (uint32_t)rng_below(rng, RANDOM_ITEMS_MAX);
    struct inbox_header *headers = arena_array(arena, count, sizeof(*headers));
    struct inbox_record record = {.headers = headers, .header_count = count};

    for (uint32_t i = 0; i < count; i++) {
        headers[i].name = random_text(rng, arena);
        headers[i].value = random_bytes(rng, arena);
    }
    record.kind = (enum inbox_kind)rng_below(rng, INBOX_OVERSIZE + 1);
    record.route = random_text(rng, arena);
    record.flow = random_text(rng, arena);
    record.key = random_text(rng, arena);
    record.revision = random_long(rng);
    record.topic = random_text(rng, arena);
    record.topic_generation = random_int(rng);
    record.partition = random_int(rng);
    record.offset = random_long(rng);
    record.timestamp_ms = random_long(rng);
    record.source_key = random_bytes(rng, arena);
    record.value = random_bytes(rng, arena);
    record.format = (enum format)rng_below(rng, FORMAT_BYTES + 1);
    record.type = random_text(rng, arena);
    record.id = random_text(rng, arena);
    record.service = random_text(rng, arena);
    record.command = random_text(rng, arena);
    record.reason = random_text(rng, arena);
    record.actor = random_text(rng, arena);
    record.verb = (int32_t)rng_below(rng, OPERATOR_MIGRATE + 1);
    record.activation = random_uint(rng);
    return record;
}

static inline void random_commands(struct rng *rng, struct arena *arena,
                                   struct history_record *record)
{
    uint32_t count = (uint32_t)rng_below(rng, RANDOM_ITEMS_MAX);
    struct history_command *commands = arena_array(arena, count, sizeof(*commands));

    for (uint32_t i = 0; i < count; i++) {
        commands[i].id = random_text(rng, arena);
        commands[i].topic = random_text(rng, arena);
        commands[i].key = random_text(rng, arena);
        commands[i].type = random_text(rng, arena);
    }
    record->commands = commands;
    record->command_count = count;
}

static inline struct history_record random_history(struct rng *rng, struct arena *arena)
{
    struct history_record record = {.instance = random_text(rng, arena)};

    record.run = (struct run_id){random_int(rng), random_long(rng)};
    record.seq = random_long(rng);
    record.time_ms = random_long(rng);
    record.cause_kind = random_text(rng, arena);
    record.cause_topic = random_text(rng, arena);
    record.cause_partition = random_int(rng);
    record.cause_offset = random_long(rng);
    record.cause_id = random_text(rng, arena);
    record.cause_actor = random_text(rng, arena);
    record.payload = random_text_or_null(rng, arena);
    record.flow_hash = random_text(rng, arena);
    record.from = random_text(rng, arena);
    record.to = random_text(rng, arena);
    record.decided = random_texts(rng, arena, &record.decided_count);
    record.delta = random_text(rng, arena);
    record.timers_set = random_timers(rng, arena, &record.timers_set_count);
    record.timers_cleared = random_texts(rng, arena, &record.timers_cleared_count);
    record.stack_pushed = random_texts(rng, arena, &record.stack_pushed_count);
    record.stack_popped = random_texts(rng, arena, &record.stack_popped_count);
    random_commands(rng, arena, &record);
    record.inbox_offset = random_long(rng);
    record.route = random_text(rng, arena);
    record.cause_generation = random_int(rng);
    record.kind = (enum history_kind)rng_below(rng, HISTORY_TERMINAL + 1);
    random_fixed(rng, record.previous, DIGEST_BYTES);
    return record;
}

static inline struct snapshot_record random_snapshot(struct rng *rng, struct arena *arena)
{
    struct snapshot_record record = {.instance = random_text(rng, arena)};

    record.run = (struct run_id){random_int(rng), random_long(rng)};
    record.seq = random_long(rng);
    random_fixed(rng, record.hash, DIGEST_BYTES);
    record.flow_hash = random_text(rng, arena);
    record.status = random_text(rng, arena);
    record.state = random_text(rng, arena);
    record.timers = random_timers(rng, arena, &record.timer_count);
    record.stack = random_texts(rng, arena, &record.stack_count);
    record.stack_hash = rng_next(rng);
    record.stack_depth = random_uint(rng);
    return record;
}

static inline struct checkpoint_record random_checkpoint(struct rng *rng, struct arena *arena)
{
    uint32_t count = (uint32_t)rng_below(rng, RANDOM_ITEMS_MAX);
    struct ended_entry *ended = arena_array(arena, count, sizeof(*ended));
    struct checkpoint_record record = {0};

    record.kind = (enum checkpoint_kind)rng_below(rng, CHECKPOINT_OFFSETS + 1);
    switch (record.kind) {
    case CHECKPOINT_WATERMARK:
        record.watermark = random_long(rng);
        break;
    case CHECKPOINT_ENDED:
        for (uint32_t i = 0; i < count; i++) {
            random_fixed(rng, ended[i].name_hash, ENDED_HASH_BYTES);
            ended[i].end_second = random_uint(rng);
        }
        record.ended = ended;
        record.ended_count = count;
        break;
    case CHECKPOINT_OFFSETS:
        record.history_offset = random_long(rng);
        record.inbox_offset = random_long(rng);
        break;
    }
    return record;
}

static inline struct flow_state random_flow_state(struct rng *rng, struct arena *arena)
{
    uint32_t count = (uint32_t)rng_below(rng, RANDOM_ITEMS_MAX);
    struct start_offset *starts = arena_array(arena, count, sizeof(*starts));
    struct flow_state state = {.starts = starts, .start_count = count};

    for (uint32_t i = 0; i < count; i++) {
        uint64_t bytes = rng_below(rng, sizeof(starts[i].topic_id));

        starts[i].topic = random_text(rng, arena);
        starts[i].topic_generation = random_int(rng);
        for (uint64_t j = 0; j < bytes; j++) {
            starts[i].topic_id[j] = (char)('A' + rng_below(rng, 26));
        }
        starts[i].partition = random_int(rng);
        starts[i].offset = random_long(rng);
        starts[i].revision = random_long(rng);
        starts[i].revision = random_long(rng);
    }
    state.name = random_text(rng, arena);
    state.active = random_text(rng, arena);
    state.version = random_int(rng);
    state.percent = random_int(rng);
    state.former = random_text(rng, arena);
    state.former_version = random_int(rng);
    return state;
}

static inline struct alert_record random_alert(struct rng *rng, struct arena *arena)
{
    struct alert_record record = {.instance = random_text(rng, arena)};

    record.run = random_text(rng, arena);
    record.kind = random_text(rng, arena);
    record.step = random_text(rng, arena);
    record.time_ms = random_long(rng);
    record.detail = random_text(rng, arena);
    return record;
}

#endif
