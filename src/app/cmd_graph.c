#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/flow_view.h"
#include "compile/machine.h"

static const char help[] =
    "Usage: baton graph [OPTION...] FILE\n"
    "\n"
    "Draw the state machine of a flow: states, the topics that drive each transition, timeouts,\n"
    "the way of a failure, and compensation (dashed).\n"
    "\n"
    "  -f, --format mermaid|dot  what to draw for (default: mermaid)\n"
    "  -o, --output FILE         write to FILE instead of standard output\n"
    "  -h, --help                print this\n"
    "\n"
    "Exit codes: 0 done, 1 the file has errors, 2 usage or unreadable file.\n";

int cmd_graph(int argc, char **argv)
{
    static const struct option known[] = {
        {"format", required_argument, NULL, 'f'},
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *format = "mermaid";
    const char *output = NULL;
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "f:o:h", known, NULL)) != -1) {
        switch (option) {
        case 'f':
            format = optarg;
            break;
        case 'o':
            output = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return EXIT_DONE;
        default:
            fputs("Try 'baton graph --help'.\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (strcmp(format, "mermaid") != 0 && strcmp(format, "dot") != 0) {
        fprintf(stderr, "baton graph: --format is mermaid or dot, not '%s'\n", format);
        return EXIT_USAGE;
    }
    if (optind + 1 != argc) {
        fputs("baton graph: one file, please\nTry 'baton graph --help'.\n", stderr);
        return EXIT_USAGE;
    }
    return flow_view("graph", argv[optind], output,
                     strcmp(format, "dot") == 0 ? machine_dot : machine_mermaid);
}
