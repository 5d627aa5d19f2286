/* links: baton_engine */
#include "engine/snapshot.h"

#include <string.h>

#include "core/fold.h"
#include "support/unit.h"

static struct json *parsed(const char *text)
{
    struct json *value = NULL;
    struct error err = {{0}};

    if (json_parse(text_of(text), &value, &err) != STATUS_OK) {
        fail_msg("%s: %s", text, err.text);
    }
    return value;
}

static void push(struct instance *instance, uint32_t activation, const char *message)
{
    struct undo *undo = instance_add_undo(instance, activation);

    undo->activation = activation;
    undo->step = activation + 10;
    undo->state = UNDO_ARMED;
    undo->in_doubt = activation % 2 == 0;
    undo->message = parsed(message);
}

/* A run in the middle of things: two undos, three timers, a frame, a letter in its box. */
static struct instance *busy_run(void)
{
    struct instance *instance = instance_new(TEXT("order"), TEXT("A:1"));
    struct frame *frame = instance_add_frame(instance, 4);
    struct mail *mail = instance_add_mail(instance);

    instance->run = (struct run_id){1, 77};
    memset(instance->flow_hash, 'a', FLOW_HASH_BYTES);
    instance->seq = 5;
    instance->status = RUN_RUNNING;
    instance->started_ms = 1000;
    instance->time_ms = 2000;
    instance->activation_next = 9;
    instance->mail_next = 3;
    instance->data = parsed("{\"total\":12.50,\"coupon\":null}");
    instance->ids = parsed("{\"orders/7\":1}");
    *frame = (struct frame){.activation = 8, .step = 2, .attempt = 1, .opened_ms = 1500};
    frame->state = FRAME_AWAITING_REPLY;
    frame->sent_seq = 5;
    *mail = (struct mail){.number = 2, .topic = 0, .message = parsed("{\"topic\":\"orders\"}")};
    push(instance, 1, "{\"topic\":\"stock\",\"value\":{\"id\":1}}");
    push(instance, 4, "{\"topic\":\"bank\",\"value\":null}");
    instance_arm(instance, TIMER_ATTEMPT, 8, 30000);
    instance_arm(instance, TIMER_FLOW, 0, 90000);
    instance_arm(instance, TIMER_WARN, 8, 20000);
    return instance;
}

static struct text canonical(const struct instance *instance, struct arena *arena)
{
    struct buffer buffer = {0};

    instance_canonical(instance, &buffer);
    struct text text = arena_text(arena, buffer_text(&buffer));
    buffer_release(&buffer);
    return text;
}

/* The record of busy_run() as it comes out of the bytes again. */
static void through_bytes(struct arena *arena, bool apart, struct snapshot_record *record)
{
    struct instance *instance = busy_run();
    unsigned char hash[DIGEST_BYTES];
    struct buffer bytes = {0};
    struct snapshot_record made;
    struct error err = {{0}};

    memset(hash, 7, sizeof hash);
    snapshot_of(instance, hash, arena, &made);
    struct snapshot_record written = made;
    written.stack_count = apart ? 0 : made.stack_count;
    snapshot_encode(&written, &bytes);
    assert_int_equal(snapshot_decode(arena_text(arena, buffer_text(&bytes)), arena, record, &err),
                     STATUS_OK);
    if (apart) {
        record->stack = made.stack;
        record->stack_count = made.stack_count;
    }
    assert_memory_equal(record->hash, hash, DIGEST_BYTES);
    buffer_release(&bytes);
    instance_free(instance);
}

static void a_run_wakes_as_it_fell_asleep(void **state)
{
    (void)state;
    /* Once as the snapshot topic holds it, once as the store does: with the stack apart. */
    for (int apart = 0; apart < 2; apart++) {
        struct arena arena = {0};
        struct instance *before = busy_run();
        struct instance *after = NULL;
        struct snapshot_record record;
        struct error err = {{0}};

        through_bytes(&arena, apart == 1, &record);
        assert_int_equal(snapshot_to_instance(&record, &after, &err), STATUS_OK);
        assert_true(text_equal(canonical(before, &arena), canonical(after, &arena)));
        assert_true(text_equal(after->name, TEXT("order:A:1")));
        assert_int_equal(after->undo_count, 2);
        instance_free(before);
        instance_free(after);
        arena_release(&arena);
    }
}

static void the_state_does_not_hold_the_stack_a_second_time(void **state)
{
    struct arena arena = {0};
    struct snapshot_record record;

    (void)state;
    through_bytes(&arena, false, &record);
    struct json *value = parsed(arena_text(&arena, record.state).data);
    assert_null(json_member(value, "stack"));
    assert_int_equal(record.stack_count, 2);
    assert_int_equal(record.stack_depth, 2);
    json_free(value);
    arena_release(&arena);
}

static void a_stack_that_is_not_the_states_is_refused(void **state)
{
    struct arena arena = {0};
    struct snapshot_record record;
    struct instance *after = NULL;
    struct error err = {{0}};

    (void)state;
    through_bytes(&arena, false, &record);
    struct snapshot_record shorter = record;
    shorter.stack_count = 1;
    assert_int_equal(snapshot_to_instance(&shorter, &after, &err), STATUS_REJECT);
    assert_null(after);

    struct text turned[2] = {record.stack[1], record.stack[0]};
    struct snapshot_record other = record;
    other.stack = turned;
    assert_int_equal(snapshot_to_instance(&other, &after, &err), STATUS_REJECT);
    assert_null(after);

    struct text damaged[2] = {record.stack[0], TEXT("{\"activation\":4")};
    other.stack = damaged;
    assert_int_equal(snapshot_to_instance(&other, &after, &err), STATUS_REJECT);
    assert_non_null(strstr(err.text, "entry 1"));
    assert_null(after);
    arena_release(&arena);
}

static void a_state_that_is_no_state_is_refused(void **state)
{
    static const char *const states[] = {"", "{", "[]", "7", "{}", "{\"name\":\"order\"}"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(states); i++) {
        struct snapshot_record record = {.instance = TEXT("order:A"), .state = text_of(states[i])};
        struct instance *after = NULL;
        struct error err = {{0}};

        assert_int_equal(snapshot_to_instance(&record, &after, &err), STATUS_REJECT);
        assert_null(after);
        assert_non_null(strstr(err.text, "order:A"));
    }
}

static void timers_of_the_record_name_kind_owner_and_run(void **state)
{
    struct arena arena = {0};
    struct snapshot_record record;
    int64_t due_ms = 0;

    (void)state;
    through_bytes(&arena, false, &record);
    assert_int_equal(record.timer_count, 3);
    for (uint32_t i = 0; i < record.timer_count; i++) {
        struct timer_ref ref;

        assert_true(timer_ref_parse(record.timers[i].id, &ref));
        assert_true(run_id_equal(ref.run, (struct run_id){1, 77}));
        assert_int_equal(ref.owner, ref.kind == TIMER_FLOW ? 0 : 8);
        due_ms += record.timers[i].due_ms;
    }
    assert_int_equal(due_ms, 30000 + 90000 + 20000);
    arena_release(&arena);
}

static void every_kind_of_timer_is_read_back(void **state)
{
    struct arena arena = {0};
    char id[TIMER_ID_BYTES];

    (void)state;
    for (int kind = 0; kind < TIMER_KIND_COUNT; kind++) {
        struct timer timer = {.kind = (enum timer_kind)kind, .owner = UINT32_MAX};
        struct run_id run = {INT32_MAX, INT64_MAX};
        struct timer_ref ref;

        assert_true(timer_ref_parse(timer_ref_text(&timer, run, &arena), &ref));
        assert_int_equal(ref.kind, kind);
        assert_int_equal(ref.owner, UINT32_MAX);
        assert_true(run_id_equal(ref.run, run));
        timer_id_format(timer.kind, timer.owner, id);
        assert_non_null(strstr(id, "/4294967295"));
    }
    arena_release(&arena);
}

static void what_is_no_timer_is_not_taken_for_one(void **state)
{
    static const char *const others[] = {
        "",           "wait",    "wait/1",   "wait//1-2",           "wait/-1/1-2", "lunch/1/1-2",
        "wait/x/1-2", "wait/1/", "wait/1/1", "wait/4294967296/1-2", "/1/1-2",      "wait/1/2/1-2",
        "wait/1/a-b",
    };
    struct timer_ref ref;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (timer_ref_parse(text_of(others[i]), &ref)) {
            fail_msg("'%s' was taken", others[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_wakes_as_it_fell_asleep),
        cmocka_unit_test(the_state_does_not_hold_the_stack_a_second_time),
        cmocka_unit_test(a_stack_that_is_not_the_states_is_refused),
        cmocka_unit_test(a_state_that_is_no_state_is_refused),
        cmocka_unit_test(timers_of_the_record_name_kind_owner_and_run),
        cmocka_unit_test(every_kind_of_timer_is_read_back),
        cmocka_unit_test(what_is_no_timer_is_not_taken_for_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
