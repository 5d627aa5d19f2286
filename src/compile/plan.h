/*
 * plan - the steps of a flow file as a graph, with the nodes they came from. Made while the file is
 * read, so it exists for files with errors too: a reference that leads nowhere is left out. The
 * checker asks it what can run before what.
 */
#ifndef BATON_COMPILE_PLAN_H
#define BATON_COMPILE_PLAN_H

#include "compile/document.h"
#include "compile/fields.h"
#include "model/flow.h"

struct plan_then {
    const struct node *node; /* NULL: not given. */
    enum then_kind kind;
    uint32_t step; /* THEN_STEP; STEP_NONE if it names nothing. */
};

struct plan_case {
    const struct node *node;
    uint32_t first; /* Of `do`, or STEP_NONE. */
    bool conditional;
    struct plan_then then;
};

/* A list of steps within a step, other than the cases of a switch. */
struct plan_block {
    uint32_t first; /* STEP_NONE if it is empty or bad: a catch that only goes on. */
    bool is_catch;  /* Or of a handler: it may begin wherever the step has come to. */
};

struct plan_step {
    const struct node *node; /* The map. */
    const struct node *name_node;
    struct text name;   /* Empty if it is missing or bad. */
    enum object action; /* OBJECT_REQUEST ...; OBJECT_COUNT: none. */
    uint32_t list;      /* Steps of one list share a number. */
    uint32_t parent;    /* The step around its list, or STEP_NONE. */
    uint32_t next;      /* In the list, or STEP_NONE. */
    bool in_failure;    /* In onFailure. */
    bool conditional;   /* Has `if`. */
    bool aside;         /* In the list of a handler or undo: nothing comes after its end. */
    uint32_t undo_of;   /* In a block that undoes this step; or STEP_NONE. */
    struct plan_then then;
    struct plan_case *cases;
    uint32_t case_count;
    struct plan_block *blocks;
    uint32_t block_count;
    uint32_t block_capacity;
    struct json *json;  /* As in the resolved definition; a count of its own. */
    struct text result; /* The name its result gets; empty: none. */
};

struct plan {
    struct plan_step *steps;
    uint32_t count;
    uint32_t capacity;
    uint32_t lists;
    uint32_t first;     /* Of `do`, or STEP_NONE. */
    uint32_t failure;   /* Of onFailure, or STEP_NONE. */
    uint32_t always;    /* Of always, or STEP_NONE. */
    uint32_t *handlers; /* First steps of the flow's own handlers. */
    uint32_t handler_count;
    uint32_t handler_capacity;
};

#define PLAN_END UINT32_MAX /* As a successor: the run completes. */

/* Calls `visit` for each step that may come next, and with PLAN_END if the run may complete. */
void plan_successors(const struct plan *plan, uint32_t step, void *self,
                     void (*visit)(void *self, uint32_t next));
/* Calls `visit` for the first step of each catch that an error in `step` may lead to, and for what comes
 * after the step around it where the catch only goes on. */
void plan_catches(const struct plan *plan, uint32_t step, void *self,
                  void (*visit)(void *self, uint32_t next));
/* The list right within `around` in which `step` stands, at any depth; UINT32_MAX: in none. */
uint32_t plan_list_within(const struct plan *plan, uint32_t around, uint32_t step);
/* Step `name` in the list of `step`, or STEP_NONE. */
uint32_t plan_find_in_list(const struct plan *plan, uint32_t list, struct text name);
/* A flag for each step that may run after `first` (itself included); from `arena`. */
bool *plan_reach(const struct plan *plan, struct arena *arena, uint32_t first);
/* The same for what may run after `step` has run, and not failed. */
bool *plan_reach_after(const struct plan *plan, struct arena *arena, uint32_t step);
/* The same for several: what may run after one of those whose flag is set. */
bool *plan_reach_after_any(const struct plan *plan, struct arena *arena, const bool *steps);

/* Which steps have surely run, one bit a step: row i before step i, row `count` when the run completes; one
 * that fails has no result. */
struct plan_done {
    uint64_t *words;
    uint32_t row_words;
};
struct plan_done plan_surely_done(const struct plan *plan, struct arena *arena);
/* The same of what steps put into the document: the bit of a step also stands where, on another path,
 * a `set` or another step has put something under the name of its result. */
struct plan_done plan_surely_there(const struct plan *plan, struct arena *arena);
bool plan_is_done(const struct plan_done *done, uint32_t row, uint32_t step);

#endif
