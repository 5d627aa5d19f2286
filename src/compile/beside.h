/*
 * beside - flows in the same folder, by name: those that a flow runs are looked for there.
 */
#ifndef BATON_COMPILE_BESIDE_H
#define BATON_COMPILE_BESIDE_H

#include "base/arena.h"

/* May the file hold a flow, by its ending? Tests of flows do not. */
bool flow_file_ending(struct text path);

/* The file in the folder of the file at `path` whose flow is called `name`; empty: there is none. Lives
 * in `arena`. */
struct text flow_beside(struct text path, struct text name, struct arena *arena);

#endif
