/* Starts by batches: each message is in one batch, whole runs all of them. */
#include "sim/checker_parts.h"

bool checker_gathers(const struct checker *checker)
{
    return checker->options.flows[0]->starts[0].batch_max > 0;
}

static uint32_t count_items(const struct book *book, struct text key)
{
    const struct json *data = book->state->data != NULL || book->almost == NULL
                                  ? book->state->data
                                  : book->almost->data;
    const struct json *items = json_member(data, "items");
    uint32_t count = 0;

    for (size_t i = 0; i < json_count(items); i++) {
        count += text_equal(json_member_text(json_at(items, i), "orderId"), key);
    }
    return count;
}

static uint32_t count_gathered(const struct checker *checker, struct text key)
{
    size_t cursor = 0;
    struct text each;
    void *book;
    uint32_t count = 0;

    while (map_next(&checker->books, &cursor, &each, &book)) {
        if (checker_flow(checker, text_of(((struct book *)book)->instance)) != NULL) {
            count += count_items(book, key);
        }
    }
    return count;
}

void check_batches(struct checker *checker, const struct text *keys, const uint32_t *sent,
                   size_t key_count)
{
    for (size_t i = 0; i < key_count; i++) {
        uint32_t count = count_gathered(checker, keys[i]);

        if (count != sent[i]) {
            checker_fail(checker, "batch: of %u messages of '%.*s' %u are in batches", sent[i],
                         TEXT_ARG(keys[i]), count);
        }
    }
}
