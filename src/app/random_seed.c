#include "app/random_seed.h"

#include <sys/random.h>

#include "base/check.h"

uint64_t random_seed(void)
{
    uint64_t seed = 0;

    CHECK(getrandom(&seed, sizeof seed, 0) == sizeof seed);
    return seed;
}
