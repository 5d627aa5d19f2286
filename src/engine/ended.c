#include "engine/ended.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/duration.h"
#include "base/hash.h"

void ended_hash(struct text name, unsigned char out[ENDED_HASH_BYTES])
{
    uint64_t low = hash64(name, 0x656e646564ULL);
    uint64_t high = hash64(name, low);

    /* Lowest byte first on every host: the hashes are kept in the checkpoint topic. */
    for (size_t i = 0; i < ENDED_HASH_BYTES; i++) {
        out[i] = (unsigned char)(i < 8 ? low >> (8 * i) : high >> (8 * (i - 8)));
    }
}

/* Index of the slot that holds the hash, or of the empty one where it would go. */
static size_t slot_of(const struct ended *ended, const unsigned char *name_hash)
{
    uint64_t at;

    memcpy(&at, name_hash, sizeof at);
    for (size_t i = at & (ended->capacity - 1);; i = (i + 1) & (ended->capacity - 1)) {
        const struct ended_slot *slot = &ended->slots[i];
        if (slot->until_second == 0 || memcmp(slot->name_hash, name_hash, ENDED_HASH_BYTES) == 0) {
            return i;
        }
    }
}

static void rebuild(struct ended *ended)
{
    size_t need = 64;

    while (need < (ended->used + 16) * 3) {
        need *= 2;
    }
    struct ended_slot *old = ended->slots;
    size_t old_capacity = ended->capacity;
    ended->slots = calloc(need, sizeof *ended->slots);
    CHECK(ended->slots != NULL);
    ended->capacity = need;
    ended->used = 0;
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i].until_second != 0) {
            ended->slots[slot_of(ended, old[i].name_hash)] = old[i];
            ended->used++;
        }
    }
    free(old);
}

void ended_add(struct ended *ended, const unsigned char name_hash[ENDED_HASH_BYTES],
               uint32_t until_second)
{
    if (until_second == 0) {
        return;
    }
    if (ended->capacity == 0 || (ended->used + 1) * 2 > ended->capacity) {
        rebuild(ended);
    }
    struct ended_slot *slot = &ended->slots[slot_of(ended, name_hash)];
    if (slot->until_second == 0) {
        memcpy(slot->name_hash, name_hash, ENDED_HASH_BYTES);
        ended->used++;
    }
    if (slot->until_second < until_second) {
        slot->until_second = until_second;
    }
}

bool ended_has(const struct ended *ended, struct text name, int64_t now_ms)
{
    unsigned char name_hash[ENDED_HASH_BYTES];

    if (ended->capacity == 0) {
        return false;
    }
    ended_hash(name, name_hash);
    const struct ended_slot *slot = &ended->slots[slot_of(ended, name_hash)];
    return slot->until_second != 0 && (int64_t)slot->until_second * MS_PER_SECOND > now_ms;
}

/* ---- the index of chunks: a take-over reads tens of thousands of them ---- */

static size_t home_of(const struct ended *ended, int64_t minute, int64_t number)
{
    int64_t key[2] = {minute, number};

    return (size_t)hash64((struct text){(const char *)key, sizeof key}, 0) &
           (ended->index_size - 1);
}

/* The place in the index of the chunk, or the free one where it would go. */
static size_t index_find(struct ended *ended, int64_t minute, int64_t number)
{
    size_t at = home_of(ended, minute, number);

    for (;; at = (at + 1) & (ended->index_size - 1)) {
        const struct ended_chunk *chunk;

        ended->probes++;
        if (ended->index[at] == 0) {
            return at;
        }
        chunk = &ended->chunks[ended->index[at] - 1];
        if (chunk->minute == minute && chunk->number == number) {
            return at;
        }
    }
}

static void index_put(struct ended *ended, uint32_t place)
{
    const struct ended_chunk *chunk = &ended->chunks[place];

    ended->index[index_find(ended, chunk->minute, chunk->number)] = place + 1;
}

/* Close the hole: a later place moves up if its home is not between the hole and itself. */
static void index_clear(struct ended *ended, size_t hole)
{
    size_t mask = ended->index_size - 1;

    for (size_t at = (hole + 1) & mask; ended->index[at] != 0; at = (at + 1) & mask) {
        const struct ended_chunk *chunk = &ended->chunks[ended->index[at] - 1];
        size_t home = home_of(ended, chunk->minute, chunk->number);

        ended->probes++;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            ended->index[hole] = ended->index[at];
            hole = at;
        }
    }
    ended->index[hole] = 0;
}

static void grow_chunks(struct ended *ended)
{
    ended->chunk_capacity = ended->chunk_capacity == 0 ? 16 : ended->chunk_capacity * 2;
    ended->chunks = realloc(ended->chunks, ended->chunk_capacity * sizeof *ended->chunks);
    free(ended->index);
    ended->index_size = (size_t)ended->chunk_capacity * 2;
    ended->index = calloc(ended->index_size, sizeof *ended->index);
    CHECK(ended->chunks != NULL && ended->index != NULL);
    for (uint32_t i = 0; i < ended->chunk_count; i++) {
        index_put(ended, i);
    }
}

void ended_add_chunk(struct ended *ended, int64_t minute, int64_t number,
                     const struct ended_entry *entries, uint32_t entry_count)
{
    ended_drop_chunk(ended, minute, number);
    if (ended->chunk_count == ended->chunk_capacity) {
        grow_chunks(ended);
    }
    struct ended_chunk *chunk = &ended->chunks[ended->chunk_count];
    *chunk = (struct ended_chunk){.minute = minute, .number = number, .entry_count = entry_count};
    index_put(ended, ended->chunk_count++);
    if (entry_count > 0) {
        chunk->entries = malloc(entry_count * sizeof *entries);
        CHECK(chunk->entries != NULL);
        memcpy(chunk->entries, entries, entry_count * sizeof *entries);
    }
    ended->entry_count += entry_count;
    for (uint32_t i = 0; i < entry_count; i++) {
        ended_add(ended, entries[i].name_hash, entries[i].end_second);
    }
}

int64_t ended_number(const struct ended *ended, int64_t minute, int64_t least)
{
    for (uint32_t i = 0; i < ended->chunk_count; i++) {
        if (ended->chunks[i].minute == minute && ended->chunks[i].number >= least) {
            least = ended->chunks[i].number + 1;
        }
    }
    return least;
}

uint32_t ended_due(const struct ended *ended, int64_t now_ms, uint32_t most,
                   struct ended_chunk *due, uint32_t capacity)
{
    uint64_t left = ended->entry_count;
    int64_t oldest = INT64_MAX;
    uint32_t count = 0;

    for (uint32_t i = 0; i < ended->chunk_count; i++) {
        const struct ended_chunk *chunk = &ended->chunks[i];
        if ((chunk->minute + 1) * MS_PER_MINUTE > now_ms) {
            oldest = chunk->minute < oldest ? chunk->minute : oldest;
        } else if (count < capacity) {
            due[count++] = *chunk;
            left -= chunk->entry_count;
        }
    }
    for (uint32_t i = 0; i < ended->chunk_count && left > most && count < capacity; i++) {
        if (ended->chunks[i].minute == oldest) {
            due[count++] = ended->chunks[i];
            left -= ended->chunks[i].entry_count;
        }
    }
    return count;
}

/* Linear probing: taking a slot out means to put the rest of its run in again. */
static void slot_clear(struct ended *ended, size_t at)
{
    ended->slots[at].until_second = 0;
    ended->used--;
    for (size_t i = (at + 1) & (ended->capacity - 1); ended->slots[i].until_second != 0;
         i = (i + 1) & (ended->capacity - 1)) {
        struct ended_slot moved = ended->slots[i];
        ended->slots[i].until_second = 0;
        ended->slots[slot_of(ended, moved.name_hash)] = moved;
    }
}

void ended_forget(struct ended *ended, const unsigned char name_hash[ENDED_HASH_BYTES],
                  uint32_t until_second)
{
    if (ended->capacity == 0 || until_second == 0) {
        return;
    }
    size_t at = slot_of(ended, name_hash);
    if (ended->slots[at].until_second == until_second) {
        slot_clear(ended, at);
    }
}

void ended_drop_chunk(struct ended *ended, int64_t minute, int64_t number)
{
    size_t at = ended->chunk_count == 0 ? 0 : index_find(ended, minute, number);

    if (ended->chunk_count == 0 || ended->index[at] == 0) {
        return;
    }
    uint32_t place = ended->index[at] - 1;
    struct ended_chunk *chunk = &ended->chunks[place];
    const struct ended_chunk *last = &ended->chunks[ended->chunk_count - 1];
    for (uint32_t e = 0; e < chunk->entry_count; e++) {
        ended_forget(ended, chunk->entries[e].name_hash, chunk->entries[e].end_second);
    }
    ended->entry_count -= chunk->entry_count;
    free(chunk->entries);
    index_clear(ended, at);
    if (chunk != last) { /* Which moves into its place. */
        ended->index[index_find(ended, last->minute, last->number)] = place + 1;
        *chunk = *last;
    }
    ended->chunk_count--;
}

void ended_release(struct ended *ended)
{
    for (uint32_t i = 0; i < ended->chunk_count; i++) {
        free(ended->chunks[i].entries);
    }
    free(ended->chunks);
    free(ended->index);
    free(ended->slots);
    *ended = (struct ended){0};
}
