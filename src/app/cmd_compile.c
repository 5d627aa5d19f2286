#include <getopt.h>
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
    static const struct option known[] = {
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *output = NULL;
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "o:h", known, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return EXIT_DONE;
        }
        if (option != 'o') {
            fputs("Try 'baton compile --help'.\n", stderr);
            return EXIT_USAGE;
        }
        output = optarg;
    }
    if (optind + 1 != argc) {
        fputs("baton compile: one file, please\nTry 'baton compile --help'.\n", stderr);
        return EXIT_USAGE;
    }
    return flow_view("compile", argv[optind], output, machine_json);
}
