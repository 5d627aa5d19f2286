#include <stdio.h>

#include "app/command.h"
#include "app/estate.h"
#include "app/files.h"
#include "app/flow_view.h"
#include "app/options.h"
#include "app/random_seed.h"
#include "engine/publish.h"

static const char usage[] =
    "Usage: baton deploy FILE|FOLDER... [OPTION...]\n\n"
    "Puts the definitions of flows into an estate, where each is known by name and version. Runs "
    "go\n"
    "on as they are, and those that start too: 'baton activate' gives a version to new runs, "
    "'baton\n"
    "plan' says what would change. The same version with the same content is there already; with\n"
    "other content it is refused (F801).\n\n"
    "  -o, --output table|json       for people (default) or programs\n"
    "  -h, --help                    this text\n";

struct request {
    struct config_flags flags;
    enum view_output output;
};

struct given {
    struct flow **flows;
    struct publish_definition *items;
    uint32_t count;
    struct arena arena;
};

static int open_all(int count, char **paths, struct given *given)
{
    struct path_list list = {.arena = &given->arena};
    int code = EXIT_DONE;
    struct error err;

    for (int i = 0; i < count; i++) {
        if (files_of_flows(text_of(paths[i]), &list, &err) != STATUS_OK) {
            fprintf(stderr, "baton deploy: %s\n", err.text);
            code = EXIT_USAGE;
        }
    }
    given->flows = arena_array(&given->arena, list.count + 1, sizeof(struct flow *));
    given->items = arena_array(&given->arena, list.count + 1, sizeof *given->items);
    for (uint32_t i = 0; i < list.count; i++) {
        struct flow *flow = NULL;
        int one = flow_open("deploy", list.items[i].data, &flow);

        code = one > code ? one : code;
        if (one == EXIT_DONE) {
            given->items[given->count] = (struct publish_definition){list.items[i],
                                                                     flow->definition};
            given->flows[given->count++] = flow;
        }
    }
    path_list_release(&list);
    if (code == EXIT_DONE && given->count == 0) {
        fprintf(stderr, "baton deploy: no flow is there\n");
        return EXIT_USAGE;
    }
    return code;
}

static void tell(const struct estate *estate, const struct given *given, enum view_output output)
{
    struct json *all = json_array();

    for (uint32_t i = 0; i < given->count; i++) {
        const struct flow *flow = given->flows[i];
        const struct flow *active = flow_registry_active(estate->registry, flow->name);
        bool was_there = flow_registry_deployed(estate->registry, flow->name, flow->version).bytes >
                         0;
        struct json *one = json_object();

        json_put_text(one, "flow", flow->name);
        json_put_integer(one, "version", flow->version);
        json_put_string(one, "hash", flow->hash);
        json_put_bool(one, "new", !was_there);
        if (active != NULL) {
            json_put_integer(one, "active", active->version);
        }
        json_push(all, one);
        if (output == VIEW_TABLE) {
            printf("%.*s version %d: %s\n", TEXT_ARG(flow->name), flow->version,
                   was_there ? "was deployed already" : "deployed");
        }
        if (output == VIEW_TABLE && active != NULL && flow->version < active->version) {
            printf("  warning F802: version %d is active, which is higher\n", active->version);
        }
        if (output == VIEW_TABLE && active != flow && !was_there) {
            printf("  'baton activate %.*s %d' lets new runs take it\n", TEXT_ARG(flow->name),
                   flow->version);
        }
    }
    if (output == VIEW_JSON) {
        view_print_json(all);
    }
    json_free(all);
}

static int deploy(const struct config *config, struct estate *estate, const struct given *given,
                  enum view_output output)
{
    struct settings settings = config->settings;
    struct publish_request request = {.settings = &settings,
                                      .definitions = given->items,
                                      .count = given->count,
                                      .deploys_only = true,
                                      .seed = random_seed()};
    struct error err;
    int32_t partitions;

    settings.partitions = 0;
    enum status status = publish_flows(&estate->broker, &request, &partitions, &err);
    if (status != STATUS_OK) {
        fprintf(stderr, "baton deploy: %s\n", err.text);
        return status == STATUS_REJECT ? EXIT_FINDINGS : EXIT_UNREACHABLE;
    }
    tell(estate, given, output);
    return EXIT_DONE;
}

int cmd_deploy(int argc, char **argv)
{
    static const struct option known[] = {
        CONFIG_OPTIONS, {"output", 1, NULL, 'o'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct request request = {.output = VIEW_TABLE};
    struct options options = {.name = "deploy",
                              .usage = usage,
                              .known = known,
                              .letters = "",
                              .flags = &request.flags,
                              .output = &request.output};
    struct given given = {0};
    struct config config = {0};
    struct estate estate = {0};
    int code = options_read(argc, argv, &options);

    if (code != -1) {
        return code;
    }
    if (optind == argc) {
        return options_misused("deploy", "which file?");
    }
    code = open_all(argc - optind, argv + optind, &given);
    if (code == EXIT_DONE) {
        code = estate_of_flags(&request.flags, &config, &estate);
    }
    if (code == EXIT_DONE) {
        code = deploy(&config, &estate, &given, request.output);
    }
    estate_close(&estate);
    config_release(&config);
    for (uint32_t i = 0; i < given.count; i++) {
        flow_free(given.flows[i]);
    }
    arena_release(&given.arena);
    return code;
}
