/* links: baton_crypto */
#include "support/unit.h"

#include <string.h>

#include "crypto/digest.h"

static void assert_digest(struct text data, const char *expected)
{
    unsigned char digest[DIGEST_BYTES];
    char hex[DIGEST_TEXT_BYTES];

    digest_sha256(data, digest);
    digest_hex(digest, hex);
    assert_string_equal(hex, expected);
}

static void sha256_is_that_of_fips_180(void **state)
{
    (void)state;
    assert_digest(TEXT("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_digest(TEXT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_digest((struct text){NULL, 0},
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sha256_is_that_of_fips_180)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
