/*
 * source_mark - what the router commits beside the offset of a source partition: up to which
 * revision of baton.flows it knew the flows, and which life of the topic the offset belongs to.
 */
#ifndef BATON_ENGINE_SOURCE_MARK_H
#define BATON_ENGINE_SOURCE_MARK_H

#include "engine/broker.h"

#define TOPIC_ID_BYTES 48

struct source_mark {
    int64_t revision;
    int32_t generation;            /* From 1. */
    char topic_id[TOPIC_ID_BYTES]; /* Empty: the client cannot tell. */
};

/* "1 <revision> <generation> <topic id or ->" */
void source_mark_format(const struct source_mark *mark, char out[OFFSET_METADATA_BYTES]);
/* False: not of this form, so the offset was not committed by a router. */
bool source_mark_parse(const char *text, struct source_mark *mark);

/* The generation of a topic that is known to have been made anew. It is drawn from the id, since with
 * the old topic the broker forgets what was committed of it, and with that any count of its lives. */
int32_t source_life(const char *topic_id);

/*
 * The generation of a partition that is committed at `offset` with `mark`, when the topic now has
 * the id `topic_id` and the partition ends at `high`: another than the mark's if the topic is another
 * one, or was cut below the offset; then everything in it is new.
 */
int32_t source_generation(const struct source_mark *mark, int64_t offset, const char *topic_id,
                          int64_t high);

#endif
