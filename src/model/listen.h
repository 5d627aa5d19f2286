/*
 * listen - what a flow waits for from outside: where a record's business key sits, and which messages
 * and signals a listen is about. Part of flow.h.
 */
#ifndef BATON_MODEL_LISTEN_H
#define BATON_MODEL_LISTEN_H

#include "base/text.h"
#include "expr/expr.h"

/* Where the business key sits in a record (LANGUAGE.md section 6). */
enum correlation_kind {
    CORRELATION_NONE,
    CORRELATION_PATH,      /* `path` over the payload. */
    CORRELATION_HEADER,    /* The text of header `header`. */
    CORRELATION_RECORD,    /* The record's key: as text, or `path` over it read as JSON. */
    CORRELATION_COMPOSITE, /* JSON array text of the parts. */
};

struct correlation {
    enum correlation_kind kind;
    struct expr *path; /* NULL for `record: true`. */
    struct text header;
    struct correlation *parts;
    uint32_t part_count;
};

/* One message or signal that a listen waits for. */
struct awaited {
    struct text signal; /* Name; empty: a message of `topic`. */
    uint32_t topic;
    struct text type;       /* Empty: any. */
    struct expr *when;      /* NULL: always. */
    struct correlation key; /* NONE: the topic's. Same identity, other place. */
    struct expr *identity;  /* Gives the value that `key` has to find: another identity than the
                               instance's key. NULL: it is the instance's key. */
    struct text as;         /* Its name in the result of any and all; else empty. */
    struct text route;      /* "paid", "paid.card". Unique in the flow, but those who find another
                               identity of one topic by one rule share that of the first. */
};

enum listen_kind {
    LISTEN_ONE,
    LISTEN_MANY, /* Messages are collected until there are enough. */
    LISTEN_ANY,  /* The first of several. */
    LISTEN_ALL,  /* One of each. */
};

struct listen {
    enum listen_kind kind;
    struct awaited *items; /* One, but of ANY and ALL. */
    uint32_t item_count;
    uint32_t count;     /* MANY: enough; LOOP_ITEMS_MAX where only `until` says so. */
    struct expr *until; /* MANY: `.` is what has come; NULL: none. */
};

#endif
