#include "app/flow_files.h"

#include <stdio.h>
#include <unistd.h>

#include "app/command.h"
#include "app/files.h"
#include "compile/flow_file.h"

enum status flow_files_take(struct text path, struct arena *arena, struct diagnostics *findings,
                            struct publish_definition *out, struct error *err)
{
    struct buffer definition = {0};
    enum status status = flow_file_check(path.data, findings, &definition, err);

    if (status == STATUS_OK && definition.bytes == 0) {
        status = fail(err, STATUS_FATAL, "'%s' holds no flow: it is an estate file", path.data);
    }
    if (status == STATUS_OK) {
        *out = (struct publish_definition){
            .path = path, .definition = arena_text(arena, buffer_text(&definition))};
    }
    buffer_release(&definition);
    return status;
}

void flow_files_print(struct diagnostics *findings)
{
    struct buffer out = {0};

    diagnostics_print(findings, isatty(STDERR_FILENO) ? DIAGNOSTIC_COLOURED : DIAGNOSTIC_TEXT,
                      &out);
    fputs(buffer_string(&out), stderr);
    buffer_release(&out);
}

static int take_all(const char *who, const struct path_list *list, struct flow_files *files)
{
    struct diagnostics findings = {0};
    int code = EXIT_DONE;

    files->items = arena_array(list->arena, (size_t)list->count + 1, sizeof *files->items);
    for (uint32_t i = 0; i < list->count; i++) {
        struct error err;
        enum status status = flow_files_take(list->items[i], list->arena, &findings,
                                             &files->items[files->count], &err);

        if (status == STATUS_OK) {
            files->count++;
        } else if (status == STATUS_FATAL) {
            fprintf(stderr, "%s: %s\n", who, err.text);
            code = EXIT_USAGE;
        } else if (code == EXIT_DONE) {
            code = EXIT_FINDINGS;
        }
    }
    flow_files_print(&findings);
    diagnostics_release(&findings);
    return code;
}

int flow_files_read(const char *who, const struct text *paths, uint32_t path_count,
                    struct arena *arena, struct flow_files *files)
{
    struct path_list list = {.arena = arena};
    struct error err;
    int code = EXIT_DONE;

    *files = (struct flow_files){.count = 0};
    for (uint32_t i = 0; i < path_count && code == EXIT_DONE; i++) {
        if (files_of_flows(paths[i], &list, &err) != STATUS_OK) {
            fprintf(stderr, "%s: %s\n", who, err.text);
            code = EXIT_USAGE;
        }
    }
    if (code == EXIT_DONE) {
        code = take_all(who, &list, files);
    }
    path_list_release(&list);
    return code;
}
