#include "codec/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct text bytes, struct buffer *out)
{
    for (size_t at = 0; at < bytes.bytes; at += 3) {
        size_t left = bytes.bytes - at;
        uint32_t group = (uint32_t)(unsigned char)bytes.data[at] << 16;
        char four[4];

        if (left > 1) {
            group |= (uint32_t)(unsigned char)bytes.data[at + 1] << 8;
        }
        if (left > 2) {
            group |= (uint32_t)(unsigned char)bytes.data[at + 2];
        }
        four[0] = digits[group >> 18];
        four[1] = digits[(group >> 12) & 63];
        four[2] = left > 1 ? digits[(group >> 6) & 63] : '=';
        four[3] = left > 2 ? digits[group & 63] : '=';
        buffer_add(out, four, sizeof(four));
    }
}

/* 0 to 63, or UINT32_MAX. */
static uint32_t value_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (uint32_t)(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return (uint32_t)(c - 'a') + 26;
    }
    if (c >= '0' && c <= '9') {
        return (uint32_t)(c - '0') + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : UINT32_MAX;
}

/* The bytes of four digits, of which `count` (2 to 4) stand there; false if they are none. */
static bool add_group(const char *four, size_t count, struct buffer *out)
{
    uint32_t group = 0;

    for (size_t i = 0; i < 4; i++) {
        uint32_t value = i < count ? value_of(four[i]) : 0;

        if (value == UINT32_MAX) {
            return false;
        }
        group = group << 6 | value;
    }
    if ((count == 2 && (group & 0xFFFF) != 0) || (count == 3 && (group & 0xFF) != 0)) {
        return false;
    }
    for (size_t i = 0; i + 1 < count; i++) {
        buffer_add_char(out, (char)(unsigned char)(group >> (16 - 8 * i) & 0xFF));
    }
    return true;
}

enum status base64_decode(struct text text, struct buffer *out, struct error *err)
{
    size_t start = out->bytes;

    if (text.bytes % 4 != 0) {
        return fail(err, STATUS_REJECT, "not base64: %zu characters are no multiple of 4",
                    text.bytes);
    }
    for (size_t at = 0; at < text.bytes; at += 4) {
        size_t count = 4;

        if (at + 4 == text.bytes && text.data[at + 3] == '=') {
            count = text.data[at + 2] == '=' ? 2 : 3;
        }
        if (!add_group(text.data + at, count, out)) {
            out->bytes = start;
            return fail(err, STATUS_REJECT, "not base64: character %zu to %zu", at + 1, at + 4);
        }
    }
    return STATUS_OK;
}
