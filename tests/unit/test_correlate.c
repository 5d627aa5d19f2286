/* links: baton_core */
#include "core/correlate.h"

#include "base/limits.h"
#include "support/flow_kit.h"
#include "support/play.h"

struct key_case {
    struct correlation rule;
    const char *payload; /* NULL: there is none. */
    const char *record;
    const char *headers;
    const char *key; /* NULL: refused. */
};

static void check(const struct key_case *at)
{
    struct json *payload = at->payload == NULL ? NULL : play_json(at->payload);
    struct json *headers = play_json(at->headers == NULL ? "{}" : at->headers);
    struct record_view view = {.payload = payload, .key = text_of(at->record), .headers = headers};
    struct buffer key = {0};
    struct error err = {0};
    enum status status;

    buffer_add_text(&key, TEXT("<"));
    status = correlate_key(&at->rule, &view, &key, &err);
    if (at->key == NULL) {
        assert_int_equal(status, STATUS_REJECT);
        assert_true(err.text[0] != '\0');
        assert_string_equal(buffer_string(&key), "<");
    } else {
        if (status != STATUS_OK) {
            fail_msg("%s: %s", at->key, err.text);
        }
        assert_string_equal(buffer_string(&key) + 1, at->key);
    }
    buffer_release(&key);
    json_free(payload);
    json_free(headers);
}

static struct correlation by_path(struct flow *flow, const char *source)
{
    return (struct correlation){.kind = CORRELATION_PATH, .path = kit_expr(flow, source)};
}

static void keys_are_found_by_every_form_of_rule(void **state)
{
    struct flow *flow = kit_flow();
    struct correlation path = by_path(flow, ".orderId");
    struct correlation header = {.kind = CORRELATION_HEADER, .header = TEXT("order-id")};
    struct correlation record = {.kind = CORRELATION_RECORD};
    struct correlation record_path = {.kind = CORRELATION_RECORD, .path = kit_expr(flow, ".id")};
    struct correlation parts[] = {path, header};
    struct correlation both = {
        .kind = CORRELATION_COMPOSITE, .parts = parts, .part_count = COUNT_OF(parts)};
    const struct key_case cases[] = {
        {.rule = path, .payload = "{\"orderId\":\"A-1\"}", .key = "A-1"},
        {.rule = path,
         .payload = "{\"orderId\":12345678901234567890}",
         .key = "12345678901234567890"},
        {.rule = path, .payload = "{\"orderId\":1.0}", .key = "1"},
        {.rule = path, .payload = "{\"orderId\":true}", .key = "true"},
        {.rule = header, .headers = "{\"order-id\":\"A-1\"}", .key = "A-1"},
        {.rule = record, .record = "A-1", .key = "A-1"},
        {.rule = record_path, .record = "{\"id\":7}", .key = "7"},
        {.rule = both,
         .payload = "{\"orderId\":7}",
         .headers = "{\"order-id\":\"B\"}",
         .key = "[\"7\",\"B\"]"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check(&cases[i]);
    }
    flow_free(flow);
}

static void what_is_no_key_is_refused(void **state)
{
    struct flow *flow = kit_flow();
    struct correlation path = by_path(flow, ".orderId");
    struct correlation header = {.kind = CORRELATION_HEADER, .header = TEXT("order-id")};
    struct correlation record = {.kind = CORRELATION_RECORD};
    struct correlation record_path = {.kind = CORRELATION_RECORD, .path = kit_expr(flow, ".id")};
    struct correlation parts[] = {path, header};
    struct correlation both = {
        .kind = CORRELATION_COMPOSITE, .parts = parts, .part_count = COUNT_OF(parts)};
    const struct key_case cases[] = {
        {.rule = path},
        {.rule = path, .payload = "{}"},
        {.rule = path, .payload = "{\"orderId\":null}"},
        {.rule = path, .payload = "{\"orderId\":\"\"}"},
        {.rule = path, .payload = "{\"orderId\":[1]}"},
        {.rule = path, .payload = "{\"orderId\":\"a\\u0000b\"}"},
        {.rule = path, .payload = "7"},
        {.rule = header},
        {.rule = header, .headers = "{\"order-id\":\"\"}"},
        {.rule = record, .record = ""},
        {.rule = record, .record = "\xff"},
        {.rule = record_path, .record = "not json"},
        {.rule = both, .payload = "{\"orderId\":7}"},
        {.rule = {.kind = CORRELATION_NONE}, .record = "A"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check(&cases[i]);
    }
    flow_free(flow);
}

static void a_key_has_at_most_512_bytes(void **state)
{
    struct correlation record = {.kind = CORRELATION_RECORD};
    char text[KEY_BYTES_MAX + 2];

    (void)state;
    memset(text, 'k', sizeof(text));
    text[KEY_BYTES_MAX] = '\0';
    check(&(struct key_case){.rule = record, .record = text, .key = text});
    text[KEY_BYTES_MAX] = 'k';
    text[KEY_BYTES_MAX + 1] = '\0';
    check(&(struct key_case){.rule = record, .record = text});
}

static void a_locator_that_finds_nothing_gives_nothing(void **state)
{
    struct flow *flow = kit_flow();
    struct json *payload = play_json("{\"t\":\"Paid\",\"list\":[]}");
    struct json *headers = play_json("{\"type\":\"Shipped\"}");
    struct record_view view = {.payload = payload, .key = TEXT("K"), .headers = headers};
    const struct {
        struct locator locator;
        const char *found;
    } cases[] = {
        {{.kind = LOCATOR_NONE}, ""},
        {{.kind = LOCATOR_HEADER, .header = TEXT("type")}, "Shipped"},
        {{.kind = LOCATOR_HEADER, .header = TEXT("other")}, ""},
        {{.kind = LOCATOR_PATH, .path = kit_expr(flow, ".t")}, "Paid"},
        {{.kind = LOCATOR_PATH, .path = kit_expr(flow, ".none")}, ""},
        {{.kind = LOCATOR_PATH, .path = kit_expr(flow, ".list")}, ""},
        {{.kind = LOCATOR_RECORD}, "K"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer out = {0};

        correlate_locate(&cases[i].locator, &view, &out);
        assert_string_equal(buffer_string(&out), cases[i].found);
        buffer_release(&out);
    }
    json_free(payload);
    json_free(headers);
    flow_free(flow);
}

static void command_ids_are_taken_apart_from_the_end(void **state)
{
    struct command_id id;

    (void)state;
    assert_true(command_id_parse(TEXT("baton~order-saga:A/1:x/2-77/5/3"), TEXT("baton"), &id));
    assert_true(text_is(id.instance, "order-saga:A/1:x"));
    assert_true(text_is(id.flow, "order-saga"));
    assert_true(text_is(id.key, "A/1:x"));
    assert_int_equal(id.generation, 2);
    assert_int_equal(id.offset, 77);
    assert_int_equal(id.seq, 5);
    assert_int_equal(id.activation, 3);
}

static void foreign_ids_are_told_apart(void **state)
{
    static const char *const foreign[] = {
        "",
        "baton",
        "baton~",
        "baton~f:k",
        "other~f:k/0-1/1/1",
        "batonx~f:k/0-1/1/1",
        "baton~f:k/0-1/1/0",
        "baton~f:k/0-1/0/1",
        "baton~f:k/01/1/1",
        "baton~f:/0-1/1/1",
        "baton~:k/0-1/1/1",
        "baton~fk/0-1/1/1",
        "baton~f:k/0-1/1/4294967296",
        "baton~f:k/0-1/1/x",
        "550e8400-e29b-41d4-a716-446655440000",
    };
    struct command_id id;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(foreign); i++) {
        if (command_id_parse(text_of(foreign[i]), TEXT("baton"), &id)) {
            fail_msg("taken for ours: %s", foreign[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_found_by_every_form_of_rule),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(a_key_has_at_most_512_bytes),
        cmocka_unit_test(a_locator_that_finds_nothing_gives_nothing),
        cmocka_unit_test(command_ids_are_taken_apart_from_the_end),
        cmocka_unit_test(foreign_ids_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
