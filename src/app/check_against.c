#include "app/check_against.h"

#include "app/files.h"
#include "base/limits.h"
#include "compile/compare.h"
#include "compile/document.h"
#include "compile/flow_file.h"

/* NULL without an error: a file with findings, which are told elsewhere, or without a flow. */
static enum status open_flow(const char *path, struct flow **flow, struct error *err)
{
    struct diagnostics found = {0};
    struct buffer definition = {0};
    enum status status = flow_file_check(path, &found, &definition, err);

    *flow = NULL;
    if (status == STATUS_OK && definition.bytes > 0) {
        status = flow_build(buffer_text(&definition), flow, err);
    } else if (status == STATUS_REJECT) {
        status = STATUS_OK;
    }
    diagnostics_release(&found);
    buffer_release(&definition);
    return status;
}

/* The file of the new version. */
struct target {
    const struct flow *flow;
    struct text file;
    struct document *document;
    struct diagnostics *all;
};

/* `step: name`, or in the standard's grammar a map of the name alone. */
static const struct node *name_of(const struct node *node, bool is_standard)
{
    return is_standard ? (node->count == 1 ? node->pairs[0].key : NULL) : node_get(node, "step");
}

/* The name of a step where the file gives it. Recursion is bounded by YAML_DEPTH_MAX. */
static const struct node *find_step(const struct node *node, struct text name, bool is_standard)
{
    const struct node *found = NULL;

    if (node->kind == NODE_LIST) {
        for (uint32_t i = 0; i < node->count && found == NULL; i++) {
            found = find_step(node->items[i], name, is_standard);
        }
    } else if (node->kind == NODE_MAP) {
        const struct node *step = name_of(node, is_standard);

        if (step != NULL && step->kind == NODE_TEXT && text_equal(step->text, name)) {
            return step;
        }
        for (uint32_t i = 0; i < node->count && found == NULL; i++) {
            found = find_step(node->pairs[i].value, name, is_standard);
        }
    }
    return found;
}

static struct place place_of(const struct target *target, const struct change *change)
{
    const struct node *root = target->document->root;
    const struct pair *pair = change->key == NULL ? NULL : node_pair(root, change->key);
    bool is_standard = node_pair(root, "document") != NULL;
    const struct node *step = change->key == NULL ? find_step(root, change->now, is_standard)
                                                  : NULL;

    if (pair != NULL) {
        return node_place(pair->key);
    }
    return step != NULL ? node_place(step)
                        : (struct place){
                              .file = target->file, .line = change->line, .column = 1, .width = 1};
}

static struct place place_of_version(const struct target *target)
{
    const struct node *root = target->document->root;
    const struct node *version = node_get(root, "version");

    if (version == NULL) {
        version = node_get(node_get(root, "document"), "version");
    }
    return version == NULL ? (struct place){.file = target->file} : node_place(version);
}

static void tell_version(const struct flow *old, const struct target *target)
{
    const struct flow *new = target->flow;

    if (new->version == old->version && !text_is(text_of(old->hash), new->hash)) {
        diagnostics_error(
            target->all, "F801", place_of_version(target),
            "version %d of '%.*s' is there with other content; give this a higher one",
            new->version, TEXT_ARG(new->name));
    } else if (new->version < old->version) {
        diagnostics_warn(target->all, "F802", place_of_version(target),
                         "version %d is below version %d of '%.*s'", new->version, old->version,
                         TEXT_ARG(new->name));
    }
}

static void tell_changes(const struct flow *old, const struct target *target)
{
    struct comparison comparison;

    compare_flows(old, target->flow, &comparison);
    for (uint32_t i = 0; i < comparison.count; i++) {
        const struct change *change = &comparison.items[i];

        switch (change->kind) {
        case CHANGE_REMOVED:
        case CHANGE_RENAMED:
        case CHANGE_ACTION:
            diagnostics_error(target->all, "F803", place_of(target, change),
                              "%.*s: runs of version %d that wait there go on by it, unless the "
                              "plan of a migration says where",
                              TEXT_ARG(change->text), old->version);
            break;
        case CHANGE_IDENTITY:
            diagnostics_error(target->all, "F804", place_of(target, change),
                              "%.*s: runs of version %d cannot be moved, let both run side by side",
                              TEXT_ARG(change->text), old->version);
            break;
        case CHANGE_ADDED:
        case CHANGE_MOVED:
        case CHANGE_EDITED:
            break;
        }
    }
    comparison_release(&comparison);
}

/* The file was read and had no errors a moment ago. */
static enum status tell(const struct flow *old, const struct flow *new, struct text path,
                        struct diagnostics *all, struct error *err)
{
    struct target target = {.flow = new, .file = path, .all = all};
    struct buffer text = {.bytes_max = FLOW_FILE_BYTES_MAX};
    struct diagnostics scratch = {0};
    enum status status = file_read(path.data, &text, err);

    if (status == STATUS_OK &&
        document_parse(path, buffer_text(&text), &scratch, &target.document) == STATUS_OK) {
        diagnostics_append(all, &(struct diagnostics){.sources = scratch.sources,
                                                      .source_count = scratch.source_count});
        tell_version(old, &target);
        tell_changes(old, &target);
    }
    document_free(target.document);
    diagnostics_release(&scratch);
    buffer_release(&text);
    return status;
}

enum status check_against(const char *old_path, const struct path_list *list,
                          struct diagnostics *all, struct error *err)
{
    struct flow *old = NULL;
    enum status status = open_flow(old_path, &old, err);
    bool is_known = false;

    if (status != STATUS_OK) {
        return status;
    }
    if (old == NULL) {
        return fail(err, STATUS_REJECT, "'%s' holds no flow without errors", old_path);
    }
    for (uint32_t i = 0; i < list->count && status == STATUS_OK; i++) {
        struct flow *new = NULL;

        status = open_flow(list->items[i].data, &new, err);
        if (new != NULL && text_equal(new->name, old->name)) {
            is_known = true;
            status = tell(old, new, list->items[i], all, err);
        }
        flow_free(new);
    }
    if (status == STATUS_OK && list->count == 0) {
        status = fail(err, STATUS_REJECT, "--against compares files, not standard input");
    } else if (status == STATUS_OK && !is_known && all->error_count == 0) {
        status = fail(err, STATUS_REJECT, "none of the files is of flow '%.*s', which '%s' holds",
                      TEXT_ARG(old->name), old_path);
    }
    flow_free(old);
    return status;
}
