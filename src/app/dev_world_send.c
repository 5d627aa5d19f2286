/* What comes from outside. */
#include "app/dev_world.h"
#include "base/limits.h"
#include "codec/payload.h"

enum status dev_world_start(struct dev_world *world, const struct flow *flow, struct text key,
                            struct json *input, struct error *err)
{
    struct json *about = json_object();
    struct buffer told = {.data = NULL};
    struct buffer value = {.data = NULL};
    struct buffer name = {.data = NULL};
    struct inbox_record inbox = {.kind = INBOX_TOLD,
                                 .flow = flow->name,
                                 .key = key,
                                 .type = TEXT("start"),
                                 .format = FORMAT_JSON,
                                 .actor = TEXT("operator")};
    struct outgoing record = {.topic = text_of(world->names.inbox)};
    enum status status;

    json_put(about, TEXT("input"), input);
    json_write(about, &told);
    inbox.value = buffer_text(&told);
    inbox_encode(&inbox, &value);
    buffer_addf(&name, "%.*s:%.*s", TEXT_ARG(flow->name), TEXT_ARG(key));
    record.key = buffer_text(&name);
    record.value = buffer_text(&value);
    status = sim_broker_append(world->broker, &record, err);
    json_free(about);
    buffer_release(&told);
    buffer_release(&value);
    buffer_release(&name);
    return status;
}

/* Ends it. */
static enum status send_by_hand(struct dev_world *world, struct example_message *message,
                                struct error *err)
{
    enum status status = dev_world_start(world, message->by_hand, buffer_text(&message->key),
                                         json_copy(message->value), err);

    if (status != STATUS_OK) {
        status = fail_in(err, status, "a start of '%.*s'", TEXT_ARG(message->by_hand->name));
    }
    example_message_release(message);
    return status;
}

enum status dev_world_send(struct dev_world *world, struct example_message *message,
                           struct error *err)
{
    struct record_header headers[HEADERS_MAX];
    struct outgoing record = {.topic = message->topic,
                              .partition = PARTITION_BY_KEY,
                              .key = buffer_text(&message->key),
                              .headers = headers};
    struct buffer value = {.data = NULL};
    struct json_cursor cursor = {.started = false};
    const struct json *header;
    struct text name;

    if (message->by_hand != NULL) {
        return send_by_hand(world, message, err);
    }
    while (record.header_count < HEADERS_MAX &&
           json_next(message->headers, &cursor, &name, &header)) {
        headers[record.header_count++] = (struct record_header){name, json_text_of(header)};
    }
    enum status status = payload_encode(message->value, message->format, &value, err);
    record.value = buffer_text(&value);
    if (status == STATUS_OK) {
        status = sim_broker_append(world->broker, &record, err);
    }
    if (status != STATUS_OK) {
        status = fail_in(err, status, "a message for '%.*s'", TEXT_ARG(message->topic));
    }
    buffer_release(&value);
    example_message_release(message);
    return status;
}
