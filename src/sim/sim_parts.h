/*
 * sim_parts - the inside of the simulated broker, shared by its files alone: topics, transactions,
 * groups, and the handles of processes.
 */
#ifndef BATON_SIM_SIM_PARTS_H
#define BATON_SIM_SIM_PARTS_H

#include "sim/sim_broker.h"
#include "sim/sim_log.h"

struct sim_topic {
    char *name;
    struct sim_topic_options options;
    char id[48];
    uint32_t life;        /* How often it was made anew. */
    struct sim_log *logs; /* One a partition. */
};

/* ---- groups ---- */

struct sim_slot { /* A committed offset. */
    struct sim_topic *topic;
    int32_t partition;
    int64_t offset;
    char metadata[OFFSET_METADATA_BYTES];
    uint64_t order;   /* Of the write that holds it: a pending one that is older does not win. */
    uint32_t pending; /* Commits of undecided transactions. */
};

struct sim_claim { /* A partition that a member has. */
    struct sim_topic *topic;
    int32_t partition;
};

struct sim_consumer;

struct sim_member {
    char id[64];
    char *static_id; /* NULL: dynamic. */
    struct sim_topic **topics;
    size_t topic_count;
    const struct sim_process *process;
    bool joined; /* Waits for the assignment of the next generation. */
    int64_t polled_ms;
    struct sim_claim *claims;
    size_t claim_count;
    size_t claim_capacity;
};

enum sim_group_state { SIM_GROUP_EMPTY, SIM_GROUP_PREPARING, SIM_GROUP_STABLE };

struct sim_group {
    char *name;
    enum sim_group_state state;
    int32_t generation;
    uint32_t member_next;
    struct sim_member **members; /* In the order of their ids. */
    size_t member_count;
    size_t member_capacity;
    struct sim_slot **slots;
    size_t slot_count;
    size_t slot_capacity;
};

/* ---- transactions ---- */

enum sim_decision { SIM_OPEN, SIM_COMMITTED, SIM_ABORTED };

struct sim_part { /* A partition that a transaction wrote to. */
    struct sim_log *log;
    int64_t mark_ms; /* When its marker is written, once decided. */
    bool marked;
};

struct sim_pending { /* An offset commit inside a transaction. */
    struct sim_group *group;
    struct sim_slot *slot;
    int64_t offset;
    char metadata[OFFSET_METADATA_BYTES];
    uint64_t order;
};

struct sim_txn {
    enum sim_decision decision;
    int64_t started_ms;
    struct sim_part *parts;
    size_t part_count;
    size_t part_capacity;
    struct sim_pending *pending;
    size_t pending_count;
    size_t pending_capacity;
    int64_t offsets_mark_ms;
    bool offsets_marked;
};

struct sim_identity { /* A transactional id. */
    char *id;
    int32_t epoch;
    struct sim_txn *txn; /* The open or not yet marked one, or NULL. */
};

/* ---- handles ---- */

enum sim_handle_kind { SIM_CONSUMER, SIM_PRODUCER, SIM_FORWARDER, SIM_READER };

/* First member of every handle. */
struct sim_handle {
    enum sim_handle_kind kind;
    struct sim_broker *broker;
    struct sim_process *process;
    struct sim_record **held; /* Given out, until the next poll. */
    size_t held_count;
    size_t held_capacity;
};

/* A record that was handed to a producer and is not in the log yet. */
struct sim_queued {
    struct sim_record *record;
    struct sim_topic *topic;
    int32_t partition;
    int64_t *offset;
    int64_t due_ms; /* In broker->late only. */
};

struct sim_queue {
    struct sim_queued *items;
    size_t count;
    size_t capacity;
};

struct sim_broker {
    struct sim *sim;
    struct sim_topic **topics;
    size_t topic_count;
    size_t topic_capacity;
    struct sim_group **groups;
    size_t group_count;
    size_t group_capacity;
    struct sim_identity **identities;
    size_t identity_count;
    size_t identity_capacity;
    struct sim_handle **handles;
    size_t handle_count;
    size_t handle_capacity;
    struct sim_queue late;
    struct sim_watch watch;
    uint64_t order;
    int64_t session_ms;
    bool accepts_oversize;
    struct sim_divert divert;
};

/* sim_broker.c */
struct sim_topic *sim_topic_find(const struct sim_broker *broker, struct text name); /* Or NULL. */
/* NULL if there is no such partition. */
struct sim_log *sim_topic_log(struct sim_topic *topic, int32_t partition);
/* The time that a record gets which `process` (NULL: the outside) appends now. */
int64_t sim_stamp_ms(const struct sim_broker *broker, const struct sim_topic *topic,
                     const struct sim_process *process);

/* sim_handle.c */
void *sim_handle_new(struct sim_broker *broker, struct sim_process *process,
                     enum sim_handle_kind kind, size_t bytes);
void sim_handle_free(struct sim_handle *handle); /* Takes it out of the broker's list. */
void sim_handle_give(struct sim_handle *handle, struct sim_record *record);
void sim_handle_take_back(struct sim_handle *handle);
/* Check and enqueue a copy. REJECT: unknown topic or partition, or too large if `sized`. */
enum status sim_queue_add(struct sim_queue *queue, const struct sim_handle *handle,
                          const struct outgoing *record, bool sized, struct error *err);
void sim_queue_release(struct sim_queue *queue);
/* Append the first `count` of the queue outside of transactions and take them out. */
void sim_queue_send(struct sim_broker *broker, struct sim_queue *queue, size_t count);
/* Of what a dead producer had in flight a first part of each partition may still arrive. */
void sim_queue_lose(struct sim_broker *broker, struct sim_queue *queue);
void sim_late_tick(struct sim_broker *broker);

/* sim_txn.c */
struct sim_identity *sim_identity_open(struct sim_broker *broker, struct text id);
/* The open transaction of `identity`, begun if there is none; a decided one is marked first. */
struct sim_txn *sim_txn_use(struct sim_broker *broker, struct sim_identity *identity);
void sim_txn_append(struct sim_broker *broker, struct sim_txn *txn, struct sim_log *log,
                    struct sim_record *record, int64_t time_ms);
void sim_txn_offset(struct sim_broker *broker, struct sim_txn *txn, struct sim_group *group,
                    const struct partition_offset *offset);
/* Decide the open transaction; the markers follow at once or late. */
void sim_txn_decide(struct sim_broker *broker, struct sim_identity *identity,
                    enum sim_decision decision);
/* Abort what is open, mark what is decided, and give a new epoch. */
void sim_identity_fence(struct sim_broker *broker, struct sim_identity *identity);
void sim_txn_tick(struct sim_broker *broker);
void sim_identity_free(struct sim_identity *identity);

/* sim_group.c */
struct sim_group *sim_group_find(struct sim_broker *broker, struct text name); /* Made if new. */
struct sim_slot *sim_group_slot(struct sim_group *group, struct sim_topic *topic,
                                int32_t partition); /* Made if new. */
void sim_slot_set(struct sim_broker *broker, struct sim_group *group, struct sim_slot *slot,
                  const struct sim_pending *value);
struct sim_member *sim_group_member(const struct sim_group *group, const char *id); /* Or NULL. */
/* Join as a new member, or in place of a static one; its id is put into `id`. */
struct sim_member *sim_group_join(struct sim_broker *broker, struct sim_group *group,
                                  const struct consumer_options *options, char id[64]);
void sim_group_leave(struct sim_broker *broker, struct sim_group *group, const char *id);
void sim_group_prepare(struct sim_broker *broker, struct sim_group *group);
/* If every member has joined: the next generation with its assignment. */
void sim_group_complete(struct sim_broker *broker, struct sim_group *group);
void sim_group_tick(struct sim_broker *broker);
void sim_group_free(struct sim_group *group);

/* sim_consumer.c, sim_producer.c, sim_forwarder.c, sim_reader.c: fill the ports. */
enum status sim_consumer_open(struct sim_broker *broker, struct sim_process *process,
                              const struct consumer_options *options, struct consumer *consumer,
                              struct error *err);
void sim_consumer_release(struct sim_handle *handle);
/* Whether the broker lets this member commit. `transactional`: a member that has forgotten its
 * generation is not checked. */
enum status sim_consumer_check(const struct consumer *member, bool transactional,
                               struct sim_group **group, struct error *err);
enum status sim_producer_open(struct sim_broker *broker, struct sim_process *process,
                              struct text id, struct producer *producer, struct error *err);
void sim_producer_release(struct sim_handle *handle);
enum status sim_forwarder_open(struct sim_broker *broker, struct sim_process *process,
                               struct forwarder *forwarder, struct error *err);
void sim_forwarder_release(struct sim_handle *handle);

struct sim_reader_place {
    struct sim_topic *topic;
    int32_t partition;
    int64_t from;
};
enum status sim_reader_open(struct sim_broker *broker, struct sim_process *process,
                            const struct sim_reader_place *place, struct log_reader *reader,
                            struct error *err);

#endif
