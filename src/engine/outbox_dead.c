/* Dead letters: the original record, with what it came from and why it ended here. */
#include "codec/records.h"
#include "engine/lane_state.h"

static void add_header(struct record_header *headers, uint32_t *count, const char *name,
                       struct text value)
{
    headers[(*count)++] = (struct record_header){text_of(name), value};
}

static uint32_t copy_headers(struct lane *lane, const struct inbox_record *inbox,
                             struct record_header *headers)
{
    for (uint32_t i = 0; i < inbox->header_count; i++) {
        headers[i].name = lane_keep(lane, inbox->headers[i].name);
        headers[i].value = lane_keep(lane, inbox->headers[i].value);
    }
    return inbox->header_count;
}

/* The value as it came: what was decoded by a schema is carried beside it. */
static struct text original_value(const struct inbox_record *inbox, const struct record *record)
{
    for (uint32_t i = 0; i < record->header_count; i++) {
        if (text_is(record->headers[i].name, ORIGINAL_HEADER)) {
            return record->headers[i].value;
        }
    }
    return inbox->value;
}

/* The original key and value untouched, what they came from and why they ended here in headers. */
void outbox_dead_letter(struct lane *lane, const struct partition *partition,
                        const struct inbox_record *inbox, const struct record *record,
                        const char *reason)
{
    lane->tally.dead_letters++;
    uint32_t carried = inbox == NULL ? 0 : inbox->header_count;
    struct record_header *headers = arena_array(&lane->arena, carried + 10, sizeof *headers);
    struct outgoing *letter = outbox_add(lane, lane->names.dlq, PARTITION_BY_KEY);
    uint32_t count = 0;

    if (inbox == NULL) {
        /* Not even an inbox record: keep it as it is. */
        letter->key = lane_keep(lane, record->key);
        letter->value = lane_keep(lane, record->value);
    } else {
        letter->key = lane_keep(lane, inbox->source_key);
        letter->value = lane_keep(lane, original_value(inbox, record));
        count = copy_headers(lane, inbox, headers);
        add_header(headers, &count, "baton-dlq-topic", lane_keep(lane, inbox->topic));
        add_header(headers, &count, "baton-dlq-partition",
                   arena_printf(&lane->arena, "%d", inbox->partition));
        add_header(headers, &count, "baton-dlq-offset",
                   arena_printf(&lane->arena, "%lld", (long long)inbox->offset));
        add_header(headers, &count, "baton-dlq-timestamp",
                   arena_printf(&lane->arena, "%lld", (long long)inbox->timestamp_ms));
        add_header(headers, &count, "baton-dlq-route", lane_keep(lane, inbox->route));
        add_header(headers, &count, "baton-dlq-flow", lane_keep(lane, inbox->flow));
        if (inbox->key.bytes > 0) {
            add_header(headers, &count, "baton-dlq-key", lane_keep(lane, inbox->key));
        }
    }
    add_header(headers, &count, "baton-dlq-reason", arena_text(&lane->arena, text_of(reason)));
    add_header(headers, &count, "baton-dlq-inbox",
               arena_printf(&lane->arena, "%d/%lld", partition->number, (long long)record->offset));
    letter->headers = headers;
    letter->header_count = count;
}
