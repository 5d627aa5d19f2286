/*
 * stop - how a worker comes to its end: a first SIGTERM or SIGINT asks its threads to, a second one,
 * or too long a wait, ends the process at once. Nothing is lost by that; another worker takes over.
 */
#ifndef BATON_APP_STOP_H
#define BATON_APP_STOP_H

#include <stdbool.h>
#include <stdint.h>

struct stop;

/* Blocks the two signals; call before any thread is started. One per process. */
struct stop *stop_new(void);
void stop_free(struct stop *stop); /* Accepts NULL. */

/* So many threads are about to start, and each calls stop_thread_over() at its end. */
void stop_begin(struct stop *stop, uint32_t threads);
void stop_thread_over(struct stop *stop);

bool stop_is_wanted(const struct stop *stop);
/* From a thread that cannot go on: as if the signal had come. */
void stop_now(struct stop *stop);

/* Wait for the first signal, or stop_now(). */
void stop_await_signal(struct stop *stop);
/* Wait for the threads to end. Does not return if a signal comes again, or after `wait_ms`: then the
 * process ends as by that signal. */
void stop_await_threads(struct stop *stop, int64_t wait_ms);

#endif
