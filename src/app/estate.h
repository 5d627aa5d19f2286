/*
 * estate - the Kafka cluster that a command looks at, opened from its configuration.
 */
#ifndef BATON_APP_ESTATE_H
#define BATON_APP_ESTATE_H

#include "adapter/kafka_broker.h"
#include "app/config.h"
#include "engine/flow_registry.h"

/* How long a cluster that does not answer is waited for before somebody is told. */
#define ESTATE_REACH_MS 4000

struct estate {
    struct kafka_broker *kafka;
    struct broker broker;
    struct names names;
    struct flow_registry *registry; /* NULL unless asked for. */
    int32_t partitions;             /* P, as recorded; 0 unless the registry was asked for. */
};

/* Only the cluster. Gives an exit code; what is wrong is printed. */
int estate_open(const struct config *config, struct estate *estate);
/* And what is deployed on it. EXIT_UNREACHABLE also when no baton has ever run on it. */
int estate_open_registry(const struct config *config, struct estate *estate);
/* What a command begins with: the configuration that its flags name, and the estate of that, with its
 * registry. Close and release both, whatever it gives. */
int estate_of_flags(const struct config_flags *flags, struct config *config, struct estate *estate);
void estate_close(struct estate *estate);

#endif
