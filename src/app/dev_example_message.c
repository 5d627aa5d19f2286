/* A message that is sent: what it lacks by the rules of its topic. */
#include "app/dev_example.h"
#include "core/correlate.h"
#include "expr/example.h"

static void add_type(struct example_message *message, const struct locator *locator,
                     struct text type)
{
    struct json *made = NULL;

    if (type.bytes == 0) {
        return;
    }
    if (locator->kind == LOCATOR_HEADER) {
        json_put(message->headers, locator->header, json_text(type));
    } else if (locator->kind == LOCATOR_PATH) {
        made = expr_put(locator->path, message->value, json_text(type));
    } else if (locator->kind == LOCATOR_RECORD) {
        buffer_clear(&message->key);
        buffer_add_text(&message->key, type);
    }
    if (made != NULL) {
        json_free(message->value);
        message->value = made;
    }
}

/* The record's key is the business key unless a rule looks there for something else. */
static enum status finish_key(const struct topic *topic, struct example_message *message,
                              struct error *err)
{
    struct record_view view = {
        .payload = message->value, .key = buffer_text(&message->key), .headers = message->headers};
    struct buffer key = {0};
    enum status status;

    if (topic->key.kind == CORRELATION_NONE) {
        return STATUS_OK; /* Of a batch, say: none is needed. */
    }
    status = correlate_key(&topic->key, &view, &key, err);

    if (status == STATUS_OK && message->key.bytes == 0) {
        buffer_add_text(&message->key, buffer_text(&key));
    }
    buffer_release(&key);
    return status;
}

enum status example_message_complete(struct example_message *message, const struct topic *topic,
                                     struct text type, struct error *err)
{
    add_type(message, &topic->type, type);
    return finish_key(topic, message, err);
}

void example_message_release(struct example_message *message)
{
    json_free(message->value);
    json_free(message->headers);
    buffer_release(&message->key);
}
