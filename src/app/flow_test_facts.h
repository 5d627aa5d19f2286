/*
 * flow_test_facts - what happened in a case, by instance: taken from the history as it is written.
 */
#ifndef BATON_APP_FLOW_TEST_FACTS_H
#define BATON_APP_FLOW_TEST_FACTS_H

#include "app/dev_watch.h"
#include "model/instance.h"

/* A record that an instance sent. */
struct fact_sent {
    struct text step;  /* Or "undo STEP". */
    bool is_emitted;   /* Else it is a command of a request. */
    struct json *seen; /* {step, topic, type, key, value, attempt} */
};

struct fact_instance {
    struct text name;
    struct instance *state; /* As the history leaves it; NULL: it cannot be folded. */
    int64_t began_ms;
    int64_t ended_ms; /* 0: it has not. */
    struct fact_sent *sent;
    uint32_t sent_count;
    uint32_t sent_capacity;
    struct json *undone; /* Array of names, in order. */
    struct json *alerts; /* Array of {kind, step, detail}. */
    uint32_t ignored;
};

struct facts {
    struct arena arena;
    struct fact_instance *items; /* In the order in which they began. */
    uint32_t count;
    uint32_t capacity;
    struct json *letters; /* Array of {topic, reason, value}. */
    uint64_t transitions;
    struct text prefix; /* Of topics, which is not shown. Borrowed. */
};

void facts_init(struct facts *facts);
/* `topic` as the test names it. */
struct text facts_topic(const struct facts *facts, struct text topic);
void facts_release(struct facts *facts);
struct watch_observer facts_observer(struct facts *facts);

/* By its whole name or by its key alone, its latest run; NULL: none. An empty name is the first. */
struct fact_instance *facts_find(const struct facts *facts, struct text name);
/* The names of the steps, or "undo STEP", that are open: what it waits for. Array; the caller's. */
struct json *facts_waiting(const struct fact_instance *instance, const struct flow *flow);

#endif
