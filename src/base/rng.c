#include "base/rng.h"

#include "base/check.h"

uint64_t rng_next(struct rng *rng)
{
    uint64_t z;

    rng->state += UINT64_C(0x9E3779B97F4A7C15);
    z = rng->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    uint64_t skipped;
    uint64_t value;

    CHECK(bound > 0);
    /* The lowest 2^64 mod bound values are drawn again, so that every remainder is as likely. */
    skipped = (UINT64_MAX - bound + 1) % bound;
    do {
        value = rng_next(rng);
    } while (value < skipped);
    return value % bound;
}

bool rng_chance(struct rng *rng, uint32_t permille)
{
    return rng_below(rng, 1000) < permille;
}
