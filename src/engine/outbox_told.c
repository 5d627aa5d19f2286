/* What one instance tells another: a record in its inbox. */
#include "base/hash.h"
#include "codec/records.h"
#include "engine/lane_state.h"

/* Into the inbox of an instance, in the transaction of this transition: so it comes exactly once. */
void outbox_told(struct lane *lane, const struct decision *decision, const struct effect *effect,
                 const struct instance *after)
{
    char run[RUN_ID_BYTES] = "";
    const struct text parts[] = {effect->flow, TEXT(":"), effect->key};
    struct text name = arena_join(&lane->arena, parts, sizeof parts / sizeof parts[0]);
    struct record_header *header = arena_alloc(&lane->arena, sizeof *header);
    struct inbox_record inbox = {.kind = INBOX_TOLD,
                                 .flow = effect->flow,
                                 .key = effect->key,
                                 .revision = flow_registry_revision(lane->registry),
                                 .timestamp_ms = lane->now_ms,
                                 .format = FORMAT_JSON,
                                 .type = effect->type,
                                 .actor = decision->name};

    if (after != NULL) {
        run_id_format(after->run, run);
        inbox.id = arena_printf(&lane->arena, "%s/%lld", run, (long long)after->seq);
    }
    buffer_clear(&lane->scratch);
    json_write(effect->value, &lane->scratch);
    inbox.value = lane_keep(lane, buffer_text(&lane->scratch));
    buffer_clear(&lane->scratch);
    inbox_encode(&inbox, &lane->scratch);
    struct outgoing *record = outbox_add(lane, lane->names.inbox,
                                         kafka_partition(name, lane->partition_max));
    *header = (struct record_header){TEXT("baton-schema"), schema_fingerprint("inbox")};
    record->key = name;
    record->value = lane_keep(lane, buffer_text(&lane->scratch));
    record->headers = header;
    record->header_count = 1;
}
