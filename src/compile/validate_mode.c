/* What a flow that only observes may hold. */
#include "compile/checker.h"

static void refuse(struct checker *checker, const struct node *node, const char *action,
                   const struct node *mode)
{
    diagnostics_error(checker->diagnostics, "F408", node_place(node_get(node, action)),
                      "'%s' in a flow that only observes: it sends nothing", action);
    diagnostics_note(checker->diagnostics, node_place(mode), "the mode");
}

void validate_mode(struct checker *checker, const struct node *root)
{
    static const char *const actions[] = {"request", "emit", "run", "rollback"};
    const struct node *mode = node_get(root, "mode");

    if (mode == NULL || !node_is_scalar(mode) || !text_is(mode->text, "observe")) {
        return;
    }
    for (uint32_t i = 0; i < checker->plan.count; i++) {
        const struct node *node = checker->plan.steps[i].node;

        for (size_t k = 0; k < sizeof(actions) / sizeof(actions[0]); k++) {
            if (node_pair(node, actions[k]) != NULL) {
                refuse(checker, node, actions[k], mode);
            }
        }
    }
}
