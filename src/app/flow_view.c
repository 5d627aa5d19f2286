#include "app/flow_view.h"

#include <getopt.h>
#include <stdio.h>

#include "app/command.h"
#include "app/output.h"
#include "compile/flow_file.h"
#include "compile/machine.h"

static enum status build(const char *path, struct diagnostics *found, struct flow **flow,
                         struct error *err)
{
    struct buffer definition = {0};
    struct buffer text = {0};
    enum status status = flow_file_check(path, found, &definition, err);

    if (found->error_count > 0) {
        diagnostics_print(found, DIAGNOSTIC_TEXT, &text);
        fwrite(text.data, 1, text.bytes, stderr);
        status = fail(err, STATUS_REJECT, "'%s' has errors", path);
    }
    if (status == STATUS_OK && definition.bytes == 0) {
        status = fail(err, STATUS_FATAL, "'%s' holds no flow", path);
    }
    if (status == STATUS_OK) {
        status = flow_build(buffer_text(&definition), flow, err);
    }
    buffer_release(&definition);
    buffer_release(&text);
    return status;
}

int flow_open_found(const char *name, const char *path, struct diagnostics *found,
                    struct flow **flow)
{
    struct error err;
    enum status status = build(path, found, flow, &err);

    if (status == STATUS_OK) {
        return EXIT_DONE;
    }
    fprintf(stderr, "baton %s: %s\n", name, err.text);
    return status == STATUS_REJECT ? EXIT_FINDINGS : EXIT_USAGE;
}

int flow_open(const char *name, const char *path, struct flow **flow)
{
    struct diagnostics found = {0};
    int code = flow_open_found(name, path, &found, flow);

    diagnostics_release(&found);
    return code;
}

int flow_view(const char *name, const char *path, const char *output,
              void (*write)(const struct machine *machine, struct buffer *out))
{
    struct machine *machine = NULL;
    struct flow *flow = NULL;
    struct buffer out = {0};
    struct error err;
    int code = flow_open(name, path, &flow);

    if (code != EXIT_DONE) {
        return code;
    }
    machine = machine_new(flow);
    write(machine, &out);
    if (output_write(output, buffer_text(&out), &err) != STATUS_OK) {
        fprintf(stderr, "baton %s: %s\n", name, err.text);
        code = EXIT_USAGE;
    }
    machine_free(machine);
    flow_free(flow);
    buffer_release(&out);
    return code;
}

int flow_view_options(int argc, char **argv, const char *name, const char *help, const char **file,
                      const char **output)
{
    static const struct option known[] = {
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    *output = NULL;
    optind = 1;
    while ((option = getopt_long(argc, argv, "o:h", known, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return EXIT_DONE;
        }
        if (option != 'o') {
            fprintf(stderr, "Try 'baton %s --help'.\n", name);
            return EXIT_USAGE;
        }
        *output = optarg;
    }
    if (optind + 1 != argc) {
        fprintf(stderr, "baton %s: one file, please\nTry 'baton %s --help'.\n", name, name);
        return EXIT_USAGE;
    }
    *file = argv[optind];
    return -1;
}
