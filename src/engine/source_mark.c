#include "engine/source_mark.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"

#define LIVES (UINT64_C(1) << 30)

void source_mark_format(const struct source_mark *mark, char out[OFFSET_METADATA_BYTES])
{
    int bytes = snprintf(out, OFFSET_METADATA_BYTES, "1 %" PRId64 " %" PRId32 " %s", mark->revision,
                         mark->generation, mark->topic_id[0] == '\0' ? "-" : mark->topic_id);

    CHECK(bytes > 0 && bytes < OFFSET_METADATA_BYTES);
}

/* Cut the first word off `rest`. */
static struct text take_word(struct text *rest)
{
    size_t space = text_find(*rest, ' ');
    struct text word = text_sub(*rest, 0, space);

    *rest = space == SIZE_MAX ? TEXT("") : text_sub(*rest, space + 1, rest->bytes);
    return word;
}

bool source_mark_parse(const char *text, struct source_mark *mark)
{
    struct text rest = text_of(text);
    struct text version = take_word(&rest);
    struct text revision = take_word(&rest);
    struct text generation = take_word(&rest);
    int64_t number;

    *mark = (struct source_mark){0};
    if (!text_is(version, "1") || !text_to_int64(revision, &mark->revision) ||
        !text_to_int64(generation, &number) || number < 1 || number > INT32_MAX ||
        rest.bytes == 0 || rest.bytes >= sizeof mark->topic_id ||
        text_find(rest, ' ') != SIZE_MAX) {
        return false;
    }
    mark->generation = (int32_t)number;
    if (!text_is(rest, "-")) {
        memcpy(mark->topic_id, rest.data, rest.bytes);
    }
    return true;
}

int32_t source_life(const char *topic_id)
{
    return 2 + (int32_t)(hash64(text_of(topic_id), 0) % LIVES);
}

int32_t source_generation(const struct source_mark *mark, int64_t offset, const char *topic_id,
                          int64_t high)
{
    bool is_other = mark->topic_id[0] != '\0' && topic_id[0] != '\0' &&
                    strcmp(mark->topic_id, topic_id) != 0;

    return is_other ? source_life(topic_id) : mark->generation + (high < offset);
}
