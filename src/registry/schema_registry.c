#include "registry/schema_registry.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/duration.h"
#include "base/log.h"
#include "base/map.h"
#include "codec/avro.h"
#include "registry/schema_fetch.h"

#define MAGIC_BYTES 5 /* A zero and the id, highest byte first: what precedes each value. */
#define AGAIN_MS 1000 /* After no answer. */
/* An id that is not there may be one that a copy of the registry has not got yet: it is believed
 * after so many answers, and after a while asked for again. */
#define UNKNOWN_ANSWERS 3
#define UNKNOWN_AGAIN_MS (30 * MS_PER_SECOND)
#define SUBJECT_SUFFIX "-value"
#define ENTRIES_MAX 20000 /* Records may name any id. */

struct entry {
    char *key; /* "#<id>", or the subject. */
    uint32_t id;
    bool is_subject;
    bool is_wanted; /* The thread shall fetch it. */
    bool is_unknown;
    struct avro_schema *schema; /* NULL: not there (yet). */
    uint32_t unknown_answers;
    int64_t again_ms; /* Monotonic: not asked for before. */
    struct error problem;
    struct entry *next; /* Of all. */
};

/* Schemas that a refresh replaced: another thread may still be using one. */
struct former {
    struct avro_schema *schema;
    struct former *next;
};

struct schema_registry {
    struct http_get *get; /* NULL: there is none. */
    int64_t refresh_ms;
    pthread_t thread;
    pthread_mutex_t mutex; /* Of all below. */
    pthread_cond_t changed;
    struct map entries; /* By key. */
    struct entry *first;
    struct former *former;
    struct schema_stats *stats; /* Written by the thread alone. */
    bool is_ending;
    bool is_away; /* The last question was not answered. */
};

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * MS_PER_SECOND + now.tv_nsec / 1000000;
}

/* ---- the thread that asks ---- */

static void tell_change(struct schema_registry *registry, bool is_away, const struct error *err)
{
    if (is_away && !registry->is_away) {
        log_event(LOG_WARN, "schema-registry-away", "url=%s reason=\"%s\"",
                  http_get_url(registry->get), err->text);
    } else if (!is_away && registry->is_away) {
        log_event(LOG_INFO, "schema-registry-back", "url=%s", http_get_url(registry->get));
    }
    registry->is_away = is_away;
}

static void keep_schema(struct schema_registry *registry, struct entry *entry,
                        const struct fetched_schema *fetched)
{
    if (entry->schema != NULL && entry->id == fetched->id) {
        avro_schema_free(fetched->schema); /* A refresh that found nothing new. */
    } else {
        if (entry->schema != NULL) {
            struct former *former = calloc(1, sizeof *former);

            CHECK(former != NULL);
            *former = (struct former){entry->schema, registry->former};
            registry->former = former;
        } else {
            stat_add(&registry->stats->held, 1);
        }
        entry->schema = fetched->schema;
        entry->id = fetched->id;
    }
    entry->is_unknown = false;
    entry->unknown_answers = 0;
    entry->again_ms = monotonic_ms() + registry->refresh_ms;
}

/* With the lock held. */
static void settle(struct schema_registry *registry, struct entry *entry, enum status status,
                   const struct fetched_schema *fetched)
{
    tell_change(registry, status == STATUS_RETRY, &entry->problem);
    if (status == STATUS_OK) {
        stat_add(&registry->stats->fetched, 1);
        keep_schema(registry, entry, fetched);
        return;
    }
    entry->again_ms = monotonic_ms() + AGAIN_MS;
    if (status == STATUS_RETRY) {
        stat_add(&registry->stats->failed, 1);
        return;
    }
    stat_add(&registry->stats->unknown, 1);
    entry->unknown_answers++;
    if (entry->schema != NULL || entry->unknown_answers >= UNKNOWN_ANSWERS) {
        entry->is_unknown = true;
        entry->again_ms = monotonic_ms() + UNKNOWN_AGAIN_MS;
    }
}

static struct entry *next_wanted(const struct schema_registry *registry)
{
    struct entry *entry = registry->first;

    while (entry != NULL && !entry->is_wanted) {
        entry = entry->next;
    }
    return entry;
}

static void *run(void *self)
{
    struct schema_registry *registry = self;

    pthread_mutex_lock(&registry->mutex);
    while (!registry->is_ending) {
        struct entry *entry = next_wanted(registry);
        struct fetched_schema fetched = {0};
        struct error err = {{0}};
        enum status status;

        if (entry == NULL) {
            pthread_cond_wait(&registry->changed, &registry->mutex);
            continue;
        }
        /* Key and id of an entry do not change while it is wanted. */
        pthread_mutex_unlock(&registry->mutex);
        status = entry->is_subject
                     ? schema_fetch_latest(registry->get, text_of(entry->key), &fetched, &err)
                     : schema_fetch_id(registry->get, entry->id, &fetched, &err);
        pthread_mutex_lock(&registry->mutex);
        entry->is_wanted = false;
        entry->problem = err;
        settle(registry, entry, status, &fetched);
    }
    pthread_mutex_unlock(&registry->mutex);
    return NULL;
}

/* ---- who asks ---- */

/* `id` as in find(). NULL: there are too many. */
static struct entry *entry_of(struct schema_registry *registry, struct text key, int64_t id)
{
    struct entry *entry = map_get(&registry->entries, key);

    if (entry != NULL || registry->entries.count >= ENTRIES_MAX) {
        return entry;
    }
    entry = calloc(1, sizeof *entry);
    CHECK(entry != NULL);
    entry->key = text_dup(key);
    entry->is_subject = id < 0;
    entry->id = id < 0 ? 0 : (uint32_t)id;
    entry->next = registry->first;
    registry->first = entry;
    (void)map_put(&registry->entries, text_of(entry->key), entry);
    return entry;
}

static enum status look(struct schema_registry *registry, struct entry *entry,
                        const struct avro_schema **schema, uint32_t *id, struct error *err)
{
    bool is_stale = entry->schema == NULL || entry->is_subject;

    if (is_stale && !entry->is_wanted && monotonic_ms() >= entry->again_ms) {
        entry->is_wanted = true;
        pthread_cond_signal(&registry->changed);
    }
    if (entry->schema != NULL) {
        *schema = entry->schema;
        *id = entry->id;
        return STATUS_OK;
    }
    if (entry->is_unknown) {
        return fail(err, STATUS_REJECT, "%s", entry->problem.text);
    }
    return entry->problem.text[0] != '\0'
               ? fail(err, STATUS_RETRY, "%s", entry->problem.text)
               : fail(err, STATUS_RETRY, "schema '%s' is being fetched from '%s'", entry->key,
                      http_get_url(registry->get));
}

/* `id` is that of the schema wanted, or -1: the latest of the subject `key`. */
static enum status find(struct schema_registry *registry, struct text key, int64_t id,
                        const struct avro_schema **schema, uint32_t *found, struct error *err)
{
    struct entry *entry;
    enum status status;

    if (registry->get == NULL) {
        /* What came can wait for it. To wait with what is sent would stop all flows. */
        return fail(err, id >= 0 ? STATUS_RETRY : STATUS_REJECT,
                    "format avro needs a schema registry: set schemaRegistry.url in the "
                    "configuration");
    }
    pthread_mutex_lock(&registry->mutex);
    entry = entry_of(registry, key, id);
    if (entry == NULL) {
        status = fail(err, STATUS_REJECT, "more than %d schemas were asked for", ENTRIES_MAX);
    } else {
        status = look(registry, entry, schema, found, err);
    }
    pthread_mutex_unlock(&registry->mutex);
    return status;
}

static enum status decode(void *self, struct text bytes, struct json **payload, struct error *err)
{
    struct schema_registry *registry = self;
    const struct avro_schema *schema = NULL;
    struct buffer key = {0};
    uint32_t id = 0;
    enum status status;

    *payload = NULL;
    if (bytes.bytes < MAGIC_BYTES || bytes.data[0] != 0) {
        return fail(err, STATUS_REJECT, "it does not begin with a zero and the id of a schema");
    }
    for (int i = 1; i < MAGIC_BYTES; i++) {
        id = id << 8 | (unsigned char)bytes.data[i];
    }
    buffer_addf(&key, "#%u", id);
    status = find(registry, buffer_text(&key), id, &schema, &id, err);
    buffer_release(&key);
    if (status != STATUS_OK) {
        return status;
    }
    status = avro_decode(schema, text_sub(bytes, MAGIC_BYTES, bytes.bytes), payload, err);
    return status == STATUS_OK ? status : fail_in(err, status, "schema %u", id);
}

static enum status encode(void *self, struct text topic, const struct json *value,
                          struct buffer *out, struct error *err)
{
    struct schema_registry *registry = self;
    const struct avro_schema *schema = NULL;
    size_t start = out->bytes;
    struct buffer subject = {0};
    uint32_t id = 0;
    enum status status;

    buffer_addf(&subject, "%.*s%s", TEXT_ARG(topic), SUBJECT_SUFFIX);
    status = find(registry, buffer_text(&subject), -1, &schema, &id, err);
    if (status == STATUS_OK) {
        buffer_add_char(out, 0);
        for (int shift = 24; shift >= 0; shift -= 8) {
            buffer_add_char(out, (char)(id >> shift));
        }
        status = avro_encode(schema, value, out, err);
        if (status != STATUS_OK) {
            out->bytes = start;
            status = fail_in(err, status, "subject '%s', schema %u", buffer_string(&subject), id);
        }
    }
    buffer_release(&subject);
    return status;
}

struct avro_port schema_registry_port(struct schema_registry *registry)
{
    return (struct avro_port){.self = registry, .decode = decode, .encode = encode};
}

/* ---- life ---- */

enum status schema_registry_open(const struct schema_registry_options *options,
                                 struct schema_registry **registry, struct error *err)
{
    struct schema_registry *made = calloc(1, sizeof *made);
    enum status status = STATUS_OK;

    CHECK(made != NULL);
    made->refresh_ms = options->refresh_ms;
    made->stats = options->stats;
    if (options->http.url.bytes > 0) {
        status = http_get_open(&options->http, &made->get, err);
    }
    if (status != STATUS_OK) {
        free(made);
        return status;
    }
    CHECK(pthread_mutex_init(&made->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&made->changed, NULL) == 0);
    CHECK(made->get == NULL || pthread_create(&made->thread, NULL, run, made) == 0);
    *registry = made;
    return STATUS_OK;
}

void schema_registry_close(struct schema_registry *registry)
{
    if (registry == NULL) {
        return;
    }
    if (registry->get != NULL) {
        pthread_mutex_lock(&registry->mutex);
        registry->is_ending = true;
        pthread_cond_signal(&registry->changed);
        pthread_mutex_unlock(&registry->mutex);
        http_get_stop(registry->get);
        pthread_join(registry->thread, NULL);
        http_get_close(registry->get);
    }
    for (struct entry *entry = registry->first; entry != NULL;) {
        struct entry *next = entry->next;

        avro_schema_free(entry->schema);
        free(entry->key);
        free(entry);
        entry = next;
    }
    for (struct former *former = registry->former; former != NULL;) {
        struct former *next = former->next;

        avro_schema_free(former->schema);
        free(former);
        former = next;
    }
    map_release(&registry->entries);
    pthread_cond_destroy(&registry->changed);
    pthread_mutex_destroy(&registry->mutex);
    free(registry);
}
