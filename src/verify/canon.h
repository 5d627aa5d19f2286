/*
 * canon - a state without what decides nothing: times, numbers of activations (their order stays),
 * data. Two states that give the same text behave alike, but for what expressions give.
 */
#ifndef BATON_VERIFY_CANON_H
#define BATON_VERIFY_CANON_H

#include "model/instance.h"
#include "verify/verify.h"

/* Put the text of the state into `out`, which is cleared first. */
void canon_write(const struct instance *instance, const struct verify_bounds *bounds,
                 struct buffer *out);

struct canon_key {
    uint64_t words[2];
};
struct canon_key canon_key(const struct instance *instance, const struct verify_bounds *bounds,
                           struct buffer *room);

#endif
