/*
 * dev_example - made-up data: what a flow reads of its start message or of a reply, filled with values
 * that fit the names.
 */
#ifndef BATON_APP_DEV_EXAMPLE_H
#define BATON_APP_DEV_EXAMPLE_H

#include "model/flow.h"
#include "json/json.h"

/* A value for a member called `name`; `number` makes ids differ. Belongs to the caller. */
struct json *example_value(struct text name, const struct json *hint, uint32_t number);

/* The last member of a path: "sku" of ".lines[].sku", "lines[]" of ".lines[]". */
struct text example_last_name(struct text path);

/* `into` (taken over; NULL: nothing yet) with a value at `path` (".lines[].sku"), unless there is one.
 * Belongs to the caller. */
struct json *example_put(struct json *into, struct text path, const struct json *hint,
                         uint32_t number);

/* The same with a list of three items, however the last member is called. */
struct json *example_put_list(struct json *into, struct text path);

/* A message for which `expr` is truthy (or not, by `truth`): `seed` (NULL: nothing yet) with as little changed as
 * it takes, and in `*headers` (object of texts; NULL: none yet) what `$message.headers` is to be. NULL: none was
 * found; `*headers` is as it was. Both are the caller's. */
struct json *example_for(const struct expr *expr, const struct json *seed, bool truth,
                         struct json **headers);

/* What the flow is sent to start an instance. */
struct example_message {
    const struct flow *by_hand; /* Whose run is started by hand, under `key`; NULL: it is sent. */
    struct text topic;          /* On the broker; borrowed from the flow. */
    enum format format;
    struct json *value;
    struct buffer key;    /* Of the record. */
    struct json *headers; /* Object of texts. */
};

/* An example message for start number `start` of the flow, made from the paths that the flow reads.
 * STATUS_REJECT: no value could be found that satisfies the start's `when` or gives a key; err says so.
 * End it with example_message_release() either way. */
MUST_CHECK enum status example_start(const struct flow *flow, uint32_t start, uint32_t number,
                                     struct example_message *message, struct error *err);
/* The same for a flow that is started by hand: what its run begins with. */
void example_by_hand(const struct flow *flow, uint32_t number, struct example_message *message);
/* What a message still lacks by the rules of its topic: its type (unless empty), and the record's key if
 * there is none. STATUS_REJECT: its key cannot be found; it is whole but for that. */
MUST_CHECK enum status example_message_complete(struct example_message *message,
                                                const struct topic *topic, struct text type,
                                                struct error *err);
void example_message_release(struct example_message *message);

#endif
