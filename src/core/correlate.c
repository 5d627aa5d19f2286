#include "core/correlate.h"

#include "base/limits.h"
#include "model/instance.h"

/* Append the scalar that `path` finds in `input`. */
static enum status add_path(const struct expr *path, const struct json *input, struct buffer *key,
                            struct error *err)
{
    struct expr_env env = {.input = input};
    struct json *value = NULL;
    struct text source = expr_source(path);
    enum status status;

    if (input == NULL) {
        return fail(err, STATUS_REJECT, "'%.*s': there is no value to look in", TEXT_ARG(source));
    }
    status = expr_eval(path, &env, &value, err);
    if (status != STATUS_OK) {
        return fail_in(err, STATUS_REJECT, "'%.*s'", TEXT_ARG(source));
    }
    if (!json_scalar_text(value, key)) {
        status = fail(err, STATUS_REJECT, "'%.*s' finds %s, not a scalar", TEXT_ARG(source),
                      json_kind(value) == JSON_NULL ? "nothing" : "an array or object");
    }
    json_free(value);
    return status;
}

static enum status add_record_key(const struct correlation *rule, const struct record_view *view,
                                  struct buffer *key, struct error *err)
{
    struct json *value = NULL;
    enum status status;

    if (rule->path == NULL) {
        buffer_add_text(key, view->key);
        return STATUS_OK;
    }
    status = json_parse(view->key, &value, err);
    if (status != STATUS_OK) {
        return fail_in(err, STATUS_REJECT, "the record's key");
    }
    status = add_path(rule->path, value, key, err);
    json_free(value);
    return status;
}

/* One part of a key; a rule that is composite itself has been taken apart. */
static enum status add_part(const struct correlation *rule, const struct record_view *view,
                            struct buffer *key, struct error *err)
{
    size_t start = key->bytes;
    enum status status = STATUS_OK;

    switch (rule->kind) {
    case CORRELATION_NONE:
    case CORRELATION_COMPOSITE:
        return fail(err, STATUS_REJECT, "no rule says where the key is");
    case CORRELATION_PATH:
        status = add_path(rule->path, view->payload, key, err);
        break;
    case CORRELATION_HEADER:
        buffer_add_text(key, json_text_of(json_get(view->headers, rule->header)));
        if (key->bytes == start) {
            return fail(err, STATUS_REJECT, "header '%.*s' is missing or empty",
                        TEXT_ARG(rule->header));
        }
        break;
    case CORRELATION_RECORD:
        status = add_record_key(rule, view, key, err);
        break;
    }
    if (status == STATUS_OK && key->bytes == start) {
        return fail(err, STATUS_REJECT, "the key is empty");
    }
    return status;
}

static enum status add_composite(const struct correlation *rule, const struct record_view *view,
                                 struct buffer *key, struct error *err)
{
    struct json *parts = json_array();
    struct buffer part = {0};
    enum status status = STATUS_OK;

    for (uint32_t i = 0; i < rule->part_count && status == STATUS_OK; i++) {
        buffer_clear(&part);
        status = add_part(&rule->parts[i], view, &part, err);
        if (status == STATUS_OK && !text_is_utf8(buffer_text(&part))) {
            status = fail(err, STATUS_REJECT, "the key is not UTF-8");
        }
        if (status == STATUS_OK) {
            json_push(parts, json_text(buffer_text(&part)));
        } else {
            status = fail_in(err, status, "part %u", i + 1);
        }
    }
    if (status == STATUS_OK) {
        json_write(parts, key);
    }
    buffer_release(&part);
    json_free(parts);
    return status;
}

enum status correlate_key(const struct correlation *rule, const struct record_view *view,
                          struct buffer *key, struct error *err)
{
    size_t start = key->bytes;
    struct text found;
    enum status status;

    status = rule->kind == CORRELATION_COMPOSITE ? add_composite(rule, view, key, err)
                                                 : add_part(rule, view, key, err);
    if (status != STATUS_OK) {
        key->bytes = start;
        return status;
    }
    found = text_sub(buffer_text(key), start, key->bytes);
    if (found.bytes > KEY_BYTES_MAX) {
        status = fail(err, STATUS_REJECT, "the key has %zu bytes, the most is %d", found.bytes,
                      KEY_BYTES_MAX);
    } else if (!text_is_utf8(found)) {
        status = fail(err, STATUS_REJECT, "the key is not UTF-8");
    } else if (text_find(found, '\0') != SIZE_MAX) {
        /* It becomes part of names that people and other programs read as C strings. */
        status = fail(err, STATUS_REJECT, "the key holds a NUL character");
    }
    if (status != STATUS_OK) {
        key->bytes = start;
    }
    return status;
}

void correlate_locate(const struct locator *locator, const struct record_view *view,
                      struct buffer *out)
{
    size_t start = out->bytes;

    switch (locator->kind) {
    case LOCATOR_NONE:
        break;
    case LOCATOR_HEADER:
        buffer_add_text(out, json_text_of(json_get(view->headers, locator->header)));
        break;
    case LOCATOR_PATH:
        if (add_path(locator->path, view->payload, out, NULL) != STATUS_OK) {
            out->bytes = start;
        }
        break;
    case LOCATOR_RECORD:
        buffer_add_text(out, view->key);
        break;
    }
}

/* Cut what follows the last '/' off `text`. */
static bool cut_last(struct text *text, struct text *last)
{
    size_t slash = text_find_last(*text, '/');

    if (slash == SIZE_MAX) {
        return false;
    }
    *last = text_sub(*text, slash + 1, text->bytes);
    *text = text_sub(*text, 0, slash);
    return true;
}

bool command_id_parse(struct text text, struct text app, struct command_id *id)
{
    struct text rest;
    struct text last;
    struct run_id run;
    int64_t activation;
    size_t colon;

    *id = (struct command_id){0};
    if (!text_starts(text, app) || text.bytes <= app.bytes || text.data[app.bytes] != '~') {
        return false;
    }
    /* From the end: the key may hold slashes of its own. */
    rest = text_sub(text, app.bytes + 1, text.bytes);
    if (!cut_last(&rest, &last) || !text_to_int64(last, &activation) || activation < 1 ||
        activation > UINT32_MAX) {
        return false;
    }
    if (!cut_last(&rest, &last) || !text_to_int64(last, &id->seq) || id->seq < 1) {
        return false;
    }
    if (!cut_last(&rest, &last) || !run_id_parse(last, &run)) {
        return false;
    }
    colon = text_find(rest, ':');
    if (colon == SIZE_MAX || colon == 0 || colon + 1 == rest.bytes) {
        return false;
    }
    id->instance = rest;
    id->flow = text_sub(rest, 0, colon);
    id->key = text_sub(rest, colon + 1, rest.bytes);
    id->generation = run.generation;
    id->offset = run.offset;
    id->activation = (uint32_t)activation;
    return true;
}
