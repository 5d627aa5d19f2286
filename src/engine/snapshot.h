/*
 * snapshot - an instance as a snapshot record and back.
 */
#ifndef BATON_ENGINE_SNAPSHOT_H
#define BATON_ENGINE_SNAPSHOT_H

#include "codec/records.h"

/* Fill `record` from `instance`; texts live in `arena`. */
void snapshot_of(const struct instance *instance, const unsigned char hash[DIGEST_BYTES],
                 struct arena *arena, struct snapshot_record *record);

/* STATUS_REJECT: the state is not readable, or the stack is not the one that the state speaks of
 * (depth and rolling hash). */
MUST_CHECK enum status snapshot_to_instance(const struct snapshot_record *record,
                                            struct instance **instance, struct error *err);

/* "<kind>/<owner>", the id of a timer in history and in the store. */
#define TIMER_ID_BYTES 32
void timer_id_format(enum timer_kind kind, uint32_t owner, char out[TIMER_ID_BYTES]);

/* "<kind>/<owner>/<run>": with the run, as kept in the store. */
struct timer_ref {
    enum timer_kind kind;
    uint32_t owner;
    struct run_id run;
};
struct text timer_ref_text(const struct timer *timer, struct run_id run, struct arena *arena);
bool timer_ref_parse(struct text text, struct timer_ref *ref);

#endif
