/* links: baton_codec */
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "support/random_records.h"
#include "support/reencode.h"

#define ROUNDS 200
#define DAMAGE_ROUNDS 8

/* Append the bytes of a random record of reencoders[index]. */
static void encode_random(size_t index, struct rng *rng, struct arena *arena, struct buffer *out)
{
    const char *name = reencoders[index].name;

    if (strcmp(name, "inbox") == 0) {
        struct inbox_record record = random_inbox(rng, arena);
        inbox_encode(&record, out);
    } else if (strcmp(name, "history") == 0) {
        struct history_record record = random_history(rng, arena);
        history_encode(&record, out);
    } else if (strcmp(name, "snapshot") == 0) {
        struct snapshot_record record = random_snapshot(rng, arena);
        snapshot_encode(&record, out);
    } else if (strcmp(name, "checkpoint") == 0) {
        struct checkpoint_record record = random_checkpoint(rng, arena);
        checkpoint_encode(&record, out);
    } else if (strcmp(name, "definition") == 0) {
        definition_encode(random_text(rng, arena), random_text(rng, arena), random_int(rng), out);
    } else if (strcmp(name, "flow") == 0) {
        struct flow_state state = random_flow_state(rng, arena);
        flow_state_encode(&state, out);
    } else if (strcmp(name, "config") == 0) {
        estate_config_encode(1 + (int32_t)rng_below(rng, 10000), out);
    } else {
        struct alert_record record = random_alert(rng, arena);
        alert_encode(&record, out);
    }
}

/* An exact copy on the heap, so that the sanitizer sees a read past its end. */
static enum status decode_copy(size_t index, struct text bytes, struct buffer *out)
{
    struct arena arena = {0};
    struct error err = {{0}};
    char *copy = malloc(bytes.bytes + (bytes.bytes == 0));
    enum status status;

    memcpy(copy, bytes.data, bytes.bytes);
    buffer_clear(out);
    status = reencoders[index].again((struct text){copy, bytes.bytes}, &arena, out, &err);
    if (status == STATUS_OK) {
        assert_int_equal(out->bytes, bytes.bytes);
        assert_memory_equal(out->data, bytes.data, bytes.bytes);
    } else {
        assert_int_equal(status, STATUS_REJECT);
        assert_true(err.text[0] != '\0');
    }
    free(copy);
    arena_release(&arena);
    return status;
}

static void what_is_encoded_is_decoded_to_the_same(void **state)
{
    struct rng rng = {11};

    (void)state;
    for (size_t i = 0; i < REENCODER_COUNT * ROUNDS; i++) {
        struct arena arena = {0};
        struct buffer bytes = {0}, again = {0};

        encode_random(i % REENCODER_COUNT, &rng, &arena, &bytes);
        assert_int_equal(decode_copy(i % REENCODER_COUNT, buffer_text(&bytes), &again), STATUS_OK);
        buffer_release(&bytes);
        buffer_release(&again);
        arena_release(&arena);
    }
}

static void a_cut_record_is_refused_wherever_it_is_cut(void **state)
{
    struct rng rng = {12};

    (void)state;
    for (size_t i = 0; i < REENCODER_COUNT * DAMAGE_ROUNDS; i++) {
        struct arena arena = {0};
        struct buffer bytes = {0}, again = {0};

        encode_random(i % REENCODER_COUNT, &rng, &arena, &bytes);
        for (size_t cut = 0; cut < bytes.bytes; cut++) {
            struct text left = text_sub(buffer_text(&bytes), 0, cut);

            assert_int_equal(decode_copy(i % REENCODER_COUNT, left, &again), STATUS_REJECT);
        }
        buffer_add_char(&bytes, '\0');
        assert_int_equal(decode_copy(i % REENCODER_COUNT, buffer_text(&bytes), &again),
                         STATUS_REJECT);
        buffer_release(&bytes);
        buffer_release(&again);
        arena_release(&arena);
    }
}

/* Never a crash, and never the record that it was: what is not refused encodes to the damaged
 * bytes, which decode_copy() asserts. */
static void a_damaged_record_is_refused_or_another_one(void **state)
{
    struct rng rng = {13};

    (void)state;
    for (size_t i = 0; i < REENCODER_COUNT * DAMAGE_ROUNDS; i++) {
        struct arena arena = {0};
        struct buffer bytes = {0}, again = {0};
        size_t index = i % REENCODER_COUNT;

        encode_random(index, &rng, &arena, &bytes);
        for (size_t at = 0; at < bytes.bytes; at++) {
            char was = bytes.data[at];

            bytes.data[at] = (char)(was ^ (char)(1U << rng_below(&rng, 7)));
            enum status one = decode_copy(index, buffer_text(&bytes), &again);
            bytes.data[at] = (char)~was;
            enum status all = decode_copy(index, buffer_text(&bytes), &again);
            bytes.data[at] = was;
            if (index == REENCODER_HISTORY) {
                assert_int_equal(one, STATUS_REJECT);
                assert_int_equal(all, STATUS_REJECT);
            }
        }
        buffer_release(&bytes);
        buffer_release(&again);
        arena_release(&arena);
    }
}

/* The same, behind the hash: whoever writes a wrong record may hash it rightly. */
static void a_damaged_history_record_with_a_right_hash_is_refused_or_another_one(void **state)
{
    struct rng rng = {14};

    (void)state;
    for (size_t i = 0; i < DAMAGE_ROUNDS; i++) {
        struct arena arena = {0};
        struct buffer bytes = {0}, again = {0};

        encode_random(REENCODER_HISTORY, &rng, &arena, &bytes);
        for (size_t at = 0; at < bytes.bytes - DIGEST_BYTES; at++) {
            char was = bytes.data[at];
            size_t covered = bytes.bytes - DIGEST_BYTES;

            bytes.data[at] = (char)(was ^ (char)(1U << rng_below(&rng, 7)));
            digest_sha256(text_sub(buffer_text(&bytes), 0, covered),
                          (unsigned char *)bytes.data + covered);
            (void)decode_copy(REENCODER_HISTORY, buffer_text(&bytes), &again);
            bytes.data[at] = was;
        }
        buffer_release(&bytes);
        buffer_release(&again);
        arena_release(&arena);
    }
}

static void history_hash_is_sha256_of_what_stands_before_it(void **state)
{
    struct history_record record = {.instance = TEXT("order:1"), .seq = 1}, read;
    struct buffer out = {0};
    struct arena arena = {0};
    unsigned char hash[DIGEST_BYTES];
    struct error err;

    (void)state;
    buffer_add_text(&out, TEXT("before"));
    history_encode(&record, &out);
    digest_sha256(text_sub(buffer_text(&out), 6, out.bytes - 6 - DIGEST_BYTES), hash);
    assert_memory_equal(record.hash, hash, DIGEST_BYTES);
    assert_memory_equal(out.data + out.bytes - DIGEST_BYTES, hash, DIGEST_BYTES);
    assert_int_equal(history_decode(text_sub(buffer_text(&out), 6, out.bytes), &arena, &read, &err),
                     STATUS_OK);
    assert_memory_equal(read.hash, hash, DIGEST_BYTES);
    out.data[8] ^= 1;
    assert_int_equal(history_decode(text_sub(buffer_text(&out), 6, out.bytes), &arena, &read, &err),
                     STATUS_REJECT);
    assert_non_null(strstr(err.text, "hash"));
    buffer_release(&out);
    arena_release(&arena);
}

static void history_keys_sort_by_seq(void **state)
{
    struct buffer key = {0};

    (void)state;
    history_key(TEXT("order:a/b"), (struct run_id){2, 4711}, 42, &key);
    assert_string_equal(buffer_string(&key), "order:a/b/2-4711/000000000042");
    buffer_release(&key);
}

static void null_and_empty_are_kept_apart(void **state)
{
    struct inbox_record tombstone = {.source_key = {"", 0}}, read;
    struct buffer out = {0};
    struct arena arena = {0};
    struct error err;

    (void)state;
    inbox_encode(&tombstone, &out);
    assert_int_equal(inbox_decode(buffer_text(&out), &arena, &read, &err), STATUS_OK);
    assert_null(read.value.data);
    assert_non_null(read.source_key.data);
    assert_int_equal(read.source_key.bytes, 0);
    buffer_release(&out);
    arena_release(&arena);
}

/* A header of a foreign record may hold anything; other programs must still read our record. */
static void text_that_is_not_utf8_is_mended_when_written(void **state)
{
    struct inbox_header header = {{"na\xFFme\xC3", 6}, {"\xFF\xFE", 2}};
    struct inbox_record record = {.headers = &header, .header_count = 1}, read;
    struct buffer out = {0};
    struct arena arena = {0};
    struct error err;

    (void)state;
    inbox_encode(&record, &out);
    assert_int_equal(inbox_decode(buffer_text(&out), &arena, &read, &err), STATUS_OK);
    assert_true(text_is(read.headers[0].name, "na\xEF\xBF\xBDme\xEF\xBF\xBD"));
    assert_true(text_equal(read.headers[0].value, header.value));
    buffer_release(&out);
    arena_release(&arena);
}

static void an_estate_without_partitions_is_refused(void **state)
{
    struct buffer out = {0};
    struct error err;
    int32_t partitions;

    (void)state;
    estate_config_encode(0, &out);
    assert_int_equal(estate_config_decode(buffer_text(&out), &partitions, &err), STATUS_REJECT);
    assert_string_equal(err.text, "config record: field 'partitions': below 1");
    buffer_release(&out);
}

static void what_was_decoded_outlives_the_bytes(void **state)
{
    struct alert_record record = {.kind = TEXT("late"), .detail = TEXT("{\"after\":\"1m\"}")}, read;
    struct buffer out = {0};
    struct arena arena = {0};
    struct error err;

    (void)state;
    alert_encode(&record, &out);
    assert_int_equal(alert_decode(buffer_text(&out), &arena, &read, &err), STATUS_OK);
    buffer_release(&out);
    assert_true(text_equal(read.detail, record.detail));
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encoded_is_decoded_to_the_same),
        cmocka_unit_test(a_cut_record_is_refused_wherever_it_is_cut),
        cmocka_unit_test(a_damaged_record_is_refused_or_another_one),
        cmocka_unit_test(a_damaged_history_record_with_a_right_hash_is_refused_or_another_one),
        cmocka_unit_test(history_hash_is_sha256_of_what_stands_before_it),
        cmocka_unit_test(history_keys_sort_by_seq),
        cmocka_unit_test(null_and_empty_are_kept_apart),
        cmocka_unit_test(text_that_is_not_utf8_is_mended_when_written),
        cmocka_unit_test(an_estate_without_partitions_is_refused),
        cmocka_unit_test(what_was_decoded_outlives_the_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
