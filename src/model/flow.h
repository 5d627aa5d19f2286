/*
 * flow - the definition of a saga, compiled: an immutable state machine. Plain data; made by
 * compile/build.h from a resolved definition, read by everything else. It lives in one arena and is
 * freed whole by flow_free(). Because its expressions hold counted JSON, each thread builds its own.
 */
#ifndef BATON_MODEL_FLOW_H
#define BATON_MODEL_FLOW_H

#include "base/arena.h"
#include "expr/template.h"
#include "model/limits.h"
#include "model/listen.h"
#include "model/start.h"

#define STEP_NONE UINT32_MAX
#define FLOW_HASH_BYTES 64 /* Lower-case hex of a SHA-256. */

/* Slots of the variables an expression may read, in this order, in every scope of a flow. */
enum variable {
    VARIABLE_FLOW,     /* {name, version, hash} */
    VARIABLE_INSTANCE, /* {id, key, run, startedAt} */
    VARIABLE_STEP,     /* {name, attempt} */
    VARIABLE_MESSAGE,  /* {topic, partition, offset, timestamp, key, headers, value} */
    VARIABLE_DATA,     /* The instance document, where `.` is a payload. */
    VARIABLE_ERROR,    /* {type, title, status, detail, step, service, attempt, reply} */
    VARIABLE_COUNT,
    VARIABLE_PROGRESS,
    VARIABLE_NOW, /* ISO text of the event's time. */
    VARIABLE_FIXED_COUNT,
};

enum flow_mode { FLOW_ORCHESTRATE, FLOW_OBSERVE };
enum format { FORMAT_JSON, FORMAT_AVRO, FORMAT_STRING, FORMAT_BYTES };

/* Where a topic's message type or producer's id sits. */
enum locator_kind { LOCATOR_NONE, LOCATOR_HEADER, LOCATOR_PATH, LOCATOR_RECORD };

struct locator {
    enum locator_kind kind;
    struct text header;
    struct expr *path;
};

struct topic {
    struct text alias;
    struct text name; /* On the broker. */
    enum format format;
    struct correlation key; /* The topic's own rule, else the flow's. */
    struct locator type;
    struct locator id; /* NONE: topic, partition and offset. */
    bool tombstones;   /* Deliver a null value instead of skipping it. */
    bool cloudevents;  /* Its records are CloudEvents, of both modes. */
};

/* NULL where not given. `.` is the reply's payload. */
struct reply_rule {
    struct expr *success;
    struct expr *failure;
    struct expr *progress;
    struct expr *error;
    struct expr *reason;
};

enum backoff { BACKOFF_CONSTANT, BACKOFF_LINEAR, BACKOFF_EXPONENTIAL };

struct retry_policy {
    uint32_t attempts; /* All tries, at least 1; UINT32_MAX: no bound but `total_ms`. */
    int64_t delay_ms;
    enum backoff backoff;
    double factor;
    int64_t max_ms; /* Of one delay. */
    uint32_t jitter_percent;
    int64_t total_ms;    /* From the first attempt; 0: no bound. */
    struct text *errors; /* Error names that are repeated; never empty ("any" is allowed). */
    uint32_t error_count;
    struct text *except_errors;
    uint32_t except_error_count;
};

struct header_name {
    struct text ours;   /* As "correlation-id". */
    struct text theirs; /* As "X-Corr". */
};

struct service {
    struct text name;
    struct text commands; /* Topic names on the broker. */
    struct text replies;  /* Empty: no replies, so no request may go there. */
    struct text group; /* Consumer group that takes the commands, for its lag; empty: not said. */
    enum format format;
    struct locator type; /* Where a reply's type sits, and how a command's is sent. */
    bool by_header;      /* Replies echo the command id in `correlation_header`. */
    struct text correlation_header;
    struct correlation correlate; /* When not by_header. */
    struct reply_rule reply;
    int64_t timeout_ms;
    const struct retry_policy *retry; /* NULL: none. */
    struct header_name *headers;
    uint32_t header_count;
    struct limits limits;
    bool command_events; /* What is sent to it are CloudEvents, */
    bool reply_events;   /* what it answers may be. */
};

/* A span that may be absent, endless, fixed, or computed. */
enum span_kind { SPAN_UNSET, SPAN_ENDLESS, SPAN_FIXED, SPAN_EXPR };

struct span {
    enum span_kind kind;
    int64_t ms;
    struct expr *expr; /* Gives a duration as text ("30s") or a number of milliseconds. */
};

enum step_kind {
    STEP_REQUEST,
    STEP_EMIT,
    STEP_LISTEN,
    STEP_WAIT,
    STEP_SET,
    STEP_SWITCH,
    STEP_RAISE,
    STEP_END,
    STEP_BLOCK, /* `do` and `try`: a list with a limit, catches and retries of its own. */
    STEP_FORK,
    STEP_FOR,
    STEP_ROLLBACK,
    STEP_RUN, /* An instance of a flow as a child of this one. */
};

/* `catch` of a step: what is done about an error that nothing below it caught. */
struct catcher {
    struct text *errors; /* Names, or "any". */
    uint32_t error_count;
    struct expr *when; /* NULL: always. Sees $error. */
    uint32_t first_step;
    bool rollback; /* First undo what the step did. */
};

/* `handle`: what may come at any time while its block, or the run, lives. */
struct handler {
    struct listen listen;
    uint32_t first_step; /* Of what is done then, beside the steps of the block. */
    uint32_t times;      /* UINT32_MAX: as often as it comes. */
};

/* `remind`: what runs beside a wait, again and again. */
struct remind {
    struct span every;
    uint32_t max;    /* UINT32_MAX: no bound. */
    struct span *at; /* Or after so long, each from the beginning of the wait. */
    uint32_t at_count;
    uint32_t first_step;
};

enum join_kind {
    JOIN_ALL,
    JOIN_FIRST, /* The first to succeed; failures are set aside until all have failed. */
    JOIN_RACE,  /* The first to end, either way. */
    JOIN_COUNT, /* `join_count` successes. */
};

struct branch {
    struct text name;
    uint32_t first_step;
};

/* `for`: its variables' slots in an expression's environment follow those of enum variable. */
struct loop {
    uint32_t each_slot;
    uint32_t at_slot; /* 0: none. */
    struct expr *in;
    uint32_t batch;         /* 0: the items one by one; else arrays of up to so many. */
    uint32_t parallel;      /* At least 1. */
    struct span pause;      /* Between one iteration's end and the next one's start. */
    bool collect;           /* Failures are kept beside the results, the rest goes on. */
    struct expr *condition; /* `while`: NULL: always. */
    struct expr *result;    /* NULL: what the iteration added. */
};

enum then_kind { THEN_NEXT, THEN_STEP, THEN_CONTINUE, THEN_END };

struct then {
    enum then_kind kind; /* CONTINUE: as NEXT, said aloud. END: completes the run. */
    uint32_t step;       /* THEN_STEP: a step of the same list. */
};

enum in_doubt { IN_DOUBT_UNSET, IN_DOUBT_COMPENSATE, IN_DOUBT_SKIP };

/* What a request or an emit sends; of a step or of its undo. */
struct message_spec {
    bool is_request;
    uint32_t service;         /* Index in flow->services, of a request. */
    uint32_t topic;           /* Index in flow->topics, of an emit. */
    struct template *type;    /* NULL: none. */
    struct template *key;     /* NULL: the instance's key. */
    struct template *value;   /* NULL: `.` */
    struct template *headers; /* NULL: none; else gives an object of scalars. */
    struct reply_rule reply;  /* Of a request: the service's, replaced field by field. */
    struct span heartbeat;    /* Of a step's request: so long may it be silent. */
    struct template
        *cancel_type; /* Told to the service when the step is abandoned; NULL: nothing. */
    struct template *cancel_value;
};

struct switch_case {
    struct expr *when;   /* NULL: the default. */
    uint32_t first_step; /* Of `do`, or STEP_NONE. */
    struct then then;    /* When there is no `do`. */
};

enum end_status { END_COMPLETED, END_FAILED, END_CANCELLED };

struct undo_spec {
    bool is_block;                    /* A list of steps, else one message. */
    uint32_t first_step;              /* Of the block. */
    struct message_spec message;      /* Nothing where it is a block; see step_undo_message(). */
    struct span timeout;              /* Of each attempt. */
    const struct retry_policy *retry; /* The undo's own, else the flow's saga.retry. */
};

struct step {
    struct text name;
    enum step_kind kind;
    uint32_t parent; /* The enclosing step (switch, block, fork, for, or one with catches). */
    uint32_t next;   /* In the same list, or STEP_NONE at its end. */
    struct then then;
    uint32_t line;          /* In the file, for messages; 0 if unknown. */
    struct text reference;  /* Of a task of the standard's grammar: its place, "/do/0/pay". */
    struct expr *condition; /* `if`; NULL: always. */
    struct text as;         /* Where the result goes; empty: dropped. */
    struct template *keep;  /* `.` is the result; NULL: all of it. */
    struct span timeout;
    struct span warn_after;
    const struct retry_policy *retry;
    struct undo_spec *compensate; /* NULL: none. */
    bool pivot;
    enum in_doubt in_doubt; /* UNSET: the flow's, but a pivot without a reply is stuck. */
    struct template *note;

    struct message_spec message; /* REQUEST, EMIT. */
    struct listen listen;        /* LISTEN */
    struct {
        struct span span;   /* `wait: 5m` */
        struct expr *until; /* `wait: {until, minus}`: an ISO time; NULL if span is used. */
        int64_t minus_ms;
    } wait;
    struct template *set;
    bool replaces; /* What is set takes the place of what was there, instead of being merged. */
    struct {
        struct switch_case *cases;
        uint32_t case_count;
    } choice;
    struct {
        struct template *error; /* The name. NULL with `again`. */
        struct template *title;
        struct template *detail;
        struct template *status;
        bool again; /* `raise: $error` */
    } raise;
    struct {
        enum end_status status;
        struct template *reason;
    } end;
    struct {
        struct template *flow;
        int32_t version;        /* 0: the active one. */
        struct template *key;   /* NULL: <own key>/<step>[/<index>]. */
        struct template *input; /* NULL: `.` */
        bool awaits;
        bool abandons; /* It goes on whatever becomes of this run, and is never undone with it. */
        bool joins;    /* One that runs already will do. */
    } run;
    uint32_t first_step; /* BLOCK, FOR: of its list; else STEP_NONE. */
    bool aside;   /* In the list of a handler, reminder or undo: nothing follows at its end. */
    bool in_undo; /* In the block of an undo, at any depth. */
    struct handler *handlers; /* BLOCK */
    uint32_t handler_count;
    struct remind *remind; /* REQUEST, LISTEN, RUN; NULL: none. */
    struct catcher *catchers;
    uint32_t catcher_count;
    struct branch *branches; /* FORK */
    uint32_t branch_count;
    enum join_kind join; /* FORK, FOR */
    uint32_t join_count; /* JOIN_COUNT */
    struct loop *loop;   /* FOR */
    struct {
        bool all;
        struct text *steps; /* Names; resolved when it runs, by what is on the stack. */
        uint32_t step_count;
    } rollback;
};

enum saga_order { SAGA_REVERSE, SAGA_PARALLEL };
enum when_stuck { STUCK_HOLD, STUCK_CONTINUE };

struct flow {
    struct arena arena;
    struct text name;
    int32_t version;
    enum flow_mode mode;
    /* The resolved definition, canonical JSON. The hash covers it without its member `info`. */
    struct text definition;
    struct correlation key;
    struct expr *key_in_data; /* Flow `key` over the instance document; NULL if not a path. */
    struct start *starts;     /* Those by messages. */
    uint32_t start_count;
    struct schedule *schedules; /* Of the flow's cron and every. */
    uint32_t schedule_count;
    struct start *manual; /* `manual: true`: how people start it; `topic` is not set. Or NULL. */
    struct topic *topics;
    uint32_t topic_count;
    struct service *services;
    uint32_t service_count;
    int64_t early_ms;
    int64_t remember_ms;
    int64_t keep_ms;
    struct template *data; /* NULL: the start message's payload. */
    struct span timeout;
    struct span warn_after;
    enum saga_order saga_order;
    enum in_doubt saga_in_doubt;
    enum when_stuck when_stuck;
    const struct retry_policy *saga_retry; /* Never NULL. */
    struct text alerts;                    /* Topic; empty: the engine's. */
    struct template *result;               /* NULL: `.` */
    struct step *steps; /* Of `do` first, nested ones after their parent, then of onFailure. */
    uint32_t step_count;
    uint32_t first_step;      /* Of `do`. */
    uint32_t failure_step;    /* First of onFailure, or STEP_NONE. */
    uint32_t always_step;     /* First of always, or STEP_NONE. */
    struct handler *handlers; /* Of the flow itself. */
    uint32_t handler_count;
    bool has_handlers;              /* It, or a block in it, has some. */
    bool has_identities;            /* Some listen is by another identity than the key. */
    bool is_limited;                /* One of its services is. */
    const struct awaited **awaited; /* What comes from topics, of all listens. */
    uint32_t awaited_count;
    struct text *signals; /* Names of those that some listen waits for, each once. */
    uint32_t signal_count;
    /* Everything with a release of its own, freed by flow_free(). */
    struct expr **exprs;
    uint32_t expr_count;
    struct template **templates;
    uint32_t template_count;
    char hash[FLOW_HASH_BYTES + 1]; /* NUL-terminated. */
};

/* A blank flow on the heap with an empty arena, for who builds one; end it with flow_free(). */
struct flow *flow_new(void);
/* Ends the listed expressions and templates, the arena, and the flow itself. Accepts NULL. */
void flow_free(struct flow *flow);

/* Index, or UINT32_MAX. */
uint32_t flow_find_step(const struct flow *flow, struct text name);
uint32_t flow_find_service(const struct flow *flow, struct text name);
/* By the name on the broker. */
uint32_t flow_find_topic(const struct flow *flow, struct text name);

/* What undoes the step, if that is one message. NULL: nothing does, or a block of steps. */
const struct message_spec *step_undo_message(const struct step *step);
/* The step is undone by a block of steps. */
bool step_undo_is_block(const struct step *step);

/* A start of the flow says `afterDone: restart`. */
bool flow_may_restart(const struct flow *flow);

/* Slots of enum variable, by name, for expr_compile. */
const struct expr_scope *flow_scope(void);

const char *step_kind_name(enum step_kind kind); /* "request" ... */

#endif
