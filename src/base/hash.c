#include "base/hash.h"

#include "base/check.h"

static uint64_t finalize(uint64_t h)
{
    h ^= h >> 33;
    h *= UINT64_C(0xFF51AFD7ED558CCD);
    h ^= h >> 33;
    h *= UINT64_C(0xC4CEB9FE1A85EC53);
    h ^= h >> 33;
    return h;
}

uint64_t hash64(struct text text, uint64_t seed)
{
    /* The seed is mixed first: XORed in as it is, it would be one more first byte, and seed 1 with
     * "\0..." would collide with seed 0 and "\1...". */
    uint64_t h = UINT64_C(0xCBF29CE484222325) ^ finalize(seed);

    for (size_t i = 0; i < text.bytes; i++) {
        h ^= (unsigned char)text.data[i];
        h *= UINT64_C(0x100000001B3);
    }
    return finalize(h);
}

uint32_t murmur2(struct text text)
{
    const unsigned char *data = (const unsigned char *)text.data;
    const uint32_t m = 0x5BD1E995U;
    uint32_t h = 0x9747B28CU ^ (uint32_t)text.bytes;
    size_t left = text.bytes;

    while (left >= 4) {
        uint32_t k = (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
                     (uint32_t)data[3] << 24;

        k *= m;
        k ^= k >> 24;
        k *= m;
        h *= m;
        h ^= k;
        data += 4;
        left -= 4;
    }
    if (left >= 3) {
        h ^= (uint32_t)data[2] << 16;
    }
    if (left >= 2) {
        h ^= (uint32_t)data[1] << 8;
    }
    if (left >= 1) {
        h ^= data[0];
        h *= m;
    }
    h ^= h >> 13;
    h *= m;
    h ^= h >> 15;
    return h;
}

int32_t kafka_partition(struct text key, int32_t partition_count)
{
    CHECK(partition_count > 0);
    return (int32_t)(murmur2(key) & 0x7FFFFFFFU) % partition_count;
}
