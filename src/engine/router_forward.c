/*
 * A batch of records of the estate, forwarded to the inbox: for each the routes that take it, its
 * key, its place. No allocation per record but from the batch's arena.
 */
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "codec/cloudevent.h"
#include "engine/router_parcel.h"

static void set_dead(struct parcel *parcel, enum inbox_kind kind, const struct route *route,
                     struct text reason)
{
    if (!parcel->is_dead) {
        parcel->is_dead = true;
        parcel->dead_kind = kind;
        parcel->dead_route = route;
        parcel->dead_reason = reason;
    }
}

/* ---- one route ---- */

/* "<flow>:<key>", or of an internal instance "<inner>:<prefix><key>", in the arena. */
static struct text instance_name(struct router *router, struct text flow, struct text prefix,
                                 struct text key)
{
    const struct text parts[] = {flow, TEXT(":"), prefix, key};

    return arena_join(&router->arena, parts, sizeof parts / sizeof parts[0]);
}

static enum status deliver(struct parcel *parcel, const struct route *route,
                           struct inbox_record *inbox, struct text key, struct error *err)
{
    struct router *router = parcel->router;
    bool is_inner = route->inner.bytes > 0;
    struct text name;
    enum status status;

    inbox->flow = is_inner ? route->inner : route->flow;
    name = instance_name(router, inbox->flow, is_inner ? route->prefix : TEXT(""), key);
    inbox->key = text_sub(name, inbox->flow.bytes + 1, name.bytes);
    inbox->type = parcel_locate(parcel, route->type, route->format);
    if (route->id != NULL) {
        inbox->id = parcel_locate(parcel, route->id, route->format);
    }
    if (route->format == FORMAT_AVRO) {
        /* Who decides is given what was decoded: whether it is decided now or again, it needs no
         * registry. */
        inbox->format = FORMAT_JSON;
        inbox->value = parcel->avro_text;
    }
    status = parcel_send(parcel, inbox, name, kafka_partition(name, router->partitions), err);
    if (status == STATUS_REJECT) {
        /* Larger than the inbox takes, although within our own bound. */
        parcel->is_bare = true;
        set_dead(parcel, INBOX_OVERSIZE, route,
                 arena_text(&router->arena, text_of(err == NULL ? "refused" : err->text)));
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    parcel->is_sent[route - parcel->source->routes] = true;
    parcel->sent++;
    if (!route->is_reply) {
        parcel->flow_sent = true;
        parcel->flow_key = is_inner ? parcel->flow_key : inbox->key;
    }
    return STATUS_OK;
}

static bool is_oversize(const struct parcel *parcel)
{
    return parcel->original->value.bytes > PAYLOAD_BYTES_MAX || parcel->is_bare;
}

static void refuse_size(struct parcel *parcel, const struct route *route)
{
    set_dead(parcel, INBOX_OVERSIZE, route,
             parcel->is_bare
                 ? arena_printf(&parcel->router->arena, "key and headers have more than %d bytes",
                                PAYLOAD_BYTES_MAX)
                 : arena_printf(&parcel->router->arena, "the value has %zu bytes, the most is %d",
                                parcel->original->value.bytes, PAYLOAD_BYTES_MAX));
}

/* What its schema says has to be known before it is sent. STALE: it is not, yet; the partition has to
 * wait. REJECT: it is dead. */
static enum status read_avro(struct parcel *parcel, const struct route *route, struct error *err)
{
    struct error why;
    enum status status = route->format == FORMAT_AVRO ? parcel_decode_avro(parcel, &why)
                                                      : STATUS_OK;

    if (status == STATUS_REJECT) {
        set_dead(parcel, INBOX_POISON, route,
                 arena_text(&parcel->router->arena, text_of(why.text)));
    }
    return status == STATUS_RETRY ? fail(err, STATUS_STALE, "%s", why.text) : status;
}

/* A reply that names the command it answers: it is for the one flow in that name, or for another
 * app. Nothing of it has to be decoded; that is the lane's. */
static enum status route_by_command(struct parcel *parcel, const struct route *route,
                                    struct error *err)
{
    const struct command_id *command = &parcel->commands[route->header];
    struct inbox_record inbox;
    enum status status;

    if (!parcel->is_ours[route->header]) {
        parcel->foreign++;
        return STATUS_OK;
    }
    if (!text_equal(command->flow, route->flow)) {
        return STATUS_OK;
    }
    if (is_oversize(parcel)) {
        refuse_size(parcel, route);
        return STATUS_OK;
    }
    status = read_avro(parcel, route, err);
    if (status != STATUS_OK) {
        return status == STATUS_REJECT ? STATUS_OK : status;
    }
    inbox = parcel_inbox(parcel, route);
    inbox.kind = INBOX_REPLY;
    inbox.command = parcel_header(parcel, parcel->source->reply_headers[route->header]);
    return deliver(parcel, route, &inbox, command->key, err);
}

static enum status route_by_key(struct parcel *parcel, const struct route *route, struct error *err)
{
    struct router *router = parcel->router;
    struct inbox_record inbox;
    struct record_view view = {.key = parcel->record->key};
    struct text reason = {0};
    struct text key;
    struct error why;
    enum status status;

    if (is_oversize(parcel)) {
        refuse_size(parcel, route);
        return STATUS_OK;
    }
    status = read_avro(parcel, route, err);
    if (status != STATUS_OK) {
        return status == STATUS_REJECT ? STATUS_OK : status;
    }
    view.payload = parcel_payload(parcel, route->format, &reason);
    if (view.payload == NULL) {
        set_dead(parcel, INBOX_POISON, route, reason);
        return STATUS_OK;
    }
    view.headers = route->key_needs_headers ? parcel_headers(parcel) : NULL;
    buffer_clear(&router->key);
    if (route->key == NULL) {
        buffer_add_integer(&router->key, parcel->record->partition);
    } else if (correlate_key(route->key, &view, &router->key, &why) != STATUS_OK) {
        if (route->is_reply) {
            parcel->foreign++;
        } else if (parcel->unkeyed.data == NULL) {
            parcel->unkeyed = arena_printf(&router->arena, "flow '%.*s': %s", TEXT_ARG(route->flow),
                                           why.text);
            parcel->unkeyed_route = route;
        }
        return STATUS_OK;
    }
    key = buffer_text(&router->key);
    /* Two rules of a flow may find the same instance; it gets the record once. */
    if (!route->is_reply && route->inner.bytes == 0 && text_equal(parcel->flow_key, key)) {
        return STATUS_OK;
    }
    inbox = parcel_inbox(parcel, route);
    inbox.kind = route->is_reply ? INBOX_REPLY : INBOX_MESSAGE;
    return deliver(parcel, route, &inbox, key, err);
}

/* One source record makes at most one inbox record a route, also when versions of a flow have
 * several rules for it. */
static bool has_taken(const struct parcel *parcel, const struct route *route)
{
    for (const struct route *other = parcel->source->routes; other < route; other++) {
        if (parcel->is_sent[other - parcel->source->routes] &&
            text_equal(other->name, route->name)) {
            return true;
        }
    }
    return false;
}

static enum status route_one(struct parcel *parcel, const struct route *route, struct error *err)
{
    size_t index = (size_t)(route - parcel->source->routes);

    struct error why;

    if (parcel->record->offset < parcel->place->from[index] || has_taken(parcel, route)) {
        return STATUS_OK;
    }
    if (!route->cloudevents || is_oversize(parcel)) {
        parcel_see_original(parcel);
    } else if (parcel_see_event(parcel, route->format, &why) != STATUS_OK) {
        set_dead(parcel, INBOX_POISON, route,
                 arena_text(&parcel->router->arena, text_of(why.text)));
        return STATUS_OK;
    }
    if (parcel->record->value.data == NULL && !route->tombstones) {
        parcel->tombstones++;
        return STATUS_OK;
    }
    return route->by_header ? route_by_command(parcel, route, err)
                            : route_by_key(parcel, route, err);
}

/* ---- one record ---- */

/* The routes of one flow are done. If no rule of it found a key, the record is unkeyed to it. */
static void end_flow(struct parcel *parcel)
{
    if (parcel->unkeyed.data != NULL && !parcel->flow_sent) {
        set_dead(parcel, INBOX_UNKEYED, parcel->unkeyed_route, parcel->unkeyed);
    }
    parcel->unkeyed = (struct text){0};
    parcel->flow_sent = false;
    parcel->flow_key = TEXT("");
}

static enum status route_all(struct parcel *parcel, struct error *err)
{
    const struct route_source *source = parcel->source;
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < source->route_count && status == STATUS_OK; i++) {
        if (i > 0 && !text_equal(source->routes[i].flow, source->routes[i - 1].flow)) {
            end_flow(parcel);
        }
        status = route_one(parcel, &source->routes[i], err);
    }
    end_flow(parcel);
    return status;
}

static void count_record(struct parcel *parcel)
{
    struct router_stats *stats = parcel->router->stats;

    stat_add(&stats->read, 1);
    stat_add(&stats->forwarded, parcel->sent);
    stat_add(&stats->matched, parcel->sent > 0 && !parcel->is_dead);
    if (parcel->is_dead) {
        stat_add(parcel->dead_kind == INBOX_POISON    ? &stats->poison
                 : parcel->dead_kind == INBOX_UNKEYED ? &stats->unkeyed
                                                      : &stats->oversize,
                 1);
    } else if (parcel->sent == 0) {
        stat_add(parcel->foreign > 0      ? &stats->foreign
                 : parcel->tombstones > 0 ? &stats->tombstones
                                          : &stats->unrouted,
                 1);
    }
}

/* The command id of a reply may be an attribute of an event; what is wrong with one is told by its
 * route. */
static void find_event(struct parcel *parcel)
{
    struct error unused;

    parcel->is_event = parcel->source->cloudevents && parcel->record->value.data != NULL &&
                       cloudevent_is_structured(
                           parcel_header(parcel, TEXT(CLOUDEVENT_CONTENT_TYPE)));
    if (parcel->is_event && !is_oversize(parcel)) {
        (void)!parcel_see_event(parcel, FORMAT_JSON, &unused);
    }
}

static enum status forward_one(struct router *router, const struct record *record,
                               const struct route_source *source, const struct place *place,
                               struct error *err)
{
    struct parcel parcel = {
        .router = router, .record = record, .original = record, .source = source, .place = place};
    enum status status;

    parcel.is_bare = parcel_envelope_bytes(&parcel) > PAYLOAD_BYTES_MAX;
    parcel.is_sent = arena_array(&router->arena, source->route_count, sizeof(bool));
    find_event(&parcel);
    parcel_find_commands(&parcel);
    status = route_all(&parcel, err);
    if (status == STATUS_OK && parcel.is_dead) {
        status = parcel_send_dead(&parcel, err);
    }
    json_free(parcel.payload);
    json_free(parcel.header_object);
    if (status == STATUS_OK) {
        count_record(&parcel);
    }
    return status;
}

enum status router_forward(struct router *router, struct error *err)
{
    const struct route_source *source = NULL;
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < router->record_count && status == STATUS_OK; i++) {
        const struct record *record = &router->records[i];
        struct place *place;

        if (source == NULL || !text_equal(source->topic, record->topic)) {
            source = route_table_find(router->table, record->topic);
        }
        place = source == NULL ? NULL : router_place(router, source, record->partition);
        if (place == NULL || record->offset < place->next || place->held_ms > 0) {
            continue; /* Not ours any more, given out before, or to be given out again. */
        }
        status = forward_one(router, record, source, place, err);
        if (status == STATUS_OK) {
            place->next = record->offset + 1;
        } else if (status == STATUS_STALE) {
            status = router_hold(router, source, record->partition, place, err);
        }
    }
    router_fault(router, "router-after-send");
    if (status == STATUS_OK) {
        status = router->forwarder.flush(router->forwarder.self, err);
    }
    if (status == STATUS_OK) {
        router_acked(router);
        router_fault(router, "router-after-flush");
    }
    if (status == STATUS_OK || status == STATUS_FATAL) {
        buffer_clear(&router->bytes);
        arena_reset(&router->arena);
        return status;
    }
    /* The session ends, and the forwarder with it; until then it may still borrow. */
    return STATUS_ABORT;
}
