/* links: baton_engine */
#include <stdio.h>
#include <string.h>

#include "engine/lane_state.h"
#include "support/unit.h"

static void what_is_written_is_read_back(void **state)
{
    static const int64_t checkpoints[] = {0, 1, 4711, INT64_MAX};
    char text[OFFSET_METADATA_BYTES];
    struct metadata metadata;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(checkpoints); i++) {
        metadata_format(text, "baton.worker-1.0", "00ff00ff00ff00ff.42", checkpoints[i]);
        assert_true(metadata_parse(text, &metadata));
        assert_string_equal(metadata.transactional_id, "baton.worker-1.0");
        assert_string_equal(metadata.batch, "00ff00ff00ff00ff.42");
        assert_int_equal(metadata.checkpoint, checkpoints[i]);
    }
}

static void the_longest_names_that_are_allowed_fit(void **state)
{
    char id[LANE_ID_BYTES];
    char part[101];
    char batch[64];
    char text[OFFSET_METADATA_BYTES];
    struct metadata metadata;

    (void)state;
    /* The configuration takes 100 bytes for `app` and for `name`. */
    memset(part, 'a', 100);
    part[100] = '\0';
    snprintf(id, sizeof id, "%s.%s.15", part, part);
    snprintf(batch, sizeof batch, "%016x.%u", 0xffffffffU, 999999999U);
    metadata_format(text, id, batch, INT64_C(999999999999999));
    assert_true(metadata_parse(text, &metadata));
    assert_string_equal(metadata.transactional_id, id);
    assert_string_equal(metadata.batch, batch);
    assert_int_equal(metadata.checkpoint, INT64_C(999999999999999));
}

static void what_others_wrote_is_not_taken_for_ours(void **state)
{
    static const char *const others[] = {
        "",           "1",           "1 id",         "1 id batch", "1 id batch -1", "2 id batch 5",
        "1 id b 5 x", "1 id b five", "1 id b 5five", "NaN",        "id batch 5",    "{\"a\":1}",
    };
    struct metadata metadata;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (metadata_parse(others[i], &metadata)) {
            fail_msg("'%s' was taken", others[i]);
        }
    }
}

static void hostile_lengths_stay_in_their_bounds(void **state)
{
    char text[2048];
    struct metadata metadata;

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text, "1 ", 2);
    text[sizeof text - 1] = '\0';
    assert_false(metadata_parse(text, &metadata));
    memcpy(text + 3, " ", 1);
    assert_false(metadata_parse(text, &metadata));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(the_longest_names_that_are_allowed_fit),
        cmocka_unit_test(what_others_wrote_is_not_taken_for_ours),
        cmocka_unit_test(hostile_lengths_stay_in_their_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
