#include "compile/lines.h"

#include <string.h>

size_t line_break(struct text text, size_t at)
{
    struct text rest = text_sub(text, at, text.bytes - at);

    /* Every byte of a file comes through here: most are told by their value alone. */
    if (rest.bytes == 0 || strchr("\n\r\xC2\xE2", rest.data[0]) == NULL || rest.data[0] == '\0') {
        return 0;
    }
    if (text_starts(rest, TEXT("\r\n")) || text_starts(rest, TEXT("\xC2\x85"))) {
        return 2;
    }
    if (rest.data[0] == '\n' || rest.data[0] == '\r') {
        return 1;
    }
    return text_starts(rest, TEXT("\xE2\x80\xA8")) || text_starts(rest, TEXT("\xE2\x80\xA9")) ? 3
                                                                                              : 0;
}

size_t character_bytes(struct text text, size_t at)
{
    size_t bytes = 1;

    if (((unsigned char)text.data[at] & 0xC0) != 0xC0) {
        return 1;
    }
    while (at + bytes < text.bytes && ((unsigned char)text.data[at + bytes] & 0xC0) == 0x80) {
        bytes++;
    }
    return bytes;
}
