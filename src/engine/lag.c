#include "engine/lag.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/route_table.h"

struct lag {
    struct lag_options options;
    struct names names;
    struct flow_registry *registry;
    struct route_table *table; /* NULL: to be made. */
    int64_t revision;
    pthread_mutex_t *lock; /* Of the report. */
    struct lag_report report;
};

void lag_report_release(struct lag_report *report)
{
    free(report->topics);
    free(report->partitions);
    free(report->services);
    *report = (struct lag_report){0};
}

enum status lag_open(const struct lag_options *options, struct lag **out, struct error *err)
{
    struct lag *lag = calloc(1, sizeof *lag);
    enum status status;

    CHECK(lag != NULL);
    lag->options = *options;
    lag->lock = calloc(1, sizeof *lag->lock);
    CHECK(lag->lock != NULL);
    CHECK(pthread_mutex_init(lag->lock, NULL) == 0);
    names_init(&lag->names, options->settings->app);
    status = flow_registry_open(options->broker, text_of(lag->names.flows), &lag->registry, err);
    if (status != STATUS_OK) {
        lag_close(lag);
        return fail_in(err, status, "lag");
    }
    *out = lag;
    return STATUS_OK;
}

void lag_close(struct lag *lag)
{
    if (lag == NULL) {
        return;
    }
    route_table_free(lag->table);
    flow_registry_close(lag->registry);
    lag_report_release(&lag->report);
    CHECK(pthread_mutex_destroy(lag->lock) == 0);
    free(lag->lock);
    free(lag);
}

static enum status follow_flows(struct lag *lag, struct error *err)
{
    enum status status = flow_registry_poll(lag->registry, 0, err);

    if (status == STATUS_OK &&
        (lag->table == NULL || lag->revision != flow_registry_revision(lag->registry))) {
        route_table_free(lag->table);
        lag->table = route_table_new(lag->registry);
        lag->revision = flow_registry_revision(lag->registry);
    }
    return status;
}

/* From where on records of a partition wait. What was deleted does not wait. */
static int64_t waiting(const struct log_ends *ends, int64_t next)
{
    int64_t from = next < ends->low ? ends->low : next;

    return ends->high > from ? ends->high - from : 0;
}

/* What `group` has not committed of a topic. It begins where `source` says, else with the first. */
static enum status sample_group(const struct lag *lag, struct text topic, struct text group,
                                const struct route_source *source, int64_t *records,
                                struct error *err)
{
    const struct broker *broker = lag->options.broker;
    struct topic_info info;
    enum status status = broker->topic(broker->self, topic, &info, err);
    int32_t count = status == STATUS_OK && info.exists ? info.partition_count : 0;
    struct partition_offset *offsets = calloc((size_t)count + 1, sizeof *offsets);

    CHECK(offsets != NULL);
    *records = 0;
    for (int32_t i = 0; i < count; i++) {
        offsets[i] = (struct partition_offset){
            .topic = topic, .partition = i, .offset = OFFSET_NONE};
    }
    if (count > 0) {
        status = broker->committed(broker->self, group, offsets, (uint32_t)count, COMMITTED_LAST,
                                   err);
    }
    for (int32_t i = 0; i < count && status == STATUS_OK; i++) {
        struct log_ends ends;
        int64_t first = source == NULL ? 0 : source_start(source, i).offset;
        int64_t next = offsets[i].offset == OFFSET_NONE ? first : offsets[i].offset;

        status = broker->ends(broker->self, topic, i, &ends, err);
        *records += status == STATUS_OK ? waiting(&ends, next) : 0;
    }
    free(offsets);
    return status;
}

static enum status sample_topics(const struct lag *lag, struct lag_report *report,
                                 struct error *err)
{
    enum status status = STATUS_OK;
    uint32_t count = lag->table->source_count;

    report->topics = calloc((size_t)(count < LAG_TOPICS_MAX ? count : LAG_TOPICS_MAX) + 1,
                            sizeof *report->topics);
    CHECK(report->topics != NULL);
    for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct route_source *source = lag->table->sources[i];
        bool is_rest = i >= LAG_TOPICS_MAX;
        struct lag_topic *topic = &report->topics[is_rest ? LAG_TOPICS_MAX : i];
        int64_t records;

        status = sample_group(lag, source->topic, text_of(lag->names.router_group), source,
                              &records, err);
        if (status != STATUS_OK) {
            break;
        }
        topic->records += records;
        if (is_rest) {
            snprintf(topic->name, sizeof topic->name, "%s", STAT_REST);
            report->topic_count = LAG_TOPICS_MAX + 1;
        } else {
            snprintf(topic->name, sizeof topic->name, "%.*s", TEXT_ARG(source->topic));
            report->topic_count = i + 1;
        }
    }
    return status;
}

static bool is_sampled(const struct lag_report *report, const struct service *service)
{
    for (uint32_t i = 0; i < report->service_count; i++) {
        if (text_is(service->commands, report->services[i].topic) &&
            text_is(service->group, report->services[i].group)) {
            return true;
        }
    }
    return false;
}

/* One that cannot be asked, such as for want of a right, is left out: the others are not its fault. */
static void sample_service(const struct lag *lag, const struct service *service,
                           struct lag_report *report)
{
    struct lag_service *place = &report->services[report->service_count];
    struct error ignored;

    if (service->group.bytes == 0 || service->group.bytes >= sizeof place->group ||
        service->commands.bytes >= sizeof place->topic ||
        report->service_count == LAG_SERVICES_MAX || is_sampled(report, service) ||
        sample_group(lag, service->commands, service->group, NULL, &place->records, &ignored) !=
            STATUS_OK) {
        return;
    }
    snprintf(place->topic, sizeof place->topic, "%.*s", TEXT_ARG(service->commands));
    snprintf(place->group, sizeof place->group, "%.*s", TEXT_ARG(service->group));
    report->service_count++;
}

static void sample_services(const struct lag *lag, struct lag_report *report)
{
    const struct flow *flow;
    size_t cursor = 0;

    report->services = calloc(LAG_SERVICES_MAX + 1, sizeof *report->services);
    CHECK(report->services != NULL);
    while (flow_registry_next_flow(lag->registry, &cursor, &flow)) {
        for (uint32_t i = 0; i < flow->service_count; i++) {
            sample_service(lag, &flow->services[i], report);
        }
    }
}

/* Where its lane stands; OFFSET_NONE: no lane of ours has it, or none knows yet. */
static int64_t position_of(const struct lag *lag, int32_t number)
{
    for (uint32_t i = 0; i < lag->options.lane_count; i++) {
        uint64_t position = stat_get(&lag->options.lanes[i]->positions[number]);

        if (position > 0) {
            return (int64_t)position - 1;
        }
    }
    return OFFSET_NONE;
}

static enum status sample_inbox(const struct lag *lag, struct lag_report *report, struct error *err)
{
    const struct broker *broker = lag->options.broker;
    int32_t count = lag->options.settings->partitions;
    enum status status = STATUS_OK;

    count = count > STAT_PARTITIONS_MAX ? STAT_PARTITIONS_MAX : count;
    report->partitions = calloc((size_t)count + 1, sizeof *report->partitions);
    CHECK(report->partitions != NULL);
    for (int32_t i = 0; i < count && status == STATUS_OK; i++) {
        int64_t position = position_of(lag, i);
        struct log_ends ends;

        if (position == OFFSET_NONE) {
            continue;
        }
        status = broker->ends(broker->self, text_of(lag->names.inbox), i, &ends, err);
        if (status == STATUS_OK) {
            report->partitions[report->partition_count++] = (struct lag_partition){
                i, waiting(&ends, position)};
        }
    }
    return status;
}

enum status lag_sample(struct lag *lag, struct error *err)
{
    struct lag_report report = {.is_there = true};
    enum status status = follow_flows(lag, err);

    if (status == STATUS_OK) {
        status = sample_topics(lag, &report, err);
    }
    if (status == STATUS_OK) {
        status = sample_inbox(lag, &report, err);
    }
    if (status == STATUS_OK) {
        sample_services(lag, &report);
    }
    if (status != STATUS_OK) {
        lag_report_release(&report);
        return status == STATUS_FATAL ? status : STATUS_RETRY;
    }
    CHECK(pthread_mutex_lock(lag->lock) == 0);
    lag_report_release(&lag->report);
    lag->report = report;
    CHECK(pthread_mutex_unlock(lag->lock) == 0);
    return STATUS_OK;
}

void lag_read(const struct lag *lag, struct lag_report *report)
{
    *report = (struct lag_report){0};
    CHECK(pthread_mutex_lock(lag->lock) == 0);
    if (lag->report.is_there) {
        *report = lag->report;
        report->topics = calloc((size_t)report->topic_count + 1, sizeof *report->topics);
        report->partitions = calloc((size_t)report->partition_count + 1,
                                    sizeof *report->partitions);
        report->services = calloc((size_t)report->service_count + 1, sizeof *report->services);
        CHECK(report->topics != NULL && report->partitions != NULL && report->services != NULL);
        memcpy(report->services, lag->report.services,
               report->service_count * sizeof *report->services);
        memcpy(report->topics, lag->report.topics, report->topic_count * sizeof *report->topics);
        memcpy(report->partitions, lag->report.partitions,
               report->partition_count * sizeof *report->partitions);
    }
    CHECK(pthread_mutex_unlock(lag->lock) == 0);
}
