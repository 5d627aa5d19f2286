/*
 * router_parcel - one source record on its way through the routes. Used by router_forward.c (which
 * routes take it), router_view.c (what their rules see of it) and router_send.c (what the inbox gets).
 */
#ifndef BATON_ENGINE_ROUTER_PARCEL_H
#define BATON_ENGINE_ROUTER_PARCEL_H

#include "core/correlate.h"
#include "engine/router_state.h"

/* A record on its way. */
struct parcel {
    struct router *router;
    const struct record *record;   /* As the route at hand sees it: as it came, */
    const struct record *original; /* or with the event in it opened. */
    struct record event;
    enum format event_format;
    bool is_event; /* A CloudEvent in structured mode. */
    const struct route_source *source;
    const struct place *place;
    struct inbox_header *headers;
    uint32_t header_count;
    struct json *header_object; /* Of all headers, for rules; NULL: not needed yet. */
    struct json *payload;       /* Decoded as `format`; NULL: not yet, or it cannot be. */
    enum format format;
    bool is_decoded;
    struct text avro_text; /* The payload as JSON, of a record of format avro; data NULL: none. */
    struct command_id *commands; /* By reply header of the source. */
    bool *is_ours;
    bool *is_sent; /* By route. */

    struct text flow_key; /* Of the flow at hand: the key of what was sent to it last, */
    bool flow_sent;       /* if something was; */
    struct text unkeyed;  /* why a rule found no key; data NULL: none failed. */
    const struct route *unkeyed_route;

    bool is_dead;
    enum inbox_kind dead_kind;
    const struct route *dead_route;
    struct text dead_reason;
    bool is_bare; /* Not even key and headers can be carried. */

    uint32_t sent;
    uint32_t foreign;
    uint32_t tombstones;
};

/* router_send.c */

/* What all inbox records of it have in common. */
struct inbox_record parcel_inbox(struct parcel *parcel, const struct route *route);
/* REJECT: the inbox does not take it; nothing was sent. `key` may have data NULL. */
enum status parcel_send(struct parcel *parcel, const struct inbox_record *inbox, struct text key,
                        int32_t partition, struct error *err);
/* One for the record, whatever the number of flows; its dead_... fields are set. */
enum status parcel_send_dead(struct parcel *parcel, struct error *err);

/* router_view.c */

/* The last header of that name; empty if there is none, it is null, or not UTF-8. */
struct text parcel_header(const struct parcel *parcel, struct text name);
/* All headers, as an object. */
const struct json *parcel_headers(struct parcel *parcel);
/* NULL: it is not of this format; the reason is set. Flows may read one topic differently. */
const struct json *parcel_payload(struct parcel *parcel, enum format format, struct text *reason);
/* Decode a record of format avro, once. RETRY: its schema is not there; REJECT: it is none. Then
 * parcel_payload() gives it, and avro_text. */
enum status parcel_decode_avro(struct parcel *parcel, struct error *err);
/* The text that a locator finds; empty when it finds nothing. */
struct text parcel_locate(struct parcel *parcel, const struct locator *locator, enum format format);
/* Read the command ids in the reply headers of the source. */
void parcel_find_commands(struct parcel *parcel);
/* See the record as a route of `format` does that reads CloudEvents, or as it came. STATUS_REJECT: it
 * is a broken event; the record is seen as it came. */
enum status parcel_see_event(struct parcel *parcel, enum format format, struct error *err);
void parcel_see_original(struct parcel *parcel);
/* Bytes of key and headers. */
size_t parcel_envelope_bytes(const struct parcel *parcel);

#endif
