#include "app/topic_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_MAX 1000
#define READ_WAIT_MS 1000

static void show_progress(const char *what, const struct log_ends *ends, int64_t at, int64_t *shown)
{
    int64_t percent = ends->stable <= ends->low
                          ? 100
                          : (at - ends->low) * 100 / (ends->stable - ends->low);

    if (isatty(STDERR_FILENO) && percent != *shown) {
        fprintf(stderr, "\rreading %s: %lld %%%s", what, (long long)percent,
                percent >= 100 ? "\r\033[K" : "");
        *shown = percent;
    }
}

enum status topic_scan(struct estate *estate, const char *topic, int32_t partition,
                       const char *what, topic_visit *visit, void *self, struct error *err)
{
    struct record *records = calloc(READ_MAX, sizeof *records);
    struct log_reader reader;
    struct log_ends ends = {0};
    bool at_end = false;
    int64_t shown = -1;

    CHECK(records != NULL);
    enum status status = estate->broker.ends(estate->broker.self, text_of(topic), partition, &ends,
                                             err);
    if (status == STATUS_OK) {
        status = estate->broker.open_reader(estate->broker.self, text_of(topic), partition, 0,
                                            &reader, err);
    }
    if (status != STATUS_OK) {
        free(records);
        return status;
    }
    while (status == STATUS_OK && !at_end && reader.position(reader.self) < ends.stable) {
        uint32_t count = 0;
        status = reader.poll(reader.self, READ_WAIT_MS, records, READ_MAX, &count, &at_end, err);
        for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
            status = visit(self, &records[i], err);
        }
        show_progress(what, &ends, reader.position(reader.self), &shown);
    }
    show_progress(what, &ends, ends.stable, &shown);
    reader.close(reader.self);
    free(records);
    return status;
}
