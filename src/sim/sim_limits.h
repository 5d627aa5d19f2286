/*
 * sim_limits - the limiter in memory, behind the port of engine/limiter.h, by the same rules as the
 * one in Redis (adapter/redis_limit_scripts.c). What is asked arrives at once; the answer is there at
 * the next call.
 */
#ifndef BATON_SIM_SIM_LIMITS_H
#define BATON_SIM_SIM_LIMITS_H

#include "engine/limiter.h"
#include "sim/sim.h"

struct sim_limits;

/* Borrows `sim`. Free with sim_limits_free(). */
struct sim_limits *sim_limits_new(struct sim *sim);
void sim_limits_free(struct sim_limits *limits); /* Accepts NULL. */

/* The port as one lane of `process` sees it. Valid until either ends, or the process is forgotten. */
struct limiter sim_limits_port(struct sim_limits *limits, struct sim_process *process);
/* Free what a process left open. */
void sim_limits_forget(struct sim_limits *limits, const struct sim_process *process);

void sim_limits_flush(struct sim_limits *limits); /* All is full and closed again. */
/* No answer to anything until then. */
void sim_limits_gone(struct sim_limits *limits, int64_t until_ms);

/* Permits of a service that are given out now. */
uint32_t sim_limits_held(const struct sim_limits *limits, struct text service);

#endif
