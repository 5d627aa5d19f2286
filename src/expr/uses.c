/* Part of expr: where variables are read. */
#include "expr/node.h"

uint32_t expr_uses(const struct expr *expr, struct expr_use *uses, uint32_t most)
{
    uint32_t count = 0;

    for (const struct node *node = expr->nodes; node != NULL; node = node->next) {
        uint32_t at = count;

        if (node->kind != NODE_VARIABLE || count == most) {
            continue;
        }
        while (at > 0 && uses[at - 1].offset > node->offset) {
            uses[at] = uses[at - 1];
            at--;
        }
        uses[at] = (struct expr_use){
            .offset = node->offset, .variable = node->variable, .shorthand = node->shorthand};
        count++;
    }
    return count;
}
