#include "crypto/digest.h"

#include <openssl/evp.h>

#include "base/check.h"

void digest_sha256(struct text data, unsigned char out[DIGEST_BYTES])
{
    unsigned int bytes = 0;

    CHECK(EVP_Digest(data.data, data.bytes, out, &bytes, EVP_sha256(), NULL) == 1);
    CHECK(bytes == DIGEST_BYTES);
}

void digest_hex(const unsigned char digest[DIGEST_BYTES], char out[DIGEST_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15U];
    }
    out[2 * DIGEST_BYTES] = '\0';
}
