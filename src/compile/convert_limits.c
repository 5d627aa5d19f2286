/* What a service lets through. */
#include "base/duration.h"
#include "compile/checker.h"

#define RATE_MAX 1000000
#define RATE_DIGITS_MAX 7
#define RATE_WORDS "a rate such as 100/s or 5/10m, or a map with limit and per"

/* "100/s", "5/10m": *limit and *per_ms. */
static bool parse_rate(struct checker *checker, struct text text, int64_t *limit, int64_t *per_ms)
{
    size_t slash = text_find(text, '/');
    struct text span;

    if (slash == SIZE_MAX || slash == 0 || slash > RATE_DIGITS_MAX || slash + 1 >= text.bytes ||
        !text_to_int64(text_sub(text, 0, slash), limit) || *limit < 1) {
        return false;
    }
    span = text_sub(text, slash + 1, text.bytes);
    if (span.data[0] < '0' || span.data[0] > '9') {
        span = arena_printf(&checker->arena, "1%.*s", TEXT_ARG(span));
    }
    return duration_parse(span, per_ms, NULL) == STATUS_OK && *per_ms >= 1;
}

static bool is_too_many(struct checker *checker, const struct node *node, int64_t limit)
{
    if (limit <= RATE_MAX) {
        return false;
    }
    diagnostics_error(checker->diagnostics, "F701", node_place(node),
                      "at most %d in one span are counted", RATE_MAX);
    return true;
}

/* A span of no length would let through nothing, or everything. */
static bool has_length(struct checker *checker, const struct node *node, const struct json *json,
                       const char *key)
{
    const struct node *value = node_get(node, key);

    if (value == NULL || json_member_int(json, key, 1) > 0) {
        return true;
    }
    (void)expected(checker, value, "a duration above 0");
    return false;
}

struct json *convert_breaker(struct checker *checker, const struct field *field,
                             const struct node *node)
{
    struct json *breaker = convert_object(checker, field->object, node);

    if (breaker != NULL && (!has_length(checker, node, breaker, "within") ||
                            !has_length(checker, node, breaker, "openFor"))) {
        json_free(breaker);
        return NULL;
    }
    return breaker;
}

struct json *convert_rate(struct checker *checker, const struct field *field,
                          const struct node *node)
{
    struct json *rate;
    int64_t limit = 0;
    int64_t per_ms = 0;

    if (node->kind == NODE_MAP) {
        rate = convert_object(checker, field->object, node);
        if (rate != NULL && !has_length(checker, node, rate, "per")) {
            json_free(rate);
            return NULL;
        }
    } else if (node->kind != NODE_TEXT || !parse_rate(checker, node->text, &limit, &per_ms)) {
        return expected(checker, node, RATE_WORDS);
    } else if (is_too_many(checker, node, limit)) {
        return NULL;
    } else {
        rate = json_object();
        json_put_integer(rate, "limit", limit);
        json_put_integer(rate, "per", per_ms);
    }
    if (rate != NULL && json_member(rate, "burst") == NULL && json_member(rate, "limit") != NULL) {
        json_put(rate, TEXT("burst"), json_copy(json_member(rate, "limit")));
    }
    return rate;
}
