/*
 * dev_options - the command line of `baton dev`.
 */
#ifndef BATON_APP_DEV_OPTIONS_H
#define BATON_APP_DEV_OPTIONS_H

#include "app/dev_feed.h"
#include "app/dev_run.h"
#include "base/log.h"

#define DEV_PATHS_MAX 256

struct dev_options {
    struct text paths[DEV_PATHS_MAX]; /* Of flows. */
    uint32_t path_count;
    const char *services; /* NULL: no file. */
    const char *config;
    const char *http; /* NULL: no metrics are served. */
    bool json;
    bool quiet;
    bool made_up; /* No message was asked for. */
    bool has_seed;
    uint64_t seed;
    bool has_clock;
    int64_t clock_ms;
    enum log_level log_level;
    bool has_level;
    struct feed_options feed; /* Without the flows. */
    struct dev_run_options run;
};

/* Gives -1 to go on, else the exit code. Texts are those of argv. */
int dev_options_read(int argc, char **argv, struct dev_options *options);

#endif
