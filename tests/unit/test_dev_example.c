/* links: baton_app */
#include "app/dev_example.h"

#include "compile/flow_file.h"
#include "support/unit.h"

static struct flow *build(const char *source)
{
    struct diagnostics diagnostics = {0};
    struct buffer definition = {0};
    struct buffer text = {0};
    struct flow *flow = NULL;
    struct error err;

    if (flow_text_check("f.yaml", text_of(source), &diagnostics, &definition) != STATUS_OK) {
        diagnostics_print(&diagnostics, DIAGNOSTIC_TEXT, &text);
        fail_msg("%s", buffer_string(&text));
    }
    assert_int_equal(flow_build(buffer_text(&definition), &flow, &err), STATUS_OK);
    diagnostics_release(&diagnostics);
    buffer_release(&definition);
    return flow;
}

/* As "<key> <headers> <value>". */
static void assert_start(const char *source, const char *wanted)
{
    struct flow *flow = build(source);
    struct example_message message;
    struct buffer text = {0};
    struct error err;

    if (example_start(flow, 0, 3, &message, &err) == STATUS_OK) {
        buffer_add_text(&text, buffer_text(&message.key));
        buffer_add_char(&text, ' ');
        json_write(message.headers, &text);
        buffer_add_char(&text, ' ');
        json_write(message.value, &text);
    } else {
        buffer_addf(&text, "%s", err.text);
    }
    assert_string_equal(buffer_string(&text), wanted);
    example_message_release(&message);
    buffer_release(&text);
    flow_free(flow);
}

static void what_the_flow_reads_is_in_the_example(void **state)
{
    (void)state;
    assert_start(
        "flow: f\nversion: 1\nkey: .orderId\ntimeout: 1h\n"
        "topics: {in: {name: in}, out: {name: out}}\nstart: {topic: in}\ndo:\n"
        "  - {step: a, if: .total > 5, set: {b: \"${ .customer.email }\"}}\n"
        "  - {step: c, emit: out, value: {x: \"${ .lines[0].sku }\", y: \"${ .dueDate }\"}}\n",
        "order-3 {} {\"orderId\":\"order-3\",\"total\":42.5,"
        "\"customer\":{\"email\":\"someone@example.org\"},\"lines\":[{\"sku\":\"sku-3\"}],"
        "\"dueDate\":\"2030-01-31T12:00:00Z\"}");
}

static void what_a_for_goes_through_is_a_list(void **state)
{
    (void)state;
    assert_start("flow: f\nversion: 1\nkey: .id\ntimeout: 1h\n"
                 "topics: {in: {name: in}}\nstart: {topic: in}\ndo:\n"
                 "  - step: crew\n"
                 "    for: {each: one, in: .crew}\n"
                 "    do: [{step: a, set: {b: \"${ $one.id }\"}}]\n"
                 "  - step: rest\n"
                 "    for: {each: one, in: '[range(.first; .last + 1)]'}\n"
                 "    do: [{step: c, wait: 1s}]\n",
                 "id-3 {} {\"id\":\"id-3\",\"crew\":[{\"id\":\"crew-1\",\"quantity\":1},"
                 "{\"id\":\"crew-2\",\"quantity\":1},{\"id\":\"crew-3\",\"quantity\":1}],"
                 "\"first\":1,\"last\":1}");
}

static void results_of_steps_are_not_in_it(void **state)
{
    (void)state;
    assert_start("flow: f\nversion: 1\nkey: .id\ntimeout: 1h\n"
                 "topics: {in: {name: in}, more: {name: more}}\nstart: {topic: in}\ndo:\n"
                 "  - {step: got, listen: more, timeout: 1m}\n"
                 "  - {step: c, set: {b: \"${ .got.name }\", c: \"${ .note }\"}}\n",
                 "id-3 {} {\"id\":\"id-3\",\"note\":\"note-3\"}");
}

static void the_condition_of_the_start_is_met(void **state)
{
    (void)state;
    assert_start("flow: f\nversion: 1\nkey: .id\ntimeout: 1h\ntopics: {in: {name: in}}\n"
                 "start: {topic: in, when: '.kind == \"new\" and .total >= 100'}\n"
                 "do: [{step: w, wait: 1s}]\n",
                 "id-3 {} {\"id\":\"id-3\",\"kind\":\"new\",\"total\":100}");
    assert_start("flow: f\nversion: 1\nkey: .id\ntimeout: 1h\ntopics: {in: {name: in}}\n"
                 "start: {topic: in, when: '(.lines | length) > 2'}\ndo: [{step: w, wait: 1s}]\n",
                 "flow 'f': an example for topic 'in': no message could be found for which "
                 "'when: (.lines | length) > 2' is true");
}

static void keys_and_types_go_where_the_topic_has_them(void **state)
{
    (void)state;
    assert_start("flow: f\nversion: 1\nkey: {header: order-id}\ntimeout: 1h\n"
                 "topics: {in: {name: in, type: {header: kind}}}\n"
                 "start: {topic: in, type: Created}\ndo: [{step: w, wait: 1s}]\n",
                 "order-id-3 {\"order-id\":\"order-id-3\",\"kind\":\"Created\"} {}");
    assert_start("flow: f\nversion: 1\nkey: {record: .id}\ntimeout: 1h\n"
                 "topics: {in: {name: in, type: {path: .kind}}}\n"
                 "start: {topic: in, type: Created}\ndo: [{step: w, wait: 1s}]\n",
                 "{\"id\":\"key-3\"} {} {\"kind\":\"Created\"}");
}

static void names_tell_what_belongs_there(void **state)
{
    static const struct {
        const char *name;
        const char *value;
    } cases[] = {{"amount", "42.5"},
                 {"orderTotal", "42.5"},
                 {"message", "\"message-1\""},
                 {"format", "\"format-1\""},
                 {"age", "1"},
                 {"createdAt", "\"2030-01-31T12:00:00Z\""},
                 {"isVip", "true"},
                 {"currency", "\"EUR\""},
                 {"status", "\"status-1\""},
                 {"items", "[{\"id\":\"item-1\",\"quantity\":1}]"},
                 {"customer_id", "\"customer_id-1\""}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct json *value = example_value(text_of(cases[i].name), NULL, 1);
        struct buffer text = {0};

        json_write(value, &text);
        assert_string_equal(buffer_string(&text), cases[i].value);
        buffer_release(&text);
        json_free(value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_flow_reads_is_in_the_example),
        cmocka_unit_test(what_a_for_goes_through_is_a_list),
        cmocka_unit_test(results_of_steps_are_not_in_it),
        cmocka_unit_test(the_condition_of_the_start_is_met),
        cmocka_unit_test(keys_and_types_go_where_the_topic_has_them),
        cmocka_unit_test(names_tell_what_belongs_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
