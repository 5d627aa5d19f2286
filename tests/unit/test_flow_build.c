/* links: baton_compile */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "compile/flow_file.h"

/* The resolved definition of a file below the root of the tree. */
static struct json *definition_of(const char *path)
{
    struct diagnostics found = {0};
    struct buffer text = {0};
    struct json *root = NULL;
    struct error err;

    assert_int_equal(flow_file_check(path, &found, &text, &err), STATUS_OK);
    assert_int_equal(json_parse(buffer_text(&text), &root, &err), STATUS_OK);
    diagnostics_release(&found);
    buffer_release(&text);
    return root;
}

static struct json *everything(void)
{
    return definition_of(BATON_SOURCE_DIR "/tests/lint/good-everything.yaml");
}

static enum status build(const struct json *root, struct flow **flow, struct error *err)
{
    struct buffer text = {0};
    enum status status;

    json_write(root, &text);
    status = flow_build(buffer_text(&text), flow, err);
    buffer_release(&text);
    return status;
}

static const struct step *step_named(const struct flow *flow, const char *name)
{
    uint32_t index = flow_find_step(flow, text_of(name));

    assert_true(index != UINT32_MAX);
    return &flow->steps[index];
}

static void a_definition_becomes_the_state_machine(void **state)
{
    struct json *root = everything();
    const struct step *step;
    struct flow *flow;
    struct error err;

    (void)state;
    assert_int_equal(build(root, &flow, &err), STATUS_OK);

    assert_true(text_is(flow->name, "everything"));
    assert_int_equal(flow->version, 3);
    assert_int_equal(flow->start_count, 2);
    assert_int_equal(flow->starts[0].from, START_EARLIEST);
    assert_int_equal(flow->starts[1].from, START_TIME);
    assert_true(flow->starts[1].from_ms == INT64_C(1769817600000));
    assert_ptr_equal(flow->key_in_data, flow->key.path);
    assert_int_equal(flow->saga_order, SAGA_PARALLEL);
    assert_int_equal(flow->saga_retry->attempts, UINT32_MAX);
    assert_int_equal(flow->saga_retry->delay_ms, 2000);
    assert_true(flow->saga_retry->total_ms == INT64_C(86400000));
    assert_true(text_is(flow->alerts, "notes"));

    step = step_named(flow, "reserve");
    assert_int_equal(step->kind, STEP_REQUEST);
    assert_true(text_is(step->as, "booking"));
    assert_int_equal(step->timeout.kind, SPAN_EXPR);
    assert_int_equal(step->retry->attempts, 4);
    assert_int_equal(step->retry->error_count, 2);
    assert_int_equal(step->in_doubt, IN_DOUBT_COMPENSATE);
    assert_non_null(step->message.key);
    assert_non_null(step->message.cancel_type);
    assert_true(text_is(expr_source(step->message.reply.success), ".fine"));
    assert_true(text_is(expr_source(step->message.reply.failure), ".refused"));
    assert_non_null(step->compensate);
    assert_null(step->compensate->message.reply.failure);
    assert_int_equal(step->compensate->retry->attempts, 9);

    step = step_named(flow, "heard");
    assert_int_equal(step->as.bytes, 0);
    assert_int_equal(step->listen.items[0].key.kind, CORRELATION_RECORD);
    assert_true(step_named(flow, "until")->wait.minus_ms == 3600000);
    flow_free(flow);
    json_free(root);
}

static void lists_are_linked_and_cases_nested(void **state)
{
    struct json *root = everything();
    const struct step *choose;
    struct flow *flow;
    uint32_t tell;
    struct error err;

    (void)state;
    assert_int_equal(build(root, &flow, &err), STATUS_OK);

    choose = step_named(flow, "choose");
    tell = flow_find_step(flow, TEXT("tell"));
    assert_int_equal(choose->choice.case_count, 3);
    assert_int_equal(choose->choice.cases[0].first_step, tell);
    assert_int_equal(choose->choice.cases[1].then.kind, THEN_STEP);
    assert_int_equal(choose->choice.cases[1].then.step, flow_find_step(flow, TEXT("last")));
    assert_null(choose->choice.cases[2].when);
    assert_int_equal(choose->next, flow_find_step(flow, TEXT("bytes")));
    assert_int_equal(flow->steps[tell].parent, flow_find_step(flow, TEXT("choose")));
    assert_int_equal(flow->steps[tell].next, flow_find_step(flow, TEXT("go")));
    assert_int_equal(step_named(flow, "go")->next, STEP_NONE);
    assert_int_equal(flow->first_step, 0);
    assert_int_equal(flow->failure_step, flow_find_step(flow, TEXT("again")));
    assert_true(step_named(flow, "again")->raise.again);
    flow_free(flow);
    json_free(root);
}

static void what_is_built_gives_its_definition_back(void **state)
{
    struct json *root = everything();
    struct flow *again;
    struct flow *flow;
    struct error err;

    (void)state;
    assert_int_equal(build(root, &flow, &err), STATUS_OK);
    assert_int_equal(flow_build(flow->definition, &again, &err), STATUS_OK);
    assert_true(text_equal(flow->definition, again->definition));
    assert_string_equal(flow->hash, again->hash);
    flow_free(flow);
    flow_free(again);
    json_free(root);
}

static void information_is_not_identity(void **state)
{
    struct json *root = everything();
    struct json *bare = json_open_copy(root);
    struct flow *first;
    struct flow *second;
    struct error err;

    (void)state;
    json_drop(bare, TEXT("info"));
    assert_int_equal(build(root, &first, &err), STATUS_OK);
    assert_int_equal(build(bare, &second, &err), STATUS_OK);
    assert_string_equal(first->hash, second->hash);
    assert_true(first->steps[0].line > 0);
    assert_int_equal(second->steps[0].line, 0);
    flow_free(first);
    flow_free(second);
    json_free(bare);
    json_free(root);
}

static void assert_refused(const char *definition, const char *why)
{
    struct flow *flow = NULL;
    struct error err = {0};

    assert_int_equal(flow_build(text_of(definition), &flow, &err), STATUS_REJECT);
    assert_null(flow);
    if (strstr(err.text, why) == NULL) {
        fail_msg("'%s' does not say '%s'", err.text, why);
    }
}

/* A whole definition whose steps are `steps`. */
static void assert_steps_refused(const char *steps, const char *why)
{
    char text[4096];

    snprintf(text, sizeof(text),
             "{\"format\":1,\"flow\":\"a\",\"version\":1,\"mode\":\"orchestrate\","
             "\"key\":{\"path\":\".id\"},\"early\":0,\"remember\":0,\"keep\":0,"
             "\"topics\":{\"t\":{\"format\":\"json\",\"key\":{\"path\":\".id\"}}},"
             "\"services\":{\"mail\":{\"commands\":\"c\",\"format\":\"json\",\"type\":{\"header\":"
             "\"x\"},"
             "\"correlate\":{\"header\":\"y\"},\"timeout\":1}},"
             "\"start\":[{\"topic\":\"t\",\"from\":\"now\"}],"
             "\"saga\":{\"retry\":{\"total\":1,\"delay\":1,\"factor\":2,\"max\":1,\"jitter\":0,"
             "\"errors\":[],\"exceptErrors\":[]}},\"do\":%s}",
             steps);
    assert_refused(text, why);
}

static void definitions_that_are_none_are_refused(void **state)
{
    (void)state;
    assert_refused("", "definition");
    assert_refused("{", "definition");
    assert_refused("[]", "not an object");
    assert_refused("{}", "'format' is missing");
    assert_refused("{\"format\":2}", "'format'");
    assert_refused("{\"format\":1,\"flow\":\"A\"}", "name of a flow");
    assert_steps_refused("[]", "empty list");
    assert_steps_refused("{}", "empty list");
    assert_steps_refused("[1]", "no name");
    assert_steps_refused("[{\"step\":\"a\"}]", "0 actions");
    assert_steps_refused("[{\"step\":\"a\",\"set\":{},\"emit\":\"t\"}]", "2 actions");
    assert_steps_refused("[{\"step\":\"a\",\"set\":{}},{\"step\":\"a\",\"set\":{}}]", "no name");
    assert_steps_refused("[{\"step\":\"a\",\"emit\":\"u\"}]", "no topic");
    assert_steps_refused("[{\"step\":\"a\",\"request\":\"u\",\"reply\":{}}]", "no topic");
    assert_steps_refused("[{\"step\":\"a\",\"request\":\"mail\",\"reply\":{\"success\":\".x\"}}]",
                         "no topic");
    assert_steps_refused("[{\"step\":\"a\",\"set\":{\"x\":\"${ .a + }\"}}]", "bad template");
    assert_steps_refused("[{\"step\":\"a\",\"set\":{\"x\":\"${ .a\"}}]", "bad template");
    assert_steps_refused("[{\"step\":\"a\",\"set\":{},\"if\":\"1 +\"}]", "bad expression");
    assert_steps_refused("[{\"step\":\"a\",\"set\":{},\"then\":\"b\"}]", "'then'");
    assert_steps_refused("[{\"step\":\"a\",\"set\":{},\"warp\":{}}]", "'warp' is not known");
    assert_steps_refused("[{\"step\":\"a\",\"wait\":-1}]", "no duration");
    assert_steps_refused("[{\"step\":\"a\",\"wait\":\"none\"}]", "no end");
    assert_steps_refused("[{\"step\":\"a\",\"switch\":[{}]}]", "not whole");
    assert_steps_refused("[{\"step\":\"a\",\"switch\":[5]}]", "not an object");
    assert_steps_refused("[{\"step\":\"a\",\"end\":\"soon\"}]", "'end: soon'");
    assert_steps_refused("[{\"step\":\"a\",\"set\":{},\"compensate\":{\"emit\":\"t\"}}]",
                         "nothing to undo");
    assert_steps_refused("[{\"step\":\"a\",\"set\":{}}],\"more\":1,\"x\":[1]",
                         "'more' is not known");
}

/* Take each part out, and put each kind of value in its place, one after the other: the builder
 * refuses or accepts, it never goes wrong. */
struct mutation {
    size_t target;
    size_t seen;
    const char *put; /* JSON, or NULL to leave out. */
};

static struct json *mutate(const struct json *value, struct mutation *mutation)
{
    struct json_cursor cursor = {0};
    const struct json *inner;
    struct json *out;
    struct text key;

    if (mutation->seen++ == mutation->target && mutation->put != NULL) {
        assert_int_equal(json_parse(text_of(mutation->put), &out, NULL), STATUS_OK);
        return out;
    }
    if (json_kind(value) == JSON_ARRAY) {
        out = json_array();
        for (size_t i = 0; i < json_count(value); i++) {
            json_push(out, mutate(json_at(value, i), mutation));
        }
        return out;
    }
    if (json_kind(value) != JSON_OBJECT) {
        return json_copy(value);
    }
    out = json_object();
    while (json_next(value, &cursor, &key, &inner)) {
        bool drop = mutation->put == NULL && mutation->seen == mutation->target;
        struct json *made = mutate(inner, mutation);

        if (drop) {
            json_free(made);
        } else {
            json_put(out, key, made);
        }
    }
    return out;
}

static void any_part_may_be_wrong(void **state)
{
    static const char *const values[] = {
        NULL, "null", "{}", "[]", "\"x\"", "-1", "{\"do\":[]}",
    };
    struct json *root = everything();
    struct mutation all = {.target = SIZE_MAX};

    (void)state;
    json_free(mutate(root, &all));
    assert_true(all.seen > 200);
    for (size_t i = 0; i < COUNT_OF(values) * all.seen; i++) {
        struct mutation mutation = {.put = values[i % COUNT_OF(values)],
                                    .target = i / COUNT_OF(values)};
        struct json *made = mutate(root, &mutation);
        struct flow *flow = NULL;
        struct error err = {0};
        enum status status = build(made, &flow, &err);

        assert_true(status == STATUS_OK ? flow != NULL
                                        : status == STATUS_REJECT && err.text[0] != '\0');
        flow_free(flow);
        json_free(made);
    }
    json_free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_definition_becomes_the_state_machine),
        cmocka_unit_test(lists_are_linked_and_cases_nested),
        cmocka_unit_test(what_is_built_gives_its_definition_back),
        cmocka_unit_test(information_is_not_identity),
        cmocka_unit_test(definitions_that_are_none_are_refused),
        cmocka_unit_test(any_part_may_be_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
