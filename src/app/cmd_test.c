#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "app/files.h"
#include "app/flow_test_report.h"
#include "app/flow_test_servers.h"
#include "app/flow_test_watch.h"
#include "base/duration.h"
#include "base/limits.h"
#include "base/log.h"

#define DEFAULT_FOLDER "workflows"
#define LONGEST_MS (10 * MS_PER_SECOND)

static const char help[] =
    "Usage: baton test [OPTION...] [FILE|FOLDER...]\n"
    "\n"
    "Run the tests beside flows (*.test.yaml): messages and answers at their times, and what has "
    "to\n"
    "come of them. The engine of 'baton run' over a broker and a store in memory: no Kafka, no "
    "Redis,\n"
    "and time is skipped. Without a FILE: the folder '" DEFAULT_FOLDER
    "'. What to write in a file:\n"
    "docs/flow-tests.md.\n"
    "\n"
    "With --brokers each case is run again on a real Kafka and Redis, in real time: a worker of "
    "its "
    "own,\n"
    "topics under a name of their own that are removed afterwards.\n"
    "\n"
    "  -b, --brokers LIST      Kafka brokers, host:port, separated by commas\n"
    "  -r, --redis URL         redis://[user:password@]host:port/db\n"
    "  -c, --config FILE       the same by a configuration, such as for a secured cluster\n"
    "  -l, --longest SPAN      cases that take longer are not run there (default: 10s)\n"
    "  -f, --filter TEXT       only cases whose file or name holds TEXT\n"
    "  -o, --output text|json  lines for people, or one JSON object a line (default: text)\n"
    "  -j, --junit FILE        also write the outcome as JUnit's XML, for CI\n"
    "  -v, --verbose           show what happened in cases that passed, too\n"
    "  -w, --watch             run again whenever a file changes, until Ctrl-C\n"
    "  -h, --help              print this\n"
    "\n"
    "Exit codes: 0 all passed, 1 a case failed or a file is wrong, 2 usage, or nothing to run,\n"
    "3 the servers could not be reached.\n";

struct options {
    const char *filter;
    const char *junit;
    bool json;
    bool verbose;
    bool watch;
    struct config_flags where; /* None: in memory alone. */
    int64_t longest_ms;
    struct flow_test_servers *servers; /* NULL: none. */
    char **paths;
    int path_count;
};

static bool read_span(const char *text, int64_t *ms)
{
    struct error err;

    if (duration_parse(text_of(text), ms, &err) != STATUS_OK) {
        fprintf(stderr, "baton test: --longest: %s\n", err.text);
        return false;
    }
    return true;
}

/* What says where: the exit code, or -1 to go on. */
static int read_place(struct options *options, int option)
{
    if (option == 'l') {
        return read_span(optarg, &options->longest_ms) ? -1 : EXIT_USAGE;
    }
    return config_flag(&options->where, option, optarg) ? -1 : EXIT_USAGE;
}

/* The exit code, or -1 to go on. */
static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"filter", required_argument, NULL, 'f'},
        {"output", required_argument, NULL, 'o'},
        {"junit", required_argument, NULL, 'j'},
        {"verbose", no_argument, NULL, 'v'},
        {"watch", no_argument, NULL, 'w'},
        {"brokers", required_argument, NULL, 'b'},
        {"redis", required_argument, NULL, 'r'},
        {"config", required_argument, NULL, 'c'},
        {"longest", required_argument, NULL, 'l'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "f:o:j:b:r:c:l:vwh", known, NULL)) != -1) {
        switch (option) {
        case 'f':
            options->filter = optarg;
            break;
        case 'o':
            options->json = strcmp(optarg, "json") == 0;
            if (!options->json && strcmp(optarg, "text") != 0) {
                fprintf(stderr, "baton test: --output is text or json, not '%s'\n", optarg);
                return EXIT_USAGE;
            }
            break;
        case 'j':
            options->junit = optarg;
            break;
        case 'v':
            options->verbose = true;
            break;
        case 'w':
            options->watch = true;
            break;
        case 'b':
        case 'r':
        case 'c':
        case 'l':
            if (read_place(options, option) != -1) {
                return EXIT_USAGE;
            }
            break;
        case 'h':
            fputs(help, stdout);
            return EXIT_DONE;
        default:
            fputs("Try 'baton test --help'.\n", stderr);
            return EXIT_USAGE;
        }
    }
    options->paths = argv + optind;
    options->path_count = argc - optind;
    return -1;
}

/* ---- one round ---- */

struct round {
    const struct options *options;
    struct flow_test_report report;
    struct flow_test_watch *watch; /* Or NULL. */
};

static bool is_wanted(const struct round *round, const struct flow_test *test,
                      const struct flow_test_case *one)
{
    const char *filter = round->options->filter;

    return filter == NULL || strstr(test->path.data, filter) != NULL ||
           strstr(one->name.data, filter) != NULL;
}

static bool is_any_wanted(const struct round *round, const struct flow_test *test)
{
    for (uint32_t i = 0; i < test->case_count; i++) {
        if (is_wanted(round, test, &test->cases[i])) {
            return true;
        }
    }
    return false;
}

static void run_cases(struct round *round, const struct flow_test *test,
                      const struct flow_test_flows *flows)
{
    if (!is_any_wanted(round, test)) {
        return;
    }
    flow_test_report_file(&round->report, test);
    for (uint32_t i = 0; i < test->case_count; i++) {
        struct flow_test_outcome outcome = {.instances = 0};

        if (is_wanted(round, test, &test->cases[i])) {
            if (round->options->servers != NULL && test->cases[i].replay.bytes == 0) {
                flow_test_servers_run(round->options->servers, test, flows, &test->cases[i],
                                      &outcome);
            } else {
                flow_test_run(test, flows, &test->cases[i], &outcome);
            }
            flow_test_report_case(&round->report, test, &test->cases[i], &outcome);
        }
        flow_test_outcome_release(&outcome);
    }
}

/* Gives false if it cannot even be read. */
static bool run_file(struct round *round, struct text path)
{
    struct buffer source = {.bytes_max = FLOW_FILE_BYTES_MAX};
    struct diagnostics diagnostics = {0};
    struct flow_test_flows flows = {.count = 0};
    struct flow_test test;
    struct error err;

    if (file_read(path.data, &source, &err) != STATUS_OK) {
        fprintf(stderr, "baton test: %s\n", err.text);
        buffer_release(&source);
        return false;
    }
    flow_test_watch_add(round->watch, path);
    enum status status = flow_test_read(path, buffer_text(&source), &diagnostics, &test);
    if (status == STATUS_OK) {
        for (uint32_t i = 0; i < test.flow_count; i++) {
            flow_test_watch_add(round->watch, test.flows[i]);
        }
        status = flow_test_flows_read(&test, &diagnostics, &flows);
    }
    if (status == STATUS_OK) {
        flow_test_check(&test, &flows, &diagnostics);
    }
    if (diagnostics.error_count > 0) {
        flow_test_report_broken(&round->report, path, &diagnostics);
    } else {
        run_cases(round, &test, &flows);
    }
    flow_test_report_close(&round->report, path);
    flow_test_flows_release(&flows);
    flow_test_release(&test);
    diagnostics_release(&diagnostics);
    buffer_release(&source);
    return true;
}

static int find_files(const struct options *options, struct path_list *list)
{
    static char folder[] = DEFAULT_FOLDER;
    char *standard[] = {folder};
    bool is_given = options->path_count > 0;
    struct error err;

    if (!is_given && access(DEFAULT_FOLDER, F_OK) != 0) {
        fputs("baton test: which file? There is no folder '" DEFAULT_FOLDER
              "' here\nTry 'baton test --help'.\n",
              stderr);
        return EXIT_USAGE;
    }
    for (int i = 0; i < (is_given ? options->path_count : 1); i++) {
        const char *path = is_given ? options->paths[i] : standard[i];

        if (files_of_tests(text_of(path), list, &err) != STATUS_OK) {
            fprintf(stderr, "baton test: %s\n", err.text);
            return EXIT_USAGE;
        }
    }
    if (list->count == 0) {
        fputs("baton test: there is no *.test.yaml in what was named\n", stderr);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static int end_round(struct round *round, int code)
{
    struct flow_test_report *report = &round->report;
    struct error err;

    flow_test_report_summary(report);
    if (round->options->junit != NULL &&
        flow_test_report_junit(report, round->options->junit, &err) != STATUS_OK) {
        fprintf(stderr, "baton test: %s\n", err.text);
        return EXIT_USAGE;
    }
    if (code == EXIT_DONE && report->failed + report->broken > 0) {
        return EXIT_FINDINGS;
    }
    if (code == EXIT_DONE && report->passed + report->skipped == 0) {
        fprintf(stderr, "baton test: no case holds '%s'\n",
                round->options->filter == NULL ? "" : round->options->filter);
        return EXIT_USAGE;
    }
    return code;
}

static int run_round(const struct options *options, struct flow_test_watch *watch)
{
    struct round round = {.options = options, .watch = watch};
    struct arena arena = {0};
    struct path_list list = {.arena = &arena};
    int code = find_files(options, &list);

    round.report.json = options->json;
    round.report.verbose = options->verbose;
    round.report.coloured = !options->json && isatty(STDOUT_FILENO) == 1 &&
                            getenv("NO_COLOR") == NULL;
    if (code == EXIT_DONE) {
        for (uint32_t i = 0; i < list.count; i++) {
            code = run_file(&round, list.items[i]) ? code : EXIT_USAGE;
        }
        code = end_round(&round, code);
    }
    flow_test_report_release(&round.report);
    path_list_release(&list);
    arena_release(&arena);
    return code;
}

/* Once, or again and again. */
static int run_rounds(const struct options *options)
{
    struct flow_test_watch *watch = NULL;
    struct error err;
    int code;

    if (!options->watch) {
        return run_round(options, NULL);
    }
    if (flow_test_watch_open(&watch, &err) != STATUS_OK) {
        fprintf(stderr, "baton test: --watch: %s\n", err.text);
        return EXIT_USAGE;
    }
    for (int i = 0; i < options->path_count; i++) {
        flow_test_watch_add(watch, text_of(options->paths[i]));
    }
    do {
        code = run_round(options, watch);
        fflush(stdout);
    } while (flow_test_watch_await(watch));
    flow_test_watch_close(watch);
    return code;
}

int cmd_test(int argc, char **argv)
{
    struct options options = {.longest_ms = LONGEST_MS};
    struct flow_test_servers servers = {.longest_ms = 0};
    int code = read_options(argc, argv, &options);

    if (code >= 0) {
        return code;
    }
    log_set_level(LOG_ERROR);
    code = EXIT_DONE;
    if (options.where.count > 0 || options.where.file != NULL) {
        options.servers = &servers;
        code = flow_test_servers_open(&options.where, &servers);
        servers.longest_ms = options.longest_ms;
    }
    if (code == EXIT_DONE) {
        code = run_rounds(&options);
    }
    flow_test_servers_release(&servers);
    return code;
}
