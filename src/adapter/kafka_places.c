#include "adapter/kafka_places.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/kafka_error.h"
#include "adapter/kafka_parts.h"
#include "adapter/real_clock.h"

#define SEEK_MS 5000

static int compare_places(const void *a, const void *b)
{
    const struct kafka_place *left = a;
    const struct kafka_place *right = b;
    int order = strcmp(left->topic, right->topic);

    return order != 0 ? order
                      : (left->partition > right->partition) - (left->partition < right->partition);
}

struct kafka_place *kafka_places_find(struct kafka_places *places, const char *topic,
                                      int32_t partition)
{
    struct kafka_place asked = {.topic = (char *)topic, .partition = partition};
    struct kafka_place *found;

    if (places->last < places->count && compare_places(&asked, &places->items[places->last]) == 0) {
        return &places->items[places->last];
    }
    if (places->count == 0) {
        return NULL;
    }
    found = bsearch(&asked, places->items, places->count, sizeof(*places->items), compare_places);
    if (found != NULL) {
        places->last = (uint32_t)(found - places->items);
    }
    return found;
}

struct kafka_place *kafka_places_find_text(struct kafka_places *places, struct text topic,
                                           int32_t partition)
{
    char *name = text_dup(topic);
    struct kafka_place *found = kafka_places_find(places, name, partition);

    free(name);
    return found;
}

void kafka_places_forget(struct kafka_places *places)
{
    for (uint32_t i = 0; i < places->count; i++) {
        free(places->items[i].topic);
    }
    free(places->items);
    places->items = NULL;
    places->count = 0;
    places->lost = false;
    places->start_wanted = false;
}

void kafka_places_take(struct kafka_places *places, const rd_kafka_topic_partition_list_t *list)
{
    uint32_t count = (uint32_t)list->cnt;

    kafka_places_forget(places);
    if (count == 0) {
        return;
    }
    places->items = calloc(count, sizeof(*places->items));
    CHECK(places->items != NULL);
    for (uint32_t i = 0; i < count; i++) {
        places->items[i].topic = text_dup(text_of(list->elems[i].topic));
        places->items[i].partition = list->elems[i].partition;
    }
    places->count = count;
    qsort(places->items, count, sizeof(*places->items), compare_places);
}

/* The places as the port's type; free() it. */
struct partition_offset *kafka_places_offsets(const struct kafka_places *places)
{
    struct partition_offset *offsets = calloc((size_t)places->count + 1, sizeof(*offsets));

    CHECK(offsets != NULL);
    for (uint32_t i = 0; i < places->count; i++) {
        offsets[i].topic = text_of(places->items[i].topic);
        offsets[i].partition = places->items[i].partition;
        offsets[i].offset = OFFSET_NONE;
    }
    return offsets;
}

static rd_kafka_topic_partition_list_t *one_place(const struct kafka_place *place, int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(list, place->topic, place->partition)->offset = offset;
    return list;
}

/* Seek, then resume: the seek outdates what was fetched before, and a paused partition does not
 * fetch until it is resumed, so no record from elsewhere can slip out. */
enum status kafka_places_start(struct kafka_places *places, struct kafka_place *place,
                               struct error *err)
{
    int64_t deadline_ms = real_clock_monotonic_ms() + SEEK_MS;
    rd_kafka_topic_partition_list_t *list = one_place(place, place->from);
    enum status status;

    place->started = false;
    for (;;) {
        rd_kafka_resp_err_t code;

        list->elems[0].err = RD_KAFKA_RESP_ERR_NO_ERROR;
        status = kafka_end(rd_kafka_seek_partitions(places->rk, list, SEEK_MS), "seek", err);
        code = list->elems[0].err;
        if (status == STATUS_OK && code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            status = kafka_fail(code, NULL, "seek", err);
        }
        /* The client still takes up, or gives up, the partition in a thread of its own. */
        if ((code != RD_KAFKA_RESP_ERR__STATE && code != RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS) ||
            real_clock_monotonic_ms() > deadline_ms) {
            break;
        }
        (void)poll(NULL, 0, 1);
    }
    if (status == STATUS_OK) {
        rd_kafka_resp_err_t code = rd_kafka_resume_partitions(places->rk, list);

        status = code == RD_KAFKA_RESP_ERR_NO_ERROR ? STATUS_OK
                                                    : kafka_fail(code, NULL, "resume", err);
    }
    rd_kafka_topic_partition_list_destroy(list);
    if (status != STATUS_OK) {
        return fail_in(err, status, "topic '%s' partition %" PRId32, place->topic,
                       place->partition);
    }
    place->started = true;
    place->start_wanted = false;
    place->lost = RD_KAFKA_RESP_ERR_NO_ERROR;
    return STATUS_OK;
}

void kafka_places_pause(struct kafka_places *places, struct kafka_place *place)
{
    rd_kafka_topic_partition_list_t *list = one_place(place, RD_KAFKA_OFFSET_INVALID);

    place->started = false;
    place->start_wanted = false;
    (void)rd_kafka_pause_partitions(places->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}

enum status kafka_places_start_wanted(struct kafka_places *places, struct error *err)
{
    for (uint32_t i = 0; i < places->count; i++) {
        if (places->items[i].start_wanted) {
            enum status status = kafka_places_start(places, &places->items[i], err);

            if (status != STATUS_OK) {
                return status; /* Still wanted: the next poll tries again. */
            }
        }
    }
    places->start_wanted = false;
    return STATUS_OK;
}

/* Tell the first lost position that was not told, if any. */
enum status kafka_places_tell_lost(struct kafka_places *places, struct error *err)
{
    for (uint32_t i = 0; i < places->count && places->lost; i++) {
        struct kafka_place *place = &places->items[i];
        rd_kafka_resp_err_t code = place->lost;

        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            place->lost = RD_KAFKA_RESP_ERR_NO_ERROR;
            return fail(err, STATUS_REJECT,
                        "topic '%s' partition %" PRId32 ": position %" PRId64 " is not there: %s",
                        place->topic, place->partition, place->from, rd_kafka_err2str(code));
        }
    }
    places->lost = false;
    return STATUS_OK;
}
