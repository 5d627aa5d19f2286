/* Values that come one by one, kept by hundreds, so that one more changes little of the state. */
#include "core/waiting.h"

#define CHUNK_ITEMS 100u

void chunks_put(struct json **chunks, uint32_t index, struct json *value)
{
    char outer[INTEGER_TEXT_BYTES];
    char inner[INTEGER_TEXT_BYTES];
    struct text name = text_unsigned(index / CHUNK_ITEMS, outer);
    struct json *all = *chunks == NULL ? json_object() : json_open_copy(*chunks);
    const struct json *old = json_get(all, name);
    struct json *chunk = old == NULL ? json_object() : json_open_copy(old);

    json_put(chunk, text_unsigned(index % CHUNK_ITEMS, inner), value);
    json_put(all, name, chunk);
    json_free(*chunks);
    *chunks = all;
}

struct json *chunks_list(const struct json *chunks, uint32_t count)
{
    struct json *list = json_array();
    char digits[INTEGER_TEXT_BYTES];

    for (uint32_t i = 0; i < count; i++) {
        const struct json *chunk = json_get(chunks, text_unsigned(i / CHUNK_ITEMS, digits));
        const struct json *value = json_get(chunk, text_unsigned(i % CHUNK_ITEMS, digits));

        if (value != NULL) {
            json_push(list, json_copy(value));
        }
    }
    return list;
}
