/*
 * instance - the state of one run: a function of its recorded history, nothing else. Plain data
 * with copy and release; what happens to it is decided in core.
 *
 * Every time a step is entered it gets an `activation`, a number unique in the run and rising. It
 * names the frame, its timers, its undo and, as last part of the command id, its commands; so a
 * reply to any attempt finds its frame, and one to an earlier entry finds none.
 */
#ifndef BATON_MODEL_INSTANCE_H
#define BATON_MODEL_INSTANCE_H

#include "model/flow.h"
#include "json/json.h"

#define RUN_ID_BYTES 48
#define SCHEDULE_FLOW                                                                              \
    "~cron" /* In place of a flow's name: instances that start others by the clock. */
/* The same: who listens for a value that is not an instance's key; "<flow>/<route>:<value>". */
#define ALIAS_FLOW "~alias"
/* The same: gathers the messages of one start topic's partition; "<flow>/<topic>/<partition>". */
#define BATCH_FLOW "~batch"

/* One life of an instance: the inbox topic's generation and the offset of the record that made it. */
struct run_id {
    int32_t generation;
    int64_t offset;
};

enum run_status {
    RUN_NONE,   /* No such run yet: what transition() is given for an unknown key. */
    RUN_EMBRYO, /* Holds early messages until a start comes. */
    RUN_RUNNING,
    RUN_COMPENSATING, /* Unwinding to the root. */
    RUN_FINISHING,    /* Unwound; in onFailure. */
    RUN_HELD,         /* Completed as a child: what it did may still be undone with its parent. */
    RUN_COMPLETED,
    RUN_FAILED,
    RUN_CANCELLED,
    RUN_EXPIRED, /* An embryo whose start never came. */
};

enum frame_kind {
    FRAME_STEP,  /* A step that waits. */
    FRAME_UNDO,  /* An undo that waits. */
    FRAME_BLOCK, /* A list of steps at work, or the step that has such lists. */
};

/* What a block frame is of its step. */
enum block_role {
    BLOCK_BODY,      /* The list of a `do` or `try`. */
    BLOCK_CATCH,     /* A catch's list; `index`: which. */
    BLOCK_FORK,      /* The fork itself: its branches are the blocks below it. */
    BLOCK_BRANCH,    /* One list of a fork; `index`: which. */
    BLOCK_LOOP,      /* The for itself. */
    BLOCK_ITERATION, /* One item's list; `index`: of the item. */
    BLOCK_WATCH,     /* What the handlers of a block, or of the run, have got. */
    BLOCK_HANDLER,   /* The list of one that is at work; `index`: which. */
    BLOCK_REMIND,    /* The list of a reminder; `index`: activation of the wait. */
    BLOCK_UNDO,      /* The list of an undo; its parent is the frame of the undo. */
};
#define BLOCK_ROLE_COUNT 10

enum frame_state {
    FRAME_AWAITING_REPLY,
    FRAME_BACKING_OFF,
    FRAME_LISTENING,
    FRAME_SLEEPING,  /* wait */
    FRAME_STUCK,     /* Needs an operator: an undo whose retries are used up, a pivot in doubt. */
    FRAME_OPEN,      /* A block whose steps run, or an undo that is one. */
    FRAME_UNWINDING, /* Waits until what it names in `local` is undone; see core/unwind.c. */
    FRAME_AWAITING_CHILD,  /* For its end, or to be told that it is undone. */
    FRAME_AWAITING_PERMIT, /* Of the limits of its service; see model/permit.h. */
};
#define FRAME_STATE_COUNT 9

/* A step, an undo or a block that is open. Frames form a tree: the run's own list is the root. */
struct frame {
    uint32_t activation;
    uint32_t parent; /* Activation of the block around it; 0: the root. */
    enum frame_kind kind;
    enum frame_state state;
    enum block_role role; /* FRAME_BLOCK */
    uint32_t index;       /* FRAME_BLOCK: as its role says. */
    uint32_t step;        /* Index in the flow; of an undo: the step that it undoes. */
    uint32_t undo_of;     /* FRAME_UNDO: the activation on the stack. */
    uint32_t attempt;     /* From 1. */
    int64_t opened_ms;
    int64_t attempt_ms; /* When the current attempt was sent. */
    int64_t sent_seq;   /* Of the current attempt's command; 0: none. */
    struct json *error; /* STUCK or BACKING_OFF: why. NULL else. */
    struct json *local; /* Object: what belongs to this block alone; see core/block.h. Or NULL. */
};

enum timer_kind {
    TIMER_ATTEMPT, /* Deadline of one attempt of a request. */
    TIMER_LISTEN,  /* Deadline of a listen. */
    TIMER_FLOW,    /* Deadline of the run. */
    TIMER_EARLY,   /* Deadline of an embryo. */
    TIMER_BACKOFF,
    TIMER_WAIT,
    TIMER_WARN,      /* warnAfter of a step, or of the flow (owner 0). */
    TIMER_BLOCK,     /* Deadline of a block. */
    TIMER_PAUSE,     /* Of a for, between two items. */
    TIMER_HEARTBEAT, /* Deadline of the next sign of life of a request. */
    TIMER_REMIND,    /* Of a wait: the next reminder. */
    TIMER_PERMIT,    /* When the limiter is (next) asked; that it fires says that it has granted. */
};
#define TIMER_KIND_COUNT 12

/* `owner` is an activation; 0 for the run's own. (kind, owner) is unique in a run. */
struct timer {
    enum timer_kind kind;
    uint32_t owner;
    int64_t due_ms;
};

enum undo_state {
    UNDO_PENDING, /* The command went out, the outcome is not known. */
    UNDO_ARMED,   /* To be done when the run unwinds; `message` is rendered. */
    UNDO_RUNNING, /* Sent; a frame of kind UNDO waits for its reply, or its block is at work. */
    UNDO_GROUP, /* What was pushed within a fork, a for, or one list of them; `message` is NULL. */
};

/* An entry of the compensation stack. Taken off when done, dropped, skipped. The entries form a
 * tree as the frames did: within a fork or for, the lists are undone side by side. */
struct undo {
    uint32_t activation; /* Of the step that it undoes, or of the block whose entries it groups. */
    uint32_t group;      /* Activation of the block around it; 0: the root. */
    uint32_t step;
    enum undo_state state;
    bool in_doubt;        /* Armed without knowing the outcome. */
    bool parallel;        /* GROUP: what is in it is undone side by side, not in reverse. */
    struct json *message; /* {topic, key, type, value, headers, service}, or what its block sees,
                             {data, loops, block: true}; NULL while pending. With `name` if its step
                             had another when its command went out; see core/known.h. */
};

/* A message that waits in the mailbox of an embryo, or for a listen that is still to come. */
struct mail {
    uint32_t number; /* Rising in the run. */
    uint32_t topic;  /* Index in the flow's topics at the time. */
    struct json
        *message; /* {topic (name), type, id, partition, offset, timestamp, key, headers, value} */
};

struct instance {
    struct text name;  /* "<flow>:<key>"; owned, like all below. */
    size_t flow_bytes; /* Length of the flow's name in `name`. */
    struct run_id run;
    char flow_hash[FLOW_HASH_BYTES + 1];
    int64_t seq; /* Of the last transition; the first is 1. */
    enum run_status status;
    enum run_status closing; /* COMPENSATING, FINISHING: what it will end as. RUNNING: NONE, or
                                the same while that waits; see run_wait_to_end() in core. */
    bool sealed;             /* A pivot has succeeded. */
    bool in_always;          /* FINISHING: in `always`, not in `onFailure`. */
    int64_t started_ms;
    int64_t time_ms;          /* Of the last event. */
    uint32_t activation_next; /* The next to give; from 1. */
    uint32_t mail_next;
    struct json *data;   /* The instance document; NULL in an embryo. */
    struct json *error;  /* $error of the failure that unwinds, or NULL. */
    struct json *result; /* Ended: the completion record. */
    struct json *ids;    /* Object: "<topic>/<producer id>" -> 1, or NULL. */
    struct json
        *queue; /* Array: the starts, as mail, that wait for the end of this run. Or NULL. */
    struct json *parents; /* Array: who started or joined this run and has not let go of it; see
                             core/parent.c. Or NULL. */
    struct json *paused;  /* Object: since when, and what waits for the run to go on; see
                             core/pause.h. NULL: it is not paused. */
    struct frame *frames;
    uint32_t frame_count;
    struct timer *timers;
    uint32_t timer_count;
    struct undo *stack;
    uint32_t undo_count;
    struct mail *mailbox;
    uint32_t mail_count;
    size_t bytes_most; /* No state: what the JSON above takes at most, so that it need not be
                          measured at every event. 0: not known. */
};

/* A blank instance (RUN_NONE) of `flow_name` and `key`. Owned by the caller: instance_free(). */
struct instance *instance_new(struct text flow_name, struct text key);
/* An independent copy; JSON is shared by count. */
struct instance *instance_copy(const struct instance *instance);
void instance_free(struct instance *instance); /* Accepts NULL. */

/* An instance that is no run of a flow, by its name. */
bool instance_is_internal(struct text name);
struct text instance_flow_name(const struct instance *instance); /* Borrowed. */
struct text instance_key(const struct instance *instance);       /* Borrowed. */
bool instance_has_ended(const struct instance *instance);
bool instance_is_stuck(const struct instance *instance);

struct frame *instance_frame(struct instance *instance, uint32_t activation); /* Or NULL. */
struct undo *instance_undo(struct instance *instance, uint32_t activation);   /* Or NULL. */
const struct frame *instance_find_frame(const struct instance *instance, uint32_t activation);
const struct undo *instance_find_undo(const struct instance *instance, uint32_t activation);
/* The same, for activations that rise from call to call: from *at on, which starts at 0 and moves on. */
const struct undo *instance_next_undo(const struct instance *instance, uint32_t *at,
                                      uint32_t activation);
const struct timer *instance_timer(const struct instance *instance, enum timer_kind kind,
                                   uint32_t owner); /* Or NULL. */

/* Open a place (zeroed but for the activation, which is new) or take one out. The pointers of the
 * array move. */
struct frame *instance_add_frame(struct instance *instance, uint32_t activation);
void instance_drop_frame(struct instance *instance, uint32_t activation);
struct undo *instance_add_undo(struct instance *instance, uint32_t activation);
void instance_drop_undo(struct instance *instance, uint32_t activation);
struct mail *instance_add_mail(struct instance *instance);
void instance_drop_mail(struct instance *instance, uint32_t number);
/* Arm or re-arm; disarm one (no error if absent); disarm all of an owner. */
void instance_arm(struct instance *instance, enum timer_kind kind, uint32_t owner, int64_t due_ms);
void instance_disarm(struct instance *instance, enum timer_kind kind, uint32_t owner);
void instance_disarm_owner(struct instance *instance, uint32_t owner);

/* The earliest due time, or INT64_MAX. */
int64_t instance_next_due(const struct instance *instance);

bool timer_is_deadline(enum timer_kind kind);
const char *timer_kind_name(enum timer_kind kind); /* "attempt" ... */
bool timer_kind_of(struct text name, enum timer_kind *kind);
const char *run_status_name(enum run_status status);
bool run_status_of(struct text name, enum run_status *status);
const char *frame_state_name(enum frame_state state);
bool frame_state_of(struct text name, enum frame_state *state);
const char *block_role_name(enum block_role role);
bool block_role_of(struct text name, enum block_role *role);
const char *undo_state_name(enum undo_state state);
bool undo_state_of(struct text name, enum undo_state *state);

/* "<generation>-<offset>" */
void run_id_format(struct run_id run, char out[RUN_ID_BYTES]);
bool run_id_parse(struct text text, struct run_id *run);
bool run_id_equal(struct run_id a, struct run_id b);

#endif
