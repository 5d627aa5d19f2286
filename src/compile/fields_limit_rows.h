/*
 * fields_limit_rows - of the table of fields.h, the rows of what services let through. Included by
 * fields.c alone.
 */
#ifndef BATON_COMPILE_FIELDS_LIMIT_ROWS_H
#define BATON_COMPILE_FIELDS_LIMIT_ROWS_H

#include "compile/fields.h"

/* clang-format off */
static const struct field rate_rows[] = {
    {.key = "limit", .shape = SHAPE_INTEGER, .flags = FIELD_REQUIRED, .least = 1, .most = 1000000, .doc = "So many requests"},
    {.key = "per", .shape = SHAPE_DURATION, .fallback = "1000", .doc = "in so long"},
    {.key = "burst", .shape = SHAPE_INTEGER, .least = 1, .most = 1000000,
     .doc = "How many may go at once after a quiet time; else `limit`"},
    {.key = "key", .shape = SHAPE_EXPR, .context = CONTEXT_OPEN, .doc = "A count of its own for each value of this; `.` is the instance document"},
};

static const struct field breaker_rows[] = {
    {.key = "failures", .shape = SHAPE_INTEGER, .flags = FIELD_REQUIRED, .least = 1, .most = 1000000, .doc = "It opens after so many failures"},
    {.key = "within", .shape = SHAPE_DURATION, .fallback = "60000", .doc = "in so long"},
    {.key = "openFor", .shape = SHAPE_DURATION, .fallback = "30000", .doc = "How long nothing is sent then"},
    {.key = "probes", .shape = SHAPE_INTEGER, .least = 1, .most = 1000, .fallback = "1",
     .doc = "After that, so many requests try whether it works: if all do, it closes; if one does not, it stays open as long again"},
    {.key = "errors", .shape = SHAPE_NAMES, .fallback = "[\"timeout\",\"communication\",\"heartbeat\"]", .doc = "What counts as a failure"},
};
/* clang-format on */

#endif
