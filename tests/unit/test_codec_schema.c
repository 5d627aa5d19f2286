/* links: baton_codec */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/records.h"
#include "codec/schema.h"

/* CRC-64-AVRO as the specification writes it, here with its table; tools/embed.py goes bit by bit. */
static uint64_t rabin(struct text text)
{
    const uint64_t empty = UINT64_C(0xC15D213AA4D7A795);
    uint64_t table[256];
    uint64_t print = empty;

    for (uint64_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++) {
            table[i] = (table[i] >> 1) ^ (empty & (UINT64_C(0) - (table[i] & 1)));
        }
    }
    for (size_t i = 0; i < text.bytes; i++) {
        print = (print >> 8) ^ table[(print ^ (unsigned char)text.data[i]) & 255];
    }
    return print;
}

/* Test vectors of Apache Avro. */
static void the_fingerprint_of_the_test_is_that_of_avro(void **state)
{
    (void)state;
    assert_true(rabin(TEXT("\"null\"")) == UINT64_C(0x63DD24E7CC258F8A));
    assert_true(rabin(TEXT("\"int\"")) == UINT64_C(0x7275D51A3F395C8F));
}

static void every_record_has_its_fingerprint(void **state)
{
    static const char *const names[] = {"alert", "checkpoint", "config", "definition",
                                        "flow",  "history",    "inbox",  "snapshot"};

    (void)state;
    assert_int_equal(schema_count, COUNT_OF(names));
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct schema *schema = schema_find(names[i]);
        char hex[17];

        assert_non_null(schema);
        (void)snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)rabin(schema->canonical));
        assert_true(text_is(schema_fingerprint(names[i]), hex));
    }
    assert_null(schema_find("inboxes"));
}

static void the_canonical_form_leaves_out_what_does_not_change_the_bytes(void **state)
{
    (void)state;
    assert_string_equal(schema_find("config")->canonical.data,
                        "{\"name\":\"baton.EstateConfig\",\"type\":\"record\",\"fields\":["
                        "{\"name\":\"partitions\",\"type\":\"int\"}]}");
    assert_string_equal(
        schema_find("checkpoint")->canonical.data,
        "{\"name\":\"baton.Checkpoint\",\"type\":\"record\",\"fields\":[{\"name\":\"value\","
        "\"type\":[{\"name\":\"baton.Watermark\",\"type\":\"record\",\"fields\":["
        "{\"name\":\"next\",\"type\":\"long\"}]},"
        "{\"name\":\"baton.Ended\",\"type\":\"record\",\"fields\":[{\"name\":\"entries\",\"type\":"
        "{\"type\":\"array\",\"items\":{\"name\":\"baton.EndedEntry\",\"type\":\"record\","
        "\"fields\":[{\"name\":\"nameHash\",\"type\":{\"name\":\"baton.NameHash\",\"type\":"
        "\"fixed\",\"size\":12}},{\"name\":\"endSecond\",\"type\":\"long\"}]}}}]},"
        "{\"name\":\"baton.Offsets\",\"type\":\"record\",\"fields\":[{\"name\":\"history\","
        "\"type\":\"long\"},{\"name\":\"inbox\",\"type\":\"long\"}]}]}]}");
}

/* What is embedded is what is published. Spaces are left out of the embedded text only outside of
 * strings, so the letters and digits are the same in both. */
static void embedded_schemas_are_those_of_the_tree(void **state)
{
    (void)state;
    for (size_t i = 0; i < schema_count; i++) {
        const char *embedded = schemas[i].json.data;
        char path[512];
        FILE *file;
        int c;

        (void)snprintf(path, sizeof(path), "%s/schemas/%s.avsc", BATON_SOURCE_DIR, schemas[i].name);
        file = fopen(path, "rb");
        assert_non_null(file);
        while ((c = fgetc(file)) != EOF) {
            if (c == ' ' || c == '\n') {
                continue;
            }
            embedded += strspn(embedded, " ");
            assert_int_equal(*embedded, c);
            embedded++;
        }
        assert_int_equal(*embedded, '\0');
        (void)fclose(file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fingerprint_of_the_test_is_that_of_avro),
        cmocka_unit_test(every_record_has_its_fingerprint),
        cmocka_unit_test(the_canonical_form_leaves_out_what_does_not_change_the_bytes),
        cmocka_unit_test(embedded_schemas_are_those_of_the_tree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
