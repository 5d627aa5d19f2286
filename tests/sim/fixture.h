/*
 * fixture - a simulated broker with two processes, and short ways to do the usual things with it.
 */
#ifndef BATON_TESTS_SIM_FIXTURE_H
#define BATON_TESTS_SIM_FIXTURE_H

#include "sim/sim_broker.h"
#include "support/unit.h"

#define FIXTURE_GROUP TEXT("g")
#define FIXTURE_IN TEXT("in")
#define FIXTURE_OUT TEXT("out")
#define FIXTURE_START_MS INT64_C(1700000000000)

/* A group member and what it was told. */
struct fixture_member {
    struct consumer port;
    uint32_t assigned;   /* Calls. */
    uint32_t partitions; /* Owned now. */
    int32_t first;       /* The lowest of them. */
    uint32_t revoked;    /* Calls, and how many of them said lost. */
    uint32_t lost;
    struct producer *commits_when_lost; /* Sends offsets from the callback, or NULL. */
    enum status lost_status;
};

struct fixture {
    struct sim sim;
    struct sim_broker *broker;
    struct sim_process a;
    struct sim_process b;
    struct broker port_a;
    struct broker port_b;
    struct error err;
};

/* Topics "in" (4 partitions) and "out" (1, compacted); nothing goes wrong. */
void fixture_init(struct fixture *f);
void fixture_release(struct fixture *f);

void fixture_put(struct fixture *f, const char *topic, int32_t partition, const char *value);
/* What a read_committed reader sees of a partition, as "a b c". */
void fixture_read(struct fixture *f, const char *topic, int32_t partition, char *out, size_t bytes);

void fixture_join(struct fixture *f, const struct broker *port, const char *static_id,
                  struct fixture_member *member);
/* Poll once; gives how many records came. */
uint32_t fixture_poll(struct fixture *f, struct fixture_member *member);
/* Let a second pass and poll both, until the group has settled. */
void fixture_settle(struct fixture *f, struct fixture_member *one, struct fixture_member *other);

/* With a transaction begun. */
struct producer fixture_open(struct fixture *f, const struct broker *port, const char *id);
void fixture_produce(struct fixture *f, struct producer *producer, const char *value);
struct partition_offset fixture_offset(int32_t partition, int64_t offset);
/* The group's committed offset of partition 0 of "in". */
int64_t fixture_committed(struct fixture *f, enum committed_read read, enum status expected);

#endif
