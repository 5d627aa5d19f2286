#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES_FIRST ((size_t)8 * 1024)
#define CHUNK_BYTES_MOST ((size_t)256 * 1024)
#define PRINTED_BYTES 256 /* What is longer is printed twice. */

/* The newest chunk comes first; the last one of the list stays for good. */
struct arena_chunk {
    struct arena_chunk *older;
    size_t used;
    size_t capacity;
    alignas(max_align_t) unsigned char data[];
};

static void add_chunk(struct arena *arena, size_t bytes)
{
    size_t capacity = arena->first_bytes == 0 ? CHUNK_BYTES_FIRST : arena->first_bytes;
    struct arena_chunk *chunk = arena->spare;

    if (chunk != NULL && chunk->capacity >= bytes) {
        arena->spare = chunk->older;
        chunk->older = arena->chunk;
        arena->chunk = chunk;
        return;
    }
    if (arena->chunk != NULL && arena->chunk->capacity * 2 <= CHUNK_BYTES_MOST) {
        capacity = arena->chunk->capacity * 2;
    } else if (arena->chunk != NULL) {
        capacity = CHUNK_BYTES_MOST;
    }
    if (capacity < bytes) {
        capacity = bytes;
    }
    chunk = malloc(sizeof(*chunk) + capacity);
    CHECK(chunk != NULL);
    chunk->older = arena->chunk;
    chunk->used = 0;
    chunk->capacity = capacity;
    arena->chunk = chunk;
}

/* Not zeroed. */
static void *take(struct arena *arena, size_t bytes)
{
    size_t mask = alignof(max_align_t) - 1;
    size_t rounded;
    void *memory;

    CHECK(bytes <= SIZE_MAX / 2);
    rounded = bytes == 0 ? mask + 1 : (bytes + mask) & ~mask;
    if (arena->chunk == NULL || arena->chunk->capacity - arena->chunk->used < rounded) {
        add_chunk(arena, rounded);
    }
    memory = arena->chunk->data + arena->chunk->used;
    arena->chunk->used += rounded;
    return memory;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    return memset(take(arena, bytes), 0, bytes);
}

void *arena_array(struct arena *arena, size_t count, size_t bytes)
{
    size_t product;

    CHECK(!__builtin_mul_overflow(count, bytes, &product));
    return arena_alloc(arena, product);
}

struct text arena_text(struct arena *arena, struct text text)
{
    char *copy = take(arena, text.bytes + 1);

    if (text.bytes > 0) {
        memcpy(copy, text.data, text.bytes);
    }
    copy[text.bytes] = '\0';
    return (struct text){copy, text.bytes};
}

struct text arena_join(struct arena *arena, const struct text *parts, size_t count)
{
    size_t bytes = 0;
    char *joined;

    for (size_t i = 0; i < count; i++) {
        bytes += parts[i].bytes;
    }
    joined = take(arena, bytes + 1);
    bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].bytes > 0) {
            memcpy(joined + bytes, parts[i].data, parts[i].bytes);
            bytes += parts[i].bytes;
        }
    }
    joined[bytes] = '\0';
    return (struct text){joined, bytes};
}

struct text arena_printf(struct arena *arena, const char *format, ...)
{
    char line[PRINTED_BYTES];
    va_list args;
    char *text;
    int bytes;

    va_start(args, format);
    bytes = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    CHECK(bytes >= 0);
    if ((size_t)bytes < sizeof(line)) {
        return arena_text(arena, (struct text){line, (size_t)bytes});
    }
    text = take(arena, (size_t)bytes + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)bytes + 1, format, args);
    va_end(args);
    return (struct text){text, (size_t)bytes};
}

static void free_chunks(struct arena_chunk *chunk)
{
    while (chunk != NULL) {
        struct arena_chunk *older = chunk->older;

        free(chunk);
        chunk = older;
    }
}

static void keep(struct arena *arena, struct arena_chunk *chunk, size_t *room)
{
    if (chunk->capacity > *room || chunk->capacity > CHUNK_BYTES_MOST) {
        free(chunk);
        return;
    }
    *room -= chunk->capacity;
    chunk->used = 0;
    chunk->older = arena->spare;
    arena->spare = chunk;
}

/* A batch of thousands of records takes megabytes, a turn later again. To give them back and get them
 * anew each time costs more than to write to them. */
void arena_reset(struct arena *arena)
{
    struct arena_chunk *spare = arena->spare;
    size_t used = 0;
    size_t room;

    if (arena->chunk == NULL) {
        return;
    }
    for (struct arena_chunk *chunk = arena->chunk; chunk->older != NULL; chunk = chunk->older) {
        used += chunk->capacity;
    }
    arena->spare_bytes = used > arena->spare_bytes / 2 ? used : arena->spare_bytes / 2;
    room = arena->spare_bytes;
    arena->spare = NULL;
    while (arena->chunk->older != NULL) {
        struct arena_chunk *older = arena->chunk->older;

        keep(arena, arena->chunk, &room);
        arena->chunk = older;
    }
    while (spare != NULL) {
        struct arena_chunk *older = spare->older;

        keep(arena, spare, &room);
        spare = older;
    }
    arena->chunk->used = 0;
}

void arena_release(struct arena *arena)
{
    if (arena == NULL) {
        return;
    }
    free_chunks(arena->chunk);
    free_chunks(arena->spare);
    *arena = (struct arena){.chunk = NULL};
}
