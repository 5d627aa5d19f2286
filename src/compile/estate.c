/* Names: of the flow file and of the estate files that it uses. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "compile/checker.h"
#include "compile/grow.h"

enum status file_text(const char *path, struct buffer *text, struct error *err)
{
    FILE *file = fopen(path, "rb");
    bool too_long;
    bool failed;
    size_t bytes;

    if (file == NULL) {
        return fail(err, STATUS_FATAL, "cannot open '%s': %s", path, strerror(errno));
    }
    do {
        buffer_reserve(text, 65536);
        bytes = fread(text->data + text->bytes, 1, 65536, file);
        text->bytes += bytes;
    } while (bytes > 0 && text->bytes <= FLOW_FILE_BYTES_MAX);
    too_long = text->bytes > FLOW_FILE_BYTES_MAX;
    failed = ferror(file) != 0;
    fclose(file);
    if (failed) {
        return fail(err, STATUS_FATAL, "cannot read '%s': %s", path, strerror(errno));
    }
    return too_long
               ? fail(err, STATUS_REJECT, "'%s' is longer than %d bytes", path, FLOW_FILE_BYTES_MAX)
               : STATUS_OK;
}

struct entry *entries_find(const struct entries *entries, struct text name)
{
    return map_get(&entries->by_name, name);
}

static struct text suggest(const struct entries *entries, struct text name)
{
    struct text nearest = {0};
    uint32_t best = UINT32_MAX;

    for (uint32_t i = 0; i < entries->count; i++) {
        if (fields_is_near(name, entries->items[i]->name, &best)) {
            nearest = entries->items[i]->name;
        }
    }
    return nearest;
}

static void report_unknown(struct checker *checker, const struct entries *entries, const char *id,
                           const struct node *node)
{
    struct text nearest = suggest(entries, node->text);
    const char *hint = "";

    if (nearest.bytes > 0) {
        hint = did_you_mean(checker, nearest);
    } else if (checker->names_missing) {
        return; /* It may stand in the file that could not be read. */
    } else if (entries->count == 0 && checker->file_count == 1 && !checker->standard) {
        hint = " (this file names none: 'use' an estate file)";
    }
    diagnostics_error(checker->diagnostics, id, node_place(node), "unknown %s '%.*s'%s",
                      entries->kind, TEXT_ARG(node->text), hint);
}

struct entry *checker_refer(struct checker *checker, struct entries *entries, const char *id,
                            const struct node *node)
{
    struct entry *entry = entries_find(entries, node->text);

    if (entry == NULL) {
        report_unknown(checker, entries, id, node);
        return NULL;
    }
    entry->used = true;
    return entry;
}

static void add_entry(struct checker *checker, struct entries *entries, const struct pair *pair,
                      bool estate)
{
    struct entry *entry;

    if (pair->repeated) {
        return;
    }
    if (pair->key->kind != NODE_TEXT) {
        expected(checker, pair->key, "a name");
        return;
    }
    if (!is_identifier(pair->key->text)) {
        diagnostics_error(checker->diagnostics, "F108", node_place(pair->key),
                          "bad name '%.*s': a %s is named [A-Za-z_][A-Za-z0-9_]*",
                          TEXT_ARG(pair->key->text), entries->kind);
        return;
    }
    entry = entries_find(entries, pair->key->text);
    if (entry != NULL) {
        diagnostics_error(checker->diagnostics, "F209", node_place(pair->key),
                          "redefined %s '%.*s'", entries->kind, TEXT_ARG(pair->key->text));
        diagnostics_note(checker->diagnostics, node_place(entry->pair->key), "first here");
        return;
    }
    entry = arena_alloc(&checker->arena, sizeof(*entry));
    *entry = (struct entry){.name = pair->key->text, .pair = pair, .estate = estate};
    entries->items = grow(&checker->arena, entries->items, entries->count, &entries->capacity,
                          sizeof(struct entry *));
    entries->items[entries->count++] = entry;
    map_put(&entries->by_name, entry->name, entry);
}

static void add_entries(struct checker *checker, struct entries *entries, const struct node *node,
                        bool estate)
{
    if (node == NULL) {
        return;
    }
    if (node->kind != NODE_MAP) {
        expected(checker, node, "a map of names");
        return;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        add_entry(checker, entries, &node->pairs[i], estate);
    }
}

static void report_estate_keys(struct checker *checker, const struct node *root)
{
    for (uint32_t i = 0; i < root->count; i++) {
        const struct pair *pair = &root->pairs[i];

        if (pair->repeated) {
            continue;
        }
        if (!node_is_scalar(pair->key)) {
            expected(checker, pair->key, "a key");
        } else if (fields_find(OBJECT_ESTATE, pair->key->text) == NULL) {
            report_unknown_key(checker, OBJECT_ESTATE, pair->key);
        }
    }
}

/* `use` paths are relative to the file that they stand in. */
static struct text beside(struct checker *checker, struct text file, struct text name)
{
    size_t slash = text_find_last(file, '/');

    if (text_starts(name, TEXT("/")) || slash == SIZE_MAX) {
        return arena_text(&checker->arena, name);
    }
    return arena_printf(&checker->arena, "%.*s/%.*s", (int)slash, file.data, TEXT_ARG(name));
}

static uint32_t add_file(struct checker *checker, const char *path)
{
    char *real = realpath(path, NULL);

    checker->files = grow(&checker->arena, checker->files, checker->file_count,
                          &checker->file_capacity, sizeof(*checker->files));
    checker->files[checker->file_count] = (struct used_file){
        .real = arena_text(&checker->arena, text_of(real == NULL ? path : real))};
    free(real);
    return checker->file_count++;
}

static const struct used_file *find_file(const struct checker *checker, const char *path)
{
    char *real = realpath(path, NULL);
    const struct used_file *found = NULL;

    for (uint32_t i = 0; i < checker->file_count && real != NULL && found == NULL; i++) {
        if (text_is(checker->files[i].real, real)) {
            found = &checker->files[i];
        }
    }
    free(real);
    return found;
}

static void read_file(struct checker *checker, uint32_t index, bool estate);

/* False if it is no estate file. `node` names it. */
static bool read_used(struct checker *checker, uint32_t index, const struct node *node)
{
    const struct node *root = checker->files[index].document->root;

    if (node_pair(root, "flow") != NULL) {
        diagnostics_error(checker->diagnostics, "F208", node_place(node),
                          "'%.*s' is a flow, not an estate file", TEXT_ARG(node->text));
        return false;
    }
    report_estate_keys(checker, root);
    read_file(checker, index, true);
    return true;
}

static void use_file(struct checker *checker, const struct node *node)
{
    struct text path = beside(checker, node->document->file, node->text);
    const struct used_file *known = find_file(checker, path.data);
    struct buffer text = {0};
    struct error err;
    uint32_t index;

    if (known != NULL && known->open) {
        diagnostics_error(checker->diagnostics, "F208", node_place(node),
                          "'%.*s' uses itself in the end (cyclic)", TEXT_ARG(node->text));
        return;
    }
    if (known != NULL) {
        return;
    }
    if (file_text(path.data, &text, &err) != STATUS_OK) {
        diagnostics_error(checker->diagnostics, "F208", node_place(node), "%s", err.text);
        checker->names_missing = true;
    } else {
        index = add_file(checker, path.data);
        checker->names_missing = document_parse(path, buffer_text(&text), checker->diagnostics,
                                                &checker->files[index].document) != STATUS_OK ||
                                 !read_used(checker, index, node) || checker->names_missing;
    }
    buffer_release(&text);
}

/* Recursion ends because a file is followed once. */
static void read_file(struct checker *checker, uint32_t index, bool estate)
{
    const struct node *root = checker->files[index].document->root;
    const struct node *use = node_get(root, "use");

    checker->files[index].open = true;
    if (use != NULL && use->kind != NODE_LIST) {
        expected(checker, use, "a list of files");
        checker->names_missing = true;
    }
    for (uint32_t i = 0; use != NULL && use->kind == NODE_LIST && i < use->count; i++) {
        if (use->items[i]->kind == NODE_TEXT && use->items[i]->text.bytes > 0) {
            use_file(checker, use->items[i]);
        } else {
            expected(checker, use->items[i], "the name of a file");
            checker->names_missing = true;
        }
    }
    checker->files[index].open = false;
    add_entries(checker, &checker->topics, node_get(root, "topics"), estate);
    add_entries(checker, &checker->services, node_get(root, "services"), estate);
    add_entries(checker, &checker->retries, node_get(root, "retries"), estate);
}

static void convert_entry(struct checker *checker, enum object object, struct entry *entry)
{
    static const struct field name = {.key = "name", .shape = SHAPE_TOPIC_NAME};
    const struct node *node = entry->pair->value;
    uint32_t errors = checker->diagnostics->error_count;
    struct json *json;

    if (object == OBJECT_TOPIC && node->kind == NODE_TEXT) {
        struct json *text = convert_name(checker, &name, node);

        json = text == NULL ? NULL : json_object();
        if (json != NULL) {
            json_put(json, TEXT("name"), text);
            convert_rest(checker, object, NULL, json);
        }
    } else {
        json = convert_object(checker, object, node);
    }
    if (checker->diagnostics->error_count != errors) {
        json_free(json);
        json = NULL;
    }
    entry->json = json;
}

static void convert_entries(struct checker *checker, enum object object, struct entries *entries)
{
    for (uint32_t i = 0; i < entries->count; i++) {
        convert_entry(checker, object, entries->items[i]);
    }
}

static struct json *header_locator(struct text name)
{
    struct json *locator = json_object();

    json_put_text(locator, "header", name);
    return locator;
}

static void finish_topic(struct json *topic)
{
    if (text_is(json_member_text(topic, "envelope"), "cloudevents") &&
        json_member(topic, "type") == NULL) {
        json_put(topic, TEXT("type"), header_locator(TEXT("ce_type")));
    }
}

/* True if `topics` says of the service's topic that its records are CloudEvents. */
static bool carries_events(const struct checker *checker, const struct json *service,
                           const char *key)
{
    struct text name = json_member_text(service, key);

    for (uint32_t i = 0; i < checker->topics.count && name.bytes > 0; i++) {
        struct entry *entry = checker->topics.items[i];

        if (text_equal(json_member_text(entry->json, "name"), name) &&
            text_is(json_member_text(entry->json, "envelope"), "cloudevents")) {
            entry->of_service = true;
            return true;
        }
    }
    return false;
}

/* A service's header names, and the envelopes of its topics, decide where its replies are looked at,
 * unless it says otherwise. */
static void finish_service(const struct checker *checker, struct json *service)
{
    const struct json *headers = json_member(service, "headers");
    struct text id = json_member_text(headers, "correlation-id");
    struct text type = json_member_text(headers, "message-type");
    bool answers = carries_events(checker, service, "replies");

    (void)carries_events(checker, service, "commands");

    if (json_member(service, "correlate") == NULL) {
        json_put(service, TEXT("correlate"),
                 header_locator(id.bytes > 0 ? id : TEXT("correlation-id")));
    }
    if (json_member(service, "type") == NULL) {
        json_put(service, TEXT("type"),
                 header_locator(type.bytes > 0 ? type
                                : answers      ? TEXT("ce_type")
                                               : TEXT("message-type")));
    }
}

void checker_read_names(struct checker *checker, const char *path, struct document *document)
{
    uint32_t index = add_file(checker, path);
    bool estate = node_pair(document->root, "flow") == NULL;

    checker->files[index].document = document;
    checker->topics.kind = "topic";
    checker->services.kind = "service";
    checker->retries.kind = "retry policy";
    read_file(checker, index, estate);
    convert_entries(checker, OBJECT_POLICY, &checker->retries);
    convert_entries(checker, OBJECT_TOPIC, &checker->topics);
    convert_entries(checker, OBJECT_SERVICE, &checker->services);
    for (uint32_t i = 0; i < checker->topics.count; i++) {
        finish_topic(checker->topics.items[i]->json);
    }
    for (uint32_t i = 0; i < checker->services.count; i++) {
        if (checker->services.items[i]->json != NULL) {
            finish_service(checker, checker->services.items[i]->json);
        }
    }
}

const struct entry *checker_topic_named(const struct checker *checker, struct text name)
{
    for (uint32_t i = 0; i < checker->topics.count; i++) {
        const struct entry *entry = checker->topics.items[i];

        if (entry->used && name.bytes > 0 &&
            text_equal(json_member_text(entry->json, "name"), name)) {
            return entry;
        }
    }
    return NULL;
}
