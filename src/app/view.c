#include "app/view.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/command.h"
#include "base/duration.h"

static int misused(const char *name, const char *what)
{
    fprintf(stderr, "baton %s: %s (see baton %s --help)\n", name, what, name);
    return EXIT_USAGE;
}

static int take_option(int letter, const char *name, struct view_request *request)
{
    switch (letter) {
    case 'o':
        if (strcmp(optarg, "json") != 0 && strcmp(optarg, "table") != 0) {
            return misused(name, "--output is table or json");
        }
        request->output = strcmp(optarg, "json") == 0 ? VIEW_JSON : VIEW_TABLE;
        return -1;
    case 'R':
        request->has_run = run_id_parse(text_of(optarg), &request->run);
        return request->has_run ? -1 : misused(name, "--run is <generation>-<offset>, as in 1-42");
    case 'A':
        request->all = true;
        return -1;
    default:
        return config_flag(&request->flags, letter, optarg) ? -1 : EXIT_USAGE;
    }
}

int view_arguments(int argc, char **argv, const char *usage, struct view_request *request)
{
    static const struct option options[] = {CONFIG_OPTIONS,         {"output", 1, NULL, 'o'},
                                            {"run", 1, NULL, 'R'},  {"all", 0, NULL, 'A'},
                                            {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int letter;

    *request = (struct view_request){.output = VIEW_TABLE};
    optind = 1;
    while ((letter = getopt_long(argc, argv, CONFIG_LETTERS "o:h", options, NULL)) != -1) {
        if (letter == 'h') {
            printf("%s%s", usage, config_usage);
            return EXIT_DONE;
        }
        if (letter == '?') {
            return EXIT_USAGE;
        }
        int code = take_option(letter, argv[0], request);
        if (code != -1) {
            return code;
        }
    }
    if (optind + 1 != argc) {
        return misused(argv[0], "give one instance, <flow>:<key>");
    }
    request->instance = text_of(argv[optind]);
    if (text_find(request->instance, ':') == SIZE_MAX) {
        return misused(argv[0], "an instance is named <flow>:<key>, as in order-saga:A-17");
    }
    return -1;
}

static const char *only_on_terminal(const char *code)
{
    return isatty(STDOUT_FILENO) ? code : "";
}

const char *view_bold(void)
{
    return only_on_terminal("\033[1m");
}

const char *view_dim(void)
{
    return only_on_terminal("\033[2m");
}

const char *view_plain(void)
{
    return only_on_terminal("\033[0m");
}

void view_distance(int64_t at_ms, int64_t now_ms, char out[64])
{
    char span[TIME_TEXT_BYTES];
    int64_t left_ms = at_ms > now_ms ? at_ms - now_ms : now_ms - at_ms;

    /* Milliseconds matter only where there is nothing larger. */
    duration_format(left_ms >= MS_PER_SECOND ? left_ms / MS_PER_SECOND * MS_PER_SECOND : left_ms,
                    span);
    snprintf(out, 64, at_ms > now_ms ? "in %s" : "%s ago", span);
}

void view_print_json(const struct json *value)
{
    struct buffer out = {0};

    json_write_pretty(value, &out);
    printf("%s\n", buffer_string(&out));
    buffer_release(&out);
}
