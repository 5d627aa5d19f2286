/* `baton versions`: which versions of flows are deployed, what new runs get, and how many go on by each. */
#include <stdio.h>
#include <stdlib.h>

#include "app/census.h"
#include "app/command.h"
#include "app/options.h"
#include "compile/grow.h"

#define HASH_SHOWN 12

static const char usage[] =
    "Usage: baton versions [FLOW] [OPTION...]\n\n"
    "Lists the versions of flows that are deployed: which part of new runs each of them starts, "
    "and\n"
    "how many runs go on by it. Runs are counted by the history topic, which is read from its "
    "beginning.\n\n"
    "  -o, --output table|json       for people (default) or programs\n"
    "  -h, --help                    this text\n\n"
    "Exit codes: 0 done, 1 no version of the flow is deployed, 2 usage, 3 the estate could not be\n"
    "reached.\n";

struct version_row {
    struct deployed_version deployed;
    int32_t percent; /* Of the keys whose runs it starts. */
    uint32_t running;
};

struct version_list {
    struct version_row *rows; /* By name, then by version; in the census' arena. */
    uint32_t count;
    uint32_t capacity;
    uint32_t lost; /* Runs whose definition is not deployed. */
};

static int32_t percent_of(const struct flow_state *state, struct text hash)
{
    int32_t active;

    if (state == NULL) {
        return 0;
    }
    active = state->former.bytes > 0 ? state->percent : 100;
    if (text_equal(state->active, hash)) {
        return active;
    }
    return text_equal(state->former, hash) ? 100 - active : 0;
}

static int by_name(const void *left, const void *right)
{
    const struct deployed_version *a = &((const struct version_row *)left)->deployed;
    const struct deployed_version *b = &((const struct version_row *)right)->deployed;
    int order = text_compare(a->name, b->name);

    return order != 0 ? order : (a->version > b->version) - (a->version < b->version);
}

static void collect(const struct estate *estate, struct text flow, struct census *census,
                    struct version_list *list)
{
    struct deployed_version deployed;
    size_t cursor = 0;

    list->lost = census->running;
    while (flow_registry_next_deployed(estate->registry, &cursor, &deployed)) {
        const struct flow_state *state = flow_registry_state(estate->registry, deployed.name);

        if (flow.bytes == 0 || text_equal(deployed.name, flow)) {
            uint32_t running = census_running(census, deployed.hash);

            list->rows = grow(&census->arena, list->rows, list->count, &list->capacity,
                              sizeof(*list->rows));
            list->rows[list->count++] = (struct version_row){
                deployed, percent_of(state, deployed.hash), running};
            list->lost -= running;
        }
    }
    if (list->count > 0) {
        qsort(list->rows, list->count, sizeof *list->rows, by_name);
    }
}

static void print_table(const struct version_list *list)
{
    int width = 4;

    for (uint32_t i = 0; i < list->count; i++) {
        int bytes = (int)list->rows[i].deployed.name.bytes;

        width = bytes > width ? bytes : width;
    }
    printf("%s%-*s  %7s  %8s  %7s  DEFINITION%s\n", view_bold(), width, "FLOW", "VERSION",
           "NEW RUNS", "RUNNING", view_plain());
    for (uint32_t i = 0; i < list->count; i++) {
        const struct version_row *row = &list->rows[i];
        struct text hash = text_sub(row->deployed.hash, 0, HASH_SHOWN);
        char part[16] = "none";

        if (row->percent > 0) {
            (void)snprintf(part, sizeof part, "%d%%", row->percent);
        }
        printf("%-*.*s  %7d  %8s  %7u  %.*s%s\n", width, TEXT_ARG(row->deployed.name),
               row->deployed.version, part, row->running, TEXT_ARG(hash),
               row->deployed.flow == NULL ? "  (this program cannot build it: take a newer one)"
                                          : "");
    }
    if (list->lost > 0) {
        printf("%u %s on by a definition that is not deployed: 'baton fsck' tells more\n",
               list->lost, list->lost == 1 ? "run goes" : "runs go");
    }
}

static void print_json(const struct version_list *list)
{
    struct json *json = json_object();
    struct json *versions = json_array();

    for (uint32_t i = 0; i < list->count; i++) {
        const struct version_row *row = &list->rows[i];
        struct json *one = json_object();

        json_put_text(one, "flow", row->deployed.name);
        json_put_integer(one, "version", row->deployed.version);
        json_put_text(one, "hash", row->deployed.hash);
        json_put_integer(one, "percent", row->percent);
        json_put_integer(one, "running", row->running);
        json_put_bool(one, "readable", row->deployed.flow != NULL);
        json_push(versions, one);
    }
    json_put(json, TEXT("versions"), versions);
    json_put_integer(json, "undeployed", list->lost);
    view_print_json(json);
    json_free(json);
}

static int list_versions(struct estate *estate, struct text flow, enum view_output output)
{
    struct version_list list = {0};
    struct census census = {0};
    int code = census_take(estate, flow, &census);

    if (code == EXIT_DONE) {
        collect(estate, flow, &census, &list);
        if (list.count == 0 && flow.bytes > 0) {
            fprintf(stderr, "baton versions: no version of flow '%.*s' is deployed\n",
                    TEXT_ARG(flow));
            code = EXIT_FINDINGS;
        } else if (output == VIEW_JSON) {
            print_json(&list);
        } else {
            print_table(&list);
        }
    }
    census_release(&census);
    return code;
}

int cmd_versions(int argc, char **argv)
{
    static const struct option known[] = {
        CONFIG_OPTIONS, {"output", 1, NULL, 'o'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
    struct config_flags flags = {0};
    enum view_output output = VIEW_TABLE;
    struct config config = {0};
    struct estate estate = {0};
    int code = options_read(argc, argv,
                            &(struct options){.name = "versions",
                                              .usage = usage,
                                              .known = known,
                                              .letters = "",
                                              .flags = &flags,
                                              .output = &output});

    if (code != -1) {
        return code;
    }
    if (optind + 1 < argc) {
        return options_misused("versions", "give the name of one flow, or none");
    }
    code = estate_of_flags(&flags, &config, &estate);
    if (code == EXIT_DONE) {
        code = list_versions(&estate, optind < argc ? text_of(argv[optind]) : TEXT(""), output);
    }
    estate_close(&estate);
    config_release(&config);
    return code;
}
