/*
 * unit - what every unit test includes first: cmocka, and the headers that it wants before it.
 * cmocka's macro fail() would hide our function of that name, so only fail_msg() is kept.
 */
#ifndef BATON_TESTS_SUPPORT_UNIT_H
#define BATON_TESTS_SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#undef fail
#undef fail_msg
#define fail_msg(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
