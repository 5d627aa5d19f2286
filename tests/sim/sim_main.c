/*
 * baton-sim - run the simulator from seeds.
 *
 *     baton-sim [--seed N] [--count N] [--seeds FILE] [--rules-off N] [--flow FILE]... [--verbose]
 *         [--budget SECONDS] [--prove RULE] [--sweep]
 *
 * Runs the seeds of --seeds (one a line) and `count` of them from `seed` on; ends with 1 at the first
 * with a fault, which it runs again with a readable trace (or always, with --verbose).
 *
 * --flow       the first is the one that orders start; the second may be another version of it; others
 *              are flows that it runs.
 * --rules-off  bit mask of settings.h: switches rules of the engine off.
 * --prove      switches this rule off, and ends with 0 if a seed shows a fault that it does not show
 *              with the rule on.
 * --sweep      instead of all kinds of trouble, one crash: at every fifth port call of a process,
 *              `count` of them one after the other, with one seed.
 * --budget     stop early, and well, when the time is used up.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/log.h"
#include "compile/flow_file.h"
#include "engine/settings.h"
#include "sim/world.h"

#ifndef SIM_FLOW
#define SIM_FLOW "tests/sim/flows/order.yaml"
#endif

#define FLOWS_MAX 4
#define SWEEP_STRIDE 5 /* So that a few hundred runs reach over all that a process does. */

struct arguments {
    uint64_t seed;
    uint64_t count;
    uint32_t rules_off;
    int64_t budget_s;
    const char *paths[FLOWS_MAX]; /* Of the flows. */
    struct flow *flows[FLOWS_MAX];
    uint32_t flow_count;
    const char *seeds;
    int prove; /* The rule, or -1. */
    bool verbose;
    bool sweeps;
};

struct totals {
    uint64_t seeds;
    uint64_t runs;
    uint64_t crashes;
    uint64_t pauses;
    int64_t simulated_ms;
};

static void print_line(void *self, const char *line)
{
    (void)self;
    printf("%s\n", line);
}

static bool read_flow(const char *path, struct flow **flow)
{
    struct diagnostics diagnostics = {.count = 0};
    struct buffer definition = {.data = NULL};
    struct buffer findings = {.data = NULL};
    struct error err = {{0}};
    enum status status = flow_file_check(path, &diagnostics, &definition, &err);

    if (status == STATUS_OK) {
        status = flow_build(buffer_text(&definition), flow, &err);
    } else {
        diagnostics_print(&diagnostics, DIAGNOSTIC_TEXT, &findings);
        fprintf(stderr, "%s", buffer_string(&findings));
    }
    if (status != STATUS_OK) {
        fprintf(stderr, "%s: %s\n", path, err.text);
    }
    diagnostics_release(&diagnostics);
    buffer_release(&definition);
    buffer_release(&findings);
    return status == STATUS_OK;
}

static void count(struct totals *totals, const struct world_result *result)
{
    totals->seeds++;
    totals->runs += result->runs;
    totals->crashes += result->crashes;
    totals->pauses += result->pauses;
    totals->simulated_ms += result->simulated_ms;
}

/* True if the run has a fault, which is printed with what led to it. */
static bool run_one(const struct arguments *arguments, const struct world_options *wanted,
                    struct totals *totals)
{
    struct world_options options = *wanted;
    struct world_result result;

    if (arguments->verbose) {
        options.trace = print_line;
    }
    world_run(&options, &result);
    count(totals, &result);
    if (result.fault[0] == '\0') {
        return false;
    }
    if (!arguments->verbose) {
        options.trace = print_line;
        log_set_level(LOG_INFO);
        world_run(&options, &result);
        log_set_level(LOG_NONE);
    }
    printf("seed %" PRIu64 " point %" PRIu64 ": %s\n", options.seed, options.sweep_point,
           result.fault);
    return true;
}

static struct world_options options_of(const struct arguments *arguments)
{
    return (struct world_options){.flows = (const struct flow *const *)arguments->flows,
                                  .flow_count = arguments->flow_count};
}

static bool run_seed(const struct arguments *arguments, uint64_t seed, struct totals *totals)
{
    struct world_options options = options_of(arguments);

    options.seed = seed;
    options.rules_off = arguments->rules_off;
    return run_one(arguments, &options, totals);
}

static bool is_over(const struct arguments *arguments, time_t began)
{
    return arguments->budget_s > 0 && time(NULL) - began >= arguments->budget_s;
}

/* False if no seed shows that the rule is needed, or one is at fault with it as well. */
static bool prove(const struct arguments *arguments, struct totals *totals)
{
    /* Those that answer to processes which stand still are rarely needed otherwise. */
    bool zombies = arguments->prove == 1 || arguments->prove == RULE_CLOCK;
    struct world_options options = options_of(arguments);
    struct world_result result;

    options.zombies = zombies;
    for (uint64_t i = 0; i < arguments->count; i++) {
        options.seed = arguments->seed + i;
        options.rules_off = UINT32_C(1) << arguments->prove;
        world_run(&options, &result);
        count(totals, &result);
        if (result.fault[0] == '\0') {
            continue;
        }
        printf("without rule %d, seed %" PRIu64 ": %s\n", arguments->prove, options.seed,
               result.fault);
        options.rules_off = 0;
        return !run_one(arguments, &options, totals);
    }
    printf("rule %d: no seed needs it\n", arguments->prove);
    return false;
}

static bool sweep(const struct arguments *arguments, struct totals *totals, time_t began)
{
    struct world_options options = options_of(arguments);
    bool found = false;

    options.seed = arguments->seed;
    options.rules_off = arguments->rules_off;
    for (uint64_t i = 1; i <= arguments->count && !found && !is_over(arguments, began); i++) {
        options.sweep_point = i * SWEEP_STRIDE;
        found = run_one(arguments, &options, totals);
    }
    return found;
}

/* Whether a seed of the file has a fault. */
static bool run_file(const struct arguments *arguments, struct totals *totals)
{
    FILE *file = fopen(arguments->seeds, "r");
    char line[128];
    bool found = false;

    if (file == NULL) {
        fprintf(stderr, "cannot open '%s'\n", arguments->seeds);
        return true;
    }
    while (!found && fgets(line, sizeof(line), file) != NULL) {
        if (line[0] >= '0' && line[0] <= '9') {
            found = run_seed(arguments, strtoull(line, NULL, 10), totals);
        }
    }
    fclose(file);
    return found;
}

static bool parse(int argc, char **argv, struct arguments *arguments)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'},      {"count", required_argument, NULL, 'c'},
        {"rules-off", required_argument, NULL, 'r'}, {"flow", required_argument, NULL, 'f'},
        {"seeds", required_argument, NULL, 'F'},     {"verbose", no_argument, NULL, 'v'},
        {"sweep", no_argument, NULL, 'w'},           {"prove", required_argument, NULL, 'p'},
        {"budget", required_argument, NULL, 'b'},    {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 's':
            arguments->seed = strtoull(optarg, NULL, 10);
            break;
        case 'c':
            arguments->count = strtoull(optarg, NULL, 10);
            break;
        case 'r':
            arguments->rules_off = (uint32_t)strtoul(optarg, NULL, 0);
            break;
        case 'f':
            if (arguments->flow_count == FLOWS_MAX) {
                return false;
            }
            arguments->paths[arguments->flow_count++] = optarg;
            break;
        case 'F':
            arguments->seeds = optarg;
            break;
        case 'v':
            arguments->verbose = true;
            break;
        case 'w':
            arguments->sweeps = true;
            break;
        case 'p':
            arguments->prove = (int)strtol(optarg, NULL, 10);
            break;
        case 'b':
            arguments->budget_s = strtoll(optarg, NULL, 10);
            break;
        default:
            return false;
        }
    }
    if (arguments->flow_count == 0) {
        arguments->paths[arguments->flow_count++] = SIM_FLOW;
    }
    return optind == argc && arguments->prove < 32;
}

/* True if a fault was found. */
static bool run_all(const struct arguments *arguments, struct totals *totals)
{
    time_t began = time(NULL);
    bool found = false;

    if (arguments->prove >= 0) {
        return !prove(arguments, totals);
    }
    if (arguments->sweeps) {
        return sweep(arguments, totals, began);
    }
    if (arguments->seeds != NULL) {
        found = run_file(arguments, totals);
    }
    for (uint64_t i = 0; i < arguments->count && !found && !is_over(arguments, began); i++) {
        found = run_seed(arguments, arguments->seed + i, totals);
    }
    return found;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.seed = 1, .count = 100, .prove = -1};
    struct totals totals = {.seeds = 0};
    time_t began = time(NULL);
    bool found;

    setvbuf(stdout, NULL, _IOLBF, 0); /* The engine's log goes to stderr: keep their order. */
    if (!parse(argc, argv, &arguments)) {
        fprintf(stderr,
                "usage: baton-sim [--seed N] [--count N] [--seeds FILE] [--rules-off N] "
                "[--flow FILE]... [--verbose] [--budget SECONDS] [--prove RULE] [--sweep]\n");
        return 2;
    }
    log_set_level(arguments.verbose ? LOG_INFO : LOG_NONE);
    for (uint32_t i = 0; i < arguments.flow_count; i++) {
        if (!read_flow(arguments.paths[i], &arguments.flows[i])) {
            return 2;
        }
    }
    found = run_all(&arguments, &totals);
    printf("%" PRIu64 " seeds, %" PRIu64 " runs, %" PRIu64 " crashes, %" PRIu64 " pauses, %" PRId64
           " simulated hours, %ld s\n",
           totals.seeds, totals.runs, totals.crashes, totals.pauses, totals.simulated_ms / 3600000,
           (long)(time(NULL) - began));
    for (uint32_t i = 0; i < arguments.flow_count; i++) {
        flow_free(arguments.flows[i]);
    }
    return found;
}
