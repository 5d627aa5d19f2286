#include "engine/metrics_text.h"

#include <stdio.h>

void metrics_family(struct buffer *out, const struct family *family)
{
    buffer_addf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
                family->type);
}

static void add_escaped(struct buffer *out, struct text value)
{
    for (size_t i = 0; i < value.bytes; i++) {
        char c = value.data[i];

        if (c == '\n') {
            buffer_add_text(out, TEXT("\\n"));
        } else {
            if (c == '"' || c == '\\') {
                buffer_add_char(out, '\\');
            }
            buffer_add_char(out, c);
        }
    }
}

static void add_number(struct buffer *out, double value)
{
    if (value >= -9007199254740992.0 && value <= 9007199254740992.0 &&
        value == (double)(int64_t)value) {
        buffer_addf(out, "%lld", (long long)value);
    } else {
        buffer_addf(out, "%.15g", value);
    }
}

void metrics_sample(struct buffer *out, const char *name, const struct label *labels,
                    uint32_t label_count, double value)
{
    buffer_add_text(out, text_of(name));
    for (uint32_t i = 0; i < label_count; i++) {
        buffer_addf(out, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
        add_escaped(out, labels[i].value);
        buffer_add_char(out, '"');
    }
    buffer_add_text(out, label_count > 0 ? TEXT("} ") : TEXT(" "));
    add_number(out, value);
    buffer_add_char(out, '\n');
}

void metrics_single(struct buffer *out, const struct family *family, double value)
{
    metrics_family(out, family);
    metrics_sample(out, family->name, NULL, 0, value);
}

void histogram_sum_add(struct histogram_sum *sum, const struct histogram *histogram)
{
    for (uint32_t i = 0; i <= HISTOGRAM_BUCKETS; i++) {
        sum->buckets[i] += stat_get(&histogram->buckets[i]);
    }
    sum->sum += stat_get(&histogram->sum);
}

void metrics_histogram(struct buffer *out, const char *name, enum histogram_kind kind,
                       const struct histogram_sum *sum, const struct label *label)
{
    const uint32_t *bounds = histogram_bounds(kind);
    double unit = kind == HISTOGRAM_MS ? 1000.0 : 1.0;
    struct label labels[2] = {{0}, {.name = "le"}};
    uint32_t first = label == NULL ? 1 : 0;
    uint64_t count = 0;
    char part[256];
    char bound[32];

    if (label != NULL) {
        labels[0] = *label;
    }
    snprintf(part, sizeof part, "%s_bucket", name);
    for (uint32_t i = 0; i <= HISTOGRAM_BUCKETS; i++) {
        count += sum->buckets[i];
        if (i < HISTOGRAM_BUCKETS) {
            snprintf(bound, sizeof bound, "%g", (double)bounds[i] / unit);
        } else {
            snprintf(bound, sizeof bound, "+Inf");
        }
        labels[1].value = text_of(bound);
        metrics_sample(out, part, labels + first, 2 - first, (double)count);
    }
    snprintf(part, sizeof part, "%s_sum", name);
    metrics_sample(out, part, label, label == NULL ? 0 : 1, (double)sum->sum / unit);
    snprintf(part, sizeof part, "%s_count", name);
    metrics_sample(out, part, label, label == NULL ? 0 : 1, (double)count);
}
