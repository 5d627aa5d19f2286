#include "codec/cloudevent.h"

#include <strings.h>

#include "codec/base64.h"
#include "codec/payload.h"
#include "json/json.h"

#define MEDIA_TYPE "application/cloudevents"
#define JSON_EVENT MEDIA_TYPE "+json"

/* Without parameters, as "; charset=utf-8". */
static struct text media_type(struct text content_type)
{
    size_t end = 0;

    while (end < content_type.bytes && content_type.data[end] != ';' &&
           content_type.data[end] != ' ') {
        end++;
    }
    return text_sub(content_type, 0, end);
}

bool cloudevent_is_structured(struct text content_type)
{
    return content_type.bytes >= sizeof MEDIA_TYPE - 1 &&
           strncasecmp(content_type.data, MEDIA_TYPE, sizeof MEDIA_TYPE - 1) == 0;
}

struct text cloudevent_data_type(enum format format)
{
    switch (format) {
    case FORMAT_JSON:
        return TEXT("application/json");
    case FORMAT_AVRO:
        return TEXT("application/avro");
    case FORMAT_STRING:
        return TEXT("text/plain; charset=utf-8");
    case FORMAT_BYTES:
        return TEXT("application/octet-stream");
    }
    CHECK(!"unknown format");
    return TEXT("");
}

static enum status check_required(const struct json *json, struct error *err)
{
    static const char *const names[] = {"id", "source", "type"};

    if (json_kind(json) != JSON_OBJECT) {
        return fail(err, STATUS_REJECT, "the CloudEvent is no object");
    }
    if (!text_is(json_member_text(json, "specversion"), "1.0")) {
        return fail(err, STATUS_REJECT, "the CloudEvent has no 'specversion' of \"1.0\"");
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (json_member_text(json, names[i]).bytes == 0) {
            return fail(err, STATUS_REJECT, "the CloudEvent has no '%s'", names[i]);
        }
    }
    return STATUS_OK;
}

static bool is_data(struct text name)
{
    return text_is(name, "data") || text_is(name, "data_base64");
}

static enum status add_attribute(struct cloudevent *event, struct text name,
                                 const struct json *value, struct arena *arena, struct error *err)
{
    struct buffer text = {0};

    if (json_kind(value) == JSON_NULL) {
        return STATUS_OK; /* As if it were not there. */
    }
    if (!json_scalar_text(value, &text)) {
        buffer_release(&text);
        return fail(err, STATUS_REJECT,
                    "attribute '%.*s' of the CloudEvent is no text, number or boolean",
                    TEXT_ARG(name));
    }
    event->attributes[event->attribute_count++] = (struct inbox_header){
        .name = arena_printf(arena, "ce_%.*s", TEXT_ARG(name)),
        .value = arena_text(arena, buffer_text(&text))};
    buffer_release(&text);
    return STATUS_OK;
}

static enum status take_data(const struct json *json, enum format format, struct arena *arena,
                             struct text *data, struct error *err)
{
    const struct json *plain = json_member(json, "data");
    const struct json *coded = json_member(json, "data_base64");
    struct buffer bytes = {0};
    enum status status = STATUS_OK;

    if (plain != NULL && coded != NULL) {
        return fail(err, STATUS_REJECT, "the CloudEvent has both 'data' and 'data_base64'");
    }
    if (coded != NULL) {
        status = payload_encode(coded, FORMAT_BYTES, &bytes, err);
    } else if (plain != NULL && format != FORMAT_JSON && json_kind(plain) == JSON_TEXT) {
        buffer_add_text(&bytes, json_text_of(plain));
    } else if (plain != NULL) {
        json_write(plain, &bytes);
    } else if (format == FORMAT_JSON) {
        buffer_add_text(&bytes, TEXT("null"));
    }
    *data = status == STATUS_OK && bytes.bytes > 0 ? arena_text(arena, buffer_text(&bytes))
                                                   : TEXT("");
    buffer_release(&bytes);
    return status;
}

static enum status take(const struct json *json, enum format format, struct arena *arena,
                        struct cloudevent *event, struct error *err)
{
    struct json_cursor cursor = {0};
    enum status status = check_required(json, err);
    const struct json *value;
    struct text name;

    if (status != STATUS_OK) {
        return status;
    }
    event->attributes = arena_array(arena, json_count(json), sizeof *event->attributes);
    while (status == STATUS_OK && json_next(json, &cursor, &name, &value)) {
        status = is_data(name) ? STATUS_OK : add_attribute(event, name, value, arena, err);
    }
    return status == STATUS_OK ? take_data(json, format, arena, &event->data, err) : status;
}

enum status cloudevent_open(struct text value, struct text content_type, enum format format,
                            struct arena *arena, struct cloudevent *event, struct error *err)
{
    struct text type = media_type(content_type);
    struct json *json = NULL;
    enum status status;

    *event = (struct cloudevent){.data = TEXT("")};
    if (type.bytes != sizeof JSON_EVENT - 1 ||
        strncasecmp(type.data, JSON_EVENT, sizeof JSON_EVENT - 1) != 0) {
        return fail(err, STATUS_REJECT,
                    "content-type '%.*s': of CloudEvents in structured mode only " JSON_EVENT
                    " is read",
                    TEXT_ARG(type));
    }
    status = payload_decode(value, FORMAT_JSON, &json, err);
    if (status == STATUS_OK) {
        status = take(json, format, arena, event, err);
    }
    json_free(json);
    return status;
}
