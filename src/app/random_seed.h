/* random_seed - 64 bits from the operating system. */
#ifndef BATON_APP_RANDOM_SEED_H
#define BATON_APP_RANDOM_SEED_H

#include <stdint.h>

uint64_t random_seed(void);

#endif
