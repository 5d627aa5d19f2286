/*
 * fields - the one table of keys and types of the flow language. It drives the checker; the JSON
 * Schema for editors and the reference page are made from it too.
 */
#ifndef BATON_COMPILE_FIELDS_H
#define BATON_COMPILE_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* What a value looks like and becomes in the resolved definition. */
enum shape {
    SHAPE_NONE, /* Of no row: it was forgotten. */
    SHAPE_TEXT,
    SHAPE_FLOW_NAME,  /* [a-z][a-z0-9-]{0,62} */
    SHAPE_STEP_NAME,  /* An identifier that is no word of `then`. */
    SHAPE_NAME,       /* An identifier. */
    SHAPE_TOPIC_NAME, /* As the broker allows it. */
    SHAPE_HEADER_NAME,
    SHAPE_INTEGER, /* `least` to `most`. */
    SHAPE_FACTOR,  /* A number of at least 1. */
    SHAPE_PERCENT, /* "20%"; becomes 20. */
    SHAPE_TRUE,    /* Only true is of use. */
    SHAPE_BOOL,
    SHAPE_CHOICE,          /* One of `values`. */
    SHAPE_NAMES,           /* A list of error names. */
    SHAPE_ERRORS,          /* One error name, or a list of them. */
    SHAPE_VARIABLE,        /* The name of a variable, without `$`. */
    SHAPE_TEXTS,           /* A map of texts. */
    SHAPE_RENAMES,         /* A map from our header names to others. */
    SHAPE_DURATION,        /* Becomes milliseconds. */
    SHAPE_SPAN,            /* A duration, `none`, or "${ expr }", which becomes {expr}. */
    SHAPE_EXPR,            /* Always an expression; becomes its source. */
    SHAPE_TEMPLATE,        /* Any YAML with `${ expr }`. */
    SHAPE_TEXT_TEMPLATE,   /* A scalar with `${ expr }`. */
    SHAPE_STATUS_TEMPLATE, /* An HTTP status, or a template. */
    SHAPE_MAP_TEMPLATE,    /* A map with `${ expr }`. */
    SHAPE_CORRELATION,
    SHAPE_TOPIC,   /* The alias of a topic; becomes its name on the broker. */
    SHAPE_SERVICE, /* The name of a service. */
    SHAPE_RETRY,   /* The name of a policy, attempts, or a policy of kind `object`. */
    SHAPE_FROM,    /* now, earliest or a time, which becomes milliseconds. */
    SHAPE_AS,      /* A name or false. */
    SHAPE_THEN,
    SHAPE_OBJECT,     /* A map of kind `object`. */
    SHAPE_OBJECTS,    /* One map of kind `object` or a list of them; becomes a list. */
    SHAPE_CASES,      /* The list of a switch. */
    SHAPE_STEPS,      /* A list of steps. */
    SHAPE_BODY,       /* The list of steps of a block. */
    SHAPE_CATCHES,    /* One map of kind `object` or a list of them. */
    SHAPE_BRANCHES,   /* A map from names to lists of steps. */
    SHAPE_FOR,        /* A map of kind `object`. */
    SHAPE_JOIN,       /* all, first, race, or a number. */
    SHAPE_ROLLBACK,   /* all, or a list of step names. */
    SHAPE_VERSION,    /* latest, or a number. */
    SHAPE_HANDLERS,   /* A list of maps of kind `object`. */
    SHAPE_REMIND,     /* A map of kind `object`. */
    SHAPE_SPANS,      /* A list of durations. */
    SHAPE_TIMES,      /* How often: a number, or many. */
    SHAPE_LISTEN_KEY, /* As CORRELATION, or {message, instance}. */
    SHAPE_RATE,       /* "100/s", or a map of kind `object`. */
    SHAPE_BREAKER,    /* A map of kind `object`. */
    SHAPE_LISTEN,     /* A topic, or a map of kind `object`. */
    SHAPE_AWAITED,    /* A list of topics and of maps of kind `object`. */
    SHAPE_WAIT,       /* A span, or a map of kind `object`. */
    SHAPE_RAISE,      /* A name, $error, or a map of kind `object`. */
    SHAPE_COMPENSATE, /* `none`, or a map of kind `object`. */
    SHAPE_FILES,      /* Estate files; read before everything else. */
    SHAPE_NAMED,      /* A map of things that have names; read before everything else. */
    SHAPE_COUNT,
};

enum object {
    OBJECT_FLOW,
    OBJECT_ESTATE,
    OBJECT_TOPIC,
    OBJECT_LOCATOR,
    OBJECT_ID,
    OBJECT_SERVICE,
    OBJECT_RATE,
    OBJECT_BREAKER,
    OBJECT_POLICY,
    OBJECT_SAGA_POLICY,
    OBJECT_SAGA,
    OBJECT_START,
    OBJECT_STEP, /* The keys that all steps share. */
    OBJECT_REQUEST,
    OBJECT_EMIT,
    OBJECT_LISTEN_STEP,
    OBJECT_WAIT_STEP,
    OBJECT_SET,
    OBJECT_SWITCH,
    OBJECT_RAISE_STEP,
    OBJECT_END,
    OBJECT_DO,
    OBJECT_TRY,
    OBJECT_FORK_STEP,
    OBJECT_FOR_STEP,
    OBJECT_ROLLBACK,
    OBJECT_RUN_STEP,
    OBJECT_ACTIONS_END,
    OBJECT_UNDO = OBJECT_ACTIONS_END, /* The keys that all undos share. */
    OBJECT_UNDO_REQUEST,
    OBJECT_UNDO_BLOCK,
    OBJECT_LISTEN,
    OBJECT_AWAITED,
    OBJECT_HANDLER,
    OBJECT_BATCH,
    OBJECT_REMIND,
    OBJECT_WAIT,
    OBJECT_CASE,
    OBJECT_RAISE,
    OBJECT_REPLY,
    OBJECT_CANCEL,
    OBJECT_CATCH,
    OBJECT_FORK,
    OBJECT_FOR,
    OBJECT_COUNT,
};

/* What `.` is and which variables there are, where an expression stands. */
enum context {
    CONTEXT_INHERIT, /* As in the object around it. */
    CONTEXT_KEY,     /* `.` is a payload; no variables. */
    CONTEXT_START,   /* `.` is a payload; there is no instance document yet. */
    CONTEXT_MESSAGE, /* `.` is a payload, `$data` the instance document. */
    CONTEXT_STEP,    /* `.` is the instance document. */
    CONTEXT_NOTE,    /* The same, with the step's own result. */
    CONTEXT_KEEP,    /* `.` is the result of the step. */
    CONTEXT_DATA,    /* `.` is the payload of the start message. */
    CONTEXT_OPEN,    /* `.` is the first instance document. */
    CONTEXT_RESULT,  /* `.` is the instance document at the end. */
    CONTEXT_ITEM,    /* `.` is what an item's steps added, `$data` its document. */
};

enum field_flag {
    FIELD_REQUIRED = 1,
    FIELD_INFO = 2,   /* Not part of the flow's identity. */
    FIELD_ACTION = 4, /* Says what a step does. */
};

/* The headers of a command that a service may rename. */
#define FIELDS_HEADERS                                                                             \
    "baton-instance baton-run baton-step baton-attempt baton-undo-of correlation-id "              \
    "idempotency-key message-type reply-topic deadline traceparent"

/* Actions that a key shared by all steps may stand on; one bit for each action object. */
#define ON_REQUEST 0x01u
#define ON_EMIT 0x02u
#define ON_LISTEN 0x04u
#define ON_WAIT 0x08u
#define ON_SET 0x10u
#define ON_SWITCH 0x20u
#define ON_RAISE 0x40u
#define ON_END 0x80u
#define ON_DO 0x100u
#define ON_TRY 0x200u
#define ON_FORK 0x400u
#define ON_FOR 0x800u
#define ON_ROLLBACK 0x1000u
#define ON_RUN 0x2000u
#define ON_BLOCKS (ON_DO | ON_TRY | ON_FORK | ON_FOR)
#define ON_ALL 0x3FFFu
#define ON_UNDO_BLOCK 0x04u /* Of OBJECT_UNDO, whose forms are request, emit and do. */

struct field {
    const char *key;
    enum shape shape;
    enum object object; /* Of the shapes that say so. */
    unsigned flags;     /* enum field_flag */
    unsigned actions;   /* ON_..., of OBJECT_STEP and OBJECT_UNDO. */
    enum context context;
    const char *values; /* SHAPE_CHOICE: "a b". */
    int64_t least;      /* SHAPE_INTEGER */
    int64_t most;
    const char *fallback; /* JSON that the resolved definition gets when the key is absent. */
    const char *doc;      /* One line for people. */
};

struct fields {
    const char *name; /* "service" */
    const struct field *items;
    uint32_t count;
};

const struct fields *fields_of(enum object object);
/* NULL if there is no such key. */
const struct field *fields_find(enum object object, struct text key);
/* What we call it, if `key` is the word of another tool; or NULL. */
const char *fields_meant(struct text key);
/* The key of `object` that `key` means or is nearest to, or NULL if none is near. */
const char *fields_suggest(enum object object, struct text key);
/* The action a key of a step names, as an object kind (OBJECT_REQUEST ...); OBJECT_COUNT if none. */
enum object fields_action(struct text key);
/* True if `near` is few enough edits away from `text` to be meant; *best is the least so far. */
bool fields_is_near(struct text text, struct text near, uint32_t *best);

#endif
