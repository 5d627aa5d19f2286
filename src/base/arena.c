#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES_FIRST ((size_t)8 * 1024)
#define CHUNK_BYTES_MOST ((size_t)256 * 1024)

/* The newest chunk comes first; the last one of the list is the one that arena_reset() keeps. */
struct arena_chunk {
    struct arena_chunk *older;
    size_t used;
    size_t capacity;
    alignas(max_align_t) unsigned char data[];
};

static void add_chunk(struct arena *arena, size_t bytes)
{
    size_t capacity = CHUNK_BYTES_FIRST;
    struct arena_chunk *chunk;

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

void *arena_alloc(struct arena *arena, size_t bytes)
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
    return memset(memory, 0, rounded);
}

void *arena_array(struct arena *arena, size_t count, size_t bytes)
{
    size_t product;

    CHECK(!__builtin_mul_overflow(count, bytes, &product));
    return arena_alloc(arena, product);
}

struct text arena_text(struct arena *arena, struct text text)
{
    char *copy = arena_alloc(arena, text.bytes + 1);

    if (text.bytes > 0) {
        memcpy(copy, text.data, text.bytes);
    }
    return (struct text){copy, text.bytes};
}

struct text arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    char *text;
    int bytes;

    va_start(args, format);
    bytes = vsnprintf(NULL, 0, format, args);
    va_end(args);
    CHECK(bytes >= 0);
    text = arena_alloc(arena, (size_t)bytes + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)bytes + 1, format, args);
    va_end(args);
    return (struct text){text, (size_t)bytes};
}

void arena_reset(struct arena *arena)
{
    if (arena->chunk == NULL) {
        return;
    }
    while (arena->chunk->older != NULL) {
        struct arena_chunk *older = arena->chunk->older;

        free(arena->chunk);
        arena->chunk = older;
    }
    arena->chunk->used = 0;
}

void arena_release(struct arena *arena)
{
    if (arena == NULL) {
        return;
    }
    while (arena->chunk != NULL) {
        struct arena_chunk *older = arena->chunk->older;

        free(arena->chunk);
        arena->chunk = older;
    }
}
