/*
 * kafka_places - the assigned partitions of a consumer: which are started, and from where. Used
 * inside of the Kafka adapter. Zeroed it is empty.
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
    bool start_wanted;        /* Asked for inside of a callback; done when the poll ends. */
    int64_t from;             /* The next to give out; nothing before it is. */
    rd_kafka_resp_err_t lost; /* The position does not exist; to be told by the next poll. */
};

struct kafka_places {
    rd_kafka_t *rk;            /* Borrowed. */
    struct kafka_place *items; /* By topic and partition. */
    uint32_t count;
    uint32_t last;     /* Where the last search ended: records of a partition come together. */
    bool lost;         /* Some place's is set. */
    bool start_wanted; /* Some place's is. */
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

/* Fetch `place` from place->from on. RETRY: the client does not take it up in time. */
MUST_CHECK enum status kafka_places_start(struct kafka_places *places, struct kafka_place *place,
                                          struct error *err);
/* The same for all with start_wanted. */
MUST_CHECK enum status kafka_places_start_wanted(struct kafka_places *places, struct error *err);
void kafka_places_pause(struct kafka_places *places, struct kafka_place *place);

/* STATUS_REJECT, once for each lost position; OK when all were told. */
MUST_CHECK enum status kafka_places_tell_lost(struct kafka_places *places, struct error *err);

#endif
