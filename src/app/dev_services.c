#include "app/dev_services.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "app/dev_yaml.h"
#include "base/duration.h"

#define PERMILLE 1000

#define IN_CHANCE(field) offsetof(struct dev_chance, field)
#define IN_FAILURE(field) offsetof(struct dev_failure, field)
#define IN_BEHAVIOUR(field) offsetof(struct dev_behaviour, field)

/* ---- spans ---- */

/* "20ms" or "20ms..2s" */
static bool read_range(struct dev_reader *reader, const struct node *node, int64_t *from_ms,
                       int64_t *to_ms)
{
    struct text text = node->text;
    struct text to = text;
    struct error err;

    if (node->kind != NODE_TEXT) {
        dev_wrong(reader, node, "a duration such as 50ms, or a range such as 20ms..2s");
        return false;
    }
    for (size_t i = 0; i + 1 < text.bytes; i++) {
        if (text.data[i] == '.' && text.data[i + 1] == '.') {
            to = text_sub(text, i + 2, text.bytes - i - 2);
            text = text_sub(text, 0, i);
        }
    }
    if (duration_parse(text, from_ms, &err) != STATUS_OK ||
        duration_parse(to, to_ms, &err) != STATUS_OK) {
        diagnostics_error(reader->diagnostics, "D105", node_place(node), "%s", err.text);
        return false;
    }
    if (*to_ms < *from_ms) {
        diagnostics_error(reader->diagnostics, "D105", node_place(node),
                          "a range begins with the shorter span");
        return false;
    }
    return true;
}

static void read_delay(struct dev_reader *reader, const struct node *node, void *out)
{
    struct dev_behaviour *behaviour = out;

    behaviour->has_delay = read_range(reader, node, &behaviour->delay_from_ms,
                                      &behaviour->delay_to_ms);
}

static void read_delay_of_all(struct dev_reader *reader, const struct node *node, void *out)
{
    struct dev_services *services = out;

    services->has_delay = read_range(reader, node, &services->delay_from_ms,
                                     &services->delay_to_ms);
}

/* ---- chances ---- */

#define CHANCE_KEYS(offset)                                                                        \
    {"rate", dev_read_rate, (offset) + IN_CHANCE(permille)},                                       \
        {"every", dev_read_count, (offset) + IN_CHANCE(every)},                                    \
        {"attempts", dev_read_count, (offset) + IN_CHANCE(attempts)},                              \
    {                                                                                              \
        "when", dev_read_expr, (offset) + IN_CHANCE(when)                                          \
    }

/* A rate alone, or the map. What is not asked for holds always. */
static void read_chance(struct dev_reader *reader, const struct node *node,
                        const struct dev_key *keys, struct dev_chance *chance, void *out)
{
    chance->given = true;
    chance->permille = PERMILLE;
    if (node->kind == NODE_MAP) {
        dev_read_map(reader, node, keys, out);
    } else if (node->kind == NODE_BOOL) {
        chance->given = node->truth;
    } else {
        dev_read_rate(reader, node, &chance->permille);
    }
}

static void read_failure(struct dev_reader *reader, const struct node *node, void *out)
{
    static const struct dev_key keys[] = {
        CHANCE_KEYS(IN_FAILURE(chance)),
        {"error", dev_read_text, IN_FAILURE(error)},
        {"reason", dev_read_text, IN_FAILURE(reason)},
        {"reply", dev_read_template, IN_FAILURE(reply)},
        {"type", dev_read_text, IN_FAILURE(heading.type)},
        {"headers", dev_read_headers, IN_FAILURE(heading.headers)},
        {NULL, NULL, 0}};
    struct dev_failure *failure = out;

    failure->place = node_place(node);
    read_chance(reader, node, keys, &failure->chance, failure);
}

static void read_silence(struct dev_reader *reader, const struct node *node, void *out)
{
    static const struct dev_key keys[] = {CHANCE_KEYS(IN_BEHAVIOUR(silence)),
                                          {"lost", dev_read_bool, IN_BEHAVIOUR(silent_before)},
                                          {NULL, NULL, 0}};
    struct dev_behaviour *behaviour = out;

    read_chance(reader, node, keys, &behaviour->silence, behaviour);
}

static void read_duplicate(struct dev_reader *reader, const struct node *node, void *out)
{
    static const struct dev_key keys[] = {CHANCE_KEYS(IN_BEHAVIOUR(duplicate)),
                                          {"after", dev_read_span, IN_BEHAVIOUR(duplicate_ms)},
                                          {NULL, NULL, 0}};
    struct dev_behaviour *behaviour = out;

    read_chance(reader, node, keys, &behaviour->duplicate, behaviour);
}

/* ---- services ---- */

#define BEHAVIOUR_KEYS(offset)                                                                     \
    {"success", dev_read_template, (offset) + IN_BEHAVIOUR(success)},                              \
        {"type", dev_read_text, (offset) + IN_BEHAVIOUR(heading.type)},                            \
        {"headers", dev_read_headers, (offset) + IN_BEHAVIOUR(heading.headers)},                   \
        {"failure", read_failure, (offset) + IN_BEHAVIOUR(failure)},                               \
        {"silence", read_silence, (offset)}, {"duplicate", read_duplicate, (offset)},              \
    {                                                                                              \
        "delay", read_delay, (offset)                                                              \
    }

static void read_types(struct dev_reader *reader, const struct node *node, void *out)
{
    static const struct dev_key keys[] = {BEHAVIOUR_KEYS(offsetof(struct dev_type, behaviour)),
                                          {NULL, NULL, 0}};
    struct dev_service *service = out;

    if (node->kind != NODE_MAP) {
        dev_wrong(reader, node, "a map of message types");
        return;
    }
    service->types = arena_array(&reader->services->arena, node->count, sizeof(*service->types));
    for (uint32_t i = 0; i < node->count; i++) {
        struct dev_type *type = &service->types[service->type_count];

        if (node->pairs[i].repeated) {
            continue;
        }
        type->name = arena_text(&reader->services->arena, node->pairs[i].key->text);
        type->place = node_place(node->pairs[i].key);
        service->type_count++;
        dev_read_map(reader, node->pairs[i].value, keys, type);
    }
}

static void read_services(struct dev_reader *reader, const struct node *node, void *out)
{
    static const struct dev_key keys[] = {BEHAVIOUR_KEYS(offsetof(struct dev_service, behaviour)),
                                          {"types", read_types, 0},
                                          {NULL, NULL, 0}};
    struct dev_services *services = out;

    if (node->kind != NODE_MAP) {
        dev_wrong(reader, node, "a map of services");
        return;
    }
    services->items = arena_array(&services->arena, node->count, sizeof(*services->items));
    for (uint32_t i = 0; i < node->count; i++) {
        struct dev_service *service = &services->items[services->count];

        if (node->pairs[i].repeated) {
            continue;
        }
        service->name = arena_text(&services->arena, node->pairs[i].key->text);
        service->place = node_place(node->pairs[i].key);
        services->count++;
        dev_read_map(reader, node->pairs[i].value, keys, service);
    }
}

/* Places outlive the document they were found in. */
static void keep_places(struct dev_services *services, struct text file)
{
    struct text kept = arena_text(&services->arena, file);

    for (uint32_t i = 0; i < services->count; i++) {
        struct dev_service *service = &services->items[i];

        service->place.file = kept;
        service->behaviour.failure.place.file = kept;
        for (uint32_t k = 0; k < service->type_count; k++) {
            service->types[k].place.file = kept;
            service->types[k].behaviour.failure.place.file = kept;
        }
    }
}

enum status dev_services_read(struct text file, struct text source, struct diagnostics *diagnostics,
                              struct dev_services *services)
{
    static const struct dev_key keys[] = {
        {"services", read_services, 0}, {"delay", read_delay_of_all, 0}, {NULL, NULL, 0}};
    struct dev_reader reader = {services, diagnostics};
    struct document *document = NULL;

    *services = (struct dev_services){.count = 0};
    if (document_parse(file, source, diagnostics, &document) == STATUS_OK) {
        dev_read_map(&reader, document->root, keys, services);
        keep_places(services, file);
    }
    document_free(document);
    return diagnostics->error_count > 0 ? STATUS_REJECT : STATUS_OK;
}

void dev_services_release(struct dev_services *services)
{
    for (uint32_t i = 0; i < services->expr_count; i++) {
        expr_free(services->exprs[i]);
    }
    for (uint32_t i = 0; i < services->template_count; i++) {
        template_free(services->templates[i]);
    }
    free(services->exprs);
    free(services->templates);
    arena_release(&services->arena);
    *services = (struct dev_services){.count = 0};
}

struct dev_service *dev_services_find(const struct dev_services *services, struct text name)
{
    for (uint32_t i = 0; i < services->count; i++) {
        if (text_equal(services->items[i].name, name)) {
            return &services->items[i];
        }
    }
    return NULL;
}

struct dev_type *dev_services_type(const struct dev_service *service, struct text type)
{
    for (uint32_t i = 0; service != NULL && i < service->type_count; i++) {
        if (text_equal(service->types[i].name, type)) {
            return &service->types[i];
        }
    }
    return NULL;
}
