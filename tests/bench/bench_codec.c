/* links: baton_codec */
/*
 * What a record costs: our codec beside avro-c's value interface, same schema, same bytes. The
 * numbers are in docs/decisions/0003-avro-encoding.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codec/records.h"
#include "support/avro_oracle.h"

#define ROUNDS 200000

static const struct inbox_header headers[] = {
    {{"correlation-id", 14}, {"baton~order:ord-2026-000017/0-4711/3/2", 38}},
    {{"message-type", 12}, {"charge.done", 11}},
    {{"traceparent", 11}, {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", 55}},
};

static struct inbox_record typical(void)
{
    return (struct inbox_record){
        .kind = INBOX_REPLY,
        .route = TEXT("order@payments"),
        .flow = TEXT("order"),
        .key = TEXT("ord-2026-000017"),
        .revision = 42,
        .topic = TEXT("payments.replies"),
        .partition = 3,
        .offset = 123456,
        .timestamp_ms = 1790000000000,
        .source_key = TEXT("ord-2026-000017"),
        .headers = headers,
        .header_count = 3,
        .value = TEXT("{\"orderId\":\"ord-2026-000017\",\"paymentId\":\"pay-99812\",\"status\":"
                      "\"CAPTURED\",\"amount\":129.90,\"currency\":\"EUR\",\"card\":{\"brand\":"
                      "\"visa\",\"last4\":\"4242\",\"expires\":\"2029-11\"},\"customer\":{\"id\":"
                      "\"c-5512\",\"name\":\"Jane Doe\",\"country\":\"DE\"},\"fees\":[1.2,0.35],"
                      "\"note\":\"settled in one part\"}"),
        .format = FORMAT_JSON,
        .type = TEXT("charge.done"),
        .service = TEXT("payments"),
        .command = TEXT("baton~order:ord-2026-000017/0-4711/3/2"),
    };
}

static double now_us(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static avro_value_t at(avro_value_t *record, size_t index)
{
    avro_value_t member;

    CHECK(avro_value_get_by_index(record, index, &member, NULL) == 0);
    return member;
}

static void set_text(avro_value_t *record, size_t index, struct text text)
{
    avro_value_t member = at(record, index);
    avro_wrapped_buffer_t wrapped;

    /* The cheapest way there is: given, not copied. Empty texts need their NUL. */
    CHECK(avro_wrapped_buffer_new(&wrapped, text.bytes == 0 ? "" : text.data, text.bytes + 1) == 0);
    CHECK(avro_value_give_string_len(&member, &wrapped) == 0);
}

static void set_long(avro_value_t *record, size_t index, int64_t number)
{
    avro_value_t member = at(record, index);

    CHECK(avro_value_set_long(&member, number) == 0);
}

static void set_int(avro_value_t *record, size_t index, int32_t number)
{
    avro_value_t member = at(record, index);

    CHECK(avro_value_set_int(&member, number) == 0);
}

static void set_enum(avro_value_t *record, size_t index, int symbol)
{
    avro_value_t member = at(record, index);

    CHECK(avro_value_set_enum(&member, symbol) == 0);
}

static void set_optional(avro_value_t *record, size_t index, struct text text)
{
    avro_value_t member = at(record, index);
    avro_value_t branch;
    avro_wrapped_buffer_t wrapped;

    CHECK(avro_value_set_branch(&member, text.data != NULL, &branch) == 0);
    if (text.data == NULL) {
        CHECK(avro_value_set_null(&branch) == 0);
        return;
    }
    CHECK(avro_wrapped_buffer_new(&wrapped, text.data, text.bytes) == 0);
    CHECK(avro_value_give_bytes(&branch, &wrapped) == 0);
}

static void avro_fill(avro_value_t *value, const struct inbox_record *record)
{
    avro_value_t array;

    CHECK(avro_value_reset(value) == 0);
    set_enum(value, 0, (int)record->kind);
    set_text(value, 1, record->route);
    set_text(value, 2, record->flow);
    set_text(value, 3, record->key);
    set_long(value, 4, record->revision);
    set_text(value, 5, record->topic);
    set_int(value, 6, record->topic_generation);
    set_int(value, 7, record->partition);
    set_long(value, 8, record->offset);
    set_long(value, 9, record->timestamp_ms);
    set_optional(value, 10, record->source_key);
    array = at(value, 11);
    for (uint32_t i = 0; i < record->header_count; i++) {
        avro_value_t item = oracle_item(&array);

        set_text(&item, 0, record->headers[i].name);
        set_optional(&item, 1, record->headers[i].value);
    }
    set_optional(value, 12, record->value);
    set_enum(value, 13, (int)record->format);
    set_text(value, 14, record->type);
    set_text(value, 15, record->id);
    set_text(value, 16, record->service);
    set_text(value, 17, record->command);
    set_text(value, 18, record->reason);
    set_text(value, 19, record->actor);
    set_enum(value, 20, record->verb);
    set_long(value, 21, record->activation);
}

static void report(const char *what, double started_us)
{
    printf("%-28s %7.3f us\n", what, (now_us() - started_us) / ROUNDS);
}

static void bench_avro(const struct inbox_record *record, struct text ours)
{
    struct oracle avro = oracle_begin("inbox");
    static char bytes[16384];
    avro_writer_t writer = avro_writer_memory(bytes, sizeof(bytes));
    avro_reader_t reader = avro_reader_memory(ours.data, (int64_t)ours.bytes);
    double started = now_us();

    for (int i = 0; i < ROUNDS; i++) {
        avro_fill(&avro.value, record);
        avro_writer_reset(writer);
        CHECK(avro_value_write(writer, &avro.value) == 0);
    }
    report("inbox, avro-c, encode", started);
    CHECK((size_t)avro_writer_tell(writer) == ours.bytes);
    CHECK(memcmp(bytes, ours.data, ours.bytes) == 0);
    started = now_us();
    for (int i = 0; i < ROUNDS; i++) {
        avro_reader_memory_set_source(reader, ours.data, (int64_t)ours.bytes);
        CHECK(avro_value_reset(&avro.value) == 0);
        CHECK(avro_value_read(reader, &avro.value) == 0);
    }
    report("inbox, avro-c, decode", started);
    avro_writer_free(writer);
    avro_reader_free(reader);
    oracle_end(&avro);
}

static void bench_inbox(void)
{
    struct inbox_record record = typical();
    struct inbox_record read;
    struct buffer out = {0};
    struct arena arena = {0};
    struct error err;
    double started = now_us();

    for (int i = 0; i < ROUNDS; i++) {
        buffer_clear(&out);
        inbox_encode(&record, &out);
    }
    report("inbox, ours, encode", started);
    started = now_us();
    for (int i = 0; i < ROUNDS; i++) {
        arena_reset(&arena);
        CHECK(inbox_decode(buffer_text(&out), &arena, &read, &err) == STATUS_OK);
    }
    report("inbox, ours, decode", started);
    bench_avro(&record, buffer_text(&out));
    printf("%-28s %7zu bytes\n", "inbox record", out.bytes);
    buffer_release(&out);
    arena_release(&arena);
}

static void bench_history(void)
{
    static const struct text decided[] = {{"charge: done after attempt 1", 28},
                                          {"ship: attempt 1 sent", 20}};
    static const struct history_timer timers[] = {{{"attempt/3", 9}, 1790000060000}};
    static const struct text cleared[] = {{"attempt/2", 9}};
    static const struct text pushed[] = {{"{\"activation\":3,\"state\":\"pending\"}", 34}};
    static const struct history_command commands[] = {
        {{"baton~order:ord-2026-000017/0-4711/4/3", 38},
         {"shipping.commands", 17},
         {"ord-2026-000017", 15},
         {"ship", 4}}};
    struct inbox_record inbox = typical();
    struct history_record record = {
        .instance = TEXT("order:ord-2026-000017"),
        .run = {0, 4711},
        .seq = 4,
        .time_ms = 1790000000123,
        .cause_kind = TEXT("reply"),
        .cause_topic = inbox.topic,
        .cause_partition = 3,
        .cause_offset = 123456,
        .cause_id = inbox.command,
        .payload = inbox.value,
        .flow_hash = TEXT("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
        .from = TEXT("running"),
        .to = TEXT("running"),
        .decided = decided,
        .decided_count = 2,
        .delta = inbox.value,
        .timers_set = timers,
        .timers_set_count = 1,
        .timers_cleared = cleared,
        .timers_cleared_count = 1,
        .stack_pushed = pushed,
        .stack_pushed_count = 1,
        .commands = commands,
        .command_count = 1,
        .inbox_offset = 99812,
        .route = inbox.route,
    };
    struct history_record read;
    struct buffer out = {0};
    struct arena arena = {0};
    struct error err;
    double started = now_us();

    for (int i = 0; i < ROUNDS; i++) {
        buffer_clear(&out);
        history_encode(&record, &out);
    }
    report("history, ours, encode", started);
    started = now_us();
    for (int i = 0; i < ROUNDS; i++) {
        digest_sha256(text_sub(buffer_text(&out), 0, out.bytes - DIGEST_BYTES), read.hash);
    }
    report("  of which SHA-256", started);
    started = now_us();
    for (int i = 0; i < ROUNDS; i++) {
        arena_reset(&arena);
        CHECK(history_decode(buffer_text(&out), &arena, &read, &err) == STATUS_OK);
    }
    report("history, ours, decode", started);
    printf("%-28s %7zu bytes\n", "history record", out.bytes);
    buffer_release(&out);
    arena_release(&arena);
}

int main(void)
{
    bench_inbox();
    bench_history();
    return 0;
}
