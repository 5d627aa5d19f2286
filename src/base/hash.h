/*
 * hash - hashes that are not cryptographic. SHA-256 is in crypto/digest.h.
 */
#ifndef BATON_BASE_HASH_H
#define BATON_BASE_HASH_H

#include <stdint.h>

#include "base/text.h"

/* 64 bits, well mixed, seedable; stable for ever (jitter and derived ids depend on it). FNV-1a with
 * the finalizer of MurmurHash3. */
uint64_t hash64(struct text text, uint64_t seed);

/* As Kafka's Java client: org.apache.kafka.common.utils.Utils.murmur2. */
uint32_t murmur2(struct text text);

/* The partition that the Java client's default partitioner gives: toPositive(murmur2) % count. */
int32_t kafka_partition(struct text key, int32_t partition_count);

#endif
