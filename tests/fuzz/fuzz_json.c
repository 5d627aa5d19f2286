/* links: baton_json */
/* Whatever is read can be written and read again, and is then equal; measured and patched, too. */
#include "base/limits.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void check_delta(const struct json *before, const struct json *after)
{
    struct json *delta = json_diff(before, after);
    struct json *patched = NULL;
    struct error err;

    if (delta != NULL) {
        CHECK(json_patch(before, delta, &patched, &err) == STATUS_OK);
        CHECK(json_diff(patched, after) == NULL);
        json_free(patched);
        json_free(delta);
    }
}

static struct json *read_back(void (*write)(const struct json *, struct buffer *),
                              const struct json *value, struct buffer *text)
{
    struct json *again = NULL;
    struct error err;

    write(value, text);
    CHECK(json_parse(buffer_text(text), &again, &err) == STATUS_OK);
    CHECK(json_compare(value, again) == 0);
    CHECK(json_equal(value, again));
    return again;
}

static void check_value(const struct json *value)
{
    struct buffer text = {.data = NULL};
    struct buffer second = {.data = NULL};
    struct buffer scalar = {.data = NULL};
    struct json *again = read_back(json_write, value, &text);
    struct json *canonical;
    enum json_kind kind = json_kind(value);

    CHECK(json_diff(value, again) == NULL);
    json_write(again, &second);
    CHECK(text_equal(buffer_text(&text), buffer_text(&second)));
    CHECK(json_size(value, SIZE_MAX - 1) == text.bytes);
    CHECK(json_depth(value, JSON_DEPTH_MAX) <= JSON_DEPTH_MAX);
    CHECK(json_scalar_text(value, &scalar) ==
          (kind == JSON_TEXT || kind == JSON_NUMBER || kind == JSON_BOOL));
    CHECK(scalar.bytes <= text.bytes + 64); /* No exponent was expanded. */
    buffer_clear(&text);
    canonical = read_back(json_write_canonical, value, &text);
    check_delta(value, canonical);
    if (json_count(value) > 0 && kind == JSON_ARRAY) {
        check_delta(json_at(value, 0), json_at(value, json_count(value) - 1));
    }
    json_free(canonical);
    json_free(again);
    buffer_release(&scalar);
    buffer_release(&second);
    buffer_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct json *value = NULL;
    struct error err = {{0}};

    if (json_parse((struct text){(const char *)data, bytes}, &value, &err) == STATUS_OK) {
        check_value(value);
        json_free(value);
    } else {
        CHECK(value == NULL);
        CHECK(err.text[0] != '\0');
    }
    return 0;
}
