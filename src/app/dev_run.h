/*
 * dev_run - lets a world in memory run: feeds it, lets its time pass as fast as asked for, and stops when
 * nothing can happen any more, on a signal, or when memory runs out.
 */
#ifndef BATON_APP_DEV_RUN_H
#define BATON_APP_DEV_RUN_H

#include "app/dev_feed.h"
#include "app/dev_http.h"
#include "app/dev_world.h"

#define DEV_SPEED_MAX 0.0

struct dev_run_options {
    double speed;          /* Of the world's clock; DEV_SPEED_MAX: it jumps to what is due next. */
    int64_t kill_every_ms; /* 0: never. */
    int64_t memory_mib;    /* Resident; above it the run stops. */
    bool stays;            /* Goes on until a signal comes, also with nothing left to do. */
    struct dev_http *http; /* Kept up to date; NULL: none. */
};

/* Gives an exit code. What is wrong is printed; the summary is not. */
int dev_run(struct dev_world *world, struct feed *feed, const struct dev_run_options *options);

#endif
