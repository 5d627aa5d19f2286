#include "adapter/kafka_places.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "adapter/kafka_error.h"

#define TOPIC_WORDS_BYTES 300 /* A topic's name has 249 at the most. */

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
    places->changed = false;
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

void kafka_places_start(struct kafka_places *places, struct kafka_place *place, int64_t from)
{
    place->from = from;
    place->started = true;
    place->lost = RD_KAFKA_RESP_ERR_NO_ERROR;
    places->changed = true;
}

void kafka_places_pause(struct kafka_places *places, struct kafka_place *place)
{
    places->changed = places->changed || place->started;
    place->started = false;
}

void kafka_places_gone(struct kafka_places *places, const char *reason, rd_kafka_resp_err_t code)
{
    char words[TOPIC_WORDS_BYTES];

    for (uint32_t i = 0; i < places->count; i++) {
        struct kafka_place *place = &places->items[i];

        (void)snprintf(words, sizeof(words), "%s [%" PRId32 "]:", place->topic, place->partition);
        if (place->started && strstr(reason, words) != NULL) {
            kafka_places_pause(places, place);
            place->lost = code;
            places->lost = true;
        }
    }
}

enum status kafka_places_apply(struct kafka_places *places, rd_kafka_t *rk, struct error *err)
{
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_resp_err_t code;

    /* A lost assignment is about to be revoked; assigning would make the client forget the loss. */
    if (!places->changed || rd_kafka_assignment_lost(rk) != 0) {
        return STATUS_OK;
    }
    list = rd_kafka_topic_partition_list_new((int)places->count);
    for (uint32_t i = 0; i < places->count; i++) {
        const struct kafka_place *place = &places->items[i];

        if (place->started) {
            rd_kafka_topic_partition_list_add(list, place->topic, place->partition)->offset =
                place->from;
        }
    }
    code = rd_kafka_assign(rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return kafka_fail(code, NULL, "take up partitions", err);
    }
    places->changed = false;
    return STATUS_OK;
}

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
