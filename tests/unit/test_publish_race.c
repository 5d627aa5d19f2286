#include "engine/flow_registry.h"
#include "engine/publish.h"
#include "support/estate_kit.h"

#define ONE_V1 KIT_FLOW("one", "1", "earliest")
#define ONE_V2 KIT_FLOW("one", "2", "earliest")
#define TWO_V1 KIT_FLOW("two", "1", "now")
/* As ONE_V1, starting elsewhere. */
#define ONE_V1_CHANGED KIT_FLOW("one", "1", "now")

static void open_with_topic(struct kit *kit)
{
    kit_open(kit);
    kit_topic_named(kit, "in", 2);
}

static int32_t active_version(struct kit *kit, const char *flow)
{
    struct flow_registry *registry = NULL;
    const struct flow *active;
    int32_t version;

    assert_int_equal(
        flow_registry_open(&kit->port, text_of(kit->names.flows), &registry, &kit->err), STATUS_OK);
    active = flow_registry_active(registry, text_of(flow));
    version = active == NULL ? 0 : active->version;
    flow_registry_close(registry);
    return version;
}

/* How often a key with this prefix is in the committed log. */
static uint32_t count_keys(struct kit *kit, const char *prefix)
{
    struct record record;
    int64_t offset = 0;
    uint32_t count = 0;

    while (sim_broker_read(kit->broker, text_of(kit->names.flows), 0, &offset, &record)) {
        count += text_starts(record.key, text_of(prefix));
    }
    return count;
}

static void whatever_fails_a_version_is_deployed_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        enum status status = STATUS_RETRY;
        struct kit kit;

        open_with_topic(&kit);
        kit.sim.rng.state = seed;
        kit.sim.faulty = true;
        kit.sim.permille[SIM_FENCED] = 200;
        kit.sim.permille[SIM_REQUEST_LOST] = 50;
        kit.sim.permille[SIM_ANSWER_LOST] = 100;
        kit.sim.permille[SIM_MARKER_LATE] = 200;
        for (int i = 0; i < 200 && status == STATUS_RETRY; i++) {
            kit.sim.now_ms += 1000;
            status = kit_publish_all(&kit, ONE_V1, TWO_V1, NULL);
        }
        assert_int_equal(status, STATUS_OK);
        kit.sim.faulty = false;
        kit.sim.now_ms += 60000;
        kit_publish(&kit, ONE_V1);

        assert_int_equal(count_keys(&kit, "def/"), 2);
        assert_int_equal(count_keys(&kit, "flow/"), 2);
        assert_int_equal(count_keys(&kit, "config"), 1);
        kit_close(&kit);
    }
}

/* A broker whose first opening of a producer lets another process publish first. */
struct rival {
    struct broker real;
    struct kit *kit;
    const char *file;
    bool done;
    enum status status;
};

static enum status open_producer_late(void *self, struct text id, struct producer *producer,
                                      struct error *err)
{
    struct rival *rival = self;
    enum status status;

    status = rival->real.open_producer(rival->real.self, id, producer, err);
    if (!rival->done) {
        rival->done = true;
        rival->status = kit_publish_all(rival->kit, rival->file, NULL, NULL);
    }
    return status;
}

static enum status open_reader_real(void *self, struct text topic, int32_t partition, int64_t from,
                                    struct log_reader *reader, struct error *err)
{
    struct rival *rival = self;

    return rival->real.open_reader(rival->real.self, topic, partition, from, reader, err);
}

static enum status topic_real(void *self, struct text topic, struct topic_info *info,
                              struct error *err)
{
    struct rival *rival = self;

    return rival->real.topic(rival->real.self, topic, info, err);
}

static enum status ends_real(void *self, struct text topic, int32_t partition,
                             struct log_ends *ends, struct error *err)
{
    struct rival *rival = self;

    return rival->real.ends(rival->real.self, topic, partition, ends, err);
}

static enum status committed_real(void *self, struct text group, struct partition_offset *offsets,
                                  uint32_t count, enum committed_read read, struct error *err)
{
    struct rival *rival = self;

    return rival->real.committed(rival->real.self, group, offsets, count, read, err);
}

/* Publish `mine` while another process publishes `theirs` in between. */
static enum status publish_against(struct kit *kit, const char *mine, const char *theirs)
{
    struct rival rival = {.real = kit->port, .kit = kit, .file = theirs};
    struct broker broker = {.self = &rival,
                            .open_producer = open_producer_late,
                            .open_reader = open_reader_real,
                            .topic = topic_real,
                            .ends = ends_real,
                            .committed = committed_real};
    struct publish_definition definition = {TEXT("mine.yaml"), kit_definition(kit, mine)};
    struct publish_request request = {
        .settings = &kit->settings, .definitions = &definition, .count = 1, .seed = 1};
    int32_t partitions;
    enum status status = publish_flows(&broker, &request, &partitions, &kit->err);

    assert_true(rival.done);
    assert_int_equal(rival.status, STATUS_OK);
    return status;
}

static void whoever_is_fenced_reads_again_and_decides_again(void **state)
{
    struct kit kit;

    (void)state;
    open_with_topic(&kit);
    assert_int_equal(publish_against(&kit, ONE_V1, ONE_V1), STATUS_OK);
    assert_int_equal(count_keys(&kit, "def/"), 1);
    assert_int_equal(count_keys(&kit, "flow/"), 1);
    kit_close(&kit);

    open_with_topic(&kit);
    assert_int_equal(publish_against(&kit, ONE_V1_CHANGED, ONE_V1), STATUS_REJECT);
    kit_assert_says(&kit, "another content");
    kit_close(&kit);

    open_with_topic(&kit);
    assert_int_equal(publish_against(&kit, ONE_V1, ONE_V2), STATUS_OK);
    assert_int_equal(active_version(&kit, "one"), 2);
    kit_close(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_fails_a_version_is_deployed_once),
        cmocka_unit_test(whoever_is_fenced_reads_again_and_decides_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
