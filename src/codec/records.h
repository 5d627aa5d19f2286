/*
 * records - what the internal topics hold, as structs, and their Avro bytes by schemas/. Key and
 * layout of each topic: docs/formats/topics.md. Decoded texts live in the arena given; user payload
 * stays the JSON text that it was.
 *
 * Every encode appends. Texts have to be UTF-8; what is not is written as U+FFFD (source key, header
 * values and value are bytes and stay as they are).
 * Every decode: STATUS_REJECT when the bytes are not such a record; err says what is wrong.
 */
#ifndef BATON_CODEC_RECORDS_H
#define BATON_CODEC_RECORDS_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/status.h"
#include "crypto/digest.h"
#include "model/event.h"

/* ---- inbox: key is the instance's name ---- */

enum inbox_kind {
    INBOX_MESSAGE,
    INBOX_REPLY,
    INBOX_OPERATOR,
    INBOX_POISON,   /* Undecodable: to the dead letters. */
    INBOX_UNKEYED,  /* No key could be found: to the dead letters. */
    INBOX_OVERSIZE, /* A stub: the value was too large to carry. */
    INBOX_TOLD,     /* From another instance, or a person who starts one; `type` says what. */
};

struct inbox_record {
    enum inbox_kind kind;
    struct text route; /* "<flow>", "<flow>/<step>", "<flow>@<service>"; operator, told: "". */
    struct text flow;
    struct text key;   /* Business key; empty for POISON, UNKEYED. */
    int64_t revision;  /* Of baton.flows that the router had read. */
    struct text topic; /* Source: name on the broker. */
    int32_t topic_generation;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms;
    struct text source_key; /* data NULL: none. */
    const struct inbox_header *headers;
    uint32_t header_count;
    struct text value; /* Original bytes; data NULL: tombstone (or OVERSIZE). */
    enum format format;
    struct text type;
    struct text id;      /* The producer's id, if the topic has a rule. */
    struct text service; /* REPLY. */
    struct text command; /* REPLY by header: the command id; else empty. */
    struct text reason;  /* POISON, UNKEYED, OVERSIZE: why. OPERATOR: the operator's. */
    struct text actor;   /* OPERATOR: who. TOLD: the instance that tells. */
    int32_t verb;        /* OPERATOR: enum operator_verb. */
    uint32_t activation; /* OPERATOR: the target. */
};

/* A header of the inbox record, beside its schema's: the source's value as it was, when `value` is what
 * was decoded of it (format avro). Only a dead letter needs it. */
#define ORIGINAL_HEADER "baton-value"

/* Comes from a topic of the estate, so that repeats of it are known by the watermark of its source. */
bool inbox_has_source(const struct inbox_record *record);
void inbox_encode(const struct inbox_record *record, struct buffer *out);
MUST_CHECK enum status inbox_decode(struct text bytes, struct arena *arena,
                                    struct inbox_record *record, struct error *err);
/* Its value as JSON, as payload_decode() gives it. What instances tell each other wraps a message or
 * holds the result of a whole run, so it may be larger and deeper than what comes from outside. */
MUST_CHECK enum status inbox_payload(const struct inbox_record *record, struct json **payload,
                                     struct error *err);

/* ---- history: key "<instance>/<run>/<seq, 12 digits>" ---- */

enum history_kind { HISTORY_NORMAL, HISTORY_IGNORED, HISTORY_TERMINAL };

struct history_timer {
    struct text id;
    int64_t due_ms;
};

struct history_command {
    struct text id;
    struct text topic;
    struct text key;
    struct text type;
};

struct history_record {
    struct text instance;
    struct run_id run;
    int64_t seq;
    int64_t time_ms;
    struct text cause_kind; /* "message", "reply", "timer", "operator", "told" */
    struct text cause_topic;
    int32_t cause_partition; /* Of the source; -1: none. */
    int64_t cause_offset;
    struct text cause_id; /* Command id of a reply, timer id, producer's id. */
    struct text cause_actor;
    struct text payload; /* JSON text; data NULL: none. */
    struct text flow_hash;
    struct text from;
    struct text to;
    const struct text *decided;
    uint32_t decided_count;
    struct text delta; /* JSON text, see core/fold.h. */
    const struct history_timer *timers_set;
    uint32_t timers_set_count;
    const struct text *timers_cleared;
    uint32_t timers_cleared_count;
    const struct text *stack_pushed;
    uint32_t stack_pushed_count;
    const struct text *stack_popped;
    uint32_t stack_popped_count;
    const struct history_command *commands;
    uint32_t command_count;
    int64_t inbox_offset; /* Of the inbox record that caused it; -1 for a local event. */
    struct text route; /* With source topic and partition: the watermark that this record raises. */
    int32_t cause_generation;
    enum history_kind kind;
    unsigned char previous[DIGEST_BYTES]; /* Zero at seq 1. */
    unsigned char hash[DIGEST_BYTES];     /* Of the encoded record without this field. */
};

/* Sets record->hash. */
void history_encode(struct history_record *record, struct buffer *out);
/* Also checks that the hash covers the bytes. */
MUST_CHECK enum status history_decode(struct text bytes, struct arena *arena,
                                      struct history_record *record, struct error *err);
void history_key(struct text instance, struct run_id run, int64_t seq, struct buffer *out);

/* ---- snapshot: key is the instance's name; also what Redis holds, but for the stack ---- */

struct snapshot_record {
    struct text instance;
    struct run_id run;
    int64_t seq;
    unsigned char hash[DIGEST_BYTES]; /* Of the history record `seq`. */
    struct text flow_hash;
    struct text status;
    struct text state; /* JSON text: the delta from nothing, without the stack. */
    const struct history_timer *timers;
    uint32_t timer_count;
    const struct text *stack; /* JSON texts, bottom first. */
    uint32_t stack_count;
    uint64_t stack_hash;
    uint32_t stack_depth; /* Equals stack_count but where the stack is kept apart (Redis). */
};

void snapshot_encode(const struct snapshot_record *record, struct buffer *out);
MUST_CHECK enum status snapshot_decode(struct text bytes, struct arena *arena,
                                       struct snapshot_record *record, struct error *err);

/* ---- checkpoint: keys "w/<route>/<topic>#<generation>/<partition>", "e/<minute>/<n>", "c" and
 * "j/<keep in ms>" ---- */

#define ENDED_HASH_BYTES 12

struct ended_entry {
    unsigned char name_hash[ENDED_HASH_BYTES];
    uint32_t end_second; /* Since the epoch. */
};

/* One Avro record, a union of kinds by key. */
struct checkpoint_record {
    enum checkpoint_kind { CHECKPOINT_WATERMARK, CHECKPOINT_ENDED, CHECKPOINT_OFFSETS } kind;
    int64_t watermark; /* WATERMARK: the next offset of the source that is new. */
    const struct ended_entry *ended;
    uint32_t ended_count;
    int64_t history_offset; /* OFFSETS: the checkpoint. */
    int64_t inbox_offset;
};

void checkpoint_encode(const struct checkpoint_record *record, struct buffer *out);
MUST_CHECK enum status checkpoint_decode(struct text bytes, struct arena *arena,
                                         struct checkpoint_record *record, struct error *err);

/* ---- flows: keys "def/<hash>", "flow/<name>", "config" ---- */

struct start_offset {
    struct text topic;
    int32_t topic_generation;
    char topic_id[48];
    int32_t partition;
    int64_t offset;
    int64_t revision; /* Of baton.flows that was read when it was resolved. */
};

struct flow_state {
    struct text name;
    struct text active; /* Hash. */
    int32_t version;
    const struct start_offset *starts; /* Resolved at activation; of replies and listens too. */
    uint32_t start_count;
    int32_t percent; /* Of the keys that get the active one; counts where there is a former one. */
    struct text former; /* Hash of what the other keys get; empty: none. */
    int32_t former_version;
};

void definition_encode(struct text definition, struct text name, int32_t version,
                       struct buffer *out);
MUST_CHECK enum status definition_decode(struct text bytes, struct arena *arena,
                                         struct text *definition, struct text *name,
                                         int32_t *version, struct error *err);
void flow_state_encode(const struct flow_state *state, struct buffer *out);
MUST_CHECK enum status flow_state_decode(struct text bytes, struct arena *arena,
                                         struct flow_state *state, struct error *err);
void estate_config_encode(int32_t partitions, struct buffer *out);
MUST_CHECK enum status estate_config_decode(struct text bytes, int32_t *partitions,
                                            struct error *err);

/* The fingerprint of a record's schema, as sent in the header "baton-schema": 16 hex digits of the
 * CRC-64-AVRO of its canonical form. `topic`: "inbox", "history", "snapshot", "checkpoint",
 * "definition", "flow", "config", "alert". */
struct text schema_fingerprint(const char *topic);

/* ---- alerts ---- */

struct alert_record {
    struct text instance;
    struct text run;
    struct text kind; /* "late", "stuck", "expired", "unmatched", "data" */
    struct text step;
    int64_t time_ms;
    struct text detail; /* JSON text. */
};

void alert_encode(const struct alert_record *record, struct buffer *out);
MUST_CHECK enum status alert_decode(struct text bytes, struct arena *arena,
                                    struct alert_record *record, struct error *err);

#endif
