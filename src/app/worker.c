#include "app/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapter/real_clock.h"
#include "adapter/redis_link.h"
#include "app/command.h"
#include "app/estate.h"
#include "app/flow_files.h"
#include "app/random_seed.h"
#include "app/worker_threads.h"
#include "engine/publish.h"
#include "engine/topics.h"

#define START_MS 20000
#define START_AGAIN_US 300000

/* The flows of the configuration. */
static int check_flows(const struct config *config, struct arena *arena, struct flow_files *files)
{
    int code = flow_files_read("baton", config->flows, config->flow_count, arena, files);

    if (code == EXIT_DONE && config->flow_count > 0 && files->count == 0) {
        fprintf(stderr, "baton: none of the paths in `flows` holds a flow\n");
        return EXIT_FINDINGS;
    }
    return code;
}

static int report(const struct config *config, enum status status, const struct error *err)
{
    if (status == STATUS_OK) {
        return EXIT_DONE;
    }
    if (status == STATUS_REJECT) {
        fprintf(stderr, "baton: %s\n", err->text);
        return EXIT_FINDINGS;
    }
    fprintf(stderr, "baton: kafka '%.*s': %s\n", TEXT_ARG(config_brokers(config)), err->text);
    return EXIT_UNREACHABLE;
}

/* baton.flows first: it says how many partitions the others have. */
static enum status publish_once(struct config *config, const struct estate *estate,
                                const struct flow_files *checked, struct error *err)
{
    struct settings settings = config->settings;
    struct publish_request request = {.settings = &settings,
                                      .definitions = checked->items,
                                      .count = checked->count,
                                      .seed = random_seed()};
    struct buffer thin = {0};
    struct arena arena = {0};

    settings.partitions = config->partitions_given ? settings.partitions : 0;
    const struct topic_spec *specs = topics_internal(
        settings.app, settings.partitions > 0 ? settings.partitions : PARTITIONS_DEFAULT, 0,
        &arena);
    enum status status = kafka_topics_ensure(estate->kafka, &specs[TOPICS_FLOWS], 1, NULL, err);
    if (status == STATUS_OK) {
        status = publish_flows(&estate->broker, &request, &config->settings.partitions, err);
    }
    if (status == STATUS_OK) {
        specs = topics_internal(settings.app, config->settings.partitions, 0, &arena);
        status = kafka_topics_ensure(estate->kafka, specs, TOPICS_INTERNAL, &thin, err);
    }
    if (status == STATUS_OK && thin.bytes > 0) {
        log_event(LOG_WARN, "kafka_topic_replication",
                  "topics=%s text=\"they have fewer copies than wanted: a lost broker can lose "
                  "records\"",
                  buffer_string(&thin));
    }
    buffer_release(&thin);
    arena_release(&arena);
    return status;
}

/* A cluster that is just starting, or electing leaders, is given some time. */
static int publish(struct config *config, const struct estate *estate,
                   const struct flow_files *checked)
{
    int64_t until_ms = real_clock_monotonic_ms() + START_MS;
    struct error err;
    enum status status = publish_once(config, estate, checked, &err);

    struct log_gate gate = {0};
    while (status == STATUS_RETRY && real_clock_monotonic_ms() < until_ms) {
        log_again(&gate, LOG_WARN, "start-again", "reason=\"%s\"", err.text);
        usleep(START_AGAIN_US);
        status = publish_once(config, estate, checked, &err);
    }
    return report(config, status, &err);
}

/* One that is just starting is given time, but whoever waits is told early. */
static int await_kafka(const struct config *config, const struct estate *estate)
{
    int64_t until_ms = real_clock_monotonic_ms() + START_MS;
    struct error err;
    enum status status = kafka_broker_reach(estate->kafka, ESTATE_REACH_MS, &err);

    if (status != STATUS_OK) {
        log_event(LOG_WARN, "kafka-unreachable", "brokers=%.*s reason=\"%s\" trying-for-s=%d",
                  TEXT_ARG(config_brokers(config)), err.text, (START_MS - ESTATE_REACH_MS) / 1000);
        status = kafka_broker_reach(estate->kafka, until_ms - real_clock_monotonic_ms(), &err);
    }
    return report(config, status, &err);
}

/* Can Redis be reached, and will it keep what it is given? */
static int check_store(const struct config *config)
{
    struct error err;
    enum status status = redis_check_policy(config->redis_url, &err);

    if (status == STATUS_OK) {
        return EXIT_DONE;
    }
    fprintf(stderr, "baton: redis '%.*s': %s\n", TEXT_ARG(config_redis_place(config)), err.text);
    return status == STATUS_REJECT ? EXIT_FINDINGS : EXIT_UNREACHABLE;
}

int deploy_and_work(struct config *config)
{
    struct flow_files checked;
    struct estate estate = {0};
    struct monitor *monitor = NULL;
    int code = check_flows(config, config->arena, &checked);

    if (code == EXIT_DONE) {
        monitor = worker_monitor_open(config);
        code = monitor == NULL ? EXIT_USAGE : EXIT_DONE;
    }
    if (code == EXIT_DONE) {
        code = estate_open(config, &estate);
    }
    if (code == EXIT_DONE) {
        code = await_kafka(config, &estate);
    }
    if (code == EXIT_DONE) {
        code = check_store(config);
    }
    if (code == EXIT_DONE) {
        code = publish(config, &estate, &checked);
    }
    if (code == EXIT_DONE) {
        code = worker_threads_run(config, &estate, monitor);
    }
    monitor_free(monitor);
    estate_close(&estate);
    return code;
}
