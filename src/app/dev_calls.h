/*
 * dev_calls - every request that the flows make, and how the simulated services answer it: by the services
 * file, else by what the flow's own rules take for a success.
 */
#ifndef BATON_APP_DEV_CALLS_H
#define BATON_APP_DEV_CALLS_H

#include "app/dev_services.h"
#include "sim/sim_services.h"

/* A request of a step, or of its undo. */
struct dev_call {
    const struct flow *flow;
    uint32_t step;
    bool is_undo;
    const struct message_spec *spec;
    const struct service *service;
    struct text type;                 /* Empty if it has none or it depends on data. */
    struct dev_behaviour *of_type;    /* NULL: its type has no entry. */
    struct dev_behaviour *of_service; /* NULL: the service has none. */
    struct sim_reply success;         /* Made up; its value NULL: none was found. */
    struct sim_reply failure;         /* The same. */
    bool told;                        /* That its answer is not what the flow takes for one. */
};

/* A sign of life before the answer. */
struct dev_sign {
    int64_t delay_ms; /* Since the command. */
    struct template *reply;
    struct dev_heading heading;
};

/* What a script says about one command. Borrowed. */
struct dev_scripted {
    enum dev_outcome {
        DEV_SUCCESS, /* Made up from the flow's rules, as without a script. */
        DEV_REPLY,
        DEV_FAILURE,
        DEV_SILENCE, /* Neither done nor answered. */
    } outcome;
    const struct template *reply; /* DEV_REPLY */
    struct dev_heading heading;   /* Of whatever is answered. */
    struct dev_failure failure;   /* DEV_FAILURE */
    int64_t delay_ms;
    bool twice;
    int64_t again_ms; /* After the first answer. */
    const struct dev_sign *signs;
    uint32_t sign_count; /* At most SIM_SIGNS_MAX. */
};

struct dev_calls {
    struct arena arena;
    struct dev_call *items;
    uint32_t count;
    uint32_t capacity;
    const struct dev_services *services;
    struct sim *sim;
    struct rng rng;    /* Of its own, so that only what services are asked draws from it. */
    struct buffer key; /* Of the answer under way. */
    /* Told what a service does that its answers do not show: that it is silent, or cannot answer. */
    void *self;
    void (*note)(void *self, const struct sim_command *command, const char *what);
    /* Says, command by command, what is answered; NULL, or false: as the services file says. */
    void *script_self;
    bool (*script)(void *script_self, const struct dev_call *call, const struct expr_env *env,
                   struct dev_scripted *scripted);
};

/*
 * List the requests of `flow`, which is borrowed like `services`. Findings about the services file go to
 * `diagnostics`. STATUS_REJECT: a service has to be told what to answer; `missing` says which, and shows
 * what to write.
 */
MUST_CHECK enum status dev_calls_add(struct dev_calls *calls, const struct flow *flow,
                                     struct diagnostics *diagnostics, struct buffer *missing);
/* Findings about entries of services and types that no flow uses. */
void dev_calls_check(const struct dev_calls *calls, struct diagnostics *diagnostics);
/* The request that a command is of, or NULL. *is_cancel: it only tells that a step was given up. */
struct dev_call *dev_calls_find(const struct dev_calls *calls, const struct sim_command *command,
                                bool *is_cancel);
void dev_calls_release(struct dev_calls *calls);

/* The hook of sim_services; `self` is the calls. */
void dev_calls_decide(void *self, const struct sim_command *command, struct sim_answer *answer);

#endif
