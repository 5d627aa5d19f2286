#include "app/dev_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/command.h"
#include "base/duration.h"

#define MEMORY_MIB 1024
#define MESSAGES_MAX 10000000
#define SPEED_LEAST 0.001
#define SPEED_MOST 1000000.0

static const char help[] =
    "Usage: baton dev [OPTION...] [FILE...]\n"
    "\n"
    "Try flows with nothing set up: the engine runs over a broker and a store in memory, services "
    "are\n"
    "simulated, and what happens is printed, instance by instance. It speaks no Kafka protocol: "
    "no\n"
    "other program can connect. FILE is a flow or a folder of flows; flows that it runs are taken\n"
    "from beside it. Default: `flows:` of baton.yaml, else workflows/. Ends when nothing can\n"
    "happen any more, or on Ctrl-C.\n"
    "\n"
    "Messages (default: one example, made from what the flow reads):\n"
    "      --send [TOPIC] JSON    send a message; may be repeated. TOPIC may be left out where "
    "all\n"
    "                             flows start from one. A flow that is started by hand takes its\n"
    "                             name in place of a topic\n"
    "  -S, --start FILE           send the lines of FILE, each a JSON payload or {topic, value, "
    "key,\n"
    "                             type, headers, after}; '-' reads standard input as it comes\n"
    "  -n, --count N              send N made-up messages to each start topic\n"
    "  -e, --every DURATION       the time between two messages (default: 0ms)\n"
    "\n"
    "Services:\n"
    "  -s, --services FILE        how they behave (docs/dev-mode.md); default: each answers with "
    "a\n"
    "                             success that the flow accepts, after 20ms to 80ms\n"
    "      --kill-every DURATION  the worker dies so often, and comes back after a second\n"
    "\n"
    "Time:\n"
    "      --speed N              the clock runs N times as fast, as in 100x; max: it jumps to "
    "what\n"
    "                             is due next (default: 1x)\n"
    "      --clock TIME           what time it is at the start, as 2026-01-31T12:00:00Z\n"
    "      --seed N               with --speed max and --clock: the same run again\n"
    "\n"
    "Output:\n"
    "  -o, --output text|json     json: one object an event (default: text)\n"
    "  -q, --quiet                the summary alone\n"
    "      --http HOST:PORT       serve /metrics, /healthz and /readyz while it runs\n"
    "      --stay                 go on when nothing is left to do, until Ctrl-C\n"
    "      --memory MIB           stop when more is in use (default: 1024)\n"
    "  -l, --log LEVEL            of the engine: debug, info, warn, error, none (default: error)\n"
    "  -c, --config FILE          where to look for `flows:` (default: baton.yaml)\n"
    "  -h, --help                 print this\n"
    "\n"
    "Exit codes: 0 done, 1 a file or a message is wrong, 2 usage, 3 the worker could not go on.\n";

enum letter { SEND = 256, SPEED, CLOCK, SEED, STAY, MEMORY, KILL, HTTP };

static int wrong(const char *option, const char *expected, const char *found)
{
    fprintf(stderr, "baton dev: --%s: expected %s, found '%s'\n", option, expected, found);
    return EXIT_USAGE;
}

static int read_count(const char *option, const char *value, int64_t most, int64_t *out)
{
    if (!text_to_int64(text_of(value), out) || *out < 1 || *out > most) {
        return wrong(option, "a whole number from 1 on", value);
    }
    return -1;
}

static int read_span(const char *option, const char *value, int64_t *out)
{
    struct error err;

    if (duration_parse(text_of(value), out, &err) != STATUS_OK) {
        return wrong(option, "a duration such as 500ms", value);
    }
    return -1;
}

static int read_speed(const char *value, double *speed)
{
    char *end = NULL;

    if (strcmp(value, "max") == 0) {
        *speed = DEV_SPEED_MAX;
        return -1;
    }
    *speed = strtod(value, &end);
    if (end == value || (strcmp(end, "") != 0 && strcmp(end, "x") != 0) ||
        !(*speed >= SPEED_LEAST && *speed <= SPEED_MOST)) {
        return wrong("speed", "max, or a number such as 100x", value);
    }
    return -1;
}

/* `--send JSON` or `--send TOPIC JSON`. */
static int read_send(int argc, char **argv, struct dev_options *options)
{
    struct feed_send send = {.value = optarg};
    bool is_value = optarg[0] == '{' || optarg[0] == '[' || optarg[0] == '"';

    if (!is_value) {
        if (optind >= argc) {
            return wrong("send", "a topic and a JSON value, or a JSON value", optarg);
        }
        send = (struct feed_send){.topic = optarg, .value = argv[optind++]};
    }
    if (options->feed.send_count == FEED_SENDS_MAX) {
        fprintf(stderr, "baton dev: more than %d --send: put them into a file, for --start\n",
                FEED_SENDS_MAX);
        return EXIT_USAGE;
    }
    options->feed.sends[options->feed.send_count++] = send;
    return -1;
}

static int read_output(struct dev_options *options)
{
    if (strcmp(optarg, "json") != 0 && strcmp(optarg, "text") != 0) {
        return wrong("output", "text or json", optarg);
    }
    options->json = strcmp(optarg, "json") == 0;
    return -1;
}

static int read_level(struct dev_options *options)
{
    static const char *const levels[] = {"debug", "info", "warn", "error", "none"};

    for (int i = 0; i < 5; i++) {
        if (strcmp(optarg, levels[i]) == 0) {
            options->log_level = (enum log_level)i;
            options->has_level = true;
            return -1;
        }
    }
    return wrong("log", "debug, info, warn, error or none", optarg);
}

static int read_numbers(int letter, struct dev_options *options)
{
    int64_t number = 0;
    int code = -1;

    switch (letter) {
    case 'n':
        code = read_count("count", optarg, MESSAGES_MAX, &number);
        options->feed.count = (uint32_t)number;
        break;
    case SEED:
        options->has_seed = true;
        code = text_to_int64(text_of(optarg), &number) ? -1 : wrong("seed", "a number", optarg);
        options->seed = (uint64_t)number;
        break;
    case MEMORY:
        code = read_count("memory", optarg, INT64_MAX / 2, &options->run.memory_mib);
        break;
    case CLOCK:
        options->has_clock = true;
        code = time_parse(text_of(optarg), &options->clock_ms, NULL) == STATUS_OK
                   ? -1
                   : wrong("clock", "a time such as 2026-01-31T12:00:00Z", optarg);
        break;
    case SPEED:
        code = read_speed(optarg, &options->run.speed);
        break;
    case 'e':
        code = read_span("every", optarg, &options->feed.every_ms);
        break;
    case KILL:
        code = read_span("kill-every", optarg, &options->run.kill_every_ms);
        break;
    default:
        code = EXIT_USAGE;
        break;
    }
    return code;
}

static int read_one(int letter, int argc, char **argv, struct dev_options *options)
{
    switch (letter) {
    case 'h':
        fputs(help, stdout);
        return EXIT_DONE;
    case SEND:
        return read_send(argc, argv, options);
    case 'S':
        options->feed.file = optarg;
        return -1;
    case 's':
        options->services = optarg;
        return -1;
    case 'c':
        options->config = optarg;
        return -1;
    case 'q':
        options->quiet = true;
        return -1;
    case HTTP:
        options->http = optarg;
        return -1;
    case STAY:
        options->run.stays = true;
        return -1;
    case 'o':
        return read_output(options);
    case 'l':
        return read_level(options);
    case '?':
        fputs("Try 'baton dev --help'.\n", stderr);
        return EXIT_USAGE;
    default:
        return read_numbers(letter, options);
    }
}

int dev_options_read(int argc, char **argv, struct dev_options *options)
{
    static const struct option known[] = {
        {"services", 1, NULL, 's'},    {"start", 1, NULL, 'S'}, {"send", 1, NULL, SEND},
        {"count", 1, NULL, 'n'},       {"every", 1, NULL, 'e'}, {"speed", 1, NULL, SPEED},
        {"clock", 1, NULL, CLOCK},     {"seed", 1, NULL, SEED}, {"output", 1, NULL, 'o'},
        {"quiet", 0, NULL, 'q'},       {"stay", 0, NULL, STAY}, {"memory", 1, NULL, MEMORY},
        {"kill-every", 1, NULL, KILL}, {"http", 1, NULL, HTTP}, {"log", 1, NULL, 'l'},
        {"config", 1, NULL, 'c'},      {"help", 0, NULL, 'h'},  {NULL, 0, NULL, 0}};
    int letter;

    *options = (struct dev_options){.log_level = LOG_ERROR,
                                    .run = {.speed = 1, .memory_mib = MEMORY_MIB}};
    optind = 1;
    while ((letter = getopt_long(argc, argv, "s:S:n:e:o:ql:c:h", known, NULL)) != -1) {
        int code = read_one(letter, argc, argv, options);

        if (code != -1) {
            return code;
        }
    }
    for (int i = optind; i < argc; i++) {
        if (options->path_count == DEV_PATHS_MAX) {
            fprintf(stderr, "baton dev: more than %d files: name a folder\n", DEV_PATHS_MAX);
            return EXIT_USAGE;
        }
        options->paths[options->path_count++] = text_of(argv[i]);
    }
    /* A worker that dies has a lot to say about it, and all of it is meant. */
    if (options->run.kill_every_ms > 0 && !options->has_level) {
        options->log_level = LOG_NONE;
    }
    if (options->feed.send_count == 0 && options->feed.file == NULL && options->feed.count == 0) {
        options->made_up = true;
        options->feed.count = 1;
    }
    return -1;
}
