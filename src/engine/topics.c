#include "engine/topics.h"

#include "base/duration.h"
#include "base/log.h"
#include "engine/settings.h"

#define COPIES 3
#define COPIES_IN_SYNC 2
#define ALERT_BYTES_MAX (1024 * 1024)
/* A source record may be larger than what is carried on; it must fit to be dead-lettered. And one
 * transition may change the whole state, end with another document as its result and tell of thousands
 * of commands: docs/decisions/0013. */
#define RECORD_BYTES_MAX (8 * 1024 * 1024)
#define CONFIGS_MAX 8

enum kind { KIND_COMPACT, KIND_INBOX, KIND_DLQ, KIND_ALERTS };

struct making {
    struct arena *arena;
    struct topic_spec *spec;
    struct topic_config *configs;
};

static void add(struct making *making, const char *name, const char *value)
{
    CHECK(making->spec->config_count < CONFIGS_MAX);
    making->configs[making->spec->config_count++] = (struct topic_config){name, value};
}

static void add_number(struct making *making, const char *name, int64_t value)
{
    add(making, name, arena_printf(making->arena, "%lld", (long long)value).data);
}

static void add_configs(struct making *making, enum kind kind)
{
    switch (kind) {
    case KIND_COMPACT:
        add(making, "cleanup.policy", "compact");
        add_number(making, "min.compaction.lag.ms", MS_PER_HOUR);
        add_number(making, "max.compaction.lag.ms", 7 * MS_PER_DAY);
        add_number(making, "delete.retention.ms", 7 * MS_PER_DAY);
        add_number(making, "segment.ms", MS_PER_DAY);
        add_number(making, "max.message.bytes", RECORD_BYTES_MAX);
        return;
    case KIND_INBOX:
        /* Its owner deletes what is committed; until then nothing may go. */
        add(making, "cleanup.policy", "delete");
        add(making, "retention.ms", "-1");
        add(making, "retention.bytes", "-1");
        add(making, "message.timestamp.type", "LogAppendTime");
        add_number(making, "max.message.bytes", RECORD_BYTES_MAX);
        return;
    case KIND_DLQ:
        add(making, "cleanup.policy", "delete");
        add_number(making, "retention.ms", 30 * MS_PER_DAY);
        add_number(making, "max.message.bytes", RECORD_BYTES_MAX);
        return;
    case KIND_ALERTS:
        add(making, "cleanup.policy", "delete");
        add_number(making, "retention.ms", 7 * MS_PER_DAY);
        add_number(making, "max.message.bytes", ALERT_BYTES_MAX);
        return;
    }
    CHECK(!"unknown kind of topic");
}

static int32_t copies(int32_t brokers)
{
    if (brokers <= 0 || brokers >= COPIES) {
        return COPIES;
    }
    log_event(LOG_WARN, "few-brokers",
              "brokers=%d copies=%d reason=\"what is lost with a broker is lost for good; run %d\"",
              brokers, brokers, COPIES);
    return brokers;
}

const struct topic_spec *topics_internal(struct text app, int32_t partitions, int32_t brokers,
                                         struct arena *arena)
{
    struct topic_spec *specs = arena_array(arena, TOPICS_INTERNAL, sizeof *specs);
    struct names *names = arena_alloc(arena, sizeof *names);
    int32_t replication = copies(brokers);
    int32_t in_sync = replication < COPIES_IN_SYNC ? replication : COPIES_IN_SYNC;

    names_init(names, app);
    const struct {
        const char *name;
        enum kind kind;
    } topics[TOPICS_INTERNAL] = {
        [TOPICS_FLOWS] = {names->flows, KIND_COMPACT},
        {names->inbox, KIND_INBOX},
        {names->history, KIND_COMPACT},
        {names->snapshot, KIND_COMPACT},
        {names->checkpoint, KIND_COMPACT},
        {names->dlq, KIND_DLQ},
        {names->alerts, KIND_ALERTS},
    };
    for (uint32_t i = 0; i < TOPICS_INTERNAL; i++) {
        struct making making = {.arena = arena, .spec = &specs[i]};

        making.configs = arena_array(arena, CONFIGS_MAX, sizeof *making.configs);
        specs[i] = (struct topic_spec){.name = text_of(topics[i].name),
                                       .partitions = i == TOPICS_FLOWS ? 1 : partitions,
                                       .replication = replication,
                                       .configs = making.configs};
        add_configs(&making, topics[i].kind);
        add_number(&making, "min.insync.replicas", in_sync);
    }
    return specs;
}
