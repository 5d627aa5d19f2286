/*
 * dev_services - the file that tells `baton dev` how the services of a flow behave (docs/dev-mode.md): what
 * they answer, how often they refuse, keep silent, are slow or answer twice; by service, and by message
 * type within one.
 */
#ifndef BATON_APP_DEV_SERVICES_H
#define BATON_APP_DEV_SERVICES_H

#include "compile/diagnostic.h"
#include "expr/template.h"

/* When something happens to a command: `40%`, `{every: 3}`, `{attempts: 2}`, `{when: .total > 500}`, or
 * several of these, which all have to hold. Its counter makes it good for one run. */
struct dev_chance {
    bool given;
    uint32_t permille;
    uint32_t every;    /* Each so manieth; 0: not asked for. */
    uint32_t attempts; /* Of a step the first so many; 0: not asked for. */
    struct expr *when; /* Over the command's value; NULL: not asked for. */
    uint32_t seen;
};

/* What a reply has beside its payload. */
struct dev_heading {
    struct text type;         /* Put where the service's rule looks for it; empty: not said. */
    struct template *headers; /* Over the command's value; NULL: not said. */
};

struct dev_failure {
    struct dev_chance chance;
    struct template *reply; /* NULL: made from the flow's own rules with the two below. */
    struct dev_heading heading;
    struct text error;
    struct text reason;
    struct place place;
};

struct dev_behaviour {
    struct template *success; /* Over the command's value; NULL: made from the flow's own rules. */
    struct dev_heading heading; /* Of a success. */
    struct dev_failure failure;
    struct dev_chance silence;
    bool silent_before; /* The work is not done either. */
    struct dev_chance duplicate;
    int64_t duplicate_ms; /* After the first answer. */
    bool has_delay;
    int64_t delay_from_ms;
    int64_t delay_to_ms;
};

struct dev_type {
    struct text name;
    struct place place;
    struct dev_behaviour behaviour;
};

struct dev_service {
    struct text name;
    struct place place;
    struct dev_behaviour behaviour; /* Of commands that are no undos; its delay of these as well. */
    struct dev_type *types;
    uint32_t type_count;
};

/* Owns all it holds. Zeroed: no file. */
struct dev_services {
    struct arena arena;
    bool has_delay;
    int64_t delay_from_ms;
    int64_t delay_to_ms;
    struct dev_service *items;
    uint32_t count;
    struct expr **exprs;
    uint32_t expr_count;
    struct template **templates;
    uint32_t template_count;
};

/* Read `source`, which `file` names. STATUS_REJECT: errors are in `diagnostics`. Either way end it with
 * dev_services_release(). */
MUST_CHECK enum status dev_services_read(struct text file, struct text source,
                                         struct diagnostics *diagnostics,
                                         struct dev_services *services);
void dev_services_release(struct dev_services *services);

struct dev_service *dev_services_find(const struct dev_services *services, struct text name);
/* The entry of a message type; NULL: none. `service` may be NULL. */
struct dev_type *dev_services_type(const struct dev_service *service, struct text type);

#endif
