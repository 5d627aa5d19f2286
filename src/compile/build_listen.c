/* What a listen of a definition waits for. */
#include "base/limits.h"
#include "compile/build.h"
#include "compile/grow.h"

static void add_awaited(struct builder *builder, const struct awaited *awaited)
{
    struct flow *flow = builder->flow;

    flow->awaited = grow(&flow->arena, flow->awaited, flow->awaited_count,
                         &builder->awaited_capacity, sizeof(struct awaited *));
    flow->awaited[flow->awaited_count++] = awaited;
}

static void add_signal(struct builder *builder, struct text name)
{
    struct flow *flow = builder->flow;

    for (uint32_t i = 0; i < flow->signal_count; i++) {
        if (text_equal(flow->signals[i], name)) {
            return;
        }
    }
    flow->signals = grow(&flow->arena, flow->signals, flow->signal_count, &builder->signal_capacity,
                         sizeof(*flow->signals));
    flow->signals[flow->signal_count++] = name;
}

static void build_identity(struct section *outer, const struct json *key, struct awaited *awaited)
{
    struct section section = section_open(outer->builder, key, outer->where);

    awaited->key = build_correlation(outer->builder, section_get(&section, "message"),
                                     outer->where);
    awaited->identity = section_expr(&section, "instance");
    if (awaited->identity == NULL) {
        build_refuse(outer->builder, outer->where, "a key by another identity has no 'instance'");
    }
    section_close(&section);
    outer->builder->flow->has_identities = true;
}

static bool same_rule(const struct correlation *a, const struct correlation *b)
{
    bool same = a->kind == b->kind && text_equal(a->header, b->header) &&
                (a->path == NULL) == (b->path == NULL) && a->part_count == b->part_count;

    if (same && a->path != NULL) {
        same = text_equal(expr_source(a->path), expr_source(b->path));
    }
    for (uint32_t i = 0; same && i < a->part_count; i++) {
        same = same_rule(&a->parts[i], &b->parts[i]);
    }
    return same;
}

/* A message is told to a run once, whichever of its steps listens for the value. */
static void join_route(const struct flow *flow, struct awaited *awaited)
{
    for (uint32_t i = 0; i < flow->awaited_count && awaited->identity != NULL; i++) {
        const struct awaited *other = flow->awaited[i];

        if (other->identity != NULL && other->topic == awaited->topic &&
            same_rule(&other->key, &awaited->key)) {
            awaited->route = other->route;
            return;
        }
    }
}

static void build_topic(struct section *section, struct awaited *awaited)
{
    struct builder *builder = section->builder;
    struct text topic = section_text(section, "topic");
    const struct json *key = section_get(section, "key");

    awaited->signal = section_text(section, "signal");
    awaited->type = section_text(section, "type");
    if (key != NULL && json_member(key, "message") != NULL) {
        build_identity(section, key, awaited);
    } else if (key != NULL) {
        awaited->key = build_correlation(builder, key, section->where);
    }
    if (awaited->signal.bytes > 0) {
        if (topic.bytes > 0 || awaited->type.bytes > 0 || key != NULL) {
            build_refuse(builder, section->where, "a signal has no topic, type or key");
        }
        add_signal(builder, awaited->signal);
        return;
    }
    awaited->topic = flow_find_topic(builder->flow, topic);
    if (awaited->topic == UINT32_MAX) {
        build_refuse(builder, section->where, "it listens to no topic that is described");
    } else if (!build_failed(builder)) {
        join_route(builder->flow, awaited);
        add_awaited(builder, awaited);
    }
}

/* The entries of `any` and `all`. */
static void build_items(struct section *outer, const struct json *list, struct text route,
                        struct listen *listen)
{
    struct builder *builder = outer->builder;

    if (json_kind(list) != JSON_ARRAY || json_count(list) == 0) {
        build_refuse(builder, outer->where, "it listens for nothing");
        return;
    }
    listen->item_count = (uint32_t)json_count(list);
    listen->items = arena_array(&builder->flow->arena, listen->item_count, sizeof(*listen->items));
    for (uint32_t i = 0; i < listen->item_count && !build_failed(builder); i++) {
        struct section section = section_open(builder, json_at(list, i), outer->where);
        struct awaited *awaited = &listen->items[i];

        awaited->as = section_need_text(&section, "as");
        awaited->when = section_expr(&section, "when");
        awaited->route = arena_printf(&builder->flow->arena, "%.*s.%.*s", TEXT_ARG(route),
                                      TEXT_ARG(awaited->as));
        build_topic(&section, awaited);
        section_close(&section);
        for (uint32_t k = 0; k < i; k++) {
            if (text_equal(listen->items[k].as, awaited->as)) {
                build_refuse(builder, outer->where, "two entries of one name");
            }
        }
    }
}

static void build_single(struct section *section, struct text route, struct listen *listen)
{
    struct awaited *awaited = arena_alloc(&section->builder->flow->arena, sizeof(*awaited));
    bool counts = json_member(section->json, "count") != NULL;

    *awaited = (struct awaited){.route = route, .when = section_expr(section, "when")};
    listen->items = awaited;
    listen->item_count = 1;
    build_topic(section, awaited);
    listen->count = counts ? (uint32_t)section_integer(section, "count", 1, LOOP_ITEMS_MAX)
                           : LOOP_ITEMS_MAX;
    listen->until = section_expr(section, "until");
    listen->kind = counts || listen->until != NULL ? LISTEN_MANY : LISTEN_ONE;
}

struct listen build_listen(struct builder *builder, const struct json *json, struct text where,
                           struct text route)
{
    struct section section = section_open(builder, json, where);
    const struct json *any = section_get(&section, "any");
    const struct json *all = section_get(&section, "all");
    struct listen listen = {.kind = any != NULL ? LISTEN_ANY : LISTEN_ALL};

    if (any != NULL && all != NULL) {
        build_refuse(builder, where, "'any' and 'all' in one listen");
    } else if (any != NULL || all != NULL) {
        build_items(&section, any != NULL ? any : all, route, &listen);
    } else {
        build_single(&section, route, &listen);
    }
    section_close(&section);
    return listen;
}
