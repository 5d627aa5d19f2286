#include "app/dev_flows.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/command.h"
#include "app/files.h"
#include "base/limits.h"
#include "compile/flow_file.h"

static void print_findings(struct diagnostics *diagnostics)
{
    struct buffer out = {0};

    diagnostics_print(diagnostics, isatty(STDERR_FILENO) ? DIAGNOSTIC_COLOURED : DIAGNOSTIC_TEXT,
                      &out);
    fputs(buffer_string(&out), stderr);
    buffer_release(&out);
}

static enum status read_one(struct dev_flows *flows, struct text path,
                            struct diagnostics *diagnostics, struct error *err)
{
    struct buffer definition = {0};
    enum status status = flow_file_check(path.data, diagnostics, &definition, err);

    if (status == STATUS_OK && definition.bytes == 0) {
        status = fail(err, STATUS_FATAL, "'%s' holds no flow: it is an estate file", path.data);
    }
    if (status == STATUS_OK) {
        status = flow_build(buffer_text(&definition), &flows->items[flows->count], err);
    }
    if (status == STATUS_OK) {
        flows->definitions[flows->count++] = (struct publish_definition){
            .path = path, .definition = arena_text(&flows->arena, buffer_text(&definition))};
    }
    buffer_release(&definition);
    return status;
}

/* All findings of all files are shown before anything is refused. */
static int read_all(struct dev_flows *flows, const struct path_list *list)
{
    struct diagnostics diagnostics = {0};
    struct error err = {{0}};
    int code = EXIT_DONE;

    flows->items = calloc((size_t)list->count + 1, sizeof(struct flow *));
    CHECK(flows->items != NULL);
    flows->definitions = arena_array(&flows->arena, (size_t)list->count + 1,
                                     sizeof(*flows->definitions));
    for (uint32_t i = 0; i < list->count && code != EXIT_USAGE; i++) {
        enum status status = read_one(flows, list->items[i], &diagnostics, &err);

        if (status == STATUS_FATAL) {
            fprintf(stderr, "baton dev: %s\n", err.text);
            code = EXIT_USAGE;
        } else if (status != STATUS_OK) {
            code = EXIT_FINDINGS;
        }
    }
    print_findings(&diagnostics);
    diagnostics_release(&diagnostics);
    return code;
}

int dev_flows_read(const struct text *paths, uint32_t count, struct dev_flows *flows)
{
    struct path_list list = {.arena = &flows->arena};
    struct error err;
    int code = EXIT_DONE;

    for (uint32_t i = 0; i < count && code == EXIT_DONE; i++) {
        if (files_of_flows(paths[i], &list, &err) != STATUS_OK) {
            fprintf(stderr, "baton dev: %s\n", err.text);
            code = EXIT_USAGE;
        }
    }
    if (code == EXIT_DONE && (list.count == 0 || list.count > DEV_FLOWS_MAX)) {
        fprintf(stderr, "baton dev: %s\n",
                list.count == 0 ? "there is no flow in what was named"
                                : "these are more than 1000 flows; name fewer");
        code = EXIT_USAGE;
    }
    if (code == EXIT_DONE) {
        code = read_all(flows, &list);
    }
    path_list_release(&list);
    return code;
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
    print_findings(&diagnostics);
    fputs(buffer_string(&missing), stderr);
    if (diagnostics.error_count > 0) {
        code = EXIT_FINDINGS;
    }
    buffer_release(&missing);
    diagnostics_release(&diagnostics);
    return code;
}
