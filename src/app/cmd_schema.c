#include <getopt.h>
#include <stdio.h>

#include "app/command.h"
#include "app/output.h"
#include "compile/findings.h"

static const char help[] =
    "Usage: baton schema [OPTION...]\n"
    "\n"
    "  -F, --findings      print the page about what 'baton check' finds, as Markdown\n"
    "  -o, --output FILE   write to FILE instead of standard output\n"
    "  -h, --help          print this\n"
    "\n"
    "Exit codes: 0 done, 2 usage.\n";

int cmd_schema(int argc, char **argv)
{
    static const struct option known[] = {
        {"findings", no_argument, NULL, 'F'},
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *output = NULL;
    struct buffer out = {0};
    int code = EXIT_DONE;
    struct error err;
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "Fo:h", known, NULL)) != -1) {
        switch (option) {
        case 'F':
            break;
        case 'o':
            output = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return EXIT_DONE;
        default:
            fputs("Try 'baton schema --help'.\n", stderr);
            return EXIT_USAGE;
        }
    }
    findings_page(&out);
    if (output_write(output, buffer_text(&out), &err) != STATUS_OK) {
        fprintf(stderr, "baton schema: %s\n", err.text);
        code = EXIT_USAGE;
    }
    buffer_release(&out);
    return code;
}
