/*
 * config - what a process is told: one YAML file, then the environment, then flags; the later wins.
 */
#ifndef BATON_APP_CONFIG_H
#define BATON_APP_CONFIG_H

#include "base/arena.h"
#include "base/log.h"
#include "base/status.h"
#include "engine/settings.h"

#define CONFIG_LANES_MAX 256

struct config_property {
    struct text name;
    struct text value;
};

struct config_properties {
    struct config_property *items;
    uint32_t count;
    uint32_t capacity;
};

struct config {
    struct arena *arena; /* Owned; all texts live there. */
    struct settings settings;
    bool partitions_given;
    struct config_properties common; /* kafka: */
    struct config_properties consumer;
    struct config_properties producer;
    struct text redis_url; /* May hold a password: see config_redis_place(). */
    struct config_registry {
        struct text url; /* Empty: there is none. */
        struct text user;
        struct text password;
        struct text ca_file;
        int64_t timeout_ms;
        int64_t refresh_ms;
    } registry;
    struct text *flows; /* Files or folders. */
    uint32_t flow_count;
    uint32_t lanes;
    enum log_level log_level;
    bool has_log_level; /* It was said; else it is by the command. */
    enum log_format log_format;
    struct text http; /* Where metrics and health are served; empty: nowhere. */
    int64_t stop_ms;  /* How long a graceful stop may take. */
    bool leaves;      /* A graceful stop gives up static membership as well. */
    struct text file; /* Where it was read from, or empty. */
};

/*
 * Read `path` (NULL: ./baton.yaml if it exists, else defaults) and then BATON_... of the
 * environment. Findings are printed to standard error as `file:line:column: error: ...`.
 *
 * STATUS_OK, STATUS_REJECT (findings were printed), STATUS_FATAL (cannot be read; err).
 */
MUST_CHECK enum status config_load(const char *path, struct config *config, struct error *err);
/* One setting as a flag gives it: "name", "lanes", "redis", "bootstrap-servers", "flows" (adds),
 * "partitions", "app", "log", "log-format", "http", "stop-timeout". STATUS_REJECT: err says what is wrong with it. */
MUST_CHECK enum status config_set(struct config *config, const char *name, const char *value,
                                  struct error *err);
/* max.poll.interval.ms of the consumers: a thread that does not turn for so long is out of its group
 * anyhow. */
int64_t config_poll_interval_ms(const struct config *config);
/* What was given as bootstrap.servers, for messages. Borrowed. */
struct text config_brokers(const struct config *config);
/* Where Redis is, for messages: without user and password. Borrowed. */
struct text config_redis_place(const struct config *config);
void config_release(struct config *config);

/* The options of getopt_long that every command with an estate takes (see config_flag). */
#define CONFIG_OPTIONS                                                                             \
    {"config", 1, NULL, 'c'}, {"bootstrap-servers", 1, NULL, 'b'}, {"redis", 1, NULL, 'r'},        \
        {"app", 1, NULL, 'a'}, {"log", 1, NULL, 'l'},                                              \
    {                                                                                              \
        "log-format", 1, NULL, CONFIG_LOG_FORMAT                                                   \
    }
#define CONFIG_LETTERS "c:b:r:a:l:"

/* Of options without a letter. */
#define CONFIG_LOG_FORMAT 256
#define CONFIG_HTTP 257
#define CONFIG_STOP_TIMEOUT 258
#define CONFIG_LEAVE 259

#define CONFIG_FLAGS_MAX 64

/* Flags as they came, kept until the file is read, since they win over it. */
struct config_flags {
    const char *file;
    struct config_flag {
        const char *name;
        const char *value;
    } items[CONFIG_FLAGS_MAX];
    uint32_t count;
    bool leaves;
    bool is_worker; /* It goes on for long, so it logs what it does. */
};

/* Keep a flag. `letter` is one of CONFIG_LETTERS, or of run's own: 'n' name, 'L' lanes, 'f' flows,
 * 'P' partitions, or one of the above. False if it is none of these, or there are too many. */
bool config_flag(struct config_flags *flags, int letter, const char *value);
/* config_load, then the flags. What is wrong is printed; gives an exit code. */
int config_open(const struct config_flags *flags, struct config *config);
/* Their part of a --help text. */
extern const char config_usage[];

#endif
