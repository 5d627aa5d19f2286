#include "app/estate.h"

#include <stdio.h>

#include "app/command.h"

int estate_open(const struct config *config, struct estate *estate)
{
    struct kafka_options options = {
        .common = {(const struct kafka_property *)config->common.items, config->common.count},
        .consumer = {(const struct kafka_property *)config->consumer.items, config->consumer.count},
        .producer = {(const struct kafka_property *)config->producer.items, config->producer.count},
    };
    struct error err;

    *estate = (struct estate){0};
    options.reader_group = arena_printf(config->arena, "%.*s.reader",
                                        TEXT_ARG(config->settings.app));
    names_init(&estate->names, config->settings.app);
    enum status status = kafka_broker_open(&options, &estate->kafka, &err);
    if (status != STATUS_OK) {
        fprintf(stderr, "baton: kafka: %s\n", err.text);
        return status == STATUS_REJECT ? EXIT_USAGE : EXIT_UNREACHABLE;
    }
    estate->broker = kafka_broker_port(estate->kafka);
    return EXIT_DONE;
}

int estate_open_registry(const struct config *config, struct estate *estate)
{
    struct topic_info info;
    struct error err;
    int code = estate_open(config, estate);

    if (code != EXIT_DONE) {
        return code;
    }
    struct text flows = text_of(estate->names.flows);
    enum status reached = kafka_broker_reach(estate->kafka, ESTATE_REACH_MS, &err);
    if (reached != STATUS_OK) {
        fprintf(stderr, "baton: kafka '%.*s': %s\n", TEXT_ARG(config_brokers(config)), err.text);
        return EXIT_UNREACHABLE;
    }
    enum status status = estate->broker.topic(estate->broker.self, flows, &info, &err);
    if (status == STATUS_OK && !info.exists) {
        fprintf(stderr,
                "baton: topic '%s' does not exist: no worker has run on this cluster with app "
                "'%.*s' (another prefix? see --app)\n",
                estate->names.flows, TEXT_ARG(config->settings.app));
        return EXIT_UNREACHABLE;
    }
    if (status == STATUS_OK) {
        status = flow_registry_open(&estate->broker, flows, &estate->registry, &err);
    }
    if (status != STATUS_OK) {
        fprintf(stderr, "baton: kafka '%.*s': %s\n", TEXT_ARG(config_brokers(config)), err.text);
        return EXIT_UNREACHABLE;
    }
    estate->partitions = flow_registry_partitions(estate->registry);
    if (estate->partitions <= 0) {
        fprintf(stderr, "baton: topic '%s' names no number of partitions: start a worker first\n",
                estate->names.flows);
        return EXIT_UNREACHABLE;
    }
    return EXIT_DONE;
}

int estate_of_flags(const struct config_flags *flags, struct config *config, struct estate *estate)
{
    int code = config_open(flags, config);

    return code == EXIT_DONE ? estate_open_registry(config, estate) : code;
}

void estate_close(struct estate *estate)
{
    flow_registry_close(estate->registry);
    kafka_broker_close(estate->kafka);
    *estate = (struct estate){0};
}
