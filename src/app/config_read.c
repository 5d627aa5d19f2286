#include "app/config_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/files.h"
#include "base/duration.h"
#include "compile/document.h"

struct reader {
    struct config *config;
    struct diagnostics *diagnostics;
};

#define C_SYNTAX "C101"
#define C_VALUE "C103"

static void wrong(struct reader *reader, const struct node *node, const char *expected)
{
    char found[64];

    diagnostics_error(reader->diagnostics, C_VALUE, node_place(node), "expected %s, found %s",
                      expected, node_describe(node, found));
}

static struct text keep(struct reader *reader, struct text text)
{
    return arena_text(reader->config->arena, text);
}

static void read_text(struct reader *reader, const struct node *node, void *out)
{
    if (node->kind == NODE_MAP || node->kind == NODE_LIST || node->kind == NODE_NULL) {
        wrong(reader, node, "text");
        return;
    }
    *(struct text *)out = keep(reader, node->text);
}

static void read_count(struct reader *reader, const struct node *node, void *out)
{
    int64_t value;

    if (node->kind != NODE_NUMBER || !text_to_int64(node->text, &value) || value < 1 ||
        value > 100000000) {
        wrong(reader, node, "a whole number of at least 1");
        return;
    }
    *(uint32_t *)out = (uint32_t)value;
}

static void read_lanes(struct reader *reader, const struct node *node, void *out)
{
    uint32_t count = 0;

    read_count(reader, node, &count);
    if (count > CONFIG_LANES_MAX) {
        wrong(reader, node, "at most 256 lanes");
    } else if (count > 0) {
        *(uint32_t *)out = count;
    }
}

static void read_partitions(struct reader *reader, const struct node *node, void *out)
{
    uint32_t count = 0;

    read_count(reader, node, &count);
    if (count > 1000) {
        wrong(reader, node, "at most 1000 partitions");
    } else if (count > 0) {
        *(int32_t *)out = (int32_t)count;
        reader->config->partitions_given = true;
    }
}

static void read_span(struct reader *reader, const struct node *node, void *out)
{
    struct error err;

    if (node->kind != NODE_TEXT || duration_parse(node->text, out, &err) != STATUS_OK) {
        wrong(reader, node, "a duration such as 30s");
    }
}

static void read_level(struct reader *reader, const struct node *node, void *out)
{
    struct error err;

    (void)out;
    struct text level = {0};
    read_text(reader, node, &level);
    if (level.data != NULL && config_set(reader->config, "log", level.data, &err) != STATUS_OK) {
        wrong(reader, node, "one of debug, info, warn, error, none");
    }
}

static void read_format(struct reader *reader, const struct node *node, void *out)
{
    struct text format = {0};
    struct error err;

    (void)out;
    read_text(reader, node, &format);
    if (format.data != NULL &&
        config_set(reader->config, "log-format", format.data, &err) != STATUS_OK) {
        wrong(reader, node, "text or json");
    }
}

static void read_http(struct reader *reader, const struct node *node, void *out)
{
    struct text address = {0};
    struct error err;

    (void)out;
    read_text(reader, node, &address);
    if (address.data != NULL &&
        config_set(reader->config, "http", address.data, &err) != STATUS_OK) {
        wrong(reader, node, "HOST:PORT, such as 127.0.0.1:9464, [::1]:9464, or \":9464\"");
    }
}

/* A secret does not have to stand in the file: {file: path} or {env: NAME}. */
static bool read_secret(struct reader *reader, const struct node *node, struct text *value)
{
    const struct node *file = node_get(node, "file");
    const struct node *env = node_get(node, "env");
    struct buffer text = {.bytes_max = 1024 * 1024};
    struct error err;

    if (env != NULL && env->kind == NODE_TEXT) {
        const char *found = getenv(keep(reader, env->text).data);
        if (found == NULL) {
            diagnostics_error(reader->diagnostics, C_VALUE, node_place(env),
                              "the environment has no variable '%.*s'", TEXT_ARG(env->text));
            return false;
        }
        *value = keep(reader, text_of(found));
        return true;
    }
    if (file == NULL || file->kind != NODE_TEXT) {
        wrong(reader, node, "text, {file: PATH} or {env: NAME}");
        return false;
    }
    if (file_read(keep(reader, file->text).data, &text, &err) != STATUS_OK) {
        diagnostics_error(reader->diagnostics, C_VALUE, node_place(file), "%s", err.text);
        buffer_release(&text);
        return false;
    }
    struct text content = buffer_text(&text);
    while (content.bytes > 0 && content.data[content.bytes - 1] == '\n') {
        content.bytes--;
    }
    *value = keep(reader, content);
    buffer_release(&text);
    return true;
}

/* Text, or where it is to be had from. */
static void read_given(struct reader *reader, const struct node *node, void *out)
{
    if (node->kind == NODE_MAP) {
        (void)read_secret(reader, node, out);
    } else {
        read_text(reader, node, out);
    }
}

static void read_property(struct reader *reader, const struct pair *pair,
                          struct config_properties *properties)
{
    struct text value = {0};

    if (pair->value->kind == NODE_MAP) {
        if (!read_secret(reader, pair->value, &value)) {
            return;
        }
    } else {
        read_text(reader, pair->value, &value);
    }
    if (value.data != NULL) {
        config_add_property(reader->config, properties, keep(reader, pair->key->text), value);
    }
}

static void read_side(struct reader *reader, const struct node *node, void *out)
{
    if (node->kind != NODE_MAP) {
        wrong(reader, node, "a map of librdkafka properties");
        return;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        read_property(reader, &node->pairs[i], out);
    }
}

static void read_kafka(struct reader *reader, const struct node *node, void *out)
{
    struct config *config = reader->config;

    (void)out;
    if (node->kind != NODE_MAP) {
        wrong(reader, node, "a map with bootstrap.servers and other librdkafka properties");
        return;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        const struct pair *pair = &node->pairs[i];
        if (text_is(pair->key->text, "consumer")) {
            read_side(reader, pair->value, &config->consumer);
        } else if (text_is(pair->key->text, "producer")) {
            read_side(reader, pair->value, &config->producer);
        } else {
            read_property(reader, pair, &config->common);
        }
    }
}

/* Paths of flows are relative to the file that names them. */
static void read_flow_path(struct reader *reader, const struct node *node)
{
    struct text path = {0};
    size_t slash = text_find_last(reader->config->file, '/');

    read_text(reader, node, &path);
    if (path.data == NULL) {
        return;
    }
    if (path.bytes > 0 && path.data[0] != '/' && slash != SIZE_MAX) {
        path = arena_printf(reader->config->arena, "%.*s/%.*s", (int)slash,
                            reader->config->file.data, TEXT_ARG(path));
    }
    config_add_flows(reader->config, path);
}

static void read_flows(struct reader *reader, const struct node *node, void *out)
{
    (void)out;
    if (node->kind != NODE_LIST) {
        read_flow_path(reader, node);
        return;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        read_flow_path(reader, node->items[i]);
    }
}

struct key {
    const char *name; /* With its parent: "checkpoint.idle". */
    void (*read)(struct reader *reader, const struct node *node, void *out);
    size_t offset; /* In struct config, of what `read` fills. */
};

#define AT(field) offsetof(struct config, field)

static const struct key keys[] = {
    {"app", read_text, AT(settings.app)},
    {"name", read_text, AT(settings.name)},
    {"partitions", read_partitions, AT(settings.partitions)},
    {"lanes", read_lanes, AT(lanes)},
    {"batch", read_count, AT(settings.batch_records_max)},
    {"kafka", read_kafka, 0},
    {"flows", read_flows, 0},
    {"log", read_level, 0},
    {"logFormat", read_format, 0},
    {"http", read_http, 0},
    {"stop.timeout", read_span, AT(stop_ms)},
    {"redis.url", read_given, AT(redis_url)},
    {"schemaRegistry.url", read_text, AT(registry.url)},
    {"schemaRegistry.user", read_given, AT(registry.user)},
    {"schemaRegistry.password", read_given, AT(registry.password)},
    {"schemaRegistry.ca", read_text, AT(registry.ca_file)},
    {"schemaRegistry.timeout", read_span, AT(registry.timeout_ms)},
    {"schemaRegistry.refresh", read_span, AT(registry.refresh_ms)},
    {"checkpoint.idle", read_span, AT(settings.checkpoint_idle_ms)},
    {"checkpoint.max", read_span, AT(settings.checkpoint_max_ms)},
    {"history.sweep", read_span, AT(settings.sweep_every_ms)},
    {"history.max", read_count, AT(settings.history_max)},
    {"remember.max", read_count, AT(settings.remember_max)},
    {"memory.max", read_count, AT(settings.resident_max)},
    {"deadlines.grace", read_span, AT(settings.deadlines_grace_ms)},
};

#define KEY_COUNT (sizeof keys / sizeof *keys)

static void unknown_key(struct reader *reader, const struct node *key, struct text name)
{
    const char *best = NULL;
    uint32_t distance = 3;

    for (size_t i = 0; i < KEY_COUNT; i++) {
        uint32_t edits = text_distance(name, text_of(keys[i].name), distance);
        if (edits < distance) {
            distance = edits;
            best = keys[i].name;
        }
    }
    diagnostics_error(reader->diagnostics, C_SYNTAX, node_place(key),
                      best == NULL ? "unknown key '%.*s'%s%s"
                                   : "unknown key '%.*s' (did you mean '%s'?)%s",
                      TEXT_ARG(name), best == NULL ? "" : best, "");
}

static bool is_group(struct text name)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        struct text key = text_of(keys[i].name);
        if (key.bytes > name.bytes && text_starts(key, name) && key.data[name.bytes] == '.') {
            return true;
        }
    }
    return false;
}

static void read_map(struct reader *reader, const struct node *map, const char *parent)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct pair *pair = &map->pairs[i];
        struct text name = arena_printf(reader->config->arena, "%s%s%.*s", parent,
                                        parent[0] == '\0' ? "" : ".", TEXT_ARG(pair->key->text));
        size_t at = 0;

        while (at < KEY_COUNT && !text_is(name, keys[at].name)) {
            at++;
        }
        if (at < KEY_COUNT) {
            keys[at].read(reader, pair->value, (char *)reader->config + keys[at].offset);
        } else if (parent[0] == '\0' && is_group(name) && pair->value->kind == NODE_MAP) {
            read_map(reader, pair->value, name.data);
        } else if (parent[0] == '\0' && is_group(name)) {
            wrong(reader, pair->value, "a map");
        } else {
            unknown_key(reader, pair->key, name);
        }
    }
}

enum status config_read(struct text file, struct text source, struct config *config)
{
    struct diagnostics diagnostics = {0};
    struct reader reader = {config, &diagnostics};
    struct document *document = NULL;
    struct buffer out = {0};

    if (document_parse(file, source, &diagnostics, &document) == STATUS_OK) {
        read_map(&reader, document->root, "");
    }
    document_free(document);
    diagnostics_print(&diagnostics, isatty(STDERR_FILENO) ? DIAGNOSTIC_COLOURED : DIAGNOSTIC_TEXT,
                      &out);
    fputs(buffer_string(&out), stderr);
    buffer_release(&out);
    enum status status = diagnostics.error_count > 0 ? STATUS_REJECT : STATUS_OK;
    diagnostics_release(&diagnostics);
    return status;
}
