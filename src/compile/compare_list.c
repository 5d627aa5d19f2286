#include "compile/compare_list.h"

#include "compile/compare_values.h"
#include "compile/grow.h"

static void add_steps(struct listing *listing, const struct json *value, struct text parent)
{
    struct json_cursor cursor = {0};
    const struct json *item;
    struct text key;

    if (value == NULL) {
        return;
    }
    for (size_t i = 0; json_kind(value) == JSON_ARRAY && i < json_count(value); i++) {
        add_steps(listing, json_at(value, i), parent); /* Bounded by JSON_DEPTH_MAX. */
    }
    if (json_kind(value) != JSON_OBJECT) {
        return;
    }
    if (values_are_step(value)) {
        listing->items = grow(listing->arena, listing->items, listing->count, &listing->capacity,
                              sizeof(*listing->items));
        listing->items[listing->count++] = (struct place_of_step){
            .name = json_member_text(value, "step"),
            .parent = parent,
            .json = value,
            .own = values_without_steps(value),
        };
        parent = json_member_text(value, "step");
    }
    while (json_next(value, &cursor, &key, &item)) {
        add_steps(listing, item, parent);
    }
}

struct listing list_steps_of(struct arena *arena, const struct json *definition)
{
    struct listing listing = {.arena = arena};
    uint32_t others;

    add_steps(&listing, json_member(definition, "do"), TEXT(""));
    add_steps(&listing, json_member(definition, "onFailure"), TEXT(""));
    add_steps(&listing, json_member(definition, "always"), TEXT(""));
    others = listing.count;
    add_steps(&listing, json_member(definition, "handle"), TEXT(""));
    for (uint32_t i = others; i < listing.count; i++) {
        listing.items[i].of_handler = true;
    }
    return listing;
}

void list_release(struct listing *listing)
{
    for (uint32_t i = 0; i < listing->count; i++) {
        json_free(listing->items[i].own);
    }
}

const struct place_of_step *list_find(const struct listing *listing, struct text name)
{
    for (uint32_t i = 0; i < listing->count; i++) {
        if (text_equal(listing->items[i].name, name)) {
            return &listing->items[i];
        }
    }
    return NULL;
}
