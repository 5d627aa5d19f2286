#include "adapter/redis_words.h"

#include <inttypes.h>

#define WORDS_FIXED 4 /* EVALSHA, its name, the number of keys, the key. */

void redis_words_add(struct redis_words *words, struct text word)
{
    CHECK(words->count < words->capacity);
    words->words[words->count] = word.bytes > 0 ? word.data : "";
    words->bytes[words->count++] = word.bytes;
}

void redis_words_add_number(struct redis_words *words, int64_t number)
{
    redis_words_add(words, arena_printf(words->arena, "%" PRId64, number));
}

enum status redis_words_begin(struct redis_words *words, struct arena *arena,
                              struct redis_link *link, enum redis_script script, struct text key,
                              uint32_t most, struct error *err)
{
    const char *sha = NULL;
    enum status status = redis_link_script(link, script, &sha, err);

    if (status != STATUS_OK) {
        return status;
    }
    *words = (struct redis_words){.arena = arena, .capacity = most + WORDS_FIXED};
    words->words = arena_array(arena, words->capacity, sizeof(*words->words));
    words->bytes = arena_array(arena, words->capacity, sizeof(*words->bytes));
    redis_words_add(words, TEXT("EVALSHA"));
    redis_words_add(words, text_of(sha));
    redis_words_add(words, TEXT("1"));
    redis_words_add(words, key);
    return STATUS_OK;
}

struct redis_command redis_words_command(const struct redis_words *words)
{
    return (struct redis_command){words->words, words->bytes, words->count};
}
