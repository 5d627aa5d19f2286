/* `baton activate`, `drain` and `retire`: which version of a flow new runs get. */
#include <stdio.h>

#include "app/census.h"
#include "app/command.h"
#include "app/options.h"
#include "app/random_seed.h"
#include "engine/versions.h"

static const char *const usages[] = {
    [VERSION_ACTIVATE] =
        "Usage: baton activate FLOW VERSION [OPTION...]\n\n"
        "Gives new runs of a flow a version that is deployed. Runs that go on keep theirs.\n\n"
        "  -p, --percent N               only to so many of a hundred keys, always the same ones;\n"
        "                                the version that was active before has the rest\n"
        "  -o, --output table|json       for people (default) or programs\n"
        "  -h, --help                    this text\n",
    [VERSION_DRAIN] = "Usage: baton drain FLOW VERSION [OPTION...]\n\n"
                      "Lets a version start no runs any more; those that go on come to their end "
                      "by it. The other\n"
                      "active version, if there is one, starts all; without one, what would start "
                      "a run becomes a\n"
                      "dead letter.\n\n"
                      "  -o, --output table|json       for people (default) or programs\n"
                      "  -h, --help                    this text\n",
    [VERSION_RETIRE] =
        "Usage: baton retire FLOW VERSION [OPTION...]\n\n"
        "Takes the definition of a version away, when it is drained, no run goes on by it, and no\n"
        "history of its runs is kept any more.\n\n"
        "  -o, --output table|json       for people (default) or programs\n"
        "  -h, --help                    this text\n",
};

struct request {
    struct config_flags flags;
    enum view_output output;
    const char *name; /* Of the command. */
    int64_t percent;
};

static int take(void *self, int letter)
{
    struct request *request = self;

    if (letter == 'p' && text_to_int64(text_of(optarg), &request->percent) &&
        request->percent >= 1 && request->percent <= 100) {
        return -1;
    }
    return options_misused(request->name, "--percent is 1 to 100");
}

/* "4" or "v4"; 0: it is none. */
static int32_t version_of(const char *word)
{
    int64_t version = 0;

    if (!text_to_int64(text_of(word[0] == 'v' ? word + 1 : word), &version) || version < 1 ||
        version > INT32_MAX) {
        return 0;
    }
    return (int32_t)version;
}

/* The exit code: EXIT_FINDINGS if runs go on by the version. */
static int check_unused(struct estate *estate, const struct version_change *change)
{
    struct text hash = flow_registry_deployed(estate->registry, change->flow, change->version);
    struct census census = {0};
    uint32_t count;
    int code = EXIT_DONE;

    if (hash.bytes > 0) {
        code = census_take(estate, change->flow, &census);
    }
    count = census_running(&census, hash);
    if (code == EXIT_DONE && count > 0) {
        fprintf(stderr,
                "baton retire: %u %s on by version %d of '%.*s'; wait for %s end, or 'baton "
                "migrate' %s\n",
                count, count == 1 ? "run goes" : "runs go", change->version, TEXT_ARG(change->flow),
                count == 1 ? "its" : "their", count == 1 ? "it" : "them");
        code = EXIT_FINDINGS;
    } else if (code == EXIT_DONE && hash.bytes > 0 && text_equal(census.clock, hash)) {
        fprintf(stderr,
                "baton retire: the clock still starts runs by version %d of '%.*s'; drain it, and "
                "wait until a worker has taken note\n",
                change->version, TEXT_ARG(change->flow));
        code = EXIT_FINDINGS;
    } else if (code == EXIT_DONE && census_mentions(&census, hash)) {
        fprintf(stderr,
                "baton retire: the history of runs by version %d of '%.*s' is still kept (`keep`) "
                "and needs its definition; wait until it is gone\n",
                change->version, TEXT_ARG(change->flow));
        code = EXIT_FINDINGS;
    }
    census_release(&census);
    return code;
}

static void tell(const struct version_change *change, const struct version_outcome *outcome,
                 enum view_output output)
{
    struct json *json;

    if (output == VIEW_TABLE) {
        printf("%s\n", outcome->text);
        return;
    }
    json = json_object();
    json_put_text(json, "flow", change->flow);
    json_put_integer(json, "version", change->version);
    json_put_bool(json, "changed", outcome->changed);
    json_put_string(json, "text", outcome->text);
    view_print_json(json);
    json_free(json);
}

static int change_version(struct estate *estate, const struct version_change *change,
                          const struct request *request)
{
    struct version_outcome outcome = {0};
    struct error err;
    int code = change->action == VERSION_RETIRE ? check_unused(estate, change) : EXIT_DONE;

    if (code != EXIT_DONE) {
        return code;
    }
    enum status status = versions_change(&estate->broker, change, &outcome, &err);
    if (status != STATUS_OK) {
        fprintf(stderr, "baton %s: %s\n", request->name, err.text);
        return status == STATUS_REJECT ? EXIT_FINDINGS : EXIT_UNREACHABLE;
    }
    tell(change, &outcome, request->output);
    return EXIT_DONE;
}

static int run(int argc, char **argv, enum version_action action)
{
    static const struct option with_percent[] = {
        CONFIG_OPTIONS,         {"percent", 1, NULL, 'p'}, {"output", 1, NULL, 'o'},
        {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0},
    };
    static const struct option plain[] = {
        CONFIG_OPTIONS, {"output", 1, NULL, 'o'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool activates = action == VERSION_ACTIVATE;
    struct request request = {.output = VIEW_TABLE, .name = argv[0], .percent = 100};
    struct options options = {.name = argv[0],
                              .usage = usages[action],
                              .known = activates ? with_percent : plain,
                              .letters = activates ? "p:" : "",
                              .flags = &request.flags,
                              .output = &request.output,
                              .self = &request,
                              .take = take};
    struct version_change change = {.action = action, .seed = random_seed()};
    struct config config = {0};
    struct estate estate = {0};
    int code = options_read(argc, argv, &options);

    if (code != -1) {
        return code;
    }
    if (optind + 2 != argc || version_of(argv[optind + 1]) == 0) {
        return options_misused(argv[0], "give a flow's name and a version, such as 4 or v4");
    }
    change.flow = text_of(argv[optind]);
    change.version = version_of(argv[optind + 1]);
    change.percent = (int32_t)request.percent;
    change.settings = &config.settings;
    code = estate_of_flags(&request.flags, &config, &estate);
    if (code == EXIT_DONE) {
        code = change_version(&estate, &change, &request);
    }
    estate_close(&estate);
    config_release(&config);
    return code;
}

int cmd_activate(int argc, char **argv)
{
    return run(argc, argv, VERSION_ACTIVATE);
}

int cmd_drain(int argc, char **argv)
{
    return run(argc, argv, VERSION_DRAIN);
}

int cmd_retire(int argc, char **argv)
{
    return run(argc, argv, VERSION_RETIRE);
}
