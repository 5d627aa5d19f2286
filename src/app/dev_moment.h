/*
 * dev_moment - a command that a simulated service is about to answer. Internal to dev_decide.c (whether and when)
 * and dev_reply.c (with what).
 */
#ifndef BATON_APP_DEV_MOMENT_H
#define BATON_APP_DEV_MOMENT_H

#include "app/dev_calls.h"

/* A command under way. */
struct moment {
    struct dev_calls *calls;
    struct dev_call *call;
    const struct sim_command *command;
    const struct json *variables[VARIABLE_FIXED_COUNT];
    struct json *owned[VARIABLE_FIXED_COUNT];
    int64_t attempt;
    uint32_t draws;
};

/* dev_decide.c */

void moment_note(const struct moment *moment, const char *what);
/* `.` is the value of the command. */
struct expr_env moment_env(struct moment *moment);

/* dev_reply.c: value NULL if there is none, which was noted. The caller's. */

/* As the services file says, else as the flow's rules want it; `heading` wins over the file's if it says
 * something. */
struct sim_reply moment_success(struct moment *moment, const struct dev_heading *heading);
struct sim_reply moment_refusal(struct moment *moment, const struct dev_failure *failure,
                                const struct dev_heading *heading);
/* This payload and these headers. */
struct sim_reply moment_exactly(struct moment *moment, const struct template *template,
                                const struct dev_heading *heading);

#endif
