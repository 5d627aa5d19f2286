/*
 * kafka_options - which librdkafka properties a handle gets: our defaults, over them what the user
 * gave, over all what the guarantees rest on. A property that would break a guarantee is refused.
 */
#ifndef BATON_ADAPTER_KAFKA_OPTIONS_H
#define BATON_ADAPTER_KAFKA_OPTIONS_H

#include <librdkafka/rdkafka.h>
#include <stdint.h>

#include "adapter/kafka_broker.h"
#include "base/arena.h"

/* One bit each, so that a rule can name several. */
enum kafka_role {
    KAFKA_ADMIN = 1,
    KAFKA_CONSUMER = 2,
    KAFKA_READER = 4,
    KAFKA_PRODUCER = 8,
    KAFKA_FORWARDER = 16,
};

/* Copy `from` with all its texts into `arena`. */
void kafka_options_copy(struct arena *arena, const struct kafka_options *from,
                        struct kafka_options *to);

/* STATUS_REJECT: a property that is unknown, has a bad value, or is not the user's to set; err
 * names it and says why. */
MUST_CHECK enum status kafka_options_check(const struct kafka_options *options, struct error *err);

/* The configuration of one handle; give it to rd_kafka_new() or rd_kafka_conf_destroy(). */
MUST_CHECK enum status kafka_options_conf(const struct kafka_options *options, enum kafka_role role,
                                          rd_kafka_conf_t **conf, struct error *err);

/* Set one more property, which is known to exist. */
MUST_CHECK enum status kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value,
                                      struct error *err);
MUST_CHECK enum status kafka_conf_set_text(rd_kafka_conf_t *conf, const char *name,
                                           struct text value, struct error *err);

/* A number that is set there; the property is known to exist and to be a number. */
int64_t kafka_conf_number(const rd_kafka_conf_t *conf, const char *name);

#endif
