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
};

/* `bytes` zeroed bytes, aligned for any type. Never NULL. */
void *arena_alloc(struct arena *arena, size_t bytes);
/* `count` zeroed items of `bytes` each; the product is checked. */
void *arena_array(struct arena *arena, size_t count, size_t bytes);
/* A copy of `text`, with a NUL after it that is not counted. */
struct text arena_text(struct arena *arena, struct text text);
struct text arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
/* Forget all, keep the first chunk for reuse. */
void arena_reset(struct arena *arena);
void arena_release(struct arena *arena);

#endif
