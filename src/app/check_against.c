#include "app/check_against.h"

#include "compile/compare.h"
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

static void tell_version(const struct flow *old, const struct flow *new, struct place place,
                         struct diagnostics *all)
{
    if (new->version == old->version && !text_is(text_of(old->hash), new->hash)) {
        diagnostics_error(
            all, "F801", place,
            "version %d of '%.*s' is there with other content; give this a higher one",
            new->version, TEXT_ARG(new->name));
    } else if (new->version < old->version) {
        diagnostics_warn(all, "F802", place, "version %d is below version %d of '%.*s'",
                         new->version, old->version, TEXT_ARG(new->name));
    }
}

static void tell_changes(const struct flow *old, const struct flow *new, struct text file,
                         struct diagnostics *all)
{
    struct comparison comparison;

    compare_flows(old, new, &comparison);
    for (uint32_t i = 0; i < comparison.count; i++) {
        const struct change *change = &comparison.items[i];
        struct place place = {.file = file, .line = change->line, .column = 1, .width = 1};

        switch (change->kind) {
        case CHANGE_REMOVED:
        case CHANGE_RENAMED:
        case CHANGE_ACTION:
            diagnostics_error(all, "F803", place,
                              "%.*s: runs of version %d that wait there cannot be moved",
                              TEXT_ARG(change->text), old->version);
            break;
        case CHANGE_IDENTITY:
            diagnostics_error(all, "F804", place,
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
            struct place place = {.file = list->items[i]};

            is_known = true;
            tell_version(old, new, place, all);
            tell_changes(old, new, list->items[i], all);
        }
        flow_free(new);
    }
    if (status == STATUS_OK && !is_known && all->error_count == 0) {
        status = fail(err, STATUS_REJECT, "none of the files is of flow '%.*s', which '%s' holds",
                      TEXT_ARG(old->name), old_path);
    }
    flow_free(old);
    return status;
}
