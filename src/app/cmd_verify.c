#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "app/command.h"
#include "app/files.h"
#include "app/flow_view.h"
#include "compile/flow_file.h"
#include "verify/verify.h"

static const char help[] =
    "Usage: baton verify [OPTION...] FILE|FOLDER...\n"
    "\n"
    "Try all that can happen to a run of a flow: every reply, failure, silence, late and repeated\n"
    "reply, timer, cancel, and what operators may say, at every step. Data is left out: "
    "conditions\n"
    "go both ways. Says that every end is complete or compensated, that no wait lacks a way out "
    "and\n"
    "that every step is reached, or prints the shortest story that breaks this.\n"
    "\n"
    "  -a, --attempts N         attempts of a retry that are tried (default: 2)\n"
    "  -i, --items N            items of a 'for' (default: 2)\n"
    "  -r, --rounds N           rounds of a loop (default: 2)\n"
    "  -e, --early N            messages of a topic that come early (default: 1)\n"
    "  -s, --states N           give up after so many states (default: 1000000)\n"
    "  -x, --expressions-hold   no expression fails\n"
    "  -o, --output text|json   how to print (default: text)\n"
    "  -h, --help               print this\n"
    "\n"
    "Exit codes: 0 proven within the bounds, 1 broken, given up, or the file has errors, 2 usage "
    "or\n"
    "unreadable file.\n";

struct options {
    struct verify_bounds bounds;
    bool json;
};

static bool read_number(const char *text, uint32_t least, uint32_t *number)
{
    int64_t value;

    if (!text_to_int64(text_of(text), &value) || value < least || value > 100000000) {
        fprintf(stderr, "baton verify: a number of at least %u is needed, not '%s'\n", least, text);
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

/* False: the usage is wrong. */
static bool read_option(int option, struct options *options)
{
    switch (option) {
    case 'a':
        return read_number(optarg, 1, &options->bounds.attempts);
    case 'i':
        return read_number(optarg, 0, &options->bounds.items);
    case 'r':
        return read_number(optarg, 1, &options->bounds.rounds);
    case 'e':
        return read_number(optarg, 0, &options->bounds.early);
    case 's':
        return read_number(optarg, 1, &options->bounds.states);
    case 'x':
        options->bounds.failing = false;
        return true;
    case 'o':
        options->json = strcmp(optarg, "json") == 0;
        if (!options->json && strcmp(optarg, "text") != 0) {
            fprintf(stderr, "baton verify: --output is text or json, not '%s'\n", optarg);
            return false;
        }
        return true;
    default:
        return false;
    }
}

/* The exit code, or -1 to go on. */
static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"attempts", required_argument, NULL, 'a'},
        {"items", required_argument, NULL, 'i'},
        {"rounds", required_argument, NULL, 'r'},
        {"early", required_argument, NULL, 'e'},
        {"states", required_argument, NULL, 's'},
        {"expressions-hold", no_argument, NULL, 'x'},
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;

    optind = 1;
    while ((option = getopt_long(argc, argv, "a:i:r:e:s:xo:h", known, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return EXIT_DONE;
        }
        if (!read_option(option, options)) {
            fputs("Try 'baton verify --help'.\n", stderr);
            return EXIT_USAGE;
        }
    }
    if (optind == argc) {
        fputs("baton verify: which file?\nTry 'baton verify --help'.\n", stderr);
        return EXIT_USAGE;
    }
    return -1;
}

static double now_s(void)
{
    struct timespec now;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void verify_found(struct flow *flow, const struct diagnostics *found,
                         const struct options *options, struct verify_report *report)
{
    struct arena arena = {0};
    struct verify_unsaid missing = {.undo = flow_steps_found(flow, found, "F504", &arena),
                                    .limit = flow_steps_found(flow, found, "F409", &arena)};

    verify_flow(flow, &options->bounds, &missing, transition_judged, report);
    arena_release(&arena);
}

/* Adds to `all` (JSON) or prints. */
static int verify_file(const char *path, const struct options *options, struct json *all)
{
    struct diagnostics found = {0};
    struct verify_report report;
    struct flow *flow = NULL;
    struct buffer out = {0};
    double start_s;
    int code = flow_open_found("verify", path, &found, &flow);

    if (code != EXIT_DONE) {
        diagnostics_release(&found);
        return code;
    }
    start_s = now_s();
    verify_found(flow, &found, options, &report);
    code = verify_holds(&report) ? EXIT_DONE : EXIT_FINDINGS;
    if (options->json) {
        struct json *one = verify_json(&report, flow, text_of(path));

        json_put_integer(one, "ms", (int64_t)((now_s() - start_s) * 1000));
        json_push(all, one);
    } else {
        verify_print(&report, flow, text_of(path), &out);
        buffer_addf(&out, "  %.2f s\n", now_s() - start_s);
        fwrite(out.data, 1, out.bytes, stdout);
    }
    verify_release(&report);
    flow_free(flow);
    diagnostics_release(&found);
    buffer_release(&out);
    return code;
}

static int verify_all(int count, char **paths, const struct options *options)
{
    struct arena arena = {0};
    struct path_list list = {.arena = &arena};
    struct json *all = json_array();
    struct buffer out = {0};
    int worst = EXIT_DONE;
    struct error err;

    for (int i = 0; i < count; i++) {
        if (files_of_flows(text_of(paths[i]), &list, &err) != STATUS_OK) {
            fprintf(stderr, "baton verify: %s\n", err.text);
            worst = EXIT_USAGE;
        }
    }
    for (uint32_t i = 0; i < list.count; i++) {
        int code = verify_file(list.items[i].data, options, all);

        worst = code > worst ? code : worst;
    }
    if (options->json) {
        json_write_pretty(all, &out);
        printf("%s\n", buffer_string(&out));
    }
    buffer_release(&out);
    json_free(all);
    path_list_release(&list);
    arena_release(&arena);
    return worst;
}

int cmd_verify(int argc, char **argv)
{
    struct options options = {.bounds = VERIFY_BOUNDS};
    int code = read_options(argc, argv, &options);

    return code >= 0 ? code : verify_all(argc - optind, argv + optind, &options);
}
