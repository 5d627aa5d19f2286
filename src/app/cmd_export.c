#include <stdio.h>

#include "app/command.h"
#include "app/flow_view.h"
#include "app/output.h"
#include "compile/ows_export.h"
#include "model/flow.h"

static const char help[] =
    "Usage: baton export [OPTION...] FILE\n"
    "\n"
    "Write a flow as a document of the Open Workflow Specification (Serverless Workflow DSL 1.0).\n"
    "What the standard has no word for stands in 'with' of its calls and in 'metadata.baton':\n"
    "see docs/standard.md.\n"
    "\n"
    "  -o, --output FILE  write to FILE instead of standard output\n"
    "  -h, --help         print this\n"
    "\n"
    "Exit codes: 0 done, 1 the file has errors, 2 usage or unreadable file.\n";

static int export_file(const char *path, const char *output)
{
    struct diagnostics found = {0};
    struct flow *flow = NULL;
    struct buffer yaml = {0};
    struct error err;
    int code = flow_open_found("export", path, &found, &flow);

    if (code != EXIT_DONE) {
        diagnostics_release(&found);
        return code;
    }
    if (ows_export(flow->definition, &found, &yaml, &err) != STATUS_OK) {
        fprintf(stderr, "baton export: %s: %s\n", path, err.text);
        code = EXIT_FINDINGS;
    } else if (output_write(output, buffer_text(&yaml), &err) != STATUS_OK) {
        fprintf(stderr, "baton export: %s\n", err.text);
        code = EXIT_USAGE;
    }
    flow_free(flow);
    diagnostics_release(&found);
    buffer_release(&yaml);
    return code;
}

int cmd_export(int argc, char **argv)
{
    const char *output;
    const char *file;
    int code = flow_view_options(argc, argv, "export", help, &file, &output);

    return code != -1 ? code : export_file(file, output);
}
