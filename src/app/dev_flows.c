#include "app/dev_flows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "app/files.h"
#include "app/flow_files.h"
#include "base/limits.h"
#include "compile/beside.h"
#include "compile/flow_file.h"

/* Up to the `count`-th. */
static int build_all(struct dev_flows *flows, uint32_t count)
{
    struct error err;

    for (; flows->count < count; flows->count++) {
        const struct publish_definition *definition = &flows->definitions[flows->count];

        if (flow_build(definition->definition, &flows->items[flows->count], &err) != STATUS_OK) {
            fprintf(stderr, "baton dev: '%s': %s\n", definition->path.data, err.text);
            return EXIT_FINDINGS;
        }
    }
    return EXIT_DONE;
}

/* ---- the flows that they run ---- */

static bool is_there(const struct dev_flows *flows, struct text name)
{
    for (uint32_t i = 0; i < flows->count; i++) {
        if (text_equal(flows->items[i]->name, name)) {
            return true;
        }
    }
    return false;
}

/* The name that the step says, empty if it is decided when the step runs. */
static struct text run_name(const struct step *step, struct arena *arena)
{
    return step->kind == STEP_RUN ? template_constant_text(step->run.flow, arena) : TEXT("");
}

static void add_room(struct dev_flows *flows)
{
    struct publish_definition *definitions = arena_array(&flows->arena, (size_t)flows->count + 2,
                                                         sizeof(*definitions));

    memcpy(definitions, flows->definitions, flows->count * sizeof(*definitions));
    flows->definitions = definitions;
    flows->items = realloc(flows->items, ((size_t)flows->count + 2) * sizeof(struct flow *));
    CHECK(flows->items != NULL);
}

static int take_child(struct dev_flows *flows, struct text path)
{
    struct diagnostics findings = {0};
    struct publish_definition child;
    struct error err;
    enum status status = flow_files_take(path, &flows->arena, &findings, &child, &err);
    int code = status == STATUS_OK ? EXIT_DONE : EXIT_FINDINGS;

    flow_files_print(&findings);
    diagnostics_release(&findings);
    if (status == STATUS_FATAL) {
        fprintf(stderr, "baton dev: %s\n", err.text);
    }
    if (code == EXIT_DONE) {
        add_room(flows);
        flows->definitions[flows->count] = child;
        code = build_all(flows, flows->count + 1);
    }
    return code;
}

/* Those beside the flows that run them, and those beside these: else no child could start. */
static int take_children(struct dev_flows *flows)
{
    for (uint32_t i = 0; i < flows->count && flows->count < DEV_FLOWS_MAX; i++) {
        const struct flow *flow = flows->items[i];

        CHECK(flow != NULL);
        for (uint32_t k = 0; k < flow->step_count; k++) {
            struct text name = run_name(&flow->steps[k], &flows->arena);
            struct text path = name.bytes == 0 || is_there(flows, name)
                                   ? TEXT("")
                                   : flow_beside(flows->definitions[i].path, name, &flows->arena);
            int code = path.bytes == 0 ? EXIT_DONE : take_child(flows, path);

            if (code != EXIT_DONE) {
                return code;
            }
        }
    }
    return EXIT_DONE;
}

const struct flow *dev_parent_of(struct flow *const *flows, uint32_t count,
                                 const struct flow *child)
{
    struct arena arena = {0};
    const struct flow *parent = NULL;

    for (uint32_t i = 0; i < count && parent == NULL; i++) {
        for (uint32_t k = 0; k < flows[i]->step_count && parent == NULL; k++) {
            if (text_equal(run_name(&flows[i]->steps[k], &arena), child->name)) {
                parent = flows[i];
            }
        }
    }
    arena_release(&arena);
    return parent;
}

int dev_flows_read(const struct text *paths, uint32_t count, struct dev_flows *flows)
{
    struct flow_files files;
    int code = flow_files_read("baton dev", paths, count, &flows->arena, &files);

    if (code != EXIT_DONE) {
        return code;
    }
    if (files.count == 0 || files.count > DEV_FLOWS_MAX) {
        fprintf(stderr, "baton dev: %s\n",
                files.count == 0 ? "there is no flow in what was named"
                                 : "these are more than 1000 flows; name fewer");
        return EXIT_USAGE;
    }
    flows->definitions = files.items;
    flows->items = calloc((size_t)files.count + 1, sizeof(struct flow *));
    CHECK(flows->items != NULL);
    code = build_all(flows, files.count);
    return code == EXIT_DONE ? take_children(flows) : code;
}

void dev_flows_release(struct dev_flows *flows)
{
    for (uint32_t i = 0; i < flows->count; i++) {
        flow_free(flows->items[i]);
    }
    free(flows->items);
    arena_release(&flows->arena);
    *flows = (struct dev_flows){.count = 0};
}

static int read_services(const char *path, struct diagnostics *diagnostics,
                         struct dev_services *services)
{
    struct buffer text = {.bytes_max = FLOW_FILE_BYTES_MAX};
    struct error err;
    int code = EXIT_DONE;

    if (file_read(path, &text, &err) != STATUS_OK) {
        fprintf(stderr, "baton dev: services file %s\n", err.text);
        code = EXIT_USAGE;
    } else if (dev_services_read(text_of(path), buffer_text(&text), diagnostics, services) !=
               STATUS_OK) {
        code = EXIT_FINDINGS;
    }
    buffer_release(&text);
    return code;
}

int dev_flows_services(const struct dev_flows *flows, const char *path,
                       struct dev_services *services, struct dev_calls *calls)
{
    struct diagnostics diagnostics = {0};
    struct buffer missing = {0};
    int code = EXIT_DONE;

    *calls = (struct dev_calls){.services = services};
    if (path != NULL) {
        code = read_services(path, &diagnostics, services);
    }
    for (uint32_t i = 0; i < flows->count && code != EXIT_USAGE; i++) {
        if (dev_calls_add(calls, flows->items[i], &diagnostics, &missing) != STATUS_OK) {
            code = EXIT_FINDINGS;
        }
    }
    if (code != EXIT_USAGE) {
        dev_calls_check(calls, &diagnostics);
    }
    flow_files_print(&diagnostics);
    fputs(buffer_string(&missing), stderr);
    if (diagnostics.error_count > 0) {
        code = EXIT_FINDINGS;
    }
    buffer_release(&missing);
    diagnostics_release(&diagnostics);
    return code;
}
