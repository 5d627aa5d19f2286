/*
 * event - what the core takes. Everything it needs to know is in it; all is borrowed from the batch.
 */
#ifndef BATON_MODEL_EVENT_H
#define BATON_MODEL_EVENT_H

#include "model/instance.h"

enum event_kind {
    EVENT_MESSAGE, /* A record of a topic that the flow names; may start, match a listen, or wait. */
    EVENT_REPLY,   /* A record of a service's reply topic. */
    EVENT_TIMER,   /* A local event: a timer of the state is due. */
    EVENT_OPERATOR, /* Cancel; retry, skip or resolve what is stuck. */
    EVENT_TOLD,     /* By another instance: see core/on_told.c. */
    EVENT_PERMIT,   /* A local event: what the limiter said that is no grant; a grant is a TIMER. */
};

#define UNFIT_PREFIX "unfit "
#define UNFIT_MAX 32

enum operator_verb {
    OPERATOR_CANCEL, /* Unwind, then onFailure and always. */
    OPERATOR_RETRY,  /* Of a stuck undo or pivot: try again. */
    OPERATOR_SKIP,   /* Of a stuck undo: leave it undone, go on. */
    OPERATOR_DONE,   /* Of a pivot in doubt: it took place. */
    OPERATOR_FAILED, /* Of a pivot in doubt: it did not. */
    OPERATOR_SIGNAL, /* What a `listen: {signal}` waits for: `type` names it, `payload` is its data. */
    OPERATOR_TERMINATE, /* End the run here and now: nothing is undone, no steps run. */
    OPERATOR_PAUSE,     /* Stand still: what comes is kept, timers do not run. */
    OPERATOR_RESUME,    /* Go on. */
    OPERATOR_MIGRATE,   /* Go on by another version: `payload` is the plan, see core/migrate.h. */
};

enum permit_word {
    PERMIT_LATER,   /* Not before `until_ms`: ask again then. */
    PERMIT_REFUSED, /* The breaker of the service is open, until `until_ms` at least. */
};

struct inbox_header {
    struct text name;
    struct text value; /* data NULL: a null value. */
};

/* Where a MESSAGE or REPLY comes from. Few expressions ask, so it is made JSON only then. */
struct message_source {
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    struct text key; /* data NULL: none. */
    const struct inbox_header *headers;
    uint32_t header_count;
};

struct event {
    enum event_kind kind;
    int64_t time_ms;   /* Never below before->time_ms. */
    struct run_id run; /* The id of the run, if this event starts one. */

    /*
     * What the core cannot know: of the messages that this event renders for topics of another format
     * than json, those that the format, or the topic's schema, does not carry. Lines "unfit <n>: <why>",
     * n counting these messages from 0, ascending; they are the first lines of what is decided, so that
     * a history record has them. Of UNFIT_MAX lines the last stands for all messages from its n on.
     */
    const struct text *unfit;
    uint32_t unfit_count;

    bool is_remembered; /* A run of this key has ended and is remembered; there is none now. */

    /* MESSAGE and REPLY; of TOLD: type and payload. */
    struct text topic;          /* Name on the broker. */
    struct text type;           /* Empty: none. */
    struct text id;             /* The producer's id, empty if the topic has no rule for it. */
    const struct json *payload; /* Decoded value; json null for a tombstone. */
    /* {topic, partition, offset, timestamp, key, headers}; NULL: made of `source`. */
    const struct json *message;
    struct message_source source;

    /* REPLY */
    struct text service;
    bool
        by_command; /* The command id was echoed: the fields below are set. Else by business key. */
    struct run_id command_run;
    int64_t command_seq;
    uint32_t activation; /* Also: what a TIMER's owner or an OPERATOR's target is. */

    /* TIMER */
    enum timer_kind timer;
    struct run_id timer_run; /* Also of a PERMIT. */

    /* PERMIT, of the open request `activation` */
    enum permit_word permit;
    int64_t until_ms;

    /* OPERATOR */
    enum operator_verb verb;
    struct text actor;
    struct text reason;
    const struct flow
        *target; /* MIGRATE: the version that the plan names; NULL: it is not there. */
};

#endif
