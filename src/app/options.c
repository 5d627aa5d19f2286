#include "app/options.h"

#include <stdio.h>
#include <string.h>

#include "app/command.h"

#define LETTERS_MAX 64

int options_misused(const char *name, const char *what)
{
    fprintf(stderr, "baton %s: %s (see baton %s --help)\n", name, what, name);
    return EXIT_USAGE;
}

int options_instance(const char *name, struct text instance)
{
    return text_find(instance, ':') != SIZE_MAX
               ? -1
               : options_misused(name, "an instance is named <flow>:<key>, as in order-saga:A-17");
}

static int take(const struct options *options, int letter)
{
    switch (letter) {
    case '?':
        return EXIT_USAGE; /* getopt has said why. */
    case 'h':
        printf("%s%s", options->usage, config_usage);
        return EXIT_DONE;
    case 'o':
        if (strcmp(optarg, "json") != 0 && strcmp(optarg, "table") != 0) {
            return options_misused(options->name, "--output is table or json");
        }
        *options->output = strcmp(optarg, "json") == 0 ? VIEW_JSON : VIEW_TABLE;
        return -1;
    default:
        break;
    }
    for (const struct option *common = (const struct option[]){CONFIG_OPTIONS, {NULL, 0, NULL, 0}};
         common->name != NULL; common++) {
        if (common->val == letter) {
            return config_flag(options->flags, letter, optarg) ? -1 : EXIT_USAGE;
        }
    }
    return options->take(options->self, letter);
}

int options_read(int argc, char **argv, const struct options *options)
{
    char letters[LETTERS_MAX];
    int letter;

    snprintf(letters, sizeof letters, "%so:h%s", CONFIG_LETTERS, options->letters);
    optind = 1;
    while ((letter = getopt_long(argc, argv, letters, options->known, NULL)) != -1) {
        int code = take(options, letter);

        if (code != -1) {
            return code;
        }
    }
    return -1;
}
