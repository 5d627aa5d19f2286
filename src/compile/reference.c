/* The reference page of the language, as Markdown. */
#include <string.h>

#include "compile/document.h"
#include "compile/schema.h"

static const char head[] =
    "# Reference of the flow language\n\n"
    "Made from the table in `src/compile/fields_rows.h` by `baton schema --reference`; it holds "
    "what "
    "this version knows. [flow-language.md](flow-language.md) explains the language in order, "
    "[expressions.md](expressions.md) the expressions, [findings.md](findings.md) what the checker "
    "says.\n\n"
    "## In your editor\n\n"
    "`baton schema` prints the language as JSON Schema, `baton schema --estate` that of estate "
    "files. "
    "An editor with a YAML language server completes keys, shows these texts and marks mistakes "
    "while you type. For the YAML extension of VS Code:\n\n"
    "```sh\n"
    "mkdir -p .vscode\n"
    "baton schema --output .vscode/baton-flow.json\n"
    "baton schema --estate --output .vscode/baton-estate.json\n"
    "```\n\n"
    "```json\n"
    "{\n"
    "  \"yaml.schemas\": {\n"
    "    \".vscode/baton-flow.json\": [\"workflows/**/*.yaml\", \"!workflows/**/estate.yaml\",\n"
    "                                \"!workflows/**/*.test.yaml\"],\n"
    "    \".vscode/baton-estate.json\": \"workflows/**/estate.yaml\"\n"
    "  }\n"
    "}\n"
    "```\n\n"
    "in `.vscode/settings.json`; or for one file, in any editor with that server, the first "
    "line\n\n"
    "```yaml\n"
    "# yaml-language-server: $schema=../.vscode/baton-flow.json\n"
    "```\n\n"
    "A schema sees one file and no expressions: `baton check` sees more.\n";

static const char values[] =
    "\n## Values\n\n"
    "**A duration** is `1w2d3h4m5s6ms` (any of these, in this order), `PT30S`, or `{minutes: 5}`. "
    "A "
    "bare number is an error.\n\n"
    "**An expression** is written bare: `when: .total > 100`; around it `${ }` is tolerated. Quote "
    "it "
    "if it holds `: ` or ` #`.\n\n"
    "**A template** is any YAML in which text may hold `${ expr }`. A text that is one expression "
    "gives its value with its kind; one that stands in other text becomes text; `$${` is a literal "
    "`${`.\n\n"
    "**A list of error names**: your own, or `timeout rejected validation expression decode "
    "communication breaker-open rate-limited heartbeat cancelled child-failed compensation-failed "
    "configuration runtime`; `any` stands for all.\n\n"
    "### Where the key sits\n\n"
    "| Form | The key is |\n| --- | --- |\n"
    "| `.orderId` or `{path: .orderId}` | in the payload |\n"
    "| `{header: order-id}` | the text of a header |\n"
    "| `{record: true}` | the record's key |\n"
    "| `{record: .id}` | in the record's key, read as JSON |\n"
    "| `[.shop, .orderId]` | made of several; then every topic's key is |\n";

static bool is_plain(struct text text)
{
    bool truth;

    if (text.bytes == 0 || strchr(".-_$", text.data[0]) == NULL) {
        char c = text.bytes == 0 ? ' ' : text.data[0];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) {
            return false;
        }
    }
    for (size_t i = 0; i < text.bytes; i++) {
        if (strchr("{}[],:#&*!|'`\\\n", text.data[i]) != NULL) {
            return false;
        }
    }
    return scalar_kind(text, &truth) == NODE_TEXT;
}

/* As one line of YAML. Recursion is bounded by what examples hold. */
static void put_yaml(const struct json *value, struct buffer *out)
{
    struct json_cursor cursor = {0};
    const struct json *item;
    bool first = true;
    struct text key;

    if (json_kind(value) == JSON_TEXT && is_plain(json_text_of(value))) {
        buffer_add_text(out, json_text_of(value));
    } else if (json_kind(value) == JSON_OBJECT) {
        buffer_add_char(out, '{');
        while (json_next(value, &cursor, &key, &item)) {
            buffer_addf(out, "%s%.*s: ", first ? "" : ", ", TEXT_ARG(key));
            put_yaml(item, out);
            first = false;
        }
        buffer_add_char(out, '}');
    } else if (json_kind(value) == JSON_ARRAY) {
        buffer_add_char(out, '[');
        for (size_t i = 0; i < json_count(value); i++) {
            buffer_add_text(out, i == 0 ? TEXT("") : TEXT(", "));
            put_yaml(json_at(value, i), out);
        }
        buffer_add_char(out, ']');
    } else {
        json_write(value, out);
    }
}

/* A bar ends a cell of a table, also in code. */
static void put_cell(struct buffer *out, struct text text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        if (text.data[i] == '|') {
            buffer_add_char(out, '\\');
        }
        buffer_add_char(out, text.data[i]);
    }
}

static void put_code(struct buffer *out, const char *before, const struct json *value)
{
    struct buffer text = {0};

    if (value == NULL) {
        return;
    }
    put_yaml(value, &text);
    buffer_addf(out, "`%s", before);
    put_cell(out, buffer_text(&text));
    buffer_add_char(out, '`');
    buffer_release(&text);
}

static void put_actions(struct buffer *out, const struct field *field)
{
    bool all = true;
    bool any = false;

    for (enum object i = OBJECT_REQUEST; i < OBJECT_ACTIONS_END; i++) {
        all = all && (field->actions >> (i - OBJECT_REQUEST) & 1) != 0;
    }
    buffer_addf(out, " | %s", all ? "all" : "");
    for (enum object i = OBJECT_REQUEST; i < OBJECT_ACTIONS_END && !all; i++) {
        if ((field->actions >> (i - OBJECT_REQUEST) & 1) != 0) {
            buffer_addf(out, "%s%s", any ? ", " : "", fields_of(i)->name);
            any = true;
        }
    }
}

static void put_row(struct buffer *out, enum object object, const struct field *field)
{
    struct json *fallback = schema_default(field);
    struct json *example = schema_example(object, field);
    struct buffer words = {0};
    struct buffer before = {0};

    schema_describe(field, &words);
    buffer_addf(out, "| `%s` | ", field->key);
    put_cell(out, buffer_text(&words));
    buffer_add_text(out, TEXT(" | "));
    if ((field->flags & FIELD_REQUIRED) != 0) {
        buffer_add_text(out, TEXT("required"));
    } else if (field->shape != SHAPE_OBJECT) {
        put_code(out, "", fallback);
    }
    if (object == OBJECT_STEP) {
        put_actions(out, field);
    }
    buffer_add_text(out, TEXT(" | "));
    put_cell(out, text_of(field->doc));
    buffer_add_text(out, TEXT(" | "));
    buffer_addf(&before, "%s: ", field->key);
    put_code(out, buffer_string(&before), example);
    buffer_add_text(out, TEXT(" |\n"));
    buffer_release(&before);
    buffer_release(&words);
    json_free(fallback);
    json_free(example);
}

static bool is_shown(enum object object)
{
    return fields_of(object)->count > 0;
}

static void put_object(struct buffer *out, enum object object)
{
    const struct fields *fields = fields_of(object);
    bool action = object >= OBJECT_REQUEST && object < OBJECT_ACTIONS_END;

    buffer_addf(out, "\n## %s%s\n\n", action ? "Step: " : "", schema_name(object));
    if (schema_text(object) != NULL) {
        buffer_addf(out, "%s\n\n", schema_text(object));
    }
    buffer_addf(
        out, "| Key | Value | Default |%s Meaning | Example |\n| --- | --- | --- |%s --- | --- |\n",
        object == OBJECT_STEP ? " On |" : "", object == OBJECT_STEP ? " --- |" : "");
    for (uint32_t i = 0; i < fields->count; i++) {
        put_row(out, object, &fields->items[i]);
    }
    if (schema_fragment(object) != NULL) {
        buffer_addf(out, "\n```yaml\n%s```\n", schema_fragment(object));
    }
}

void schema_reference(struct buffer *out)
{
    buffer_addf(out, "%s", head);
    for (enum object object = 0; object < OBJECT_COUNT; object++) {
        if (is_shown(object)) {
            put_object(out, object);
        }
    }
    buffer_addf(out, "%s", values);
}
