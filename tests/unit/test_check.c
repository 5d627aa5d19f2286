/* links: baton_base */
#include "support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"

static void a_failed_check_says_where_and_stops_the_process(void **state)
{
    char text[256] = "";
    int ends[2];
    int status;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        check_failed("core/advance.c", 12, "step < count");
    }
    close(ends[1]);
    assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_string_equal(text, "core/advance.c:12: check failed: step < count\n");
}

static void a_check_that_holds_evaluates_once(void **state)
{
    int calls = 0;

    (void)state;
    CHECK(++calls == 1);
    assert_int_equal(calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_check_says_where_and_stops_the_process),
        cmocka_unit_test(a_check_that_holds_evaluates_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
