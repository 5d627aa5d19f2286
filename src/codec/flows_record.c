#include <string.h>

#include "codec/records.h"
#include "codec/wire.h"

#define START_BYTES_MIN 6 /* Two empty texts and four numbers. */

void definition_encode(struct text definition, struct text name, int32_t version,
                       struct buffer *out)
{
    wire_put_text(out, name);
    wire_put_long(out, version);
    wire_put_text(out, definition);
}

enum status definition_decode(struct text bytes, struct arena *arena, struct text *definition,
                              struct text *name, int32_t *version, struct error *err)
{
    struct wire_reader in = wire_open(arena_text(arena, bytes));

    *name = wire_take_text(&in, "name");
    *version = wire_take_int(&in, "version");
    *definition = wire_take_text(&in, "definition");
    return wire_finish(&in, "definition", err);
}

void flow_state_encode(const struct flow_state *state, struct buffer *out)
{
    wire_put_text(out, state->name);
    wire_put_text(out, state->active);
    wire_put_long(out, state->version);
    wire_put_array(out, state->start_count);
    for (uint32_t i = 0; i < state->start_count; i++) {
        const struct start_offset *start = &state->starts[i];

        wire_put_text(out, start->topic);
        wire_put_long(out, start->topic_generation);
        wire_put_text(
            out, (struct text){start->topic_id, strnlen(start->topic_id, sizeof(start->topic_id))});
        wire_put_long(out, start->partition);
        wire_put_long(out, start->offset);
        wire_put_long(out, start->revision);
    }
    wire_put_array_end(out);
    wire_put_long(out, state->percent);
    wire_put_text(out, state->former);
    wire_put_long(out, state->former_version);
}

static void take_topic_id(struct wire_reader *in, struct start_offset *start)
{
    struct text id = wire_take_text(in, "starts.topicId");

    if (id.bytes >= sizeof(start->topic_id) || memchr(id.data, '\0', id.bytes) != NULL) {
        wire_refuse(in, "starts.topicId", "no topic id");
        return;
    }
    memcpy(start->topic_id, id.data, id.bytes);
}

enum status flow_state_decode(struct text bytes, struct arena *arena, struct flow_state *state,
                              struct error *err)
{
    struct wire_reader in = wire_open(arena_text(arena, bytes));
    struct start_offset *starts;

    *state = (struct flow_state){0};
    state->name = wire_take_text(&in, "name");
    state->active = wire_take_text(&in, "active");
    state->version = wire_take_int(&in, "version");
    state->start_count = wire_take_array(&in, "starts", START_BYTES_MIN);
    starts = arena_array(arena, state->start_count, sizeof(*starts));
    for (uint32_t i = 0; i < state->start_count && wire_is_good(&in); i++) {
        starts[i].topic = wire_take_text(&in, "starts.topic");
        starts[i].topic_generation = wire_take_int(&in, "starts.topicGeneration");
        take_topic_id(&in, &starts[i]);
        starts[i].partition = wire_take_int(&in, "starts.partition");
        starts[i].offset = wire_take_long(&in, "starts.offset");
        starts[i].revision = wire_take_long(&in, "starts.revision");
    }
    wire_take_array_end(&in, "starts", state->start_count);
    state->starts = starts;
    state->percent = wire_take_int(&in, "percent");
    state->former = wire_take_text(&in, "former");
    state->former_version = wire_take_int(&in, "formerVersion");
    return wire_finish(&in, "flow", err);
}

void estate_config_encode(int32_t partitions, struct buffer *out)
{
    wire_put_long(out, partitions);
}

enum status estate_config_decode(struct text bytes, int32_t *partitions, struct error *err)
{
    struct wire_reader in = wire_open(bytes);

    *partitions = wire_take_int(&in, "partitions");
    if (*partitions < 1) {
        wire_refuse(&in, "partitions", "below 1");
    }
    return wire_finish(&in, "config", err);
}
