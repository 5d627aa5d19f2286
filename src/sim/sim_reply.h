/*
 * sim_reply - what a simulated service says. Internal to sim_services, but for the struct.
 */
#ifndef BATON_SIM_SIM_REPLY_H
#define BATON_SIM_SIM_REPLY_H

#include "engine/broker.h"
#include "json/json.h"

/* Owns both. */
struct sim_reply {
    struct json *value;   /* NULL: nothing is said. */
    struct json *headers; /* Object of texts, beside the one with the command id; NULL: none. */
};

void sim_reply_release(struct sim_reply *reply);
struct sim_reply sim_reply_copy(const struct sim_reply *reply);
/* They borrow from the reply; the list is the caller's, for free(). */
struct record_header *sim_reply_headers(const struct sim_reply *reply, uint32_t *count);

#endif
