/*
 * start - what starts instances of a flow: messages, people, the clock. Plain data, part of the flow.
 */
#ifndef BATON_MODEL_START_H
#define BATON_MODEL_START_H

#include "base/cron.h"
#include "expr/expr.h"

enum start_from { START_NOW, START_EARLIEST, START_TIME };
/* What a start means for a key whose run goes on, and for one whose run ended and is remembered. */
enum if_running { IF_RUNNING_IGNORE, IF_RUNNING_QUEUE, IF_RUNNING_RESTART };
enum after_done { AFTER_DONE_IGNORE, AFTER_DONE_RESTART };

enum catch_up { CATCH_UP_LAST, CATCH_UP_ALL, CATCH_UP_NONE };

/* A start by the clock. The key of the instance is the time when it was due. */
struct schedule {
    int64_t every_ms; /* At multiples of it since the epoch; 0: by `cron`. */
    struct cron cron;
    struct zone zone;
    enum catch_up catch_up; /* What was due while nobody was there. */
};

struct start {
    uint32_t topic;    /* Index in flow->topics. */
    struct text type;  /* Empty: any. */
    struct expr *when; /* NULL: always. */
    enum start_from from;
    int64_t from_ms; /* START_TIME. */
    enum if_running if_running;
    enum after_done after_done;
    uint32_t batch_max; /* So many messages make one run; 0: each makes its own. */
    int64_t within_ms;  /* Or those of so long, from the first. */
};

#endif
