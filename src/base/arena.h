/*
 * arena - memory that is freed as one. A zeroed arena is valid and empty.
 */
#ifndef BATON_BASE_ARENA_H
#define BATON_BASE_ARENA_H

#include "base/check.h"
#include "base/text.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk;
    struct arena_chunk *spare; /* Empty chunks of earlier uses. */
    size_t spare_bytes;        /* So much was lately needed beyond the first chunk. */
    size_t first_bytes; /* Of the first chunk; 0: as usual. For those of which there are many. */
};

/* `bytes` zeroed bytes, aligned for any type. Never NULL. */
void *arena_alloc(struct arena *arena, size_t bytes);
/* `count` zeroed items of `bytes` each; the product is checked. */
void *arena_array(struct arena *arena, size_t count, size_t bytes);
/* A copy of `text`, with a NUL after it that is not counted. */
struct text arena_text(struct arena *arena, struct text text);
struct text arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
/* The parts, one after another. Unlike printing them it takes any bytes, and it is quick. */
struct text arena_join(struct arena *arena, const struct text *parts, size_t count);
/* Forget all. Memory is kept for reuse, but of what is no longer needed half is freed each time. */
void arena_reset(struct arena *arena);
void arena_release(struct arena *arena);

#endif
