#include "compile/fields.h"

#include "base/check.h"
#include "compile/fields_limit_rows.h"
#include "compile/fields_parts.h"
#include "compile/fields_rows.h"

#define ROWS(label, rows)                                                                          \
    {                                                                                              \
        .name = (label), .items = (rows), .count = sizeof(rows) / sizeof((rows)[0])                \
    }

static const struct fields table[OBJECT_COUNT] = {
    [OBJECT_FLOW] = ROWS("flow", flow_rows),
    [OBJECT_ESTATE] = ROWS("estate file", estate_rows),
    [OBJECT_TOPIC] = ROWS("topic", topic_rows),
    [OBJECT_LOCATOR] = ROWS("type", locator_rows),
    [OBJECT_ID] = ROWS("id", id_rows),
    [OBJECT_SERVICE] = ROWS("service", service_rows),
    [OBJECT_RATE] = ROWS("rate", rate_rows),
    [OBJECT_BREAKER] = ROWS("breaker", breaker_rows),
    [OBJECT_POLICY] = ROWS("retry", policy_rows),
    [OBJECT_SAGA_POLICY] = ROWS("retry", saga_policy_rows),
    [OBJECT_SAGA] = ROWS("saga", saga_rows),
    [OBJECT_START] = ROWS("start", start_rows),
    [OBJECT_STEP] = ROWS("step", step_rows),
    [OBJECT_REQUEST] = ROWS("request", request_rows),
    [OBJECT_EMIT] = ROWS("emit", emit_rows),
    [OBJECT_LISTEN_STEP] = ROWS("listen", listen_step_rows),
    [OBJECT_WAIT_STEP] = ROWS("wait", wait_step_rows),
    [OBJECT_SET] = ROWS("set", set_rows),
    [OBJECT_SWITCH] = ROWS("switch", switch_rows),
    [OBJECT_RAISE_STEP] = ROWS("raise", raise_step_rows),
    [OBJECT_END] = ROWS("end", end_rows),
    [OBJECT_DO] = ROWS("do", do_rows),
    [OBJECT_TRY] = ROWS("try", try_rows),
    [OBJECT_FORK_STEP] = ROWS("fork", fork_step_rows),
    [OBJECT_FOR_STEP] = ROWS("for", for_step_rows),
    [OBJECT_ROLLBACK] = ROWS("rollback", rollback_rows),
    [OBJECT_RUN_STEP] = ROWS("run", run_rows),
    [OBJECT_UNDO] = ROWS("compensate", undo_rows),
    [OBJECT_UNDO_REQUEST] = ROWS("request", undo_request_rows),
    [OBJECT_UNDO_BLOCK] = ROWS("do", undo_block_rows),
    [OBJECT_LISTEN] = ROWS("listen", listen_rows),
    [OBJECT_AWAITED] = ROWS("listen entry", awaited_rows),
    [OBJECT_HANDLER] = ROWS("handler", handler_rows),
    [OBJECT_BATCH] = ROWS("batch", batch_rows),
    [OBJECT_REMIND] = ROWS("remind", remind_rows),
    [OBJECT_WAIT] = ROWS("wait", wait_rows),
    [OBJECT_CASE] = ROWS("case", case_rows),
    [OBJECT_RAISE] = ROWS("raise", raise_rows),
    [OBJECT_REPLY] = ROWS("reply", reply_rows),
    [OBJECT_CANCEL] = ROWS("cancel", cancel_rows),
    [OBJECT_CATCH] = ROWS("catch", catch_rows),
    [OBJECT_FORK] = ROWS("fork", fork_rows),
    [OBJECT_FOR] = ROWS("for", for_rows),
};

const struct fields *fields_of(enum object object)
{
    CHECK(object < OBJECT_COUNT);
    return &table[object];
}

const struct field *fields_find(enum object object, struct text key)
{
    const struct fields *fields = fields_of(object);

    for (uint32_t i = 0; i < fields->count; i++) {
        if (text_is(key, fields->items[i].key)) {
            return &fields->items[i];
        }
    }
    return NULL;
}

/* What people who come from elsewhere write. */
static const char *const meant[][2] = {
    {"name", "step"},       {"id", "step"},       {"send", "emit"},      {"publish", "emit"},
    {"produce", "emit"},    {"call", "request"},  {"invoke", "request"}, {"command", "request"},
    {"sleep", "wait"},      {"delay", "wait"},    {"parallel", "fork"},  {"foreach", "for"},
    {"forEach", "for"},     {"loop", "for"},      {"goto", "then"},      {"next", "then"},
    {"else", "then"},       {"steps", "do"},      {"tasks", "do"},       {"onError", "onFailure"},
    {"undo", "compensate"}, {"timezone", "zone"},
};

const char *fields_meant(struct text key)
{
    for (size_t i = 0; i < sizeof(meant) / sizeof(meant[0]); i++) {
        if (text_is(key, meant[i][0])) {
            return meant[i][1];
        }
    }
    return NULL;
}

bool fields_is_near(struct text text, struct text near, uint32_t *best)
{
    uint32_t most = text.bytes < 4 ? 1 : text.bytes < 7 ? 2 : 3;
    uint32_t distance = text_distance(text, near, most);

    if (distance > most || distance >= *best) {
        return false;
    }
    *best = distance;
    return true;
}

const char *fields_suggest(enum object object, struct text key)
{
    const struct fields *fields = fields_of(object);
    const char *found = fields_meant(key);
    uint32_t best = UINT32_MAX;

    if (found != NULL) {
        return fields_find(object, text_of(found)) != NULL ? found : NULL;
    }
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->items[i];

        if (fields_is_near(key, text_of(field->key), &best)) {
            found = field->key;
        }
    }
    return found;
}

enum object fields_action(struct text key)
{
    for (enum object object = OBJECT_REQUEST; object < OBJECT_ACTIONS_END; object++) {
        const struct field *field = fields_find(object, key);

        if (field != NULL && (field->flags & FIELD_ACTION) != 0) {
            return object;
        }
    }
    return OBJECT_COUNT;
}
