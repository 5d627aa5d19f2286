/*
 * kafka_threads - names for the threads that librdkafka makes.
 *
 * It calls them all alike, whichever handle they serve. Named after the thread that made the handle,
 * "router" or "lane-0", and what the handle is for, `top -H` and ops/bench show where time goes.
 */
#ifndef BATON_ADAPTER_KAFKA_THREADS_H
#define BATON_ADAPTER_KAFKA_THREADS_H

#include "adapter/kafka_options.h"

/* Have the threads of the handle made of `conf` named "<calling thread>.<role>". */
void kafka_threads_name(rd_kafka_conf_t *conf, enum kafka_role role);

#endif
