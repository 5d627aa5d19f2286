/*
 * metrics_text - writing the Prometheus text format: a family's head, then its samples.
 */
#ifndef BATON_ENGINE_METRICS_TEXT_H
#define BATON_ENGINE_METRICS_TEXT_H

#include "base/buffer.h"
#include "engine/stats.h"

/* Of one sample; the value may hold anything, it is escaped. */
struct label {
    const char *name;
    struct text value;
};

#define LABELS_MAX 3

/* The name of the family is written once, here; type is "counter", "gauge" or "histogram". */
struct family {
    const char *name;
    const char *type;
    const char *help;
};

void metrics_family(struct buffer *out, const struct family *family);
/* Labels end at `label_count`. */
void metrics_sample(struct buffer *out, const char *name, const struct label *labels,
                    uint32_t label_count, double value);
/* A family of one sample without labels. */
void metrics_single(struct buffer *out, const struct family *family, double value);

/* Counts of several threads, added up. */
struct histogram_sum {
    uint64_t buckets[HISTOGRAM_BUCKETS + 1];
    uint64_t sum;
};
void histogram_sum_add(struct histogram_sum *sum, const struct histogram *histogram);
/* Bounds of milliseconds are written as seconds. `label` may be NULL. */
void metrics_histogram(struct buffer *out, const char *name, enum histogram_kind kind,
                       const struct histogram_sum *sum, const struct label *label);

#endif
