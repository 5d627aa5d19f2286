/*
 * kafka_places - the partitions of a group's member: which are started, and from where. Used inside
 * of the Kafka adapter. Zeroed it is empty.
 *
 * The group's assignment and what librdkafka fetches are two things here. librdkafka is assigned
 * the started ones alone, each with its offset, and all anew when that changes. The other way, to
 * take up everything paused and to seek and resume, was tried: a partition must be taken up at some
 * position, and one that is out of range is given up for good, while a logical one (the end) is
 * looked up again half a second later if a seek overtakes the look-up, and the seek is undone.
 */
#ifndef BATON_ADAPTER_KAFKA_PLACES_H
#define BATON_ADAPTER_KAFKA_PLACES_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "engine/broker.h"

struct kafka_place {
    char *topic;
    int32_t partition;
    bool started;
    int64_t from;             /* The next to give out; nothing before it is. */
    rd_kafka_resp_err_t lost; /* The position does not exist; to be told by the next poll. */
};

struct kafka_places {
    struct kafka_place *items; /* By topic and partition. */
    uint32_t count;
    uint32_t last; /* Where the last search ended: records of a partition come together. */
    bool lost;     /* Some place's is set. */
    bool changed;  /* What is started, since kafka_places_apply(). */
};

/* Replace what is there by `list`, nothing started. */
void kafka_places_take(struct kafka_places *places, const rd_kafka_topic_partition_list_t *list);
void kafka_places_forget(struct kafka_places *places);

/* NULL if it is not assigned. */
struct kafka_place *kafka_places_find(struct kafka_places *places, const char *topic,
                                      int32_t partition);
struct kafka_place *kafka_places_find_text(struct kafka_places *places, struct text topic,
                                           int32_t partition);

/* All of them as the port's type; free() it, the topics in it are borrowed. */
struct partition_offset *kafka_places_offsets(const struct kafka_places *places);

void kafka_places_start(struct kafka_places *places, struct kafka_place *place, int64_t from);
/* Pause the started one that `reason` names as "<topic> [<partition>]:", and tell that it is lost. */
void kafka_places_gone(struct kafka_places *places, const char *reason, rd_kafka_resp_err_t code);
void kafka_places_pause(struct kafka_places *places, struct kafka_place *place);

/* Have `rk` fetch what is started, if that has changed. Not inside of a callback. */
MUST_CHECK enum status kafka_places_apply(struct kafka_places *places, rd_kafka_t *rk,
                                          struct error *err);

/* STATUS_REJECT, once for each lost position; OK when all were told. */
MUST_CHECK enum status kafka_places_tell_lost(struct kafka_places *places, struct error *err);

#endif
