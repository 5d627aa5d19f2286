/* links: baton_codec */
/*
 * A content type and a value, parted by the first newline: whatever they are is refused, or gives an
 * event whose attributes are texts and whose data of format json parse.
 */
#include <stdint.h>

#include "codec/cloudevent.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static bool has(const struct cloudevent *event, const char *name)
{
    for (uint32_t i = 0; i < event->attribute_count; i++) {
        if (text_is(event->attributes[i].name, name)) {
            return event->attributes[i].value.bytes > 0;
        }
    }
    return false;
}

static void check_data(const struct cloudevent *event, struct text value)
{
    struct json *json = NULL;
    struct error err;

    CHECK(event->data.data != NULL);
    /* No data_base64, however it is written. */
    if (text_find(value, '_') == SIZE_MAX && text_find(value, '\\') == SIZE_MAX) {
        CHECK(json_parse(event->data, &json, &err) == STATUS_OK);
    }
    json_free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static const enum format formats[] = {FORMAT_JSON, FORMAT_AVRO, FORMAT_STRING, FORMAT_BYTES};
    struct text all = {(const char *)data, bytes};
    size_t end = bytes == 0 ? SIZE_MAX : text_find(all, '\n');
    struct text type = end == SIZE_MAX ? TEXT("application/cloudevents+json")
                                       : text_sub(all, 0, end);
    struct text value = end == SIZE_MAX ? all : text_sub(all, end + 1, bytes);
    struct arena arena = {0};
    struct cloudevent event;
    struct error err;

    (void)cloudevent_is_structured(type);
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (cloudevent_open(value, type, formats[i], &arena, &event, &err) != STATUS_OK) {
            continue;
        }
        CHECK(has(&event, "ce_specversion") && has(&event, "ce_id") && has(&event, "ce_source") &&
              has(&event, "ce_type"));
        if (formats[i] == FORMAT_JSON) {
            check_data(&event, value);
        }
    }
    arena_release(&arena);
    return 0;
}
