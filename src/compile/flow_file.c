#include "compile/flow_file.h"

#include <string.h>

#include "compile/build.h"
#include "compile/ows.h"
#include "compile/topic_mentions.h"
#include "compile/value_mentions.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What stands before the first key: blanks, comments, `---`, an opening brace, a quote. */
static struct text skip_to_key(struct text text)
{
    bool line_start = true;

    if (text_starts(text, TEXT("\xEF\xBB\xBF"))) {
        text = text_sub(text, 3, text.bytes - 3);
    }
    while (text.bytes > 0) {
        char c = text.data[0];
        size_t skip = 0;

        if (c == '#' || (line_start && (c == '%' || text_starts(text, TEXT("---"))))) {
            size_t end = text_find(text, '\n');

            skip = end == SIZE_MAX ? text.bytes : end + 1;
            line_start = true;
        } else if (is_space(c) || c == '{' || c == '"' || c == '\'') {
            skip = 1;
            line_start = c == '\n';
        } else {
            return text;
        }
        text = text_sub(text, skip, text.bytes - skip);
    }
    return text;
}

bool flow_file_is_flow(struct text text)
{
    static const char *const keys[] = {"flow", "document"};
    struct text rest = skip_to_key(text);

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        size_t at = strlen(keys[i]);

        if (!text_starts(rest, text_of(keys[i]))) {
            continue;
        }
        if (at < rest.bytes && (rest.data[at] == '"' || rest.data[at] == '\'')) {
            at++;
        }
        while (at < rest.bytes && rest.data[at] == ' ') {
            at++;
        }
        if (at < rest.bytes && rest.data[at] == ':') {
            return true;
        }
    }
    return false;
}

/* F007, where nothing else was said. Recursion is bounded by YAML_DEPTH_MAX, repetition by the
 * limit on aliases. */
static void report_yes_no(struct checker *checker, const struct node *node)
{
    for (uint32_t i = 0; i < node->count; i++) {
        report_yes_no(checker, node->kind == NODE_MAP ? node->pairs[i].value : node->items[i]);
    }
    if (node_is_yes_no(node) && !diagnostics_any_at(checker->diagnostics, node_place(node))) {
        diagnostics_warn(checker->diagnostics, "F007", node_place(node),
                         "'%.*s' is text here: write true or false, or quote it",
                         TEXT_ARG(node->text));
    }
}

/* A file of topics, services and retries alone. */
static bool is_estate(const struct node *root)
{
    static const char *const keys[] = {"flow", "version", "start", "do", "key"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (node_pair(root, keys[i]) != NULL) {
            return false;
        }
    }
    return node_pair(root, "topics") != NULL || node_pair(root, "services") != NULL ||
           node_pair(root, "retries") != NULL || node_pair(root, "use") != NULL;
}

static void check_estate(struct checker *checker, const struct node *root)
{
    json_free(convert_object(checker, OBJECT_ESTATE, root));
    validate_calls(checker);
}

static struct json *check_flow(struct checker *checker, const struct node *root)
{
    struct json *flow = convert_object(checker, OBJECT_FLOW, root);

    resolve_jumps(checker);
    validate_starts(checker, root);
    validate_topics(checker, root, flow);
    validate_listens(checker, root, flow);
    validate_calls(checker);
    validate_runs(checker, flow);
    validate_mode(checker, root);
    validate_paths(checker, flow);
    validate_saga(checker);
    validate_undo_waits(checker);
    validate_undo_blocks(checker);
    validate_times(checker, root, flow);
    return flow;
}

/* A definition that this program could not read back is a limit that the file is above. */
static enum status check_definition(struct checker *checker, const struct node *root,
                                    const struct buffer *definition)
{
    struct error err;

    if (flow_build_try(buffer_text(definition), &checker->compiled, &err) != STATUS_OK) {
        diagnostics_error(checker->diagnostics, "F701", node_place(root),
                          "the flow is too large: %s", err.text);
        return STATUS_REJECT;
    }
    return STATUS_OK;
}

static enum status check_document(struct checker *checker, const struct node *root,
                                  struct buffer *definition)
{
    struct json *flow = NULL;
    enum status status = STATUS_REJECT;

    if (is_estate(root)) {
        check_estate(checker, root);
    } else {
        flow = check_flow(checker, root);
    }
    for (uint32_t i = 0; i < checker->file_count; i++) {
        if (checker->files[i].document != NULL) {
            report_yes_no(checker, checker->files[i].document->root);
        }
    }
    if (checker->diagnostics->error_count == 0) {
        status = STATUS_OK;
        if (flow != NULL) {
            flow = resolve(checker, flow);
            json_write_canonical(flow, definition);
            status = check_definition(checker, root, definition);
        }
    }
    json_free(flow);
    return status;
}

static void release_entries(struct entries *entries)
{
    for (uint32_t i = 0; i < entries->count; i++) {
        json_free(entries->items[i]->json);
    }
    map_release(&entries->by_name);
}

static void release_compiled(struct checker *checker)
{
    size_t cursor = 0;
    struct text source;
    void *expr;

    while (map_next(&checker->compiled, &cursor, &source, &expr)) {
        expr_free(expr);
    }
    map_release(&checker->compiled);
}

static void release(struct checker *checker)
{
    release_compiled(checker);
    for (uint32_t i = 0; i < checker->plan.count; i++) {
        json_free(checker->plan.steps[i].json);
    }
    release_entries(&checker->topics);
    release_entries(&checker->services);
    release_entries(&checker->retries);
    map_release(&checker->step_names);
    for (uint32_t i = 0; i < checker->file_count; i++) {
        document_free(checker->files[i].document);
    }
    arena_release(&checker->arena);
}

static bool is_standard(const struct node *root)
{
    return root->count > 0 && node_is_scalar(root->pairs[0].key) &&
           text_is(root->pairs[0].key->text, "document");
}

/* The standard has no word for it: document.metadata.baton.timeout. */
static bool says_no_limit(const struct node *root)
{
    const struct node *metadata = node_get(node_get(root, "document"), "metadata");
    const struct node *timeout = node_get(node_get(metadata, "baton"), "timeout");

    return timeout != NULL && timeout->kind == NODE_TEXT && text_is(timeout->text, "none");
}

/* From here on a document of the standard is a flow of ours. Frees the document after a finding. */
static enum status translate(struct checker *checker, struct document *document)
{
    struct node *flow = ows_translate(checker, document);

    if (flow == NULL) {
        document_free(document);
        return STATUS_REJECT;
    }
    checker->standard = true;
    checker->may_wait = says_no_limit(document->root);
    document->root = flow;
    return STATUS_OK;
}

/* What is looked up in a file beside checking it; NULL: is not wanted. */
struct lookup {
    struct topic_mentions *topics;
    struct value_mentions *values;
};

static enum status check_text(const char *path, struct text text, struct diagnostics *diagnostics,
                              struct buffer *definition, struct lookup lookup)
{
    struct checker checker = {
        .diagnostics = diagnostics,
        .step = STEP_NONE,
        .parent = STEP_NONE,
        .undo_owner = STEP_NONE,
        .list_first = STEP_NONE,
        .plan = {.first = STEP_NONE, .failure = STEP_NONE, .always = STEP_NONE},
        .scope = *flow_scope(),
    };
    struct document *document = NULL;
    enum status status;

    status = document_parse(text_of(path), text, diagnostics, &document);
    if (status == STATUS_OK && is_standard(document->root)) {
        status = translate(&checker, document);
    }
    if (status == STATUS_OK) {
        checker_read_names(&checker, path, document);
        status = check_document(&checker, document->root, definition);
        if (lookup.topics != NULL) {
            mention_topics(&checker, is_estate(document->root), lookup.topics);
        }
        if (lookup.values != NULL) {
            mention_values(&checker, lookup.values);
        }
    }
    release(&checker);
    return status;
}

enum status flow_text_check(const char *path, struct text text, struct diagnostics *diagnostics,
                            struct buffer *definition)
{
    return check_text(path, text, diagnostics, definition, (struct lookup){NULL, NULL});
}

enum status flow_file_check(const char *path, struct diagnostics *diagnostics,
                            struct buffer *definition, struct error *err)
{
    struct buffer text = {0};
    enum status status = file_text(path, &text, err);

    if (status == STATUS_OK) {
        status = flow_text_check(path, buffer_text(&text), diagnostics, definition);
    } else if (status == STATUS_REJECT) {
        diagnostics_error(diagnostics, "F701", (struct place){.file = text_of(path)}, "%s",
                          err->text);
    }
    buffer_release(&text);
    return status;
}

static enum status look_up(const char *path, struct diagnostics *diagnostics, struct lookup lookup,
                           struct error *err)
{
    struct buffer text = {0};
    struct buffer definition = {0};
    enum status status = file_text(path, &text, err);

    if (status == STATUS_OK) {
        status = check_text(path, buffer_text(&text), diagnostics, &definition, lookup);
    }
    buffer_release(&definition);
    buffer_release(&text);
    return status == STATUS_FATAL ? STATUS_FATAL : STATUS_OK; /* What is wrong is a finding. */
}

enum status topic_mentions_read(const char *path, struct diagnostics *diagnostics,
                                struct topic_mentions *mentions, struct error *err)
{
    return look_up(path, diagnostics, (struct lookup){.topics = mentions}, err);
}

enum status value_mentions_read(const char *path, struct diagnostics *diagnostics,
                                struct value_mentions *mentions, struct error *err)
{
    return look_up(path, diagnostics, (struct lookup){.values = mentions}, err);
}

bool flow_found(const struct diagnostics *found, const char *id, struct text step)
{
    for (uint32_t i = 0; i < found->count; i++) {
        if (strcmp(found->items[i].id, id) == 0 &&
            (step.bytes == 0 || text_equal(found->items[i].step, step))) {
            return true;
        }
    }
    return false;
}

bool *flow_steps_found(const struct flow *flow, const struct diagnostics *found, const char *id,
                       struct arena *arena)
{
    bool *steps = arena_array(arena, flow->step_count + 1, sizeof(*steps));

    for (uint32_t i = 0; i < flow->step_count; i++) {
        steps[i] = flow_found(found, id, flow->steps[i].name);
    }
    return steps;
}
