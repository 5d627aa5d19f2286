/* `run`: the flow that it names. Others are looked for beside this file only: what is deployed is
 * not known here. */
#include <glob.h>
#include <stdio.h>

#include "base/limits.h"
#include "compile/checker.h"

/* The value of the key `flow` at the beginning of a line; empty if there is none. */
static struct text name_in(struct text text)
{
    while (text.bytes > 0) {
        size_t end = text_find(text, '\n');
        struct text line = text_sub(text, 0, end == SIZE_MAX ? text.bytes : end);

        text = end == SIZE_MAX ? TEXT("") : text_sub(text, end + 1, text.bytes);
        if (text_starts(line, TEXT("flow:"))) {
            size_t from = 5;
            size_t to;

            while (from < line.bytes &&
                   (line.data[from] == ' ' || line.data[from] == '"' || line.data[from] == '\'')) {
                from++;
            }
            to = from;
            while (to < line.bytes &&
                   ((line.data[to] >= 'a' && line.data[to] <= 'z') ||
                    (line.data[to] >= '0' && line.data[to] <= '9') || line.data[to] == '-')) {
                to++;
            }
            return text_sub(line, from, to - from);
        }
    }
    return TEXT("");
}

/* A document of the standard says its name in its head. */
static bool is_document_named(struct text text, struct text name)
{
    struct diagnostics diagnostics = {0};
    struct document *document = NULL;
    const struct node *said;
    bool is = false;

    if (document_parse(TEXT(""), text, &diagnostics, &document) == STATUS_OK) {
        said = node_get(node_get(document->root, "document"), "name");
        is = said != NULL && node_is_scalar(said) && text_equal(said->text, name);
    }
    document_free(document);
    diagnostics_release(&diagnostics);
    return is;
}

static bool is_named(const char *path, struct text name)
{
    struct buffer text = {0};
    struct error err;
    bool is = file_text(path, &text, &err) == STATUS_OK &&
              (text_equal(name_in(buffer_text(&text)), name) ||
               (text_starts(buffer_text(&text), TEXT("document:")) &&
                is_document_named(buffer_text(&text), name)));

    buffer_release(&text);
    return is;
}

/* True too if the folder is not known: then nobody can say. */
static bool is_beside(struct checker *checker, struct text name)
{
    static const char *const endings[] = {"yaml", "yml"};
    struct text real = checker->file_count == 0 ? TEXT("") : checker->files[0].real;
    size_t slash = text_find_last(real, '/');
    bool is = slash == SIZE_MAX;

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]) && !is; i++) {
        struct text pattern = arena_printf(&checker->arena, "%.*s/*.%s", (int)slash, real.data,
                                           endings[i]);
        glob_t found = {0};

        if (glob(pattern.data, GLOB_NOSORT, NULL, &found) == 0) {
            for (size_t k = 0; k < found.gl_pathc && !is; k++) {
                is = is_named(found.gl_pathv[k], name);
            }
            globfree(&found);
        }
    }
    return is;
}

static void check_run(struct checker *checker, const struct json *flow, const struct node *node)
{
    struct text name = node->text;

    if (!node_is_scalar(node) || text_find(name, '$') != SIZE_MAX) {
        return;
    }
    if (!node_names_flow(name)) {
        diagnostics_warn(checker->diagnostics, "F212", node_place(node),
                         "'%.*s' is no name of a flow: lower case letters, digits and '-', a "
                         "letter first",
                         TEXT_ARG(name));
    } else if (text_equal(name, json_member_text(flow, "flow"))) {
        diagnostics_error(checker->diagnostics, "F211", node_place(node),
                          "the flow '%.*s' runs itself", TEXT_ARG(name));
    } else if (!is_beside(checker, name)) {
        diagnostics_warn(checker->diagnostics, "F212", node_place(node),
                         "no flow file beside this one is named '%.*s': it has to be deployed when "
                         "the step runs",
                         TEXT_ARG(name));
    }
}

void validate_runs(struct checker *checker, const struct json *flow)
{
    for (uint32_t i = 0; i < checker->plan.count; i++) {
        const struct node *node = node_get(checker->plan.steps[i].node, "run");

        if (checker->plan.steps[i].action == OBJECT_RUN_STEP && node != NULL) {
            check_run(checker, flow, node);
        }
    }
}
