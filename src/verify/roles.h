/*
 * roles - what each expression and template of a flow is there for: by that, and not by what it says,
 * its outcomes are chosen.
 */
#ifndef BATON_VERIFY_ROLES_H
#define BATON_VERIFY_ROLES_H

#include "model/flow.h"

enum role_kind {
    ROLE_OTHER, /* Its value decides nothing. */
    ROLE_SUCCESS,
    ROLE_FAILURE,
    ROLE_PROGRESS,
    ROLE_ERROR_NAME, /* Of a reply, or of a raise. */
    ROLE_HARMLESS,   /* Decides nothing, and its failing neither: a note, a reason. */
    ROLE_SPAN,
    ROLE_WAIT_SPAN, /* May be 0. */
    ROLE_UNTIL,     /* May be past. */
    ROLE_ITEMS,
    ROLE_CONDITION, /* `if` */
    ROLE_CASE,
    ROLE_WHILE,
    ROLE_WHEN,   /* Of a listen (also its `until`), start or catch: failing is as saying no. */
    ROLE_OBJECT, /* A template that must give an object. */
    ROLE_TEXT,   /* One that must give a text. */
};

struct role {
    const void *subject; /* The expression or template. */
    enum role_kind kind;
    uint32_t step; /* STEP_NONE: of the flow. */
};

struct roles {
    struct role *items;
    uint32_t count;
    uint32_t capacity;
    /* Names that an error of a reply or raise may have: one for each that the flow treats alike. */
    struct text *names;
    uint32_t name_count;
};

/* Borrows `flow`. */
void roles_init(struct roles *roles, const struct flow *flow);
/* Never NULL; what is not known is ROLE_OTHER. */
const struct role *roles_find(const struct roles *roles, const void *subject);
void roles_release(struct roles *roles);

#endif
