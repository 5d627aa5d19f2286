#include "app/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapter/redis_url.h"
#include "app/command.h"
#include "app/config_read.h"
#include "app/files.h"
#include "base/duration.h"
#include "http/http_server.h"
#include "registry/http_get.h"

#define CONFIG_FILE "baton.yaml"
#define CONFIG_BYTES_MAX (1024 * 1024)
#define APP_BYTES_MAX 200
#define STOP_MS (30 * MS_PER_SECOND)
#define REGISTRY_TIMEOUT_MS (5 * MS_PER_SECOND)
#define REGISTRY_REFRESH_MS (5 * MS_PER_MINUTE)
#define POLL_INTERVAL_MS (60 * MS_PER_SECOND) /* As the adapter sets it. */

const char config_usage[] =
    "  -c, --config FILE             configuration (default: baton.yaml, if it is there)\n"
    "  -b, --bootstrap-servers LIST  Kafka brokers, host:port, separated by commas\n"
    "  -r, --redis URL               redis://[user:password@]host:port/db\n"
    "  -a, --app NAME                prefix of baton's topics and groups (default: baton)\n"
    "  -l, --log LEVEL               debug, info, warn, error or none (default: error; run: info)\n"
    "      --log-format FORMAT       text or json: one line, or one object, an event\n"
    "Environment: BATON_CONFIG, BATON_APP, BATON_NAME, BATON_BOOTSTRAP_SERVERS, BATON_REDIS,\n"
    "BATON_SCHEMA_REGISTRY, BATON_LANES, BATON_PARTITIONS, BATON_FLOWS, BATON_HTTP,\n"
    "BATON_STOP_TIMEOUT, BATON_LOG, BATON_LOG_FORMAT; flags win over it, it over the file.\n";

void config_add_property(struct config *config, struct config_properties *properties,
                         struct text name, struct text value)
{
    (void)config;
    if (properties->count == properties->capacity) {
        properties->capacity = properties->capacity == 0 ? 8 : properties->capacity * 2;
        properties->items = realloc(properties->items,
                                    properties->capacity * sizeof *properties->items);
        CHECK(properties->items != NULL);
    }
    properties->items[properties->count++] = (struct config_property){name, value};
}

void config_add_flows(struct config *config, struct text path)
{
    config->flows = realloc(config->flows, (config->flow_count + 1) * sizeof *config->flows);
    CHECK(config->flows != NULL);
    config->flows[config->flow_count++] = path;
}

static enum status set_count(const char *name, const char *value, int64_t most, int64_t *out,
                             struct error *err)
{
    if (!text_to_int64(text_of(value), out) || *out < 1 || *out > most) {
        return fail(err, STATUS_REJECT, "%s: expected a whole number from 1 to %lld, found '%s'",
                    name, (long long)most, value);
    }
    return STATUS_OK;
}

static enum status set_level(struct config *config, const char *value, struct error *err)
{
    static const char *const levels[] = {"debug", "info", "warn", "error", "none"};

    for (int i = 0; i < 5; i++) {
        if (strcmp(value, levels[i]) == 0) {
            config->log_level = (enum log_level)i;
            config->has_log_level = true;
            return STATUS_OK;
        }
    }
    return fail(err, STATUS_REJECT, "log: expected debug, info, warn, error or none, found '%s'",
                value);
}

static enum status set_format(struct config *config, const char *value, struct error *err)
{
    if (strcmp(value, "text") != 0 && strcmp(value, "json") != 0) {
        return fail(err, STATUS_REJECT, "log-format: expected text or json, found '%s'", value);
    }
    config->log_format = strcmp(value, "json") == 0 ? LOG_JSON : LOG_TEXT;
    return STATUS_OK;
}

static enum status set_http(struct config *config, struct text value, struct error *err)
{
    struct http_address address;
    enum status status = http_address_parse(value, &address, err);

    config->http = value;
    return status == STATUS_OK ? status : fail_in(err, status, "http");
}

static enum status set_stop_timeout(struct config *config, struct text value, struct error *err)
{
    enum status status = duration_parse(value, &config->stop_ms, err);

    return status == STATUS_OK ? status : fail_in(err, status, "stop-timeout");
}

static enum status set_number(struct config *config, const char *name, const char *value,
                              struct error *err)
{
    int64_t number = 0;
    bool is_lanes = strcmp(name, "lanes") == 0;
    enum status status = set_count(name, value, is_lanes ? CONFIG_LANES_MAX : 1000, &number, err);

    if (status == STATUS_OK && is_lanes) {
        config->lanes = (uint32_t)number;
    } else if (status == STATUS_OK) {
        config->settings.partitions = (int32_t)number;
        config->partitions_given = true;
    }
    return status;
}

enum status config_set(struct config *config, const char *name, const char *value,
                       struct error *err)
{
    struct text text = arena_text(config->arena, text_of(value));

    if (strcmp(name, "log") == 0) {
        return set_level(config, value, err);
    }
    if (strcmp(name, "log-format") == 0) {
        return set_format(config, value, err);
    }
    if (strcmp(name, "http") == 0) {
        return set_http(config, text, err);
    }
    if (strcmp(name, "stop-timeout") == 0) {
        return set_stop_timeout(config, text, err);
    }
    if (strcmp(name, "lanes") == 0 || strcmp(name, "partitions") == 0) {
        return set_number(config, name, value, err);
    }
    if (strcmp(name, "app") == 0) {
        config->settings.app = text;
    } else if (strcmp(name, "name") == 0) {
        config->settings.name = text;
    } else if (strcmp(name, "redis") == 0) {
        config->redis_url = text;
    } else if (strcmp(name, "registry") == 0) {
        config->registry.url = text;
    } else if (strcmp(name, "bootstrap-servers") == 0) {
        config_add_property(config, &config->common, TEXT("bootstrap.servers"), text);
    } else if (strcmp(name, "flows") == 0) {
        config_add_flows(config, text);
    } else {
        return fail(err, STATUS_REJECT, "there is no setting '%s'", name);
    }
    return STATUS_OK;
}

static enum status read_environment(struct config *config, struct error *err)
{
    static const struct {
        const char *variable;
        const char *setting;
    } names[] = {
        {"BATON_APP", "app"},
        {"BATON_NAME", "name"},
        {"BATON_REDIS", "redis"},
        {"BATON_BOOTSTRAP_SERVERS", "bootstrap-servers"},
        {"BATON_SCHEMA_REGISTRY", "registry"},
        {"BATON_LANES", "lanes"},
        {"BATON_PARTITIONS", "partitions"},
        {"BATON_FLOWS", "flows"},
        {"BATON_HTTP", "http"},
        {"BATON_STOP_TIMEOUT", "stop-timeout"},
        {"BATON_LOG", "log"},
        {"BATON_LOG_FORMAT", "log-format"},
        {NULL, NULL},
    };

    for (size_t i = 0; names[i].variable != NULL; i++) {
        const char *value = getenv(names[i].variable);
        if (value != NULL && value[0] != '\0' &&
            config_set(config, names[i].setting, value, err) != STATUS_OK) {
            return fail_in(err, STATUS_REJECT, "%s", names[i].variable);
        }
    }
    return STATUS_OK;
}

static enum status read_file(const char *path, struct config *config, struct error *err)
{
    struct buffer text = {.bytes_max = CONFIG_BYTES_MAX};
    const char *chosen = path != NULL ? path : getenv("BATON_CONFIG");

    if (chosen == NULL && access(CONFIG_FILE, F_OK) != 0) {
        return STATUS_OK;
    }
    chosen = chosen == NULL ? CONFIG_FILE : chosen;
    enum status status = file_read(chosen, &text, err);
    if (status == STATUS_OK) {
        config->file = arena_text(config->arena, text_of(chosen));
        status = config_read(config->file, buffer_text(&text), config);
    }
    buffer_release(&text);
    return status;
}

/* Names become parts of topics, groups and transactional ids. */
static enum status check_name(const char *what, struct text name, struct error *err)
{
    for (size_t i = 0; i < name.bytes; i++) {
        char c = name.data[i];
        bool is_fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_' || c == '-';
        if (!is_fine) {
            return fail(err, STATUS_REJECT,
                        "%s '%.*s': only letters, digits, '.', '_' and '-' may be in it", what,
                        TEXT_ARG(name));
        }
    }
    if (name.bytes == 0 && strcmp(what, "app") == 0) {
        return fail(err, STATUS_REJECT, "app: it is empty, and topics and groups begin with it");
    }
    return name.bytes > APP_BYTES_MAX / 2
               ? fail(err, STATUS_REJECT, "%s is longer than %d bytes", what, APP_BYTES_MAX / 2)
               : STATUS_OK;
}

enum status config_load(const char *path, struct config *config, struct error *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    *config = (struct config){
        .settings = settings_default(),
        .redis_url = TEXT("redis://127.0.0.1:6379/0"),
        .lanes = cores > 0 ? (uint32_t)cores : 1,
        .registry = {.timeout_ms = REGISTRY_TIMEOUT_MS, .refresh_ms = REGISTRY_REFRESH_MS},
        .stop_ms = STOP_MS};
    config->arena = calloc(1, sizeof *config->arena);
    CHECK(config->arena != NULL);
    config_add_property(config, &config->common, TEXT("bootstrap.servers"), TEXT("127.0.0.1:9092"));
    enum status status = read_file(path, config, err);
    return status == STATUS_OK ? read_environment(config, err) : status;
}

struct text config_brokers(const struct config *config)
{
    struct text brokers = {0};

    for (uint32_t i = 0; i < config->common.count; i++) {
        if (text_is(config->common.items[i].name, "bootstrap.servers")) {
            brokers = config->common.items[i].value;
        }
    }
    return brokers;
}

struct text config_redis_place(const struct config *config)
{
    size_t at = text_find_last(config->redis_url, '@');

    return at == SIZE_MAX ? config->redis_url
                          : text_sub(config->redis_url, at + 1, config->redis_url.bytes);
}

void config_release(struct config *config)
{
    if (config->arena != NULL) {
        arena_release(config->arena);
    }
    free(config->arena);
    free(config->common.items);
    free(config->consumer.items);
    free(config->producer.items);
    free(config->flows);
    *config = (struct config){0};
}

bool config_flag(struct config_flags *flags, int letter, const char *value)
{
    static const struct {
        int letter;
        const char *name;
    } names[] = {
        {'b', "bootstrap-servers"},
        {'r', "redis"},
        {'a', "app"},
        {'l', "log"},
        {'n', "name"},
        {'L', "lanes"},
        {'f', "flows"},
        {'P', "partitions"},
        {CONFIG_LOG_FORMAT, "log-format"},
        {CONFIG_HTTP, "http"},
        {CONFIG_STOP_TIMEOUT, "stop-timeout"},
        {0, NULL},
    };

    if (letter == 'c') {
        flags->file = value;
        return true;
    }
    for (size_t i = 0; names[i].name != NULL; i++) {
        if (names[i].letter == letter && flags->count < CONFIG_FLAGS_MAX) {
            flags->items[flags->count++] = (struct config_flag){names[i].name, value};
            return true;
        }
    }
    return false;
}

/* A span that the consumers are given as a property, or `otherwise`. */
static int64_t consumer_span(const struct config *config, const char *property, int64_t otherwise)
{
    const struct config_properties *const sides[2] = {&config->common, &config->consumer};
    int64_t found_ms = otherwise;

    for (size_t side = 0; side < 2; side++) {
        for (uint32_t i = 0; i < sides[side]->count; i++) {
            int64_t span_ms;
            if (text_is(sides[side]->items[i].name, property) &&
                text_to_int64(sides[side]->items[i].value, &span_ms) && span_ms > 0) {
                found_ms = span_ms;
            }
        }
    }
    return found_ms;
}

int64_t config_poll_interval_ms(const struct config *config)
{
    return consumer_span(config, "max.poll.interval.ms", POLL_INTERVAL_MS);
}

/* Of what is otherwise met only after Kafka was reached. The texts do not repeat Redis' URL. */
static enum status check_addresses(const struct config *config, struct error *err)
{
    struct redis_url parts;
    enum status status = redis_url_parse(config->redis_url, config->arena, &parts, err);

    if (status == STATUS_OK && config->registry.url.bytes > 0) {
        status = http_url_check(config->registry.url, err);
        if (status != STATUS_OK) {
            return fail_in(err, status, "schemaRegistry.url");
        }
    }
    return status;
}

int config_open(const struct config_flags *flags, struct config *config)
{
    struct error err = {{0}};
    enum status status = config_load(flags->file, config, &err);

    for (uint32_t i = 0; i < flags->count && status == STATUS_OK; i++) {
        status = config_set(config, flags->items[i].name, flags->items[i].value, &err);
    }
    if (status == STATUS_OK) {
        status = check_name("app", config->settings.app, &err);
    }
    if (status == STATUS_OK) {
        status = check_name("name", config->settings.name, &err);
    }
    if (status == STATUS_OK) {
        status = check_addresses(config, &err);
    }
    if (status != STATUS_OK) {
        if (err.text[0] != '\0') {
            fprintf(stderr, "baton: %s\n", err.text);
        }
        return EXIT_USAGE;
    }
    /* A lane keeps clear of the end of its session, so it has to know how long the broker was told
     * that it is. */
    config->settings.session_timeout_ms = consumer_span(config, "session.timeout.ms",
                                                        config->settings.session_timeout_ms);
    if (!config->has_log_level) {
        config->log_level = flags->is_worker ? LOG_INFO : LOG_ERROR;
    }
    log_set_level(config->log_level);
    log_set_format(config->log_format);
    return EXIT_DONE;
}
