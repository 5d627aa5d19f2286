/*
 * flow_test_rename - a flow with its topics under other names, so that tests on real servers meet nobody else's.
 */
#ifndef BATON_APP_FLOW_TEST_RENAME_H
#define BATON_APP_FLOW_TEST_RENAME_H

#include "base/buffer.h"
#include "base/status.h"

/* Write `definition` (as flow_file_check() gives it) with `prefix` before the name of every topic.
 * STATUS_REJECT: it is none. */
MUST_CHECK enum status flow_test_rename(struct text definition, struct text prefix,
                                        struct buffer *out, struct error *err);

#endif
