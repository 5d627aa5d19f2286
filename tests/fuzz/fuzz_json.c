/* links: baton_json */
/*
 * What json_parse() takes, json_write() gives back so that it is taken again as the same value; and
 * canonical texts are equal then.
 */
#include <stdint.h>

#include "base/check.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct buffer written = {0}, canonical = {0}, again = {0};
    struct json *value = NULL, *copy = NULL;
    struct error err;

    if (json_parse((struct text){(const char *)data, bytes}, &value, &err) != STATUS_OK) {
        return 0;
    }
    json_write(value, &written);
    json_write_canonical(value, &canonical);
    CHECK(json_parse(buffer_text(&written), &copy, &err) == STATUS_OK);
    json_write_canonical(copy, &again);
    CHECK(text_equal(buffer_text(&canonical), buffer_text(&again)));
    json_free(copy);
    json_free(value);
    buffer_release(&written);
    buffer_release(&canonical);
    buffer_release(&again);
    return 0;
}
