/* `run`: the flow that it names. Others are looked for beside this file only: what is deployed is
 * not known here. */
#include "compile/beside.h"
#include "compile/checker.h"

/* True too if the folder is not known: then nobody can say. */
static bool is_beside(struct checker *checker, struct text name)
{
    struct text real = checker->file_count == 0 ? TEXT("") : checker->files[0].real;

    return text_find_last(real, '/') == SIZE_MAX ||
           flow_beside(real, name, &checker->arena).bytes > 0;
}

static void check_run(struct checker *checker, const struct json *flow, const struct node *node)
{
    struct text name = node->text;

    if (!node_is_scalar(node) || text_find(name, '$') != SIZE_MAX) {
        return;
    }
    if (!node_names_flow(name)) {
        diagnostics_warn(checker->diagnostics, "F212", node_place(node),
                         "'%.*s' is no name of a flow: lower case letters, digits and '-', a "
                         "letter first",
                         TEXT_ARG(name));
    } else if (text_equal(name, json_member_text(flow, "flow"))) {
        diagnostics_error(checker->diagnostics, "F211", node_place(node),
                          "the flow '%.*s' runs itself", TEXT_ARG(name));
    } else if (!is_beside(checker, name)) {
        diagnostics_warn(checker->diagnostics, "F212", node_place(node),
                         "no flow file beside this one is named '%.*s': it has to be deployed when "
                         "the step runs",
                         TEXT_ARG(name));
    }
}

void validate_runs(struct checker *checker, const struct json *flow)
{
    for (uint32_t i = 0; i < checker->plan.count; i++) {
        const struct node *node = node_get(checker->plan.steps[i].node, "run");

        if (checker->plan.steps[i].action == OBJECT_RUN_STEP && node != NULL) {
            check_run(checker, flow, node);
        }
    }
}
