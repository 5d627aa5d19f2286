#include "sim/sim_reply.h"

#include <stdlib.h>

void sim_reply_release(struct sim_reply *reply)
{
    json_free(reply->value);
    json_free(reply->headers);
}

struct sim_reply sim_reply_copy(const struct sim_reply *reply)
{
    return (struct sim_reply){json_copy(reply->value), json_copy(reply->headers)};
}

struct record_header *sim_reply_headers(const struct sim_reply *reply, uint32_t *count)
{
    struct record_header *list = calloc(1 + json_count(reply->headers), sizeof(*list));
    struct json_cursor cursor = {.started = false};
    const struct json *value;
    struct text name;

    CHECK(list != NULL);
    for (*count = 0; json_next(reply->headers, &cursor, &name, &value); (*count)++) {
        list[*count] = (struct record_header){name, json_text_of(value)};
    }
    return list;
}
