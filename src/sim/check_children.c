/*
 * Children (LANGUAGE.md section 5, rule 7): what a child did stays if, and only if, its parent has
 * completed and counts on it; else it is undone, and the child did not end as completed with it.
 */
#include "sim/checker_parts.h"

/* The parent's entry for the child at `activation`, as it stood when the parent completed; NULL: it
 * does not count on it. */
static const struct undo *hold_of(const struct book *parent, uint32_t activation)
{
    const struct undo *undo = parent->almost == NULL || parent->state->status != RUN_COMPLETED
                                  ? NULL
                                  : instance_find_undo(parent->almost, activation);

    return undo != NULL && undo->state == UNDO_ARMED && !undo->in_doubt ? undo : NULL;
}

void check_child(struct checker *checker, const struct book *book, bool stands)
{
    const struct book *parent = book->parent == NULL
                                    ? NULL
                                    : map_get(&checker->books, text_of(book->parent));

    if (book->parent == NULL) {
        return;
    }
    if (parent == NULL) {
        checker_fail(checker, "child: %s was started by %s, which has no history", book->key,
                     book->parent);
    } else if (stands && hold_of(parent, book->parent_step) == NULL) {
        checker_fail(checker, "child: %s completed and is not undone, but its parent %s %s",
                     book->key, parent->key,
                     parent->state->status == RUN_COMPLETED ? "does not count on it"
                                                            : "did not complete");
    }
}

/* Awaited, so that the parent could not complete before it. */
static bool counts_on(const struct checker *checker, const struct book *book, uint32_t activation)
{
    const struct flow *flow = checker_flow(checker, text_of(book->instance));
    const struct undo *undo = hold_of(book, activation);

    return flow != NULL && undo != NULL && json_member(undo->message, "child") != NULL &&
           flow->steps[undo->step].run.awaits;
}

void check_children_done(struct checker *checker, const struct book *book)
{
    uint32_t counted = 0;
    uint32_t completed = 0;
    size_t cursor = 0;
    struct text key;
    void *value;

    for (uint32_t i = 0; book->almost != NULL && i < book->almost->undo_count; i++) {
        counted += counts_on(checker, book, book->almost->stack[i].activation);
    }
    while (map_next(&checker->books, &cursor, &key, &value)) {
        const struct book *child = value;

        completed += child->parent != NULL && text_is(text_of(child->parent), book->key) &&
                     child->state->status == RUN_COMPLETED &&
                     counts_on(checker, book, child->parent_step);
    }
    if (completed != counted) {
        checker_fail(checker,
                     "child: %s completed and counts on %u children, of which %u completed",
                     book->key, counted, completed);
    }
}
