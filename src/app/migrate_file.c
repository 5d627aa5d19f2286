#include "app/migrate_file.h"

#include "compile/compare.h"
#include "compile/fields.h"
#include "core/migrate.h"

static const char *const keys[] = {"migrate", "from", "to", "where", "steps", "timers", "data"};

#define KEY_COUNT (sizeof keys / sizeof *keys)

static void report_unknown_key(const struct node *key, struct diagnostics *diagnostics)
{
    uint32_t best = UINT32_MAX;
    const char *near = NULL;

    for (size_t i = 0; i < KEY_COUNT; i++) {
        near = fields_is_near(key->text, text_of(keys[i]), &best) ? keys[i] : near;
    }
    if (near != NULL) {
        diagnostics_suggest(diagnostics, text_of(near));
    }
    diagnostics_error(diagnostics, "F101", node_place(key), "unknown key '%.*s'%s%s%s",
                      TEXT_ARG(key->text), near == NULL ? "" : " (did you mean '",
                      near == NULL ? "" : near, near == NULL ? "" : "'?)");
}

static void check_keys(const struct node *root, struct diagnostics *diagnostics)
{
    for (uint32_t i = 0; i < root->count; i++) {
        const struct node *key = root->pairs[i].key;
        bool is_known = false;

        for (size_t k = 0; k < KEY_COUNT; k++) {
            is_known = is_known || text_is(key->text, keys[k]);
        }
        if (!is_known && !root->pairs[i].repeated) {
            report_unknown_key(key, diagnostics);
        }
    }
}

static const struct node *need(const struct node *root, const char *key,
                               struct diagnostics *diagnostics)
{
    const struct node *node = node_get(root, key);

    if (node == NULL) {
        diagnostics_error(diagnostics, "F102", node_place(root), "missing required '%s'", key);
    }
    return node;
}

static int32_t read_version(const struct node *root, const char *key,
                            struct diagnostics *diagnostics)
{
    const struct node *node = need(root, key, diagnostics);
    int64_t version = 0;
    char found[64];

    if (node != NULL && (node->kind != NODE_NUMBER || !text_to_int64(node->text, &version) ||
                         version < 1 || version > INT32_MAX)) {
        diagnostics_error(diagnostics, "F103", node_place(node),
                          "'%s' is the number of a version, found %s", key,
                          node_describe(node, found));
        version = 0;
    }
    return (int32_t)version;
}

/* A bare expression may stand in `${ }`. */
static struct text bare(struct text text)
{
    if (text_starts(text, TEXT("${")) && text_ends(text, TEXT("}"))) {
        return text_sub(text, 2, text.bytes - 3);
    }
    return text;
}

static void put_member(struct migrate_file *file, const char *key, const struct node *node,
                       struct diagnostics *diagnostics)
{
    const struct node *problem = NULL;
    struct json *value;

    if (node == NULL) {
        return;
    }
    value = node_json(node, &problem);
    if (value == NULL) {
        diagnostics_error(diagnostics, "F103", node_place(problem),
                          "this has no form in JSON: quote it");
        return;
    }
    json_put(file->plan, text_of(key), value);
}

static void read_members(struct migrate_file *file, const struct node *root,
                         struct diagnostics *diagnostics)
{
    const struct node *flow = need(root, "migrate", diagnostics);
    const struct node *where = node_get(root, "where");
    char found[64];

    if (flow != NULL && flow->kind != NODE_TEXT) {
        diagnostics_error(diagnostics, "F103", node_place(flow),
                          "'migrate' is the name of a flow, found %s", node_describe(flow, found));
    } else if (flow != NULL) {
        file->flow = flow->text;
    }
    if (where != NULL && (where->kind == NODE_MAP || where->kind == NODE_LIST)) {
        diagnostics_error(diagnostics, "F103", node_place(where),
                          "'where' is an expression, found %s: quote it",
                          node_describe(where, found));
    } else if (where != NULL) {
        json_put_text(file->plan, "where", bare(where->text));
    }
    file->from = read_version(root, "from", diagnostics);
    file->to = read_version(root, "to", diagnostics);
    put_member(file, "steps", node_get(root, "steps"), diagnostics);
    put_member(file, "timers", node_get(root, "timers"), diagnostics);
    put_member(file, "data", node_get(root, "data"), diagnostics);
}

/* What is wrong begins with the key that it is about: "where: ...", "steps.charge: ...". */
static const struct node *node_of_problem(const struct node *root, struct text problem)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const struct node *value = node_get(root, keys[i]);

        if (value != NULL && text_starts(problem, text_of(keys[i]))) {
            return value;
        }
    }
    return root;
}

enum status migrate_file_read(const char *path, struct text text, struct diagnostics *diagnostics,
                              struct migrate_file *file)
{
    struct error err;

    *file = (struct migrate_file){.plan = json_object()};
    if (document_parse(text_of(path), text, diagnostics, &file->document) != STATUS_OK) {
        return STATUS_REJECT;
    }
    check_keys(file->document->root, diagnostics);
    read_members(file, file->document->root, diagnostics);
    if (diagnostics->error_count == 0 && file->from == file->to) {
        diagnostics_error(diagnostics, "F104", node_place(node_get(file->document->root, "to")),
                          "'to' is the version of 'from'");
    }
    if (diagnostics->error_count == 0 && migrate_check(file->plan, NULL, NULL, &err) != STATUS_OK) {
        diagnostics_error(diagnostics, "F103",
                          node_place(node_of_problem(file->document->root, text_of(err.text))),
                          "%s", err.text);
    }
    return diagnostics->error_count == 0 ? STATUS_OK : STATUS_REJECT;
}

void migrate_file_release(struct migrate_file *file)
{
    json_free(file->plan);
    document_free(file->document);
    *file = (struct migrate_file){0};
}

struct place migrate_file_steps(const struct migrate_file *file)
{
    const struct pair *steps = node_pair(file->document->root, "steps");

    return node_place(steps == NULL ? file->document->root : steps->key);
}

void migrate_file_bind(struct migrate_file *file, const struct flow *old, const struct flow *new)
{
    json_put_string(file->plan, "from", old->hash);
    json_put_string(file->plan, "to", new->hash);
}

/* ---- for two versions ---- */

static bool may_wait(const struct step *step)
{
    switch (step->kind) {
    case STEP_REQUEST:
    case STEP_LISTEN:
    case STEP_WAIT:
    case STEP_RUN:
    case STEP_BLOCK:
        return true;
    case STEP_EMIT:
    case STEP_SET:
    case STEP_SWITCH:
    case STEP_RAISE:
    case STEP_END:
    case STEP_FORK:
    case STEP_FOR:
    case STEP_ROLLBACK:
        return false;
    }
    CHECK(!"unknown step");
    return false;
}

static void check_step(const struct flow *flow, const struct node *node,
                       struct diagnostics *diagnostics)
{
    if (node != NULL && node->kind == NODE_TEXT && flow_find_step(flow, node->text) == UINT32_MAX) {
        diagnostics_error(diagnostics, "F204", node_place(node),
                          "version %d of '%.*s' has no step '%.*s'", flow->version,
                          TEXT_ARG(flow->name), TEXT_ARG(node->text));
    }
}

static void check_steps(const struct migrate_file *file, const struct flow *old,
                        const struct flow *new, struct diagnostics *diagnostics)
{
    const struct node *steps = node_get(file->document->root, "steps");

    for (uint32_t i = 0; steps != NULL && steps->kind == NODE_MAP && i < steps->count; i++) {
        const struct node *said = steps->pairs[i].value;

        check_step(old, steps->pairs[i].key, diagnostics);
        check_step(new, said->kind == NODE_MAP ? node_get(said, "to") : said, diagnostics);
    }
}

static void check_identity(const struct migrate_file *file, const struct flow *old,
                           const struct flow *new, struct diagnostics *diagnostics)
{
    struct comparison comparison;

    compare_flows(old, new, &comparison);
    for (uint32_t i = 0; i < comparison.count; i++) {
        if (comparison.items[i].kind == CHANGE_IDENTITY) {
            diagnostics_error(diagnostics, "F804", node_place(file->document->root),
                              "%.*s: runs of version %d cannot be moved, let both run side by side",
                              TEXT_ARG(comparison.items[i].text), old->version);
        }
    }
    comparison_release(&comparison);
}

/* What replies to a step that is not named would not be taken for its own. */
static void check_actions(const struct migrate_file *file, const struct flow *old,
                          const struct flow *new, struct diagnostics *diagnostics)
{
    const struct json *steps = json_member(file->plan, "steps");
    struct comparison comparison;

    compare_flows(old, new, &comparison);
    for (uint32_t i = 0; i < comparison.count; i++) {
        const struct change *change = &comparison.items[i];
        uint32_t step = flow_find_step(old, change->step);

        if (change->kind == CHANGE_ACTION && step != UINT32_MAX && may_wait(&old->steps[step]) &&
            json_get(steps, change->step) == NULL) {
            diagnostics_error(diagnostics, "F805", migrate_file_steps(file),
                              "%.*s: say in 'steps' where runs that stand there go on",
                              TEXT_ARG(change->text));
        }
    }
    comparison_release(&comparison);
}

void migrate_file_check(const struct migrate_file *file, const struct flow *old,
                        const struct flow *new, struct diagnostics *diagnostics)
{
    check_identity(file, old, new, diagnostics);
    check_steps(file, old, new, diagnostics);
    check_actions(file, old, new, diagnostics);
}

void migrate_file_warn(const struct migrate_file *file, const struct flow *old,
                       const struct flow *new, struct diagnostics *diagnostics)
{
    const struct json *steps = json_member(file->plan, "steps");

    for (uint32_t i = 0; i < old->step_count; i++) {
        const struct step *step = &old->steps[i];

        if (may_wait(step) && json_get(steps, step->name) == NULL &&
            flow_find_step(new, step->name) == UINT32_MAX) {
            diagnostics_warn(diagnostics, "F806", migrate_file_steps(file),
                             "'%.*s' (%s) has no target in version %d: a run that stands there "
                             "stops the migration",
                             TEXT_ARG(step->name), step_kind_name(step->kind), new->version);
        }
    }
}
