#include "app/migrate_orders.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapter/real_clock.h"
#include "app/command.h"
#include "app/inbox_send.h"
#include "app/random_seed.h"
#include "base/buffer.h"
#include "base/map.h"
#include "codec/records.h"

#define READ_MAX 1000
#define READ_WAIT_MS 200

int migrate_orders_open(struct estate *estate, struct migrate_orders *orders)
{
    struct error err;

    orders->from = calloc((size_t)estate->partitions, sizeof *orders->from);
    CHECK(orders->from != NULL);
    for (int32_t i = 0; i < estate->partitions; i++) {
        struct log_ends ends;
        enum status status = estate->broker.ends(estate->broker.self,
                                                 text_of(estate->names.history), i, &ends, &err);
        if (status != STATUS_OK) {
            fprintf(stderr, "baton: %s\n", err.text);
            return EXIT_UNREACHABLE;
        }
        orders->from[i] = ends.stable;
    }
    return EXIT_DONE;
}

void migrate_orders_add(struct migrate_orders *orders, struct text instance)
{
    if (orders->count == orders->capacity) {
        orders->capacity = orders->capacity == 0 ? 64 : orders->capacity * 2;
        orders->items = realloc(orders->items, orders->capacity * sizeof *orders->items);
        CHECK(orders->items != NULL);
    }
    orders->items[orders->count++] = (struct migrate_order){
        .instance = arena_text(&orders->arena, instance)};
}

void migrate_orders_release(struct migrate_orders *orders)
{
    free(orders->items);
    free(orders->from);
    arena_release(&orders->arena);
    *orders = (struct migrate_orders){0};
}

/* ---- the orders ---- */

struct giving {
    struct migrate_orders *orders;
    struct text mark; /* By which the answers to these orders are known. */
    struct text value;
};

static void fill(void *self, uint32_t index, struct inbox_record *record)
{
    const struct giving *giving = self;
    struct text instance = giving->orders->items[index].instance;
    size_t colon = text_find(instance, ':');

    *record = (struct inbox_record){
        .kind = INBOX_OPERATOR,
        .flow = text_sub(instance, 0, colon),
        .key = text_sub(instance, colon + 1, instance.bytes),
        .type = giving->mark,
        .value = giving->value,
        .format = FORMAT_JSON,
        .actor = giving->orders->actor,
        .reason = giving->orders->reason,
        .verb = OPERATOR_MIGRATE,
    };
}

/* ---- the answers ---- */

struct listening {
    struct migrate_orders *orders;
    struct text mark;
    struct text to; /* The hash. */
    struct map waiting;
    struct arena arena;
};

static void take(struct listening *listening, const struct history_record *history)
{
    struct migrate_order *order = map_get(&listening->waiting, history->instance);
    bool is_answer = text_is(history->cause_kind, "operator") &&
                     text_equal(history->cause_id, listening->mark);

    if (order == NULL || (!is_answer && history->kind != HISTORY_TERMINAL)) {
        return;
    }
    if (!is_answer) {
        order->answer = MIGRATE_ENDED;
    } else if (text_equal(history->flow_hash, listening->to)) {
        order->answer = MIGRATE_DONE;
    } else {
        order->answer = MIGRATE_REFUSED;
        order->why = history->decided_count == 0
                         ? TEXT("refused")
                         : arena_text(&listening->orders->arena, history->decided[0]);
    }
    (void)map_remove(&listening->waiting, history->instance);
}

static enum status read_some(struct log_reader *reader, struct record *records,
                             struct listening *listening, struct error *err)
{
    struct history_record history;
    uint32_t count = 0;
    bool at_end;
    enum status status = reader->poll(reader->self, READ_WAIT_MS, records, READ_MAX, &count,
                                      &at_end, err);

    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        if (records[i].value.data == NULL) {
            continue;
        }
        arena_reset(&listening->arena);
        status = history_decode(records[i].value, &listening->arena, &history, err);
        if (status == STATUS_OK) {
            take(listening, &history);
        }
    }
    return status == STATUS_RETRY ? STATUS_OK : status;
}

static enum status open_readers(struct estate *estate, const struct migrate_orders *orders,
                                struct log_reader *readers, int32_t *opened, struct error *err)
{
    enum status status = STATUS_OK;

    while (*opened < estate->partitions && status == STATUS_OK) {
        status = estate->broker.open_reader(estate->broker.self, text_of(estate->names.history),
                                            *opened, orders->from[*opened], &readers[*opened], err);
        *opened += status == STATUS_OK;
    }
    return status;
}

static enum status await(struct estate *estate, struct listening *listening, struct error *err)
{
    struct migrate_orders *orders = listening->orders;
    int64_t until_ms = real_clock_monotonic_ms() + orders->timeout_ms;
    struct log_reader *readers = calloc((size_t)estate->partitions, sizeof *readers);
    struct record *records = calloc(READ_MAX, sizeof *records);
    int32_t opened = 0;

    CHECK(readers != NULL && records != NULL);
    enum status status = open_readers(estate, orders, readers, &opened, err);
    while (status == STATUS_OK && listening->waiting.count > 0 &&
           real_clock_monotonic_ms() < until_ms) {
        for (int32_t i = 0; i < opened && status == STATUS_OK; i++) {
            status = read_some(&readers[i], records, listening, err);
        }
    }
    for (int32_t i = 0; i < opened; i++) {
        readers[i].close(readers[i].self);
    }
    free(readers);
    free(records);
    return status;
}

static int listen_for(struct estate *estate, struct migrate_orders *orders, struct text mark)
{
    struct listening listening = {
        .orders = orders, .mark = mark, .to = json_member_text(orders->plan, "to")};
    struct error err;

    for (uint32_t i = 0; i < orders->count; i++) {
        (void)map_put(&listening.waiting, orders->items[i].instance, &orders->items[i]);
    }
    enum status status = await(estate, &listening, &err);
    map_release(&listening.waiting);
    arena_release(&listening.arena);
    if (status != STATUS_OK) {
        fprintf(stderr, "baton: %s\n", err.text);
        return EXIT_UNREACHABLE;
    }
    return EXIT_DONE;
}

int migrate_orders_give(struct estate *estate, struct migrate_orders *orders)
{
    struct text mark = arena_printf(&orders->arena, "migrate-%016" PRIx64, random_seed());
    struct buffer value = {0};

    json_write(orders->plan, &value);
    struct giving giving = {orders, mark, buffer_text(&value)};
    int code = inbox_send_many(estate, orders->count, fill, &giving);
    if (code == EXIT_DONE) {
        code = listen_for(estate, orders, mark);
    }
    buffer_release(&value);
    return code;
}
