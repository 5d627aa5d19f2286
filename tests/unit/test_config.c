/* links: baton_app */
#include "app/config.h"

#include <stdlib.h>
#include <unistd.h>

#include "app/command.h"
#include "support/unit.h"

/* config_open() of a file with this text. */
static int open_text(const char *text, struct config *config)
{
    char path[] = "/tmp/baton-config-XXXXXX";
    struct config_flags flags = {.file = path};
    int file = mkstemp(path);
    int code;

    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    close(file);
    code = config_open(&flags, config);
    unlink(path);
    return code;
}

static void assert_code(const char *text, int wanted)
{
    struct config config;

    if (open_text(text, &config) != wanted) {
        fail_msg("not %d: %s", wanted, text);
    }
    config_release(&config);
}

static void addresses_are_looked_at_before_anybody_is_asked(void **state)
{
    (void)state;
    assert_code("redis: {url: \"http://127.0.0.1:6379\"}\n", EXIT_USAGE);
    assert_code("redis: {url: \"rediss://127.0.0.1:6379\"}\n", EXIT_USAGE);
    assert_code("redis: {url: \"redis://127.0.0.1:99999/0\"}\n", EXIT_USAGE);
    assert_code("redis: {url: \"redis://127.0.0.1:6379/first\"}\n", EXIT_USAGE);
    assert_code("redis: {url: \"redis://127.0.0.1:6379/1\"}\n", EXIT_DONE);
    assert_code("schemaRegistry: {url: \"ftp://registry\"}\n", EXIT_USAGE);
    assert_code("schemaRegistry: {url: \"http://me:secret@registry\"}\n", EXIT_USAGE);
    assert_code("schemaRegistry: {url: \"https://registry/api\"}\n", EXIT_DONE);
}

static void there_are_not_more_lanes_than_a_flag_may_say(void **state)
{
    (void)state;
    assert_code("lanes: 256\n", EXIT_DONE);
    assert_code("lanes: 257\n", EXIT_USAGE);
}

static void an_app_has_a_name(void **state)
{
    (void)state;
    assert_code("app: \"\"\n", EXIT_USAGE);
    assert_code("name: \"\"\n", EXIT_DONE);
}

static void what_messages_say_of_redis_holds_no_password(void **state)
{
    struct config config;
    struct text place;

    (void)state;
    assert_int_equal(open_text("redis: {url: \"redis://me:se@cret@redis:6379/2\"}\n", &config),
                     EXIT_DONE);
    place = config_redis_place(&config);
    assert_true(text_is(place, "redis:6379/2"));
    config_release(&config);
    assert_int_equal(open_text("redis: {url: \"redis://redis:6379\"}\n", &config), EXIT_DONE);
    place = config_redis_place(&config);
    assert_true(text_is(place, "redis://redis:6379"));
    config_release(&config);
}

static void the_address_of_redis_may_stand_elsewhere(void **state)
{
    struct config config;

    (void)state;
    assert_int_equal(setenv("TEST_REDIS", "redis://:secret@redis:6379", 1), 0);
    assert_int_equal(open_text("redis: {url: {env: TEST_REDIS}}\n", &config), EXIT_DONE);
    assert_true(text_is(config.redis_url, "redis://:secret@redis:6379"));
    config_release(&config);
    assert_code("redis: {url: {env: NO_SUCH_VARIABLE}}\n", EXIT_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_looked_at_before_anybody_is_asked),
        cmocka_unit_test(there_are_not_more_lanes_than_a_flag_may_say),
        cmocka_unit_test(an_app_has_a_name),
        cmocka_unit_test(what_messages_say_of_redis_holds_no_password),
        cmocka_unit_test(the_address_of_redis_may_stand_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
