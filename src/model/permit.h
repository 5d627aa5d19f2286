/*
 * permit - what a request to a limited service has to have before its command goes out. Its place in
 * the state is the member `permit` of the frame's `local`, from the moment on at which the request
 * begins to wait for it until the attempt is over; the timer TIMER_PERMIT is armed while it waits.
 * Who finds a permit in one state and not in the next gives it back.
 */
#ifndef BATON_MODEL_PERMIT_H
#define BATON_MODEL_PERMIT_H

#include "model/instance.h"

#define PERMIT_KEY_BYTES_MAX 512

struct permit {
    uint32_t activation;
    int64_t
        seq; /* Of the transition that began the wait: with the activation, it names the permit. */
    int64_t since_ms;
    int64_t span_ms; /* How long the attempt may take at most; -1: no limit. */
    struct text key; /* Of the bucket; empty: the only one. Borrowed. */
    bool is_waiting; /* Else it is held. */
    bool is_patient; /* Of an undo: an open breaker is waited for. */
};

/* False: the frame has none. */
bool permit_of(const struct frame *frame, struct permit *permit);

/* "<instance>/<run>/<activation>/<seq>": the same however often it is asked for. */
void permit_id(const struct instance *instance, const struct permit *permit, struct buffer *out);

/* The limits that the open frame is under, and its service; NULL: none. */
const struct service *permit_service(const struct flow *flow, const struct frame *frame);

#endif
