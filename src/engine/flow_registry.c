#include "engine/flow_registry.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/map.h"
#include "compile/flow_file.h"

#define RECORDS_MAX 64
#define OPEN_WAIT_MS 100
#define OPEN_POLLS_MAX 100 /* Without a record: ten seconds. */
#define FOLLOW_POLLS_MAX 10

struct definition {
    struct text hash;
    struct text name;
    int32_t version;
    struct text text;
    struct flow *flow; /* NULL: this program cannot build it. */
    bool retired;      /* Taken away, though not from under who reads here. */
};

/* What is known under a flow's name. */
struct entry {
    struct text name;
    const struct flow_state *state; /* NULL: no version was ever activated. */
    const struct flow *active;
};

struct flow_registry {
    struct arena arena; /* All texts, definitions and entries: nothing is ever taken away. */
    struct log_reader reader;
    struct record *records;
    int64_t revision;
    int32_t partitions;
    struct map by_hash;
    struct map by_name;
    struct definition **definitions;
    size_t definition_count;
    size_t definition_capacity;
    struct entry **entries;
    size_t entry_count;
    size_t entry_capacity;
};

static void *grow(void *items, size_t count, size_t *capacity)
{
    if (count == *capacity) {
        *capacity = *capacity == 0 ? 16 : *capacity * 2;
        items = realloc(items, *capacity * sizeof(void *));
        CHECK(items != NULL);
    }
    return items;
}

static struct entry *entry_of(struct flow_registry *registry, struct text name)
{
    struct entry *entry = map_get(&registry->by_name, name);

    if (entry != NULL) {
        return entry;
    }
    entry = arena_alloc(&registry->arena, sizeof *entry);
    entry->name = arena_text(&registry->arena, name);
    registry->entries = grow(registry->entries, registry->entry_count, &registry->entry_capacity);
    registry->entries[registry->entry_count++] = entry;
    (void)map_put(&registry->by_name, entry->name, entry);
    return entry;
}

static enum status build(struct definition *definition, struct error *err)
{
    enum status status = flow_build(definition->text, &definition->flow, err);

    if (status != STATUS_OK) {
        definition->flow = NULL;
        return status;
    }
    if (!text_is(definition->hash, definition->flow->hash)) {
        flow_free(definition->flow);
        definition->flow = NULL;
        return fail(err, STATUS_REJECT, "it has another hash than the one it is kept under");
    }
    return STATUS_OK;
}

static enum status take_definition(struct flow_registry *registry, const struct record *record,
                                   struct text hash, struct error *err)
{
    struct definition *definition = map_get(&registry->by_hash, hash);
    enum status status;

    /* A tombstone ends what new runs may get, but runs of it may still be alive: keep it. */
    if (definition != NULL) {
        definition->retired = record->value.data == NULL;
    }
    if (record->value.data == NULL || definition != NULL) {
        return STATUS_OK;
    }
    definition = arena_alloc(&registry->arena, sizeof *definition);
    definition->hash = arena_text(&registry->arena, hash);
    status = definition_decode(record->value, &registry->arena, &definition->text,
                               &definition->name, &definition->version, err);
    if (status != STATUS_OK) {
        return status;
    }
    registry->definitions = grow(registry->definitions, registry->definition_count,
                                 &registry->definition_capacity);
    registry->definitions[registry->definition_count++] = definition;
    (void)map_put(&registry->by_hash, definition->hash, definition);
    (void)entry_of(registry, definition->name);
    status = build(definition, err);
    return status == STATUS_OK ? status
                               : fail_in(err, status, "flow '%.*s' version %d",
                                         TEXT_ARG(definition->name), definition->version);
}

static enum status take_state(struct flow_registry *registry, const struct record *record,
                              struct text name, struct error *err)
{
    struct flow_state *state;
    enum status status;

    if (record->value.data == NULL) {
        entry_of(registry, name)->state = NULL;
        return STATUS_OK;
    }
    state = arena_alloc(&registry->arena, sizeof *state);
    status = flow_state_decode(record->value, &registry->arena, state, err);
    if (status != STATUS_OK) {
        return status;
    }
    if (!text_equal(state->name, name)) {
        return fail(err, STATUS_REJECT, "it is of flow '%.*s'", TEXT_ARG(state->name));
    }
    entry_of(registry, name)->state = state;
    return STATUS_OK;
}

static enum status take_record(struct flow_registry *registry, const struct record *record,
                               struct error *err)
{
    struct text key = record->key;

    if (text_starts(key, TEXT("def/"))) {
        return take_definition(registry, record, text_sub(key, 4, key.bytes), err);
    }
    if (text_starts(key, TEXT("flow/"))) {
        return take_state(registry, record, text_sub(key, 5, key.bytes), err);
    }
    if (text_is(key, "config")) {
        return estate_config_decode(record->value, &registry->partitions, err);
    }
    return fail(err, STATUS_REJECT, "no such kind of key");
}

/* A definition may come after the entry that names it, when the entry was written again. */
static void find_active(struct flow_registry *registry)
{
    for (size_t i = 0; i < registry->entry_count; i++) {
        struct entry *entry = registry->entries[i];
        const struct definition *definition = entry->state == NULL ? NULL
                                                                   : map_get(&registry->by_hash,
                                                                             entry->state->active);

        entry->active = definition == NULL ? NULL : definition->flow;
    }
}

static enum status poll_once(struct flow_registry *registry, int64_t wait_ms, uint32_t *count,
                             bool *at_end, struct error *err)
{
    enum status status = registry->reader.poll(registry->reader.self, wait_ms, registry->records,
                                               RECORDS_MAX, count, at_end, err);

    if (status != STATUS_OK) {
        return status;
    }
    for (uint32_t i = 0; i < *count; i++) {
        const struct record *record = &registry->records[i];
        struct error why;

        if (take_record(registry, record, &why) != STATUS_OK) {
            log_event(LOG_ERROR, "flows-record-left-out", "offset=%lld key=\"%.*s\" reason=\"%s\"",
                      (long long)record->offset, TEXT_ARG(record->key), why.text);
        }
    }
    if (*count > 0) {
        find_active(registry);
    }
    registry->revision = registry->reader.position(registry->reader.self);
    return STATUS_OK;
}

enum status flow_registry_poll(struct flow_registry *registry, int64_t wait_ms, struct error *err)
{
    uint32_t count = 1;
    bool at_end = false;
    enum status status = STATUS_OK;

    for (int i = 0; i < FOLLOW_POLLS_MAX && count > 0 && !at_end && status == STATUS_OK; i++) {
        status = poll_once(registry, i == 0 ? wait_ms : OPEN_WAIT_MS, &count, &at_end, err);
    }
    return status;
}

enum status flow_registry_open(const struct broker *broker, struct text flows_topic,
                               struct flow_registry **out, struct error *err)
{
    struct flow_registry *registry = calloc(1, sizeof *registry);
    bool at_end = false;
    enum status status;

    CHECK(registry != NULL);
    registry->records = calloc(RECORDS_MAX, sizeof *registry->records);
    CHECK(registry->records != NULL);
    status = broker->open_reader(broker->self, flows_topic, 0, 0, &registry->reader, err);
    if (status != STATUS_OK) {
        registry->reader.close = NULL;
    }
    for (int idle = 0; status == STATUS_OK && !at_end;) {
        uint32_t count = 0;

        status = poll_once(registry, OPEN_WAIT_MS, &count, &at_end, err);
        idle = count > 0 ? 0 : idle + 1;
        if (status == STATUS_OK && !at_end && idle == OPEN_POLLS_MAX) {
            status = fail(err, STATUS_RETRY, "its end was not reached in time");
        }
    }
    if (status != STATUS_OK) {
        flow_registry_close(registry);
        return fail_in(err, status, "topic '%.*s'", TEXT_ARG(flows_topic));
    }
    *out = registry;
    return STATUS_OK;
}

void flow_registry_close(struct flow_registry *registry)
{
    if (registry == NULL) {
        return;
    }
    if (registry->reader.close != NULL) {
        registry->reader.close(registry->reader.self);
    }
    for (size_t i = 0; i < registry->definition_count; i++) {
        flow_free(registry->definitions[i]->flow);
    }
    map_release(&registry->by_hash);
    map_release(&registry->by_name);
    free(registry->definitions);
    free(registry->entries);
    free(registry->records);
    arena_release(&registry->arena);
    free(registry);
}

int64_t flow_registry_revision(const struct flow_registry *registry)
{
    return registry->revision;
}

int32_t flow_registry_partitions(const struct flow_registry *registry)
{
    return registry->partitions;
}

const struct flow *flow_registry_active(const struct flow_registry *registry, struct text name)
{
    const struct entry *entry = map_get(&registry->by_name, name);

    return entry == NULL ? NULL : entry->active;
}

const struct flow *flow_registry_for_key(const struct flow_registry *registry, struct text name,
                                         struct text key)
{
    const struct entry *entry = map_get(&registry->by_name, name);
    const struct definition *former;

    if (entry == NULL || entry->state == NULL || entry->state->former.bytes == 0 ||
        (int64_t)(hash64(key, 0) % 100) < entry->state->percent) {
        return entry == NULL ? NULL : entry->active;
    }
    former = map_get(&registry->by_hash, entry->state->former);
    return former == NULL || former->flow == NULL ? entry->active : former->flow;
}

const struct flow *flow_registry_by_hash(const struct flow_registry *registry, struct text hash)
{
    const struct definition *definition = map_get(&registry->by_hash, hash);

    return definition == NULL ? NULL : definition->flow;
}

bool flow_registry_knows(const struct flow_registry *registry, struct text name)
{
    return map_get(&registry->by_name, name) != NULL;
}

struct text flow_registry_definition(const struct flow_registry *registry, struct text hash)
{
    const struct definition *definition = map_get(&registry->by_hash, hash);

    return definition == NULL ? TEXT("") : definition->text;
}

bool flow_registry_next(const struct flow_registry *registry, size_t *cursor,
                        struct active_flow *active)
{
    while (*cursor < registry->entry_count) {
        const struct entry *entry = registry->entries[(*cursor)++];

        if (entry->active != NULL) {
            *active = (struct active_flow){entry->name, entry->active, entry->state};
            return true;
        }
    }
    return false;
}

bool flow_registry_next_flow(const struct flow_registry *registry, size_t *cursor,
                             const struct flow **flow)
{
    while (*cursor < registry->definition_count) {
        *flow = registry->definitions[(*cursor)++]->flow;
        if (*flow != NULL) {
            return true;
        }
    }
    return false;
}

const struct flow_state *flow_registry_state(const struct flow_registry *registry, struct text name)
{
    const struct entry *entry = map_get(&registry->by_name, name);

    return entry == NULL ? NULL : entry->state;
}

bool flow_registry_next_deployed(const struct flow_registry *registry, size_t *cursor,
                                 struct deployed_version *deployed)
{
    while (*cursor < registry->definition_count) {
        const struct definition *definition = registry->definitions[(*cursor)++];

        if (!definition->retired) {
            *deployed = (struct deployed_version){definition->name, definition->version,
                                                  definition->hash, definition->flow};
            return true;
        }
    }
    return false;
}

struct text flow_registry_deployed(const struct flow_registry *registry, struct text name,
                                   int32_t version)
{
    struct deployed_version deployed;
    size_t cursor = 0;

    while (flow_registry_next_deployed(registry, &cursor, &deployed)) {
        if (deployed.version == version && text_equal(deployed.name, name)) {
            return deployed.hash;
        }
    }
    return TEXT("");
}
