/* F111: what has no place in the block of an undo, where there is no run to end, no stack of its own and
 * nothing to seal. */
#include "compile/checker.h"

static void refuse(struct checker *checker, const struct node *at, const char *what)
{
    diagnostics_error(checker->diagnostics, "F111", node_place(at),
                      "%s is not allowed inside compensate", what);
}

static void check_keys(struct checker *checker, const struct plan_step *step)
{
    static const char *const keys[] = {"compensate", "pivot", "inDoubt", "end", "run", "rollback"};
    static const char *const names[] = {"'compensate'", "'pivot'", "'inDoubt'",
                                        "'end'",        "'run'",   "'rollback'"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const struct pair *pair = node_pair(step->node, keys[i]);

        if (pair != NULL) {
            refuse(checker, pair->key, names[i]);
        }
    }
}

static void check_then(struct checker *checker, const struct plan_then *then)
{
    if (then->node != NULL && then->kind == THEN_END) {
        refuse(checker, then->node, "'then: end'");
    }
}

void validate_undo_blocks(struct checker *checker)
{
    for (uint32_t i = 0; i < checker->plan.count; i++) {
        const struct plan_step *step = &checker->plan.steps[i];

        if (step->undo_of == STEP_NONE) {
            continue;
        }
        check_keys(checker, step);
        check_then(checker, &step->then);
        for (uint32_t k = 0; k < step->case_count; k++) {
            check_then(checker, &step->cases[k].then);
        }
    }
}
