/*
 * BATON_FAULT=<point>[:<n>] kills the process with SIGKILL when it comes by <point> for the n-th
 * time (default 1), as an operating system or an operator would: nothing is flushed or closed.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/fault.h"

static void die_at(void *self, const char *point)
{
    static atomic_long passed;
    const char *wanted = getenv("BATON_FAULT");
    size_t bytes = strcspn(wanted, ":");

    (void)self;
    if (strlen(point) != bytes || strncmp(point, wanted, bytes) != 0) {
        return;
    }
    long nth = wanted[bytes] == ':' ? strtol(wanted + bytes + 1, NULL, 10) : 1;
    if (atomic_fetch_add(&passed, 1) + 1 == nth) {
        fprintf(stderr, "fault: dying at %s\n", point);
        kill(getpid(), SIGKILL);
    }
}

fault_function *fault_hook(void)
{
    return getenv("BATON_FAULT") == NULL ? NULL : die_at;
}
