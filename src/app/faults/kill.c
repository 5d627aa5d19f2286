/*
 * BATON_FAULT=<point>[:<n>] kills the process with SIGKILL when it comes by <point> for the n-th
 * time (default 1), as an operating system or an operator would: nothing is flushed or closed.
 * BATON_FAULT_SIGNAL=STOP freezes it there instead, until SIGCONT: a zombie.
 * BATON_FAULT_WHEN=<file>: what comes by before this file exists does not count.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/fault.h"

static bool is_armed(void)
{
    const char *file = getenv("BATON_FAULT_WHEN");

    return file == NULL || access(file, F_OK) == 0;
}

static int chosen_signal(void)
{
    const char *name = getenv("BATON_FAULT_SIGNAL");

    return name != NULL && strcmp(name, "STOP") == 0 ? SIGSTOP : SIGKILL;
}

static void die_at(void *self, const char *point)
{
    static atomic_long passed;
    const char *wanted = getenv("BATON_FAULT");
    size_t bytes = wanted == NULL ? 0 : strcspn(wanted, ":");

    (void)self;
    if (wanted == NULL || strlen(point) != bytes || strncmp(point, wanted, bytes) != 0 ||
        !is_armed()) {
        return;
    }
    long nth = wanted[bytes] == ':' ? strtol(wanted + bytes + 1, NULL, 10) : 1;
    if (atomic_fetch_add(&passed, 1) + 1 == nth) {
        fprintf(stderr, "fault: %s at %s\n", chosen_signal() == SIGSTOP ? "frozen" : "dying",
                point);
        kill(getpid(), chosen_signal());
    }
}

fault_function *fault_hook(void)
{
    return getenv("BATON_FAULT") == NULL ? NULL : die_at;
}
