/*
 * fold_parts - what the files of fold.h share: readers that check, and the items of a delta. Inside
 * core only. `field` names what is at fault.
 */
#ifndef BATON_CORE_FOLD_PARTS_H
#define BATON_CORE_FOLD_PARTS_H

#include "core/fold.h"

/* STATUS_REJECT, naming the field. */
enum status fold_bad(struct error *err, const char *field);
/* NULL, a missing member, is of no kind. */
bool fold_is_object(const struct json *value);
MUST_CHECK enum status fold_read_int(const struct json *value, int64_t least, int64_t most,
                                     int64_t *out, const char *field, struct error *err);
MUST_CHECK enum status fold_read_uint32(const struct json *value, uint32_t *out, const char *field,
                                        struct error *err);
/* Apply a value delta to what *slot holds (NULL: nothing). */
MUST_CHECK enum status fold_patch(struct json **slot, const struct json *change, const char *field,
                                  struct error *err);

/* One item each; json null takes it out. */
MUST_CHECK enum status fold_frame(struct instance *instance, struct text key,
                                  const struct json *value, struct error *err);
MUST_CHECK enum status fold_timer(struct instance *instance, struct text key,
                                  const struct json *value, struct error *err);
MUST_CHECK enum status fold_undo(struct instance *instance, struct text key,
                                 const struct json *value, struct error *err);
MUST_CHECK enum status fold_mail(struct instance *instance, struct text key,
                                 const struct json *value, struct error *err);

#endif
