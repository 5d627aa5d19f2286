/*
 * flow_test_story - what happened in a case, at a length that people read.
 */
#ifndef BATON_APP_FLOW_TEST_STORY_H
#define BATON_APP_FLOW_TEST_STORY_H

#include "base/buffer.h"

/* Add the story to `out`; of a long one its first and last events, with a line that says how many lines
 * are left out between. */
void flow_test_story_cut(struct text story, struct buffer *out);

#endif
