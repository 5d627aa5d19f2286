/*
 * inbox_send - what people tell an instance: one record of the inbox, in order with all that comes
 * from topics. A worker takes it from there; nothing else may write to an instance.
 */
#ifndef BATON_APP_INBOX_SEND_H
#define BATON_APP_INBOX_SEND_H

#include "app/estate.h"
#include "codec/records.h"

/*
 * Put `inbox` in its place, `flow` and `key` of it being set, and wait until the broker has it.
 * `estate` is open with its registry. Gives an exit code; what is wrong is printed.
 */
int inbox_send(struct estate *estate, const struct inbox_record *inbox);

/* The same of `count` records, each of which `fill` makes when it is its turn. */
int inbox_send_many(struct estate *estate, uint32_t count,
                    void (*fill)(void *self, uint32_t index, struct inbox_record *record),
                    void *self);

/* Who gives an order when nobody is named: the user of this process. Never empty. */
struct text inbox_actor(void);

#endif
