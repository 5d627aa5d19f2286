#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adapter/real_clock.h"
#include "app/command.h"
#include "app/config.h"
#include "app/dev_flows.h"
#include "app/dev_options.h"
#include "app/dev_run.h"
#include "app/random_seed.h"

#define DEFAULT_FLOWS "workflows"

/* Everything that one run of the command holds. */
struct dev {
    struct dev_options options;
    struct config config;
    struct dev_flows flows;
    struct dev_services services;
    struct dev_calls calls;
    struct dev_printer printer;
    struct dev_world world;
    struct feed *feed;
    struct dev_http *http;
};

/* What was named; else what the configuration names; else the folder of this name. */
static int read_flows(struct dev *dev)
{
    const struct dev_options *options = &dev->options;
    struct text chosen = TEXT(DEFAULT_FLOWS);
    struct error err = {{0}};

    if (options->path_count > 0) {
        return dev_flows_read(options->paths, options->path_count, &dev->flows);
    }
    if (config_load(options->config, &dev->config, &err) != STATUS_OK) {
        if (err.text[0] != '\0') {
            fprintf(stderr, "baton dev: %s\n", err.text);
        }
        return EXIT_USAGE;
    }
    if (dev->config.flow_count > 0) {
        return dev_flows_read(dev->config.flows, dev->config.flow_count, &dev->flows);
    }
    if (access(DEFAULT_FLOWS, F_OK) != 0) {
        fprintf(stderr, "baton dev: which flow? There is no folder '" DEFAULT_FLOWS
                        "' here, and no 'flows:' in a baton.yaml (see baton dev --help)\n");
        return EXIT_USAGE;
    }
    return dev_flows_read(&chosen, 1, &dev->flows);
}

/* How runs of it begin. */
static void greet_flow(const struct dev *dev, const struct flow *flow)
{
    const struct flow *parent = dev_parent_of(dev->flows.items, dev->flows.count, flow);

    for (uint32_t i = 0; i < flow->start_count; i++) {
        dev_print_line(&dev->printer, "  %.*s v%d starts from %.*s", TEXT_ARG(flow->name),
                       flow->version, TEXT_ARG(flow->topics[flow->starts[i].topic].name));
    }
    if (flow->schedule_count > 0) {
        dev_print_line(&dev->printer, "  %.*s v%d starts by the clock", TEXT_ARG(flow->name),
                       flow->version);
    }
    if (parent != NULL) {
        dev_print_line(&dev->printer, "  %.*s v%d is run by %.*s", TEXT_ARG(flow->name),
                       flow->version, TEXT_ARG(parent->name));
    } else if (flow->start_count + flow->schedule_count == 0) {
        dev_print_line(&dev->printer, "  %.*s v%d is started by hand (--send %.*s JSON)",
                       TEXT_ARG(flow->name), flow->version, TEXT_ARG(flow->name));
    }
}

static void greet(const struct dev *dev)
{
    const struct dev_printer *printer = &dev->printer;

    dev_print_line(printer,
                   "baton dev: %u %s in memory. There is no Kafka and no Redis here, and nothing "
                   "listens: your own\nservices cannot connect, they are simulated (%s%s).",
                   dev->flows.count, dev->flows.count == 1 ? "flow" : "flows",
                   dev->options.services == NULL ? "each answers with a success; --services FILE "
                                                   "says otherwise"
                                                 : "as in ",
                   dev->options.services == NULL ? "" : dev->options.services);
    for (uint32_t i = 0; i < dev->flows.count; i++) {
        greet_flow(dev, dev->flows.items[i]);
    }
    if (dev->http != NULL) {
        dev_print_line(printer, "  metrics at http://%s/metrics", dev_http_where(dev->http));
    }
    if (dev->options.made_up) {
        dev_print_line(printer, "No message was given: sending an example, made from what the flow "
                                "reads. Your own: --send or --start.");
    }
    if (dev->feed != NULL && feed_is_interactive(dev->feed) && isatty(STDIN_FILENO)) {
        dev_print_line(printer, "Write messages as JSON, one a line; Ctrl-D ends them.");
    }
    dev_print_line(printer, "%s", "");
}

static int open_world(struct dev *dev)
{
    const struct dev_options *options = &dev->options;
    struct timespec now;
    struct dev_world_options wanted = {.flows = dev->flows.items,
                                       .definitions = dev->flows.definitions,
                                       .flow_count = dev->flows.count,
                                       .seed = options->has_seed ? options->seed : random_seed(),
                                       .now_ms = options->clock_ms,
                                       .printer = &dev->printer};
    struct error err;

    if (!options->has_clock) {
        clock_gettime(CLOCK_REALTIME, &now);
        wanted.now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    }
    dev->printer.start_ms = wanted.now_ms;
    if (dev_world_open(&dev->world, &wanted, &dev->calls, &err) != STATUS_OK) {
        fprintf(stderr, "baton dev: %s\n", err.text);
        return EXIT_FINDINGS;
    }
    dev->options.feed.flows = dev->flows.items;
    dev->options.feed.flow_count = dev->flows.count;
    if (feed_open(&dev->options.feed, wanted.now_ms, &dev->feed, &err) != STATUS_OK) {
        fprintf(stderr, "baton dev: %s\n", err.text);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static int open_http(struct dev *dev)
{
    struct error err;

    if (dev->options.http == NULL) {
        return EXIT_DONE;
    }
    if (dev_http_open(dev->options.http, &dev->http, &err) != STATUS_OK) {
        fprintf(stderr, "baton dev: --http: %s\n", err.text);
        return EXIT_USAGE;
    }
    dev->options.run.http = dev->http;
    return EXIT_DONE;
}

static int run(struct dev *dev)
{
    int64_t began_ms = real_clock_monotonic_ms();
    int code;

    greet(dev);
    code = dev_run(&dev->world, dev->feed, &dev->options.run);
    watch_summary(&dev->world.watch, dev->world.sim.now_ms, real_clock_monotonic_ms() - began_ms);
    if (fflush(stdout) != 0) {
        fprintf(stderr, "baton dev: cannot write standard output\n");
        code = EXIT_USAGE;
    }
    return code;
}

static void release(struct dev *dev)
{
    dev_http_close(dev->http);
    feed_close(dev->feed);
    dev_world_close(&dev->world);
    dev_calls_release(&dev->calls);
    dev_services_release(&dev->services);
    dev_flows_release(&dev->flows);
    config_release(&dev->config);
    free(dev);
}

int cmd_dev(int argc, char **argv)
{
    struct dev *dev = calloc(1, sizeof(*dev));
    int code;

    CHECK(dev != NULL);
    code = dev_options_read(argc, argv, &dev->options);
    if (code != -1) {
        release(dev);
        return code;
    }
    log_set_level(dev->options.log_level);
    dev->printer = (struct dev_printer){
        .json = dev->options.json,
        .quiet = dev->options.quiet,
        .coloured = !dev->options.json && isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL};
    code = read_flows(dev);
    if (code == EXIT_DONE) {
        code = dev_flows_services(&dev->flows, dev->options.services, &dev->services, &dev->calls);
    }
    if (code == EXIT_DONE) {
        code = open_world(dev);
    }
    if (code == EXIT_DONE) {
        code = open_http(dev);
    }
    if (code == EXIT_DONE) {
        code = run(dev);
    }
    release(dev);
    return code;
}
