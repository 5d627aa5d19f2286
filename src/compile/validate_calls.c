/* Requests: whether the service replies, and whether its replies can be told apart. */
#include "compile/checker.h"

struct call {
    const struct json *json;
    const struct node *node; /* The map that holds `request`. */
};

struct calls {
    struct call *items;
    uint32_t count;
};

static void add_call(struct calls *calls, const struct json *json, const struct node *node)
{
    if (json_member_text(json, "request").bytes > 0 && node_get(node, "request") != NULL) {
        calls->items[calls->count++] = (struct call){.json = json, .node = node};
    }
}

static void check_replies(struct checker *checker, const struct call *call)
{
    struct text name = json_member_text(call->json, "request");
    const struct entry *entry = entries_find(&checker->services, name);

    if (entry == NULL || entry->json == NULL || json_member(entry->json, "replies") != NULL) {
        return;
    }
    diagnostics_error(checker->diagnostics, "F405", node_place(node_get(call->node, "request")),
                      "service '%.*s' has no 'replies': a request would never end", TEXT_ARG(name));
    diagnostics_note(checker->diagnostics, node_place(entry->pair->key), "the service");
}

/* It says what it takes for success, but has that of its service: what it says has a finding. */
static bool is_success_bad(const struct call *call)
{
    const struct node *said = node_get(node_get(call->node, "reply"), "success");
    struct text success = json_member_text(json_member(call->json, "reply"), "success");

    return said != NULL && !text_starts(said->text, TEXT("${")) && !text_equal(said->text, success);
}

/* Two requests are told apart by the business key alone and by what they take for success. */
static bool is_confused_with(const struct call *call, const struct call *other)
{
    struct text success = json_member_text(json_member(call->json, "reply"), "success");
    struct text others = json_member_text(json_member(other->json, "reply"), "success");

    return text_equal(json_member_text(call->json, "request"),
                      json_member_text(other->json, "request")) &&
           text_equal(success, others) && !is_success_bad(call) && !is_success_bad(other);
}

static void check_confusion(struct checker *checker, const struct calls *calls, uint32_t index)
{
    const struct call *call = &calls->items[index];
    const struct entry *entry = entries_find(&checker->services,
                                             json_member_text(call->json, "request"));

    if (entry == NULL || json_member(json_member(entry->json, "correlate"), "header") != NULL) {
        return;
    }
    for (uint32_t i = 0; i < calls->count; i++) {
        if (i != index && is_confused_with(call, &calls->items[i])) {
            diagnostics_warn(checker->diagnostics, "F407",
                             node_place(node_get(call->node, "request")),
                             "replies of '%.*s' carry only the business key: a late reply to one "
                             "command can be taken for the reply to another; give 'reply.success' "
                             "for each, or echo the correlation header",
                             TEXT_ARG(entry->name));
            diagnostics_note(checker->diagnostics,
                             node_place(node_get(calls->items[i].node, "request")),
                             "the other request");
            return;
        }
    }
}

static void check_service(struct checker *checker, const struct entry *entry)
{
    const struct node *node = entry->pair->value;

    if (node->kind == NODE_MAP && node_pair(node, "replies") != NULL &&
        node_pair(node, "success") == NULL && node_pair(node, "failure") == NULL) {
        diagnostics_error(checker->diagnostics, "F406", node_place(entry->pair->key),
                          "service '%.*s' has neither 'success' nor 'failure': say what its "
                          "replies mean",
                          TEXT_ARG(entry->name));
    }
}

void validate_calls(struct checker *checker)
{
    struct calls calls = {
        .items = arena_array(&checker->arena, (size_t)checker->plan.count * 2 + 1,
                             sizeof(*calls.items)),
    };

    for (uint32_t i = 0; i < checker->services.count; i++) {
        check_service(checker, checker->services.items[i]);
    }
    for (uint32_t i = 0; i < checker->plan.count; i++) {
        const struct plan_step *step = &checker->plan.steps[i];

        add_call(&calls, step->json, step->node);
        add_call(&calls, json_member(step->json, "compensate"), node_get(step->node, "compensate"));
    }
    for (uint32_t i = 0; i < calls.count; i++) {
        check_replies(checker, &calls.items[i]);
        check_confusion(checker, &calls, i);
    }
}
