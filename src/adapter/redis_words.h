/*
 * redis_words - a call of one of our scripts, put together word by word.
 */
#ifndef BATON_ADAPTER_REDIS_WORDS_H
#define BATON_ADAPTER_REDIS_WORDS_H

#include "adapter/redis_link.h"
#include "adapter/redis_scripts.h"
#include "base/arena.h"

/* Everything lives in `arena`, but for the words themselves, which are borrowed. */
struct redis_words {
    struct arena *arena;
    const char **words;
    size_t *bytes;
    uint32_t count;
    uint32_t capacity;
};

/* Begin a call of `script`, which works in the slot of `key`, with up to `most` arguments. RETRY: the
 * link is down. */
MUST_CHECK enum status redis_words_begin(struct redis_words *words, struct arena *arena,
                                         struct redis_link *link, enum redis_script script,
                                         struct text key, uint32_t most, struct error *err);
void redis_words_add(struct redis_words *words, struct text word);
void redis_words_add_number(struct redis_words *words, int64_t number);
/* Borrows from `words`. */
struct redis_command redis_words_command(const struct redis_words *words);

#endif
