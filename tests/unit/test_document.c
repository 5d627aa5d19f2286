/* links: baton_compile */
#include "support/unit.h"

#include <string.h>

#include "compile/document.h"

static struct document *parse(const char *source, struct diagnostics *found)
{
    struct document *document = NULL;
    enum status status = document_parse(TEXT("f.yaml"), text_of(source), found, &document);

    assert_true((status == STATUS_OK) == (document != NULL));
    return document;
}

/* The value of `key` as JSON text. */
static void assert_json(const char *source, const char *key, const char *expected)
{
    struct diagnostics found = {0};
    struct document *document = parse(source, &found);
    const struct node *problem = NULL;
    struct buffer text = {0};
    struct json *value;

    assert_non_null(document);
    value = node_json(node_get(document->root, key), &problem);
    assert_non_null(value);
    json_write(value, &text);
    assert_string_equal(buffer_string(&text), expected);
    json_free(value);
    buffer_release(&text);
    document_free(document);
    diagnostics_release(&found);
}

static void scalars_follow_the_core_schema(void **state)
{
    (void)state;
    assert_json("a: true", "a", "true");
    assert_json("a: yes", "a", "\"yes\"");
    assert_json("a: ~", "a", "null");
    assert_json("a:", "a", "null");
    assert_json("a: 0x1F", "a", "31");
    assert_json("a: 0o17", "a", "15");
    assert_json("a: 017", "a", "17");
    assert_json("a: +5", "a", "5");
    assert_json("a: -0.50", "a", "-0.50");
    assert_json("a: .5", "a", "0.5");
    assert_json("a: 5.", "a", "5.0");
    assert_json("a: 18446744073709551615", "a", "18446744073709551615");
    assert_json("a: '5'", "a", "\"5\"");
    assert_json("a: 5m", "a", "\"5m\"");
    assert_json("a: 2026-01-31", "a", "\"2026-01-31\"");
    assert_json("a: [1, {b: c}]", "a", "[1,{\"b\":\"c\"}]");
}

static void numbers_without_a_json_form_are_problems(void **state)
{
    static const char *const sources[] = {"a: .inf", "a: -.inf", "a: .nan",
                                          "a: 99999999999999999999", "a: 0xFFFFFFFFFFFFFFFFFFFF"};

    (void)state;
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        struct diagnostics found = {0};
        struct document *document = parse(sources[i], &found);
        const struct node *problem = NULL;

        assert_null(node_json(node_get(document->root, "a"), &problem));
        assert_ptr_equal(problem, node_get(document->root, "a"));
        document_free(document);
        diagnostics_release(&found);
    }
}

/* `source` holds one character '@' in the value of `a`: its place must be found from its place in
 * the decoded text. */
static void assert_located(const char *source)
{
    struct diagnostics found = {0};
    struct document *document = parse(source, &found);
    const struct node *node;
    struct place place;
    uint32_t line = 1;
    uint32_t column = 1;

    assert_non_null(document);
    node = node_get(document->root, "a");
    assert_true(text_find(node->text, '@') != SIZE_MAX);
    place = node_place_in(node, text_find(node->text, '@'), 1);
    for (const char *c = source; *c != '@'; c++) {
        column += ((unsigned char)*c & 0xC0) != 0x80 ? 1 : 0;
        if (*c == '\n') {
            line++;
            column = 1;
        }
    }
    assert_int_equal(place.line, line);
    assert_int_equal(place.column, column);
    document_free(document);
    diagnostics_release(&found);
}

static void bytes_of_scalars_are_mapped_to_the_file(void **state)
{
    (void)state;
    assert_located("a: one @ two");
    assert_located("a: \xC3\xA4\xC3\xB6 @");
    assert_located("\xC3\xA4: x\na: &anchor one @");
    assert_located("a: one\n  two   \n\n\n  three @");
    assert_located("a: 'it''s ''one''@'");
    assert_located("a: 'one\n\n  two @'");
    assert_located("a: \"tab\\t \\x41 \\u00e9 \\U0001F600 \\\" \\\\ @\"");
    assert_located("a: \"one \\\n   two @\"");
    assert_located("a: \"one\n   two\n\n   three@\"");
    assert_located("a: |\n  one\n    two\n\n  three @\n");
    assert_located("a: |2\n    one\n  two @\n");
    assert_located("a: |+\n\n\n  one\n  @\n\n");
    assert_located("a: >-\n  one\n  two\n\n  three\n    more @\n  end\n");
    assert_located("a: > # comment\n\n  one\n\n\n  @\n");
    assert_located("a: |\r\n  one\r\n  two @\r\n");
    assert_located("b: y\n\"a\": x@");
}

static void places_of_nodes_count_from_one_in_characters(void **state)
{
    struct diagnostics found = {0};
    struct document *document = parse("\xEF\xBB\xBF# \xC3\xA4\nkey: {\xC3\xA4\xC3\xB6: value}\n",
                                      &found);
    const struct node *map = node_get(document->root, "key");
    struct place place;

    (void)state;
    place = node_place(map->pairs[0].value);
    assert_int_equal(place.line, 2);
    assert_int_equal(place.column, 11);
    assert_int_equal(place.width, 5);
    document_free(document);
    diagnostics_release(&found);
}

static void an_alias_is_the_node_it_names(void **state)
{
    struct diagnostics found = {0};
    struct document *document = parse("a: &x {b: 1}\nc: *x\n", &found);

    (void)state;
    assert_ptr_equal(node_get(document->root, "a"), node_get(document->root, "c"));
    document_free(document);
    diagnostics_release(&found);
}

static void a_file_that_is_no_map_is_refused(void **state)
{
    static const char *const sources[] = {"", "# only\n", "- a\n", "text", "5", "---\n...\n", "\t"};

    (void)state;
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        struct diagnostics found = {0};

        assert_null(parse(sources[i], &found));
        assert_int_equal(found.error_count, 1);
        diagnostics_release(&found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_follow_the_core_schema),
        cmocka_unit_test(numbers_without_a_json_form_are_problems),
        cmocka_unit_test(bytes_of_scalars_are_mapped_to_the_file),
        cmocka_unit_test(places_of_nodes_count_from_one_in_characters),
        cmocka_unit_test(an_alias_is_the_node_it_names),
        cmocka_unit_test(a_file_that_is_no_map_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
