#include "app/check_topics.h"

#include <stdio.h>

#include "app/command.h"
#include "app/estate.h"
#include "base/map.h"
#include "compile/fields.h"
#include "compile/topic_mentions.h"

struct topics {
    struct arena arena;
    struct text brokers;
    struct text *names;
    uint32_t count;
    struct map by_name;
};

static void report(const struct topics *topics, const struct topic_mention *mention,
                   struct diagnostics *found)
{
    struct text near = {0};
    uint32_t best = UINT32_MAX;

    for (uint32_t i = 0; i < topics->count; i++) {
        if (fields_is_near(mention->name, topics->names[i], &best)) {
            near = topics->names[i];
        }
    }
    if (near.bytes == 0) {
        diagnostics_error(found, "F412", mention->place, "there is no topic '%.*s' on %.*s",
                          TEXT_ARG(mention->name), TEXT_ARG(topics->brokers));
        return;
    }
    diagnostics_suggest(found, near);
    diagnostics_error(found, "F412", mention->place,
                      "there is no topic '%.*s' on %.*s (did you mean '%.*s'?)",
                      TEXT_ARG(mention->name), TEXT_ARG(topics->brokers), TEXT_ARG(near));
}

static enum status check_file(const struct topics *topics, const char *path,
                              struct diagnostics *all, struct error *err)
{
    struct topic_mentions mentions = {0};
    struct diagnostics found = {0};
    enum status status = topic_mentions_read(path, &found, &mentions, err);

    /* What else is wrong with the file has been told. */
    found.count = found.error_count = found.warning_count = 0;
    for (uint32_t i = 0; i < mentions.count; i++) {
        if (map_get(&topics->by_name, mentions.items[i].name) == NULL) {
            report(topics, &mentions.items[i], &found);
        }
    }
    if (found.count > 0) {
        diagnostics_append(all, &found);
    }
    diagnostics_release(&found);
    topic_mentions_release(&mentions);
    return status;
}

static int ask(const struct config *config, struct topics *topics)
{
    struct estate estate = {0};
    struct error err;
    enum status status;
    int code = estate_open(config, &estate);

    if (code != EXIT_DONE) {
        return code;
    }
    topics->brokers = arena_text(&topics->arena, config_brokers(config));
    status = kafka_broker_reach(estate.kafka, ESTATE_REACH_MS, &err);
    if (status == STATUS_OK) {
        status = kafka_broker_topics(estate.kafka, &topics->arena, &topics->names, &topics->count,
                                     &err);
    }
    if (status != STATUS_OK) {
        fprintf(stderr, "baton check: kafka '%.*s': %s\n", TEXT_ARG(topics->brokers), err.text);
    }
    for (uint32_t i = 0; i < topics->count; i++) {
        map_put(&topics->by_name, topics->names[i], &topics->names[i]);
    }
    estate_close(&estate);
    return status == STATUS_OK ? EXIT_DONE : EXIT_UNREACHABLE;
}

int check_topics(const struct config_flags *flags, const struct path_list *list,
                 struct diagnostics *all)
{
    struct topics topics = {.count = 0};
    struct config config = {0};
    struct error err;
    int code = config_open(flags, &config);

    if (code == EXIT_DONE) {
        code = ask(&config, &topics);
    }
    for (uint32_t i = 0; i < list->count && code == EXIT_DONE; i++) {
        if (check_file(&topics, list->items[i].data, all, &err) != STATUS_OK) {
            fprintf(stderr, "baton check: %s\n", err.text);
            code = EXIT_USAGE;
        }
    }
    config_release(&config);
    map_release(&topics.by_name);
    arena_release(&topics.arena);
    return code;
}
