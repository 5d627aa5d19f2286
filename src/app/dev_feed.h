/*
 * dev_feed - the messages that `baton dev` sends: those named on the command line, then lines of a file or
 * of standard input, then made-up ones. A line is the payload itself, or {"topic", "value", "key", "type",
 * "headers", "after"} of which `value` is required.
 */
#ifndef BATON_APP_DEV_FEED_H
#define BATON_APP_DEV_FEED_H

#include "app/dev_example.h"

#define FEED_SENDS_MAX 64

struct feed_send {
    const char *topic; /* Or a flow that is started by hand; NULL: the only start there is. */
    const char *value; /* JSON. */
};

struct feed_options {
    struct flow *const *flows;
    uint32_t flow_count;
    struct feed_send sends[FEED_SENDS_MAX];
    uint32_t send_count;
    const char *file; /* NULL: none; "-": standard input. */
    uint32_t count;   /* Made-up messages of each start topic. */
    int64_t every_ms; /* Between two messages. */
};

struct feed;

enum feed_state {
    FEED_READY,  /* *message is set; end it with example_message_release(). */
    FEED_LATER,  /* The next one is due at *due_ms. */
    FEED_WAITS,  /* For somebody to write a line. */
    FEED_WRONG,  /* A line is at fault: err says which and why; go on with the next. */
    FEED_BROKEN, /* There will be no more: err says why. */
    FEED_OVER,
};

/* Borrows `options` and what it holds. STATUS_REJECT: err says what is wrong with them. */
MUST_CHECK enum status feed_open(const struct feed_options *options, int64_t now_ms,
                                 struct feed **feed, struct error *err);
void feed_close(struct feed *feed); /* Accepts NULL. */

enum feed_state feed_next(struct feed *feed, int64_t now_ms, struct example_message *message,
                          int64_t *due_ms, struct error *err);
/* True while lines are read from standard input. */
bool feed_is_interactive(const struct feed *feed);

#endif
