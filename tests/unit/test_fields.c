/* links: baton_compile */
#include "support/unit.h"

#include <string.h>

#include "compile/fields.h"
#include "json/json.h"

static void every_row_can_be_shown_to_people(void **state)
{
    (void)state;
    for (enum object object = OBJECT_FLOW; object < OBJECT_COUNT; object++) {
        const struct fields *fields = fields_of(object);

        assert_non_null(fields->name);
        assert_true(fields->count > 0);
        for (uint32_t i = 0; i < fields->count; i++) {
            const struct field *field = &fields->items[i];

            assert_non_null(field->key);
            assert_true(strlen(field->doc) > 5);
            assert_int_not_equal(field->shape, SHAPE_NONE);
            assert_true(field->shape != SHAPE_CHOICE || field->values != NULL);
        }
    }
}

static void a_key_stands_once_in_its_object(void **state)
{
    (void)state;
    for (enum object object = OBJECT_FLOW; object < OBJECT_COUNT; object++) {
        const struct fields *fields = fields_of(object);

        for (uint32_t i = 0; i < fields->count; i++) {
            const struct field *field = &fields->items[i];

            assert_ptr_equal(fields_find(object, text_of(field->key)), field);
        }
    }
}

/* A step's own keys and those of its action stand side by side. */
static void keys_of_steps_and_actions_do_not_meet(void **state)
{
    (void)state;
    for (enum object action = OBJECT_REQUEST; action < OBJECT_ACTIONS_END; action++) {
        const struct fields *fields = fields_of(action);
        uint32_t actions = 0;

        for (uint32_t i = 0; i < fields->count; i++) {
            assert_null(fields_find(OBJECT_STEP, text_of(fields->items[i].key)));
            actions += (fields->items[i].flags & FIELD_ACTION) != 0 ? 1 : 0;
        }
        assert_int_equal(actions, 1);
        assert_int_equal(fields_action(text_of(fields->items[0].key)), action);
    }
    assert_int_equal(fields_action(TEXT("value")), OBJECT_COUNT);
}

static void fallbacks_are_json(void **state)
{
    (void)state;
    for (enum object object = OBJECT_FLOW; object < OBJECT_COUNT; object++) {
        const struct fields *fields = fields_of(object);

        for (uint32_t i = 0; i < fields->count; i++) {
            const char *fallback = fields->items[i].fallback;
            struct json *value = NULL;

            if (fallback != NULL) {
                assert_int_equal(json_parse(text_of(fallback), &value, NULL), STATUS_OK);
                json_free(value);
            }
        }
    }
}

static void near_keys_are_suggested(void **state)
{
    (void)state;
    assert_string_equal(fields_suggest(OBJECT_STEP, TEXT("retires")), "retry");
    assert_string_equal(fields_suggest(OBJECT_STEP, TEXT("compensat")), "compensate");
    assert_string_equal(fields_suggest(OBJECT_STEP, TEXT("remnid")), "remind");
    assert_string_equal(fields_suggest(OBJECT_FLOW, TEXT("onfailure")), "onFailure");
    assert_null(fields_suggest(OBJECT_STEP, TEXT("colour")));
    assert_null(fields_suggest(OBJECT_UNDO, TEXT("lisetn")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_can_be_shown_to_people),
        cmocka_unit_test(a_key_stands_once_in_its_object),
        cmocka_unit_test(keys_of_steps_and_actions_do_not_meet),
        cmocka_unit_test(fallbacks_are_json),
        cmocka_unit_test(near_keys_are_suggested),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
