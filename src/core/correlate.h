/*
 * correlate - finds the business key, type and id of a record by a flow's rules.
 */
#ifndef BATON_CORE_CORRELATE_H
#define BATON_CORE_CORRELATE_H

#include "model/flow.h"

/* A record as the rules see it. Borrowed. */
struct record_view {
    const struct json *payload; /* Decoded; NULL if it could not be. */
    struct text key;            /* The record's key bytes. */
    const struct json *headers; /* Object: name -> text (the last of a name wins). */
};

/* Append the key text. STATUS_REJECT: null, missing, not a scalar, empty, not UTF-8, or longer than
 * KEY_BYTES_MAX; err says which rule found what. */
MUST_CHECK enum status correlate_key(const struct correlation *rule, const struct record_view *view,
                                     struct buffer *key, struct error *err);

/* The text that a locator finds; empty when it finds nothing. */
void correlate_locate(const struct locator *locator, const struct record_view *view,
                      struct buffer *out);

/* Split "<app>~<flow>:<key>/<run>/<seq>/<activation>". False: not of this form or not of `app`. */
struct command_id {
    struct text instance; /* "<flow>:<key>", borrowed from the text. */
    struct text flow;
    struct text key;
    int32_t generation;
    int64_t offset;
    int64_t seq;
    uint32_t activation;
};
bool command_id_parse(struct text text, struct text app, struct command_id *id);

#endif
