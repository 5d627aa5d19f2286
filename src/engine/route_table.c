#include "engine/route_table.h"

#include <stdlib.h>
#include <string.h>

/* A flow with its rank: what is added first wins. */
struct ranked {
    const struct flow *flow;
    const struct flow_state *state;
    bool is_active;
};

struct making {
    struct route_table *table;
    const struct flow *flow;
    const struct flow_state *state;
};

/* An array in the arena that is about to take one more item. */
static void *grow(struct arena *arena, void *items, uint32_t count, uint32_t *capacity,
                  size_t item_bytes)
{
    void *larger;

    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity == 0 ? 4 : *capacity * 2;
    larger = arena_array(arena, *capacity, item_bytes);
    if (count > 0) {
        memcpy(larger, items, count * item_bytes);
    }
    return larger;
}

static struct route_source *source_of(struct route_table *table, struct text topic)
{
    struct route_source *source = map_get(&table->by_topic, topic);

    if (source != NULL) {
        return source;
    }
    source = arena_alloc(&table->arena, sizeof *source);
    source->topic = topic;
    source->index = table->source_count;
    table->sources = grow(&table->arena, table->sources, table->source_count,
                          &table->source_capacity, sizeof(struct route_source *));
    table->sources[table->source_count++] = source;
    (void)map_put(&table->by_topic, topic, source);
    return source;
}

static int by_partition(const void *a, const void *b)
{
    const struct start_offset *one = a;
    const struct start_offset *other = b;

    return (one->partition > other->partition) - (one->partition < other->partition);
}

/* The starts of one topic, sorted; 0 of them: no version that names the topic was ever active. */
static uint32_t copy_starts(struct arena *arena, const struct flow_state *state, struct text topic,
                            struct start_offset **starts)
{
    uint32_t count = 0;

    *starts = NULL;
    for (uint32_t i = 0; i < state->start_count; i++) {
        count += text_equal(state->starts[i].topic, topic);
    }
    if (count == 0) {
        return 0;
    }
    *starts = arena_array(arena, count, sizeof **starts);
    count = 0;
    for (uint32_t i = 0; i < state->start_count; i++) {
        if (text_equal(state->starts[i].topic, topic)) {
            (*starts)[count++] = state->starts[i];
        }
    }
    qsort(*starts, count, sizeof **starts, by_partition);
    return count;
}

static bool needs_headers(const struct correlation *rule)
{
    switch (rule->kind) {
    case CORRELATION_NONE:
    case CORRELATION_PATH:
    case CORRELATION_RECORD:
        return false;
    case CORRELATION_HEADER:
        return true;
    case CORRELATION_COMPOSITE:
        for (uint32_t i = 0; i < rule->part_count; i++) {
            if (needs_headers(&rule->parts[i])) {
                return true;
            }
        }
        return false;
    }
    CHECK(!"unknown correlation");
    return false;
}

static uint32_t reply_header_of(struct route_table *table, struct route_source *source,
                                struct text header)
{
    struct text *headers;

    for (uint32_t i = 0; i < source->reply_header_count; i++) {
        if (text_equal(source->reply_headers[i], header)) {
            return i;
        }
    }
    headers = arena_array(&table->arena, source->reply_header_count + 1, sizeof *headers);
    for (uint32_t i = 0; i < source->reply_header_count; i++) {
        headers[i] = source->reply_headers[i];
    }
    headers[source->reply_header_count] = header;
    source->reply_headers = headers;
    return source->reply_header_count++;
}

/* Versions may read the command id from different headers; then each of them is looked at. */
static bool is_known(const struct route_source *source, const struct route *made)
{
    for (uint32_t i = 0; i < source->route_count; i++) {
        const struct route *route = &source->routes[i];

        if (text_equal(route->name, made->name) && route->by_header == made->by_header &&
            (!route->by_header || route->header == made->header)) {
            return true;
        }
    }
    return false;
}

/* Of several services of a flow that answer on one topic by one header the first stands for all:
 * the command id finds the step, and the step knows its service. */
static bool joins_shared(struct route_source *source, struct text flow, const struct route *made)
{
    for (uint32_t i = 0; i < source->route_count && made->by_header; i++) {
        struct route *route = &source->routes[i];

        if (route->by_header && route->header == made->header && text_equal(route->flow, flow)) {
            if (!text_equal(route->service, made->service)) {
                route->service = TEXT("");
            }
            return true;
        }
    }
    return false;
}

/* `header`: where the command id is, of a route by header. */
static void add_route(struct making *making, struct text topic, struct route *made,
                      struct text header)
{
    struct arena *arena = &making->table->arena;
    struct start_offset *starts;
    uint32_t start_count = copy_starts(arena, making->state, topic, &starts);
    struct route_source *source;
    struct route *route;

    if (start_count == 0) {
        return;
    }
    source = source_of(making->table, topic);
    if (made->by_header) {
        made->header = reply_header_of(making->table, source, header);
    }
    if (joins_shared(source, making->flow->name, made) || is_known(source, made)) {
        return;
    }
    source->routes = grow(arena, source->routes, source->route_count, &source->route_capacity,
                          sizeof *source->routes);
    route = &source->routes[source->route_count++];
    *route = *made;
    route->flow = making->flow->name;
    source->cloudevents = source->cloudevents || route->cloudevents;
    route->starts = starts;
    route->start_count = start_count;
    route->key_needs_headers = route->key != NULL && needs_headers(route->key);
}

/* `to`: name, key, inner and prefix are set. */
static void add_message_route(struct making *making, uint32_t index, struct route to)
{
    const struct topic *topic = &making->flow->topics[index];

    to.format = topic->format;
    to.type = &topic->type;
    to.id = &topic->id;
    to.tombstones = topic->tombstones;
    to.cloudevents = topic->cloudevents;
    add_route(making, topic->name, &to, TEXT(""));
}

static void add_start(struct making *making, const struct start *start)
{
    const struct flow *flow = making->flow;
    const struct topic *topic = &flow->topics[start->topic];
    struct arena *arena = &making->table->arena;

    if (start->batch_max == 0) {
        add_message_route(making, start->topic,
                          (struct route){.name = flow->name, .key = &topic->key});
        return;
    }
    add_message_route(
        making, start->topic,
        (struct route){.name = arena_printf(arena, "%.*s/~batch", TEXT_ARG(flow->name)),
                       .inner = TEXT(BATCH_FLOW),
                       .prefix = arena_printf(arena, "%.*s/%.*s/", TEXT_ARG(flow->name),
                                              TEXT_ARG(topic->name))});
}

static void add_awaited(struct making *making, const struct awaited *awaited)
{
    const struct flow *flow = making->flow;
    struct arena *arena = &making->table->arena;
    struct route route = {.name = flow->name, .key = &flow->topics[awaited->topic].key};

    if (awaited->key.kind != CORRELATION_NONE) {
        route.key = &awaited->key;
        route.prefix = arena_printf(arena, "%.*s/%.*s:", TEXT_ARG(flow->name),
                                    TEXT_ARG(awaited->route));
        route.name = text_sub(route.prefix, 0, route.prefix.bytes - 1);
        route.inner = awaited->identity == NULL ? TEXT("") : TEXT(ALIAS_FLOW);
    }
    add_message_route(making, awaited->topic, route);
}

static void add_messages(struct making *making)
{
    const struct flow *flow = making->flow;

    for (uint32_t i = 0; i < flow->start_count; i++) {
        add_start(making, &flow->starts[i]);
    }
    for (uint32_t i = 0; i < flow->awaited_count; i++) {
        add_awaited(making, flow->awaited[i]);
    }
}

bool flow_uses_service(const struct flow *flow, uint32_t service)
{
    for (uint32_t i = 0; i < flow->step_count; i++) {
        const struct step *step = &flow->steps[i];
        const struct message_spec *undo = step_undo_message(step);

        if (step->kind == STEP_REQUEST && step->message.service == service) {
            return true;
        }
        if (undo != NULL && undo->is_request && undo->service == service) {
            return true;
        }
    }
    return false;
}

static void add_replies(struct making *making)
{
    const struct flow *flow = making->flow;

    for (uint32_t i = 0; i < flow->service_count; i++) {
        const struct service *service = &flow->services[i];
        struct route route = {.is_reply = true,
                              .service = service->name,
                              .by_header = service->by_header,
                              .format = service->format,
                              .key = service->by_header ? NULL : &service->correlate,
                              .type = &service->type,
                              .cloudevents = service->reply_events};

        if (service->replies.bytes > 0 && flow_uses_service(flow, i)) {
            route.name = arena_printf(&making->table->arena, "%.*s@%.*s", TEXT_ARG(flow->name),
                                      TEXT_ARG(service->name));
            add_route(making, service->replies, &route, service->correlation_header);
        }
    }
}

static int by_rank(const void *a, const void *b)
{
    const struct ranked *one = a;
    const struct ranked *other = b;
    int order = text_compare(one->flow->name, other->flow->name);

    if (order != 0) {
        return order;
    }
    if (one->is_active != other->is_active) {
        return one->is_active ? -1 : 1;
    }
    return (one->flow->version < other->flow->version) -
           (one->flow->version > other->flow->version);
}

static struct ranked *rank_flows(const struct flow_registry *registry, size_t *count)
{
    struct ranked *ranked = NULL;
    size_t capacity = 0;
    size_t cursor = 0;
    const struct flow *flow;

    *count = 0;
    while (flow_registry_next_flow(registry, &cursor, &flow)) {
        const struct flow_state *state = flow_registry_state(registry, flow->name);

        if (state == NULL) {
            continue;
        }
        if (*count == capacity) {
            capacity = capacity == 0 ? 16 : capacity * 2;
            ranked = realloc(ranked, capacity * sizeof *ranked);
            CHECK(ranked != NULL);
        }
        ranked[(*count)++] = (struct ranked){flow, state,
                                             flow == flow_registry_active(registry, flow->name)};
    }
    if (*count > 0) {
        qsort(ranked, *count, sizeof *ranked, by_rank);
    }
    return ranked;
}

struct route_table *route_table_new(const struct flow_registry *registry)
{
    struct route_table *table = calloc(1, sizeof *table);
    size_t count;
    struct ranked *ranked = rank_flows(registry, &count);

    CHECK(table != NULL);
    for (size_t i = 0; i < count; i++) {
        struct making making = {table, ranked[i].flow, ranked[i].state};

        add_messages(&making);
        add_replies(&making);
    }
    free(ranked);
    return table;
}

void route_table_free(struct route_table *table)
{
    if (table == NULL) {
        return;
    }
    map_release(&table->by_topic);
    arena_release(&table->arena);
    free(table);
}

const struct route_source *route_table_find(const struct route_table *table, struct text topic)
{
    return map_get(&table->by_topic, topic);
}

const struct start_offset *route_start(const struct route *route, int32_t partition)
{
    struct start_offset wanted = {.partition = partition};

    return bsearch(&wanted, route->starts, route->start_count, sizeof *route->starts, by_partition);
}

struct start_offset source_start(const struct route_source *source, int32_t partition)
{
    struct start_offset first = {.topic = source->topic, .topic_generation = 1};
    bool is_found = false;

    first.partition = partition;
    for (uint32_t i = 0; i < source->route_count; i++) {
        const struct start_offset *start = route_start(&source->routes[i], partition);

        if (start == NULL) {
            continue;
        }
        if (!is_found || start->topic_generation > first.topic_generation ||
            (start->topic_generation == first.topic_generation && start->offset < first.offset)) {
            first = *start;
            is_found = true;
        }
    }
    return first;
}
