/*
 * cloudevent - CloudEvents 1.0 on Kafka (the Kafka protocol binding, version 1.0.2, and the JSON event
 * format). In binary mode the attributes are headers `ce_<name>` and the value is the data: nothing
 * has to be opened. In structured mode the value is the whole event, and the header `content-type`
 * says so; cloudevent_open() makes of it what binary mode would have been.
 */
#ifndef BATON_CODEC_CLOUDEVENT_H
#define BATON_CODEC_CLOUDEVENT_H

#include "base/arena.h"
#include "base/status.h"
#include "model/event.h"
#include "model/flow.h"

#define CLOUDEVENT_CONTENT_TYPE "content-type"

struct cloudevent {
    struct inbox_header *attributes; /* "ce_id", ...; also ce_datacontenttype. In the arena. */
    uint32_t attribute_count;
    struct text data; /* The payload's bytes. Never a tombstone: data is not NULL. */
};

/* True of the media type of an event in structured mode, whatever its format, or of a batch. */
bool cloudevent_is_structured(struct text content_type);

/*
 * Open the event in `value`. Its data become the bytes of a payload of `format`: JSON is written as it
 * is (none: `null`), a text is its own bytes to the other formats, data_base64 is decoded.
 * STATUS_REJECT: it is no event in JSON with specversion 1.0, id, source and type; err says why.
 */
MUST_CHECK enum status cloudevent_open(struct text value, struct text content_type,
                                       enum format format, struct arena *arena,
                                       struct cloudevent *event, struct error *err);

/* The media type of a payload of `format`. */
struct text cloudevent_data_type(enum format format);

#endif
