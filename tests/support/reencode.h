/*
 * reencode - decode bytes as one of the internal records and encode what was read. There is one
 * encoding of a record, so what is not refused must come out as it went in.
 */
#ifndef BATON_TESTS_SUPPORT_REENCODE_H
#define BATON_TESTS_SUPPORT_REENCODE_H

#include "codec/records.h"

struct reencoder {
    const char *name; /* Of the schema. */
    enum status (*again)(struct text bytes, struct arena *arena, struct buffer *out,
                         struct error *err);
};

static inline enum status reencode_inbox(struct text bytes, struct arena *arena, struct buffer *out,
                                         struct error *err)
{
    struct inbox_record record;
    enum status status = inbox_decode(bytes, arena, &record, err);

    if (status == STATUS_OK) {
        inbox_encode(&record, out);
    }
    return status;
}

static inline enum status reencode_history(struct text bytes, struct arena *arena,
                                           struct buffer *out, struct error *err)
{
    struct history_record record;
    enum status status = history_decode(bytes, arena, &record, err);

    if (status == STATUS_OK) {
        history_encode(&record, out);
    }
    return status;
}

static inline enum status reencode_snapshot(struct text bytes, struct arena *arena,
                                            struct buffer *out, struct error *err)
{
    struct snapshot_record record;
    enum status status = snapshot_decode(bytes, arena, &record, err);

    if (status == STATUS_OK) {
        snapshot_encode(&record, out);
    }
    return status;
}

static inline enum status reencode_checkpoint(struct text bytes, struct arena *arena,
                                              struct buffer *out, struct error *err)
{
    struct checkpoint_record record;
    enum status status = checkpoint_decode(bytes, arena, &record, err);

    if (status == STATUS_OK) {
        checkpoint_encode(&record, out);
    }
    return status;
}

static inline enum status reencode_definition(struct text bytes, struct arena *arena,
                                              struct buffer *out, struct error *err)
{
    struct text definition, name;
    int32_t version;
    enum status status = definition_decode(bytes, arena, &definition, &name, &version, err);

    if (status == STATUS_OK) {
        definition_encode(definition, name, version, out);
    }
    return status;
}

static inline enum status reencode_flow(struct text bytes, struct arena *arena, struct buffer *out,
                                        struct error *err)
{
    struct flow_state state;
    enum status status = flow_state_decode(bytes, arena, &state, err);

    if (status == STATUS_OK) {
        flow_state_encode(&state, out);
    }
    return status;
}

static inline enum status reencode_config(struct text bytes, struct arena *arena,
                                          struct buffer *out, struct error *err)
{
    int32_t partitions;
    enum status status = estate_config_decode(bytes, &partitions, err);

    (void)arena;
    if (status == STATUS_OK) {
        estate_config_encode(partitions, out);
    }
    return status;
}

static inline enum status reencode_alert(struct text bytes, struct arena *arena, struct buffer *out,
                                         struct error *err)
{
    struct alert_record record;
    enum status status = alert_decode(bytes, arena, &record, err);

    if (status == STATUS_OK) {
        alert_encode(&record, out);
    }
    return status;
}

static const struct reencoder reencoders[] = {
    {"inbox", reencode_inbox},           {"history", reencode_history},
    {"snapshot", reencode_snapshot},     {"checkpoint", reencode_checkpoint},
    {"definition", reencode_definition}, {"flow", reencode_flow},
    {"config", reencode_config},         {"alert", reencode_alert},
};
#define REENCODER_COUNT (sizeof(reencoders) / sizeof(reencoders[0]))
#define REENCODER_HISTORY 1

#endif
