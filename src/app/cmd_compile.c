#include <stdio.h>

#include "app/command.h"
#include "app/flow_view.h"
#include "compile/machine.h"

static const char help[] =
    "Usage: baton compile [OPTION...] FILE\n"
    "\n"
    "Print the state machine of a flow as JSON: states, the transitions between them and what\n"
    "drives each, timers, undos.\n"
    "\n"
    "  -o, --output FILE  write to FILE instead of standard output\n"
    "  -h, --help         print this\n"
    "\n"
    "Exit codes: 0 done, 1 the file has errors, 2 usage or unreadable file.\n";

int cmd_compile(int argc, char **argv)
{
    const char *output;
    const char *file;
    int code = flow_view_options(argc, argv, "compile", help, &file, &output);

    return code != -1 ? code : flow_view("compile", file, output, machine_json);
}
