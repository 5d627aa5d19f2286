/* Findings as SARIF 2.1.0, which code hosts and editors read. */
#include <string.h>

#include "compile/findings.h"
#include "json/json.h"

#define ROOT_BASE "%SRCROOT%"

static struct json *message(const char *text)
{
    struct json *object = json_object();

    json_put_string(object, "text", text);
    return object;
}

static struct json *message_of(struct text text)
{
    struct json *object = json_object();

    json_put_text(object, "text", text);
    return object;
}

static const char *level(enum severity severity)
{
    return severity == SEVERITY_ERROR ? "error" : "warning";
}

/* The bytes of a path that may stand in a URI as they are. */
static void add_uri_path(struct buffer *out, struct text path)
{
    for (size_t i = 0; i < path.bytes; i++) {
        unsigned char c = (unsigned char)path.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     (c != 0 && strchr("-._~/", c) != NULL);

        if (plain) {
            buffer_add_char(out, (char)c);
        } else {
            buffer_addf(out, "%%%02X", c);
        }
    }
}

/* What stands below the root is relative to it; a path from elsewhere stays absolute. */
static struct json *artifact(struct text root, struct text file)
{
    struct json *object = json_object();
    struct buffer uri = {0};
    bool below = text_starts(file, root) && file.bytes > root.bytes && file.data[root.bytes] == '/';

    if (below) {
        file = text_sub(file, root.bytes + 1, SIZE_MAX);
    }
    while (text_starts(file, TEXT("./"))) {
        file = text_sub(file, 2, SIZE_MAX);
    }
    if (text_starts(file, TEXT("/"))) {
        buffer_add_text(&uri, TEXT("file://"));
    } else {
        json_put_string(object, "uriBaseId", ROOT_BASE);
    }
    add_uri_path(&uri, file);
    json_put_text(object, "uri", buffer_text(&uri));
    buffer_release(&uri);
    return object;
}

static struct json *region(const struct place *place)
{
    struct json *object = json_object();

    json_put_integer(object, "startLine", place->line);
    json_put_integer(object, "startColumn", place->column);
    json_put_integer(object, "endLine", place->line);
    json_put_integer(object, "endColumn", (int64_t)place->column + place->width);
    return object;
}

static struct json *location(struct text root, const struct place *place)
{
    struct json *object = json_object();
    struct json *physical = json_object();

    json_put(physical, TEXT("artifactLocation"), artifact(root, place->file));
    if (place->line > 0) {
        json_put(physical, TEXT("region"), region(place));
    }
    json_put(object, TEXT("physicalLocation"), physical);
    return object;
}

static struct json *list_of(struct json *item)
{
    struct json *list = json_array();

    json_push(list, item);
    return list;
}

static struct json *fix(struct text root, const struct diagnostic *item)
{
    struct json *replacement = json_object();
    struct json *change = json_object();
    struct json *object = json_object();
    struct buffer text = {0};

    buffer_addf(&text, "Write '%.*s'", TEXT_ARG(item->suggestion));
    json_put(object, TEXT("description"), message_of(buffer_text(&text)));
    buffer_release(&text);
    json_put(replacement, TEXT("deletedRegion"), region(&item->place));
    json_put(replacement, TEXT("insertedContent"), message_of(item->suggestion));
    json_put(change, TEXT("artifactLocation"), artifact(root, item->place.file));
    json_put(change, TEXT("replacements"), list_of(replacement));
    json_put(object, TEXT("artifactChanges"), list_of(change));
    return object;
}

static struct json *result(struct text root, const struct diagnostic *item)
{
    struct json *object = json_object();
    const struct finding *rule = findings_find(text_of(item->id));
    uint32_t count;

    json_put_string(object, "ruleId", item->id);
    if (rule != NULL) {
        json_put_integer(object, "ruleIndex", rule - findings(&count));
    }
    json_put_string(object, "level", level(item->severity));
    json_put(object, TEXT("message"), message_of(item->message));
    json_put(object, TEXT("locations"), list_of(location(root, &item->place)));
    if (item->note_place.line > 0) {
        struct json *note = location(root, &item->note_place);

        json_put_integer(note, "id", 1);
        json_put(note, TEXT("message"), message_of(item->note));
        json_put(object, TEXT("relatedLocations"), list_of(note));
    }
    if (item->suggestion.bytes > 0 && item->place.line > 0) {
        json_put(object, TEXT("fixes"), list_of(fix(root, item)));
    }
    return object;
}

static struct json *rule(const struct finding *finding)
{
    struct json *object = json_object();
    struct json *configuration = json_object();
    struct json *help = message(finding->remedy);

    json_put_string(object, "id", finding->id);
    json_put_string(object, "name", finding->name);
    json_put(object, TEXT("shortDescription"), message(finding->title));
    json_put(object, TEXT("fullDescription"), message(finding->meaning));
    json_put_string(help, "markdown", finding->remedy);
    json_put(object, TEXT("help"), help);
    json_put_string(configuration, "level", level(finding->severity));
    json_put(object, TEXT("defaultConfiguration"), configuration);
    return object;
}

static struct json *tool(void)
{
    struct json *rules = json_array();
    struct json *driver = json_object();
    struct json *object = json_object();
    uint32_t count;
    const struct finding *rows = findings(&count);

    for (uint32_t i = 0; i < count; i++) {
        json_push(rules, rule(&rows[i]));
    }
    json_put_string(driver, "name", "baton");
    json_put_string(driver, "fullName", "baton check");
    json_put_string(driver, "version", BATON_VERSION);
    json_put_string(driver, "semanticVersion", BATON_VERSION);
    json_put(driver, TEXT("rules"), rules);
    json_put(object, TEXT("driver"), driver);
    return object;
}

static struct json *base_of(struct text root)
{
    struct json *object = json_object();
    struct json *base = json_object();
    struct buffer uri = {0};

    buffer_add_text(&uri, TEXT("file://"));
    add_uri_path(&uri, root);
    if (!text_ends(root, TEXT("/"))) {
        buffer_add_char(&uri, '/');
    }
    json_put_text(base, "uri", buffer_text(&uri));
    json_put(object, TEXT(ROOT_BASE), base);
    buffer_release(&uri);
    return object;
}

void diagnostics_sarif(struct diagnostics *diagnostics, struct text root, struct buffer *out)
{
    struct json *results = json_array();
    struct json *run = json_object();
    struct json *log = json_object();

    diagnostics_sort(diagnostics);
    for (uint32_t i = 0; i < diagnostics->count; i++) {
        json_push(results, result(root, &diagnostics->items[i]));
    }
    json_put(run, TEXT("tool"), tool());
    json_put_string(run, "columnKind", "unicodeCodePoints");
    json_put(run, TEXT("originalUriBaseIds"), base_of(root));
    json_put(run, TEXT("results"), results);
    json_put_string(log, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    json_put_string(log, "version", "2.1.0");
    json_put(log, TEXT("runs"), list_of(run));
    json_write_pretty(log, out);
    buffer_add_char(out, '\n');
    json_free(log);
}
