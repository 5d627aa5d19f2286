/*
 * ended - the keys of one partition that ended and are still remembered, so that a repeated start
 * does not run twice. Entries live in chunks as the checkpoint topic holds them: a chunk is written
 * once and forgotten whole, in the minute after its last entry.
 */
#ifndef BATON_ENGINE_ENDED_H
#define BATON_ENGINE_ENDED_H

#include "codec/records.h"

struct ended_slot {
    unsigned char name_hash[ENDED_HASH_BYTES];
    uint32_t until_second; /* 0: empty; forgotten entries stay until the table is rebuilt. */
};

struct ended_chunk {
    int64_t minute; /* All entries are forgotten at the end of this minute. */
    int64_t number; /* Makes the key unique: "e/<minute>/<number>". */
    struct ended_entry *entries;
    uint32_t entry_count;
};

/* Zeroed is valid and empty. */
struct ended {
    struct ended_slot *slots;
    size_t capacity;
    size_t used;
    struct ended_chunk *chunks;
    uint32_t chunk_count;
    uint32_t chunk_capacity;
    uint64_t entry_count; /* Of the chunks. */
    uint32_t *index;      /* Of chunks, by their key: place in `chunks`, from 1; 0: free. */
    size_t index_size;    /* A power of two, at least twice chunk_capacity. */
    uint64_t probes;      /* Places of the index looked at so far: what finding chunks costs. */
};

void ended_hash(struct text name, unsigned char out[ENDED_HASH_BYTES]);
/* Remember until the second given; the later one wins. */
void ended_add(struct ended *ended, const unsigned char name_hash[ENDED_HASH_BYTES],
               uint32_t until_second);
/* The entry has been forgotten without ever being in a chunk. A later one stays. */
void ended_forget(struct ended *ended, const unsigned char name_hash[ENDED_HASH_BYTES],
                  uint32_t until_second);
bool ended_has(const struct ended *ended, struct text name, int64_t now_ms);
/* Note a chunk that is in the topic, and remember its entries. Copies them. */
void ended_add_chunk(struct ended *ended, int64_t minute, int64_t number,
                     const struct ended_entry *entries, uint32_t entry_count);
/* A number, `least` or above, that no chunk of this minute has. */
int64_t ended_number(const struct ended *ended, int64_t minute, int64_t least);
/* The chunks to tombstone next, up to `capacity`: those whose minute is over and, with more than
 * `most` entries, those of the oldest minute. Their entries stay where they are. */
uint32_t ended_due(const struct ended *ended, int64_t now_ms, uint32_t most,
                   struct ended_chunk *due, uint32_t capacity);
/* Forget the chunk (by key). Does nothing if it is not there. */
void ended_drop_chunk(struct ended *ended, int64_t minute, int64_t number);
void ended_release(struct ended *ended);

#endif
