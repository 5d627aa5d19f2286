#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/output.h"
#include "compile/flow_file.h"

static const char help[] =
    "Usage: baton check [OPTION...] FILE...\n"
    "\n"
    "Check flow files and the estate files that they use. All findings are printed, each with its\n"
    "place, the source line and a caret. A file of topics, services and retries alone is checked\n"
    "as an estate file.\n"
    "\n"
    "  -f, --format text|json  how to print findings (default: text)\n"
    "  -s, --strict            warnings count as errors\n"
    "  -o, --output FILE       write to FILE instead of standard output\n"
    "  -h, --help              print this\n"
    "\n"
    "Exit codes: 0 no errors, 1 errors (with --strict also warnings), 2 usage or unreadable "
    "file.\n";

struct options {
    enum diagnostic_format format;
    bool strict;
    const char *output;
};

/* The exit code, or -1 to go on. */
static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"format", required_argument, NULL, 'f'},
        {"strict", no_argument, NULL, 's'},
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "f:so:h", known, NULL)) != -1) {
        switch (option) {
        case 'f':
            if (strcmp(optarg, "text") != 0 && strcmp(optarg, "json") != 0) {
                fprintf(stderr, "baton check: --format is text or json, not '%s'\n", optarg);
                return EXIT_USAGE;
            }
            options->format = strcmp(optarg, "json") == 0 ? DIAGNOSTIC_JSON : DIAGNOSTIC_TEXT;
            break;
        case 's':
            options->strict = true;
            break;
        case 'o':
            options->output = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return EXIT_DONE;
        default:
            fputs("Try 'baton check --help'.\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (optind == argc) {
        fputs("baton check: which file?\nTry 'baton check --help'.\n", stderr);
        return EXIT_USAGE;
    }
    return -1;
}

static bool is_coloured(const struct options *options)
{
    return options->format == DIAGNOSTIC_TEXT && options->output == NULL &&
           isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
}

static void add_summary(const struct diagnostics *all, struct buffer *out)
{
    if (all->error_count + all->warning_count > 0) {
        buffer_addf(out, "%u %s, %u %s\n", all->error_count,
                    all->error_count == 1 ? "error" : "errors", all->warning_count,
                    all->warning_count == 1 ? "warning" : "warnings");
    }
    if (all->count < all->error_count + all->warning_count) {
        buffer_addf(out, "(%u of them are shown)\n", all->count);
    }
}

static int check_files(int count, char **paths, const struct options *options)
{
    struct diagnostics all = {0};
    struct buffer definition = {0};
    struct buffer out = {0};
    struct error err;
    int code = EXIT_DONE;

    for (int i = 0; i < count && code == EXIT_DONE; i++) {
        buffer_clear(&definition);
        if (flow_file_check(paths[i], &all, &definition, &err) == STATUS_FATAL) {
            fprintf(stderr, "baton check: %s\n", err.text);
            code = EXIT_USAGE;
        }
    }
    diagnostics_print(&all, is_coloured(options) ? DIAGNOSTIC_COLOURED : options->format, &out);
    if (options->format == DIAGNOSTIC_TEXT) {
        add_summary(&all, &out);
    }
    if (output_write(options->output, buffer_text(&out), &err) != STATUS_OK) {
        fprintf(stderr, "baton check: %s\n", err.text);
        code = EXIT_USAGE;
    }
    if (code == EXIT_DONE && (all.error_count > 0 || (options->strict && all.warning_count > 0))) {
        code = EXIT_FINDINGS;
    }
    diagnostics_release(&all);
    buffer_release(&definition);
    buffer_release(&out);
    return code;
}

int cmd_check(int argc, char **argv)
{
    struct options options = {.format = DIAGNOSTIC_TEXT};
    int code = read_options(argc, argv, &options);

    return code >= 0 ? code : check_files(argc - optind, argv + optind, &options);
}
