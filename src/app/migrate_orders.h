/*
 * migrate_orders - tells runs to go on by another version, each by a record of its own in its inbox, and
 * waits for what each says to it.
 */
#ifndef BATON_APP_MIGRATE_ORDERS_H
#define BATON_APP_MIGRATE_ORDERS_H

#include "app/estate.h"
#include "json/json.h"

enum migrate_answer {
    MIGRATE_UNANSWERED, /* Nobody took the order in time; it stands in the inbox. */
    MIGRATE_DONE,
    MIGRATE_REFUSED,
    MIGRATE_ENDED, /* The run came to its end before. */
};

struct migrate_order {
    struct text instance;
    enum migrate_answer answer;
    struct text why; /* REFUSED */
};

struct migrate_orders {
    struct arena arena;
    struct migrate_order *items;
    uint32_t count;
    uint32_t capacity;
    const struct json *plan; /* With the versions' hashes. Borrowed. */
    struct text actor;
    struct text reason;
    int64_t timeout_ms;
    int64_t *from; /* Of each partition of the history: where answers may begin. */
};

/* Note where the history ends: before the runs are looked at. Gives an exit code. */
int migrate_orders_open(struct estate *estate, struct migrate_orders *orders);
void migrate_orders_add(struct migrate_orders *orders, struct text instance);
/* Give the orders, and wait for the answers. Gives an exit code; what is wrong is printed. */
int migrate_orders_give(struct estate *estate, struct migrate_orders *orders);
void migrate_orders_release(struct migrate_orders *orders);

#endif
