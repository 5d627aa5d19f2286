#include "app/inbox_send.h"

#include <stdio.h>
#include <stdlib.h>

#include "adapter/real_clock.h"
#include "app/command.h"
#include "base/hash.h"
#include "codec/schema.h"

#define SEND_WAIT_MS 30000

static enum status send_one(const struct forwarder *forwarder, const struct outgoing *record,
                            struct error *err)
{
    int64_t until_ms = real_clock_monotonic_ms() + SEND_WAIT_MS;
    enum status status = forwarder->send(forwarder->self, record, err);

    while (status == STATUS_OK) {
        status = forwarder->flush(forwarder->self, err);
        if (status != STATUS_RETRY || real_clock_monotonic_ms() > until_ms) {
            return status;
        }
        status = STATUS_OK;
    }
    return status;
}

int inbox_send(struct estate *estate, struct inbox_record *inbox)
{
    struct clock clock = real_clock();
    struct record_header schema = {TEXT("baton-schema"), schema_fingerprint("inbox")};
    struct outgoing record = {
        .topic = text_of(estate->names.inbox), .headers = &schema, .header_count = 1};
    struct forwarder forwarder;
    struct buffer name = {0};
    struct buffer bytes = {0};
    struct error err;
    enum status status = estate->broker.open_forwarder(estate->broker.self, &forwarder, &err);

    if (status == STATUS_OK) {
        inbox->revision = flow_registry_revision(estate->registry);
        inbox->timestamp_ms = clock.now_ms(clock.self);
        buffer_add_text(&name, inbox->flow);
        buffer_add_char(&name, ':');
        buffer_add_text(&name, inbox->key);
        inbox_encode(inbox, &bytes);
        record.key = buffer_text(&name);
        record.value = buffer_text(&bytes);
        record.partition = kafka_partition(record.key, estate->partitions);
        status = send_one(&forwarder, &record, &err);
        forwarder.close(forwarder.self);
    }
    buffer_release(&name);
    buffer_release(&bytes);
    if (status == STATUS_OK) {
        return EXIT_DONE;
    }
    fprintf(stderr, "baton: cannot write to '%s': %s\n", estate->names.inbox, err.text);
    return status == STATUS_REJECT ? EXIT_FINDINGS : EXIT_UNREACHABLE;
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
