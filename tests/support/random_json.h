/*
 * random_json - JSON values from a seed: all kinds, few keys (so that two values often share some),
 * numbers that are equal but written differently.
 */
#ifndef BATON_TESTS_SUPPORT_RANDOM_JSON_H
#define BATON_TESTS_SUPPORT_RANDOM_JSON_H

#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "support/unit.h"
#include "json/json.h"

/* The value of a text that must be JSON. */
static inline struct json *json_from(const char *text)
{
    struct json *value = NULL;
    struct error err = {{0}};

    if (json_parse(text_of(text), &value, &err) != STATUS_OK) {
        fail_msg("'%s' was refused: %s", text, err.text);
    }
    return value;
}

static inline void assert_json(const struct json *value, const char *expected)
{
    struct buffer out = {.data = NULL};

    json_write(value, &out);
    assert_string_equal(buffer_string(&out), expected);
    buffer_release(&out);
}

static inline const char *random_scalar(struct rng *rng)
{
    static const char *const scalars[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "1.0",
        "1e0",
        "-1",
        "0.1",
        "0.10",
        "9007199254740993",
        "9007199254740992.0",
        "9223372036854775807",
        "18446744073709551615",
        "-9223372036854775808",
        "1e300",
        "1e-300",
        "123456789012345678901234567890.5",
        "\"\"",
        "\"a\"",
        "\"b\\u0000c\"",
        "\"\\u00e9\"",
        "\"\\\"/\\\\\"",
        "[]",
        "{}",
    };

    return scalars[rng_below(rng, COUNT_OF(scalars))];
}

static inline struct json *random_json(struct rng *rng, unsigned depth)
{
    static const char *const keys[] = {"a", "b", "c", "id", "", "\xC3\xA9", "null", "x\"y"};
    bool is_array = rng_chance(rng, 300);
    struct json *value;

    if (depth == 0 || rng_chance(rng, 300)) {
        return json_from(random_scalar(rng));
    }
    value = is_array ? json_array() : json_object();
    for (uint64_t count = rng_below(rng, 6); count > 0; count--) {
        struct json *item = random_json(rng, depth - 1);

        if (is_array) {
            json_push(value, item);
        } else {
            json_put(value, text_of(keys[rng_below(rng, COUNT_OF(keys))]), item);
        }
    }
    return value;
}

#endif
