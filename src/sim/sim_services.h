/*
 * sim_services - participants: they read their command topics read_committed, do each piece of work
 * once by its idempotency key, and answer; or refuse, keep silent, are late, or answer twice. What
 * they did is kept in a ledger, the truth that a saga's outcome is held against.
 *
 * How a command is answered is drawn from the simulation's chance by the rates of its service, or
 * decided by the rules of whoever uses this (`decide`).
 */
#ifndef BATON_SIM_SIM_SERVICES_H
#define BATON_SIM_SIM_SERVICES_H

#include "model/flow.h"
#include "sim/sim_broker.h"
#include "sim/sim_reply.h"
#include "json/json.h"

enum sim_verdict {
    SIM_DO,     /* The work is done, and said so. */
    SIM_REFUSE, /* Not done, and said so. */
    SIM_MUTE,   /* Done, but nothing is said. */
    SIM_MISS,   /* Neither done nor said: the command was lost on the service's side. */
};

/* A command as a service sees it. Borrowed. */
struct sim_command {
    struct text service;
    struct text type;
    struct text key; /* Of the record. */
    struct text id;  /* correlation-id */
    struct text idempotency_key;
    struct text undo_of; /* The idempotency key of what it undoes; empty: no undo. */
    struct text attempt;
    struct text instance; /* baton-instance */
    struct text step;
    const struct record *record; /* As it came. */
    const struct json *value;
};

/* Said before the answer: a sign of life. */
struct sim_sign {
    int64_t delay_ms;
    struct sim_reply reply;
};

#define SIM_SIGNS_MAX 64

struct sim_answer {
    enum sim_verdict verdict;
    int64_t delay_ms;
    bool twice;
    int64_t again_ms; /* With `twice`: after the first answer. */
    /* What is said, instead of the service's payloads; taken over. Set it (or not) whatever the verdict:
     * of a repeat it is not known before whether the work was done. */
    struct sim_reply done;
    struct sim_reply refused;
    struct text key; /* Of the answer's record, borrowed; data NULL: the command's. */
    struct sim_sign
        signs[SIM_SIGNS_MAX]; /* Said whatever the verdict; the values are taken over. */
    uint32_t sign_count;
};

struct sim_rates { /* Permille of commands, as far as faults are on (refusals: always). */
    uint32_t refuse;
    uint32_t mute;
    uint32_t miss;
    uint32_t twice;
    uint32_t late;
    int64_t delay_ms_max; /* Of an answer that is not late. */
    int64_t late_ms_max;
};

struct sim_service_options {
    const char *name;
    const char *commands;
    const char *replies;
    const char *echo;    /* A member of the command's value that answers repeat; NULL: none. */
    bool by_header;      /* Answers carry the command id in correlation-id. */
    const char *success; /* JSON objects. */
    const char *failure;
    const char *undone; /* The answer to an undo; NULL: as success. */
    struct sim_rates rates;
    enum format format;                /* Of values, both ways. */
    const struct header_name *headers; /* What the service calls our headers. */
    uint32_t header_count;
    const char *correlation; /* The header of answers with the command id; NULL: correlation-id. */
    bool refuses_anew;       /* What was refused is decided again when it is asked for again. */
    /* Decides instead of the rates. Undos and commands that were done or refused before are given as
     * well; a repeat is answered as the first time whatever it says (DO and REFUSE). */
    void (*decide)(void *decide_self, const struct sim_command *command, struct sim_answer *answer);
    void *decide_self;
};

/* A piece of work in the ledger. */
struct sim_deed {
    struct text service;
    struct text type;
    struct text idempotency_key;
    struct text undo_of;
    struct text instance; /* Header baton-instance. */
    bool done;
    bool refused;
    uint32_t commands; /* How often it was asked for. */
    uint32_t order;    /* Of doing, rising; 0: not done. */
};

struct sim_services;

/* Borrows both. Free with sim_services_free(). */
struct sim_services *sim_services_new(struct sim *sim, struct sim_broker *broker);
/* Keep no more than so many deeds: the oldest are forgotten, and would be done again. */
void sim_services_limit(struct sim_services *services, size_t deeds_max);
/* When the next answer is due, or INT64_MAX. */
int64_t sim_services_due_ms(const struct sim_services *services);
/* What is before it in the command topic was read; 0 if no service reads it. */
int64_t sim_services_position(const struct sim_services *services, struct text topic,
                              int32_t partition);
void sim_services_free(struct sim_services *services); /* Accepts NULL. */
/* The texts are borrowed for the life of `services`. REJECT: a JSON text is none. */
MUST_CHECK enum status sim_services_add(struct sim_services *services,
                                        const struct sim_service_options *options,
                                        struct error *err);
/* Read what is new, answer what is due. */
void sim_services_step(struct sim_services *services);
/* True if no answer waits and no command is unread. */
bool sim_services_idle(const struct sim_services *services);
/* By index, NULL past the last. Borrowed. */
const struct sim_deed *sim_services_deed(const struct sim_services *services, size_t index);
/* The deed of an idempotency key, or NULL. */
const struct sim_deed *sim_services_find(const struct sim_services *services, struct text key);

#endif
