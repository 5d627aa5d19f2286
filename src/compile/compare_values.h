/* compare_values - members of definitions, compared and told. Of compare.c alone. */
#ifndef BATON_COMPILE_COMPARE_VALUES_H
#define BATON_COMPILE_COMPARE_VALUES_H

#include "base/arena.h"
#include "json/json.h"

/* Empty `was` or `is`: it is absent. The texts live in `arena`. */
struct value_visitor {
    void *self;
    struct arena *arena;
    void (*visit)(void *self, struct text path, struct text was, struct text is);
};

/* Visit each member, at any depth of objects, that differs. */
void values_compare(const struct json *was, const struct json *is,
                    const struct value_visitor *visitor);
/* A value for people: durations as such, the rest as JSON, cut. `key`: of the member. */
struct text values_tell(struct arena *arena, const char *key, const struct json *value);
bool values_are_step(const struct json *value);
/* The step with null for each list of steps within it. The caller's, as those below. */
struct json *values_without_steps(const struct json *step);
/* Without its name, and that of its result if it is the same. */
struct json *values_nameless(const struct json *step);
/* The same, or as good as: the same service or topic, and type. */
bool values_same_but_name(const struct json *a, const struct json *b);
/* The flow's members but for its steps, name, version, and what compare_flows() tells by itself. */
struct json *values_of_flow(const struct json *definition);
/* An object: name to null. */
struct json *values_start_topics(const struct json *definition);

#endif
