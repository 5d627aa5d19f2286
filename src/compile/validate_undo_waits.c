/* F506: an undo that may wait for ever. The flow's timeout has done its work when the undoing begins. */
#include "compile/checker.h"

static bool is_endless(const struct node *timeout)
{
    return timeout != NULL && timeout->kind == NODE_TEXT && text_is(timeout->text, "none");
}

static void report(struct checker *checker, const struct node *at, const char *what)
{
    diagnostics_warn(checker->diagnostics, "F506", node_place(at),
                     "inside of 'compensate' %s may wait for ever, and what was done before it is "
                     "never undone: give it a 'timeout'",
                     what);
}

/* A step, or an undo of one action. */
static void check_step(struct checker *checker, const struct node *step)
{
    const struct node *timeout = node_get(step, "timeout");
    const struct pair *listen = node_pair(step, "listen");

    if (listen != NULL && (timeout == NULL || is_endless(timeout))) {
        report(checker, timeout == NULL ? listen->key : timeout, "a listen without a timeout");
    } else if (node_pair(step, "request") != NULL && is_endless(timeout)) {
        report(checker, timeout, "a request without a timeout");
    }
}

/* Recursion is bounded by YAML_DEPTH_MAX. What stands within a block that ends in time ends as well; a
 * handler waits for nothing, it is at hand. */
static void check_within(struct checker *checker, const struct node *node)
{
    const struct node *timeout;

    if (node->kind == NODE_LIST) {
        for (uint32_t i = 0; i < node->count; i++) {
            check_within(checker, node->items[i]);
        }
        return;
    }
    if (node->kind != NODE_MAP) {
        return;
    }
    check_step(checker, node);
    timeout = node_get(node, "timeout");
    if (timeout != NULL && !is_endless(timeout)) {
        return;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        const struct node *key = node->pairs[i].key;

        if (key->kind == NODE_TEXT && !text_is(key->text, "handle") &&
            !text_is(key->text, "value")) {
            check_within(checker, node->pairs[i].value);
        }
    }
}

void validate_undo_waits(struct checker *checker)
{
    for (uint32_t i = 0; i < checker->plan.count; i++) {
        const struct node *undo = node_get(checker->plan.steps[i].node, "compensate");

        if (undo != NULL) {
            check_within(checker, undo);
        }
    }
}
