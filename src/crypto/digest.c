#include "crypto/digest.h"

#include <openssl/evp.h>
#include <pthread.h>

#include "base/check.h"

static EVP_MD *sha256;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* OpenSSL 3 looks an algorithm up by name at each use unless it was fetched before, which costs more
 * than hashing a short record. It is kept for the life of the process. */
static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    CHECK(sha256 != NULL);
}

void digest_sha256(struct text data, unsigned char out[DIGEST_BYTES])
{
    unsigned int bytes = 0;

    CHECK(pthread_once(&once, fetch) == 0);
    CHECK(EVP_Digest(data.data, data.bytes, out, &bytes, sha256, NULL) == 1);
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
