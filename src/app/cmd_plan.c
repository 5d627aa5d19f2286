#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/flow_view.h"
#include "app/plan_view.h"

static const char usage[] =
    "Usage: baton plan FILE [OPTION...]\n\n"
    "Says what deploying a flow file to an estate would do: what changed since the active "
    "version,\n"
    "step by step; which running instances keep which version, by the step they wait at; and "
    "which\n"
    "of those steps the new version still has. Changes nothing.\n\n"
    "  -o, --output table|json       for people (default) or programs\n"
    "  -h, --help                    this text\n\n"
    "Exit codes: 0 it can be deployed, 1 it cannot (F801), or the file has errors, 2 usage, 3 the\n"
    "estate could not be reached.\n";

static int misused(const char *what)
{
    fprintf(stderr, "baton plan: %s (see baton plan --help)\n", what);
    return EXIT_USAGE;
}

struct request {
    struct config_flags flags;
    bool json;
};

/* The exit code, or -1 to go on. */
static int read_arguments(int argc, char **argv, struct request *request)
{
    static const struct option options[] = {
        CONFIG_OPTIONS, {"output", 1, NULL, 'o'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int letter;

    *request = (struct request){0};
    optind = 1;
    while ((letter = getopt_long(argc, argv, CONFIG_LETTERS "o:h", options, NULL)) != -1) {
        if (letter == 'h') {
            printf("%s%s", usage, config_usage);
            return EXIT_DONE;
        }
        if (letter == 'o') {
            request->json = strcmp(optarg, "json") == 0;
            if (!request->json && strcmp(optarg, "table") != 0) {
                return misused("--output is table or json");
            }
        } else if (letter == '?' || !config_flag(&request->flags, letter, optarg)) {
            return EXIT_USAGE;
        }
    }
    return optind + 1 == argc ? -1 : misused("one file, please");
}

static int show(struct estate *estate, const struct flow *flow, const char *path, bool json)
{
    struct plan_facts facts = {.flow = flow, .path = text_of(path)};
    int code = plan_facts_find(estate, &facts);

    if (code == EXIT_DONE) {
        if (json) {
            plan_print_json(&facts);
        } else {
            plan_print(&facts);
        }
        code = facts.verdict == PLAN_TAKEN ? EXIT_FINDINGS : EXIT_DONE;
    }
    plan_facts_release(&facts);
    return code;
}

int cmd_plan(int argc, char **argv)
{
    struct request request;
    struct config config = {0};
    struct estate estate = {0};
    struct flow *flow = NULL;
    int code = read_arguments(argc, argv, &request);

    if (code >= 0) {
        return code;
    }
    code = flow_open("plan", argv[optind], &flow);
    if (code != EXIT_DONE) {
        return code;
    }
    code = estate_of_flags(&request.flags, &config, &estate);
    if (code == EXIT_DONE) {
        code = show(&estate, flow, argv[optind], request.json);
    }
    estate_close(&estate);
    config_release(&config);
    flow_free(flow);
    return code;
}
