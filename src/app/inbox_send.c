#include "app/inbox_send.h"

#include <stdio.h>
#include <stdlib.h>

#include "adapter/real_clock.h"
#include "app/command.h"
#include "base/hash.h"
#include "codec/schema.h"

#define SEND_WAIT_MS 30000
#define BATCH_RECORDS 1000

static enum status flush(const struct forwarder *forwarder, struct error *err)
{
    int64_t until_ms = real_clock_monotonic_ms() + SEND_WAIT_MS;
    enum status status;

    do {
        status = forwarder->flush(forwarder->self, err);
    } while (status == STATUS_RETRY && real_clock_monotonic_ms() < until_ms);
    return status;
}

/* What is sent is borrowed until the next flush, and lives in `arena` so long. */
static enum status put(struct estate *estate, const struct forwarder *forwarder,
                       struct inbox_record *inbox, struct arena *arena, struct error *err)
{
    struct clock clock = real_clock();
    struct record_header *schema = arena_alloc(arena, sizeof *schema);
    const struct text parts[] = {inbox->flow, TEXT(":"), inbox->key};
    struct buffer bytes = {0};
    enum status status;

    inbox->revision = flow_registry_revision(estate->registry);
    inbox->timestamp_ms = clock.now_ms(clock.self);
    inbox_encode(inbox, &bytes);
    *schema = (struct record_header){TEXT("baton-schema"), schema_fingerprint("inbox")};
    struct outgoing record = {.topic = text_of(estate->names.inbox),
                              .key = arena_join(arena, parts, sizeof parts / sizeof *parts),
                              .value = arena_text(arena, buffer_text(&bytes)),
                              .headers = schema,
                              .header_count = 1};
    buffer_release(&bytes);
    record.partition = kafka_partition(record.key, estate->partitions);
    status = forwarder->send(forwarder->self, &record, err);
    if (status == STATUS_RETRY) {
        /* The queue is full. */
        status = flush(forwarder, err);
        status = status == STATUS_OK ? forwarder->send(forwarder->self, &record, err) : status;
    }
    return status;
}

int inbox_send_many(struct estate *estate, uint32_t count,
                    void (*fill)(void *self, uint32_t index, struct inbox_record *record),
                    void *self)
{
    struct arena arena = {0};
    struct forwarder forwarder;
    struct error err;
    enum status status = estate->broker.open_forwarder(estate->broker.self, &forwarder, &err);

    if (status == STATUS_OK) {
        for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
            struct inbox_record record = {0};

            fill(self, i, &record);
            status = put(estate, &forwarder, &record, &arena, &err);
            if (status == STATUS_OK && ((i + 1) % BATCH_RECORDS == 0 || i + 1 == count)) {
                status = flush(&forwarder, &err);
                if (status == STATUS_OK) {
                    arena_reset(&arena);
                }
            }
        }
        forwarder.close(forwarder.self);
    }
    arena_release(&arena);
    if (status == STATUS_OK) {
        return EXIT_DONE;
    }
    fprintf(stderr, "baton: cannot write to '%s': %s\n", estate->names.inbox, err.text);
    return status == STATUS_REJECT ? EXIT_FINDINGS : EXIT_UNREACHABLE;
}

static void fill_one(void *self, uint32_t index, struct inbox_record *record)
{
    (void)index;
    *record = *(const struct inbox_record *)self;
}

int inbox_send(struct estate *estate, const struct inbox_record *inbox)
{
    return inbox_send_many(estate, 1, fill_one, (void *)(uintptr_t)inbox);
}

struct text inbox_actor(void)
{
    static const char *const names[] = {"LOGNAME", "USER"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *name = getenv(names[i]);

        if (name != NULL && name[0] != '\0') {
            return text_of(name);
        }
    }
    return TEXT("unknown");
}
