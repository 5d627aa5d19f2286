/*
 * digest - SHA-256 by OpenSSL.
 */
#ifndef BATON_CRYPTO_DIGEST_H
#define BATON_CRYPTO_DIGEST_H

#include "base/text.h"

#define DIGEST_BYTES 32
#define DIGEST_TEXT_BYTES 65 /* Lower-case hex and a NUL. */

void digest_sha256(struct text data, unsigned char out[DIGEST_BYTES]);
void digest_hex(const unsigned char digest[DIGEST_BYTES], char out[DIGEST_TEXT_BYTES]);

#endif
