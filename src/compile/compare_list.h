/*
 * compare_list - the steps of a definition, one after the other, for comparing versions.
 */
#ifndef BATON_COMPILE_COMPARE_LIST_H
#define BATON_COMPILE_COMPARE_LIST_H

#include "base/arena.h"
#include "json/json.h"

/* A step where it stands in a definition. */
struct place_of_step {
    struct text name;
    struct text parent; /* The step around it; empty: none. */
    const struct json *json;
    struct json *own; /* Without the steps within it. */
    bool of_handler;  /* In what a handler of the flow does: no run waits there for long. */
};

struct listing {
    struct arena *arena;
    struct place_of_step *items;
    uint32_t count;
    uint32_t capacity;
};

/* Borrows the definition. End it with list_release(). */
struct listing list_steps_of(struct arena *arena, const struct json *definition);
const struct place_of_step *list_find(const struct listing *listing, struct text name);
void list_release(struct listing *listing);

#endif
