/*
 * rng - a seeded generator (SplitMix64, Steele et al. 2014). Same seed, same numbers, everywhere.
 */
#ifndef BATON_BASE_RNG_H
#define BATON_BASE_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

uint64_t rng_next(struct rng *rng);
/* 0 .. bound - 1; bound > 0. */
uint64_t rng_below(struct rng *rng, uint64_t bound);
/* True `permille` times in 1,000. */
bool rng_chance(struct rng *rng, uint32_t permille);

#endif
