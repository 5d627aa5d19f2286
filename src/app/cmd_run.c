#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "app/command.h"
#include "app/worker.h"

static const char usage[] =
    "Usage: baton run [OPTION...] [FLOW...]\n\n"
    "Runs a worker: it publishes the flows given (files or folders), then routes records of the\n"
    "estate's topics to instances and drives these. Any number of workers share the work.\n"
    "Without flows it works with what is deployed. SIGTERM or SIGINT stops it gracefully,\n"
    "a second one at once.\n\n"
    "  -f, --flows PATH              a flow file or a folder of them; may be repeated\n"
    "  -n, --name NAME               static membership: quicker restarts; unique per worker\n"
    "  -L, --lanes N                 executor threads (default: the number of cores)\n"
    "  -P, --partitions N            of baton's topics, at the first start only (default: 16)\n"
    "      --http HOST:PORT          serve /metrics, /healthz and /readyz; port 0: any (default: "
    "no)\n"
    "      --stop-timeout SPAN       how long a graceful stop may take (default: 30s)\n"
    "      --leave                   when stopping, give up static membership: others take over "
    "at\n"
    "                                once instead of after the session timeout\n"
    "  -h, --help                    this text\n";

static int read_arguments(int argc, char **argv, struct config_flags *flags)
{
    static const struct option options[] = {CONFIG_OPTIONS,
                                            {"flows", 1, NULL, 'f'},
                                            {"name", 1, NULL, 'n'},
                                            {"lanes", 1, NULL, 'L'},
                                            {"partitions", 1, NULL, 'P'},
                                            {"help", 0, NULL, 'h'},
                                            {"http", 1, NULL, CONFIG_HTTP},
                                            {"stop-timeout", 1, NULL, CONFIG_STOP_TIMEOUT},
                                            {"leave", 0, NULL, CONFIG_LEAVE},
                                            {NULL, 0, NULL, 0}};
    int letter;

    optind = 1;
    while ((letter = getopt_long(argc, argv, CONFIG_LETTERS "f:n:L:P:h", options, NULL)) != -1) {
        if (letter == 'h') {
            printf("%s%s", usage, config_usage);
            return EXIT_DONE;
        }
        if (letter == CONFIG_LEAVE) {
            flags->leaves = true;
        } else if (!config_flag(flags, letter, optarg)) {
            return EXIT_USAGE;
        }
    }
    for (int i = optind; i < argc; i++) {
        if (!config_flag(flags, 'f', argv[i])) {
            fprintf(stderr, "baton run: more than %d flags; name a folder\n", CONFIG_FLAGS_MAX);
            return EXIT_USAGE;
        }
    }
    return -1;
}

int cmd_run(int argc, char **argv)
{
    struct config_flags flags = {.is_worker = true};
    struct config config = {0};
    int code = read_arguments(argc, argv, &flags);

    if (code != -1) {
        return code;
    }
    code = config_open(&flags, &config);
    config.leaves = flags.leaves;
    if (code == EXIT_DONE) {
        code = deploy_and_work(&config);
    }
    config_release(&config);
    return code;
}
