#include <getopt.h>
#include <stdio.h>

#include "app/command.h"
#include "app/flow_test_file.h"
#include "app/output.h"
#include "compile/findings.h"
#include "compile/schema.h"

static const char help[] =
    "Usage: baton schema [OPTION...]\n"
    "\n"
    "Print the language as JSON Schema (draft-07): editors complete and explain by it. It is made\n"
    "from the same table as the checker, which sees more: other files and expressions.\n"
    "\n"
    "  -e, --estate        the schema of estate files, not of flows\n"
    "  -t, --tests         the schema of tests of flows (*.test.yaml)\n"
    "  -r, --reference     the reference page instead, as Markdown\n"
    "  -F, --findings      the page about what 'baton check' finds instead, as Markdown\n"
    "  -o, --output FILE   write to FILE instead of standard output\n"
    "  -h, --help          print this\n"
    "\n"
    "Exit codes: 0 done, 2 usage.\n";

enum page { PAGE_FLOW, PAGE_ESTATE, PAGE_TESTS, PAGE_REFERENCE, PAGE_FINDINGS };

/* `made` is taken over. */
static void print_schema(struct json *made, struct buffer *out)
{
    json_write_pretty(made, out);
    buffer_add_char(out, '\n');
    json_free(made);
}

static int print_page(enum page page, const char *output)
{
    struct buffer out = {0};
    int code = EXIT_DONE;
    struct error err;

    switch (page) {
    case PAGE_FLOW:
        print_schema(schema(OBJECT_FLOW), &out);
        break;
    case PAGE_ESTATE:
        print_schema(schema(OBJECT_ESTATE), &out);
        break;
    case PAGE_TESTS:
        print_schema(flow_test_schema(), &out);
        break;
    case PAGE_REFERENCE:
        schema_reference(&out);
        break;
    case PAGE_FINDINGS:
        findings_page(&out);
        break;
    }
    if (output_write(output, buffer_text(&out), &err) != STATUS_OK) {
        fprintf(stderr, "baton schema: %s\n", err.text);
        code = EXIT_USAGE;
    }
    buffer_release(&out);
    return code;
}

int cmd_schema(int argc, char **argv)
{
    static const struct option known[] = {
        {"estate", no_argument, NULL, 'e'},
        {"reference", no_argument, NULL, 'r'},
        {"findings", no_argument, NULL, 'F'},
        {"output", required_argument, NULL, 'o'},
        {"tests", no_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    enum page page = PAGE_FLOW;
    const char *output = NULL;
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "etrFo:h", known, NULL)) != -1) {
        switch (option) {
        case 'e':
            page = PAGE_ESTATE;
            break;
        case 't':
            page = PAGE_TESTS;
            break;
        case 'r':
            page = PAGE_REFERENCE;
            break;
        case 'F':
            page = PAGE_FINDINGS;
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
    if (optind != argc) {
        fputs("baton schema: takes no files\nTry 'baton schema --help'.\n", stderr);
        return EXIT_USAGE;
    }
    return print_page(page, output);
}
