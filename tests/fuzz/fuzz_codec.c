/* links: baton_codec */
/*
 * Whatever stands on an internal topic: a record is refused, or it is one whose encoding is these
 * bytes. The first byte chooses the record. A history record is also given its right hash, or the
 * parser behind the hash would never be reached.
 */
#include <stdint.h>
#include <string.h>

#include "support/reencode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void run(const struct reencoder *reencoder, struct text bytes)
{
    struct arena arena = {0};
    struct buffer out = {0};
    struct error err;

    if (reencoder->again(bytes, &arena, &out, &err) == STATUS_OK) {
        CHECK(text_equal(buffer_text(&out), bytes));
    }
    buffer_release(&out);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct text record;

    if (bytes == 0) {
        return 0;
    }
    record = (struct text){(const char *)data + 1, bytes - 1};
    run(&reencoders[data[0] % REENCODER_COUNT], record);
    if (data[0] % REENCODER_COUNT == REENCODER_HISTORY) {
        struct buffer hashed = {0};
        unsigned char hash[DIGEST_BYTES];

        digest_sha256(record, hash);
        buffer_add_text(&hashed, record);
        buffer_add(&hashed, hash, sizeof(hash));
        run(&reencoders[REENCODER_HISTORY], buffer_text(&hashed));
        buffer_release(&hashed);
    }
    return 0;
}
