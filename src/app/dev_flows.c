#include "app/dev_flows.h"

#include <stdio.h>
#include <stdlib.h>

#include "app/command.h"
#include "app/files.h"
#include "app/flow_files.h"
#include "base/limits.h"
#include "compile/flow_file.h"

static int build_all(struct dev_flows *flows, uint32_t count)
{
    struct error err;

    flows->items = calloc((size_t)count + 1, sizeof(struct flow *));
    CHECK(flows->items != NULL);
    for (; flows->count < count; flows->count++) {
        const struct publish_definition *definition = &flows->definitions[flows->count];

        if (flow_build(definition->definition, &flows->items[flows->count], &err) != STATUS_OK) {
            fprintf(stderr, "baton dev: '%s': %s\n", definition->path.data, err.text);
            return EXIT_FINDINGS;
        }
    }
    return EXIT_DONE;
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
    return build_all(flows, files.count);
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
