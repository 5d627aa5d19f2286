#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/check_against.h"
#include "app/check_files.h"
#include "app/check_topics.h"
#include "app/check_values.h"
#include "app/command.h"
#include "app/files.h"
#include "app/output.h"
#include "base/limits.h"
#include "compile/findings.h"
#include "compile/flow_file.h"

static const char help[] =
    "Usage: baton check [OPTION...] FILE|FOLDER...\n"
    "       baton check --explain ID\n"
    "\n"
    "Check flow files and the estate files that they use. All findings are printed, each with its\n"
    "place, the source line and a caret. A file of topics, services and retries alone is checked\n"
    "as an estate file. Of a folder, the flow files in it and below are checked. '-' is standard\n"
    "input.\n"
    "\n"
    "  -f, --format text|json|sarif  how to print findings (default: text)\n"
    "  -s, --strict                  warnings count as errors\n"
    "  -n, --name FILE               what standard input is called; its 'use' is relative to that\n"
    "  -a, --against FILE            also say what keeps runs of the version in FILE from being "
    "moved\n"
    "                                to this one (F801 to F804)\n"
    "  -b, --brokers LIST            also say which topics that the files name are not on this "
    "cluster\n"
    "                                (host:port, separated by commas; F412)\n"
    "  -r, --registry URL            also say which values that are sent in Avro do not fit the\n"
    "                                schemas of this registry (F411)\n"
    "  -c, --config FILE             both by a configuration, such as for a secured cluster\n"
    "  -e, --explain ID|all          say what a finding means and what to do, such as F204\n"
    "  -o, --output FILE             write to FILE instead of standard output\n"
    "  -h, --help                    print this\n"
    "\n"
    "Exit codes: 0 no errors, 1 errors (with --strict also warnings), 2 usage or unreadable "
    "file,\n"
    "3 the cluster of --brokers, or the registry, could not be reached.\n";

enum check_format { CHECK_TEXT, CHECK_JSON, CHECK_SARIF, CHECK_FORMATS };

static const char *const format_names[CHECK_FORMATS] = {"text", "json", "sarif"};

struct options {
    enum check_format format;
    bool strict;
    const char *name;
    const char *explain;
    const char *against;
    const char *output;
    const char *registry;
    struct config_flags cluster; /* None: no cluster is asked. */
};

static bool read_format(const char *text, enum check_format *format)
{
    for (enum check_format i = 0; i < CHECK_FORMATS; i++) {
        if (strcmp(text, format_names[i]) == 0) {
            *format = i;
            return true;
        }
    }
    fprintf(stderr, "baton check: --format is text, json or sarif, not '%s'\n", text);
    return false;
}

/* The exit code, or -1 to go on. */
static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"format", required_argument, NULL, 'f'},
        {"strict", no_argument, NULL, 's'},
        {"name", required_argument, NULL, 'n'},
        {"against", required_argument, NULL, 'a'},
        {"brokers", required_argument, NULL, 'b'},
        {"config", required_argument, NULL, 'c'},
        {"explain", required_argument, NULL, 'e'},
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {"registry", required_argument, NULL, 'r'},
        {NULL, 0, NULL, 0},
    };
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "f:sn:a:b:c:e:o:r:h", known, NULL)) != -1) {
        switch (option) {
        case 'f':
            if (!read_format(optarg, &options->format)) {
                return EXIT_USAGE;
            }
            break;
        case 's':
            options->strict = true;
            break;
        case 'n':
            options->name = optarg;
            break;
        case 'a':
            options->against = optarg;
            break;
        case 'b':
        case 'c':
            if (!config_flag(&options->cluster, option, optarg)) {
                return EXIT_USAGE;
            }
            break;
        case 'e':
            options->explain = optarg;
            break;
        case 'o':
            options->output = optarg;
            break;
        case 'r':
            options->registry = optarg;
            break;
        case 'h':
            fputs(help, stdout);
            return EXIT_DONE;
        default:
            fputs("Try 'baton check --help'.\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (optind == argc && options->explain == NULL) {
        fputs("baton check: which file?\nTry 'baton check --help'.\n", stderr);
        return EXIT_USAGE;
    }
    return -1;
}

static int write_out(const struct options *options, const struct buffer *out)
{
    struct error err;

    if (output_write(options->output, buffer_text(out), &err) != STATUS_OK) {
        fprintf(stderr, "baton check: %s\n", err.text);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static int explain(const struct options *options)
{
    struct text id = text_of(options->explain);
    const struct finding *finding = findings_find(id);
    struct buffer out = {0};
    uint32_t count = 1;
    int code;

    if (text_is(id, "all")) {
        finding = findings(&count);
    }
    if (finding == NULL) {
        const char *near = findings_suggest(id);

        fprintf(stderr, "baton check: there is no finding '%s'", options->explain);
        fprintf(stderr, near == NULL ? "%s" : " (did you mean '%s'?)", near == NULL ? "" : near);
        fputs("; --explain all lists them\n", stderr);
        return EXIT_USAGE;
    }
    for (uint32_t i = 0; i < count; i++) {
        buffer_add_text(&out, i == 0 ? TEXT("") : TEXT("\n"));
        findings_explain(&finding[i], &out);
    }
    code = write_out(options, &out);
    buffer_release(&out);
    return code;
}

static bool is_coloured(const struct options *options)
{
    return options->output == NULL && isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
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

static void print_findings(struct diagnostics *all, const struct options *options,
                           struct buffer *out)
{
    char *root;

    switch (options->format) {
    case CHECK_TEXT:
        diagnostics_print(all, is_coloured(options) ? DIAGNOSTIC_COLOURED : DIAGNOSTIC_TEXT, out);
        add_summary(all, out);
        return;
    case CHECK_JSON:
        diagnostics_print(all, DIAGNOSTIC_JSON, out);
        return;
    case CHECK_SARIF:
        root = getcwd(NULL, 0);
        diagnostics_sarif(all, text_of(root == NULL ? "/" : root), out);
        free(root);
        return;
    case CHECK_FORMATS:
        break;
    }
    CHECK(!"unknown format");
}

static enum status check_input(const struct options *options, struct diagnostics *all,
                               struct error *err)
{
    const char *name = options->name == NULL ? "stdin" : options->name;
    struct buffer text = {.bytes_max = FLOW_FILE_BYTES_MAX};
    struct buffer definition = {0};
    enum status status = file_read_input(&text, err);

    if (status == STATUS_OK) {
        status = flow_text_check(name, buffer_text(&text), all, &definition);
    } else if (status == STATUS_REJECT) {
        diagnostics_error(all, "F701", (struct place){.file = text_of(name)}, "%s", err->text);
    }
    buffer_release(&definition);
    buffer_release(&text);
    return status == STATUS_FATAL ? STATUS_FATAL : STATUS_OK; /* Findings are in `all`. */
}

/* Add the flow files that `path` stands for. */
static enum status add_path(const char *path, struct path_list *list, struct error *err)
{
    uint32_t before = list->count;
    enum status status = files_of_flows(text_of(path), list, err);

    if (status == STATUS_OK && list->count == before) {
        return fail(err, STATUS_FATAL, "folder '%s' holds no flow files", path);
    }
    return status;
}

/* Standard input comes first, wherever it is named; files are checked together. */
static int check_all(int count, char **paths, const struct options *options,
                     struct diagnostics *all)
{
    struct arena arena = {0};
    struct path_list list = {.arena = &arena};
    int code = EXIT_DONE;
    struct error err;

    for (int i = 0; i < count; i++) {
        bool input = strcmp(paths[i], "-") == 0;

        if ((input ? check_input(options, all, &err) : add_path(paths[i], &list, &err)) !=
            STATUS_OK) {
            fprintf(stderr, "baton check: %s\n", err.text);
            code = EXIT_USAGE;
        }
    }
    if (check_files(&list, all, &err) != STATUS_OK) {
        fprintf(stderr, "baton check: %s\n", err.text);
        code = EXIT_USAGE;
    }
    if (options->against != NULL &&
        check_against(options->against, &list, all, &err) != STATUS_OK) {
        fprintf(stderr, "baton check: %s\n", err.text);
        code = EXIT_USAGE;
    }
    if (code == EXIT_DONE && (options->cluster.count > 0 || options->cluster.file != NULL)) {
        code = check_topics(&options->cluster, &list, all);
    }
    if (code == EXIT_DONE && (options->registry != NULL || options->cluster.file != NULL)) {
        code = check_values(&options->cluster, options->registry, &list, all);
    }
    path_list_release(&list);
    arena_release(&arena);
    return code;
}

static int check_paths(int count, char **paths, const struct options *options)
{
    struct diagnostics all = {0};
    struct buffer out = {0};
    int code = check_all(count, paths, options, &all);

    print_findings(&all, options, &out);
    if (write_out(options, &out) != EXIT_DONE) {
        code = EXIT_USAGE;
    }
    if (code == EXIT_DONE && (all.error_count > 0 || (options->strict && all.warning_count > 0))) {
        code = EXIT_FINDINGS;
    }
    diagnostics_release(&all);
    buffer_release(&out);
    return code;
}

int cmd_check(int argc, char **argv)
{
    struct options options = {.format = CHECK_TEXT};
    int code = read_options(argc, argv, &options);

    if (code >= 0) {
        return code;
    }
    return options.explain != NULL ? explain(&options)
                                   : check_paths(argc - optind, argv + optind, &options);
}
