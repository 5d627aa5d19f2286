/* Undos, and what requests take over from their service. */
#include "compile/checker.h"

static const struct pair *find_call(struct checker *checker, const struct node *node)
{
    const struct pair *request = node_pair(node, "request");
    const struct pair *emit = node_pair(node, "emit");

    if (request != NULL && emit != NULL) {
        diagnostics_error(checker->diagnostics, "F107", node_place(emit->key),
                          "two actions: 'request' and 'emit'");
        diagnostics_note(checker->diagnostics, node_place(request->key), "the other one");
    }
    return request != NULL ? request : emit;
}

static void convert_undo_key(struct checker *checker, enum object action, const struct pair *pair,
                             struct json *out)
{
    const struct field *common = fields_find(OBJECT_UNDO, pair->key->text);

    if (!node_is_scalar(pair->key)) {
        expected(checker, pair->key, "a key");
    } else if (action == OBJECT_EMIT && common != NULL) {
        diagnostics_error(checker->diagnostics, "F111", node_place(pair->key),
                          "'%.*s' is not allowed on 'emit'", TEXT_ARG(pair->key->text));
    } else if (convert_pair(checker, action, pair, out) ||
               convert_pair(checker, OBJECT_UNDO, pair, out)) {
        return;
    } else if (fields_action(pair->key->text) == OBJECT_COUNT) {
        report_unknown_key(checker, action, pair->key);
    } else if (fields_find(OBJECT_UNDO_REQUEST, pair->key->text) == NULL &&
               !text_is(pair->key->text, "emit")) {
        diagnostics_error(checker->diagnostics, "F111", node_place(pair->key),
                          "'%.*s' is not allowed in compensate: say it in its 'do'",
                          TEXT_ARG(pair->key->text));
    }
}

struct json *convert_compensate(struct checker *checker, const struct field *field,
                                const struct node *node)
{
    const struct pair *call;
    enum object action;
    struct json *out;

    (void)field;
    if (node->kind == NODE_TEXT && text_is(node->text, "none")) {
        return NULL; /* Said aloud, so that F504 stays silent. */
    }
    if (node->kind != NODE_MAP) {
        return expected(checker, node, "none, or a map with request, emit or do");
    }
    if (node_pair(node, "do") != NULL) {
        return convert_undo_block(checker, node);
    }
    call = find_call(checker, node);
    if (call == NULL) {
        diagnostics_error(checker->diagnostics, "F106", node_place(node),
                          "compensate has no action: say request, emit or do");
    }
    action = call == NULL || text_is(call->key->text, "request") ? OBJECT_UNDO_REQUEST
                                                                 : OBJECT_EMIT;
    out = json_object();
    checker->in_undo = true;
    for (uint32_t i = 0; i < node->count; i++) {
        if (!node->pairs[i].repeated) {
            convert_undo_key(checker, action, &node->pairs[i], out);
        }
    }
    checker->in_undo = false;
    resolve_request(checker, out, INHERIT_FOR_UNDO);
    return out;
}

static void inherit_reply(const struct json *service, struct json *reply, enum inherit inherit)
{
    static const char *const rules[] = {"success", "failure", "progress", "error", "reason"};
    bool own_success = json_member(reply, "success") != NULL;

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const struct json *rule = json_member(service, rules[i]);
        bool skip = inherit == INHERIT_FOR_UNDO && own_success &&
                    text_is(TEXT("failure"), rules[i]);

        if (rule != NULL && json_member(reply, rules[i]) == NULL && !skip) {
            json_put(reply, text_of(rules[i]), json_copy(rule));
        }
    }
}

void resolve_request(struct checker *checker, struct json *call, enum inherit inherit)
{
    const struct entry *entry = entries_find(&checker->services, json_member_text(call, "request"));
    const struct json *given = json_member(call, "reply");
    struct json *reply;

    if (entry == NULL || entry->json == NULL) {
        return;
    }
    reply = given == NULL ? json_object() : json_open_copy(given);
    inherit_reply(entry->json, reply, inherit);
    json_put(call, TEXT("reply"), reply);
    if (json_member(call, "timeout") == NULL) {
        json_put_integer(call, "timeout", json_member_int(entry->json, "timeout", 0));
    }
    if (inherit == INHERIT_ALL && json_member(call, "retry") == NULL &&
        json_member(entry->json, "retry") != NULL) {
        json_put(call, TEXT("retry"), json_copy(json_member(entry->json, "retry")));
    }
}
