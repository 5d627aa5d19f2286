/*
 * check - what cannot happen stops the process, in release too: a wrong state that is committed is
 * worse than a restart. Never use it on anything that comes from outside.
 */
#ifndef BATON_BASE_CHECK_H
#define BATON_BASE_CHECK_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))

/* Print the failed condition and abort. */
_Noreturn void check_failed(const char *file, int line, const char *condition);

#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

#endif
