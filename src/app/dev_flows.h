/*
 * dev_flows - the flows that are tried, and the services file: read, checked, and what is wrong printed.
 */
#ifndef BATON_APP_DEV_FLOWS_H
#define BATON_APP_DEV_FLOWS_H

#include "app/dev_calls.h"
#include "engine/publish.h"

#define DEV_FLOWS_MAX 1000

struct dev_flows {
    struct arena arena;
    struct flow **items;
    struct publish_definition *definitions; /* In the same order. */
    uint32_t count;
};

/* Read the files, or the folders of flows, at `paths`, and the flows beside them that these run. Gives an
 * exit code. End it with dev_flows_release() either way. */
int dev_flows_read(const struct text *paths, uint32_t count, struct dev_flows *flows);
/* One of the flows that runs `child` by its name, or NULL. */
const struct flow *dev_parent_of(struct flow *const *flows, uint32_t count,
                                 const struct flow *child);
void dev_flows_release(struct dev_flows *flows);

/* Read the services file (NULL: there is none) and find an answer for every request of the flows. Gives an
 * exit code. `calls` borrows flows and services; end both either way. */
int dev_flows_services(const struct dev_flows *flows, const char *path,
                       struct dev_services *services, struct dev_calls *calls);

#endif
