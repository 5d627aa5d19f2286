/*
 * case_words - the words of one line of a golden case's story.
 */
#ifndef BATON_TESTS_SUPPORT_CASE_WORDS_H
#define BATON_TESTS_SUPPORT_CASE_WORDS_H

#include "support/unit.h"
#include "json/json.h"

/* Cut the first word off `rest`. */
static inline struct text story_word(struct text *rest)
{
    size_t space = text_find(*rest, ' ');
    struct text word = text_sub(*rest, 0, space == SIZE_MAX ? rest->bytes : space);

    *rest = space == SIZE_MAX ? TEXT("") : text_sub(*rest, space + 1, rest->bytes);
    return word;
}

/* Cut "name=value" off `rest`, if it comes next. */
static inline bool story_option(struct text *rest, const char *name, struct text *value)
{
    struct text after = *rest;
    struct text word = story_word(&after);
    size_t equals = text_find(word, '=');

    if (equals == SIZE_MAX || !text_is(text_sub(word, 0, equals), name)) {
        return false;
    }
    *value = text_sub(word, equals + 1, word.bytes);
    *rest = after;
    return true;
}

static inline uint32_t story_number(struct text text)
{
    int64_t number;

    if (text.bytes > 0 && text.data[0] == '#') {
        text = text_sub(text, 1, text.bytes);
    }
    if (!text_to_int64(text, &number)) {
        fail_msg("'%.*s' is no number", TEXT_ARG(text));
    }
    return (uint32_t)number;
}

static inline struct json *story_json(struct text text)
{
    struct json *value = NULL;
    struct error err = {0};

    if (json_parse(text, &value, &err) != STATUS_OK) {
        fail_msg("%.*s: %s", TEXT_ARG(text), err.text);
    }
    return value;
}

static inline void story_write_json(const struct json *value, struct buffer *out)
{
    if (value != NULL) {
        json_write(value, out);
    }
}

#endif
