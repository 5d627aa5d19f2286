#include "app/stop.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "adapter/real_clock.h"
#include "base/check.h"
#include "base/log.h"

#define LOOK_MS 50

struct stop {
    sigset_t signals;
    atomic_bool is_wanted;
    atomic_uint threads; /* That have not ended. */
    int signal;          /* The first; SIGTERM if there was none. */
};

struct stop *stop_new(void)
{
    struct stop *stop = calloc(1, sizeof *stop);

    CHECK(stop != NULL);
    stop->signal = SIGTERM;
    sigemptyset(&stop->signals);
    sigaddset(&stop->signals, SIGTERM);
    sigaddset(&stop->signals, SIGINT);
    CHECK(pthread_sigmask(SIG_BLOCK, &stop->signals, NULL) == 0);
    signal(SIGPIPE, SIG_IGN);
    return stop;
}

void stop_free(struct stop *stop)
{
    free(stop);
}

void stop_begin(struct stop *stop, uint32_t threads)
{
    atomic_store(&stop->threads, threads);
}

void stop_thread_over(struct stop *stop)
{
    atomic_fetch_sub(&stop->threads, 1);
}

bool stop_is_wanted(const struct stop *stop)
{
    return atomic_load_explicit(&stop->is_wanted, memory_order_relaxed);
}

void stop_now(struct stop *stop)
{
    atomic_store(&stop->is_wanted, true);
}

/* A signal that came within LOOK_MS, or 0. */
static int look(const struct stop *stop)
{
    struct timespec span = {.tv_nsec = LOOK_MS * 1000000};
    int number = sigtimedwait(&stop->signals, NULL, &span);

    return number > 0 ? number : 0;
}

void stop_await_signal(struct stop *stop)
{
    while (!stop_is_wanted(stop)) {
        int number = look(stop);

        if (number != 0) {
            stop->signal = number;
            stop_now(stop);
        }
    }
    log_event(LOG_INFO, "stopping", "signal=%d", stop->signal);
}

/* As the shell, and whoever supervises us, expects of a process that a signal ends. */
static void end_at_once(const struct stop *stop, const char *why)
{
    log_event(LOG_WARN, "stop-cut-short", "reason=\"%s\" threads=%u", why,
              atomic_load(&stop->threads));
    signal(stop->signal, SIG_DFL);
    raise(stop->signal);
    pthread_sigmask(SIG_UNBLOCK, &stop->signals, NULL);
    _exit(128 + stop->signal); /* Not reached: the signal was pending. */
}

void stop_await_threads(struct stop *stop, int64_t wait_ms)
{
    int64_t until_ms = real_clock_monotonic_ms() + wait_ms;

    while (atomic_load(&stop->threads) > 0) {
        if (look(stop) != 0) {
            end_at_once(stop, "told to stop for the second time");
        }
        if (real_clock_monotonic_ms() >= until_ms) {
            end_at_once(stop, "the threads do not come to their end in time");
        }
    }
}
