/*
 * redis_forget - removes all that an app has put into Redis. For apps that were made for a test: it walks
 * through all keys of the server.
 */
#ifndef BATON_ADAPTER_REDIS_FORGET_H
#define BATON_ADAPTER_REDIS_FORGET_H

#include "base/status.h"
#include "base/text.h"

/* Remove the keys `{app...}...`. No worker of the app may run. STATUS_RETRY: Redis did not answer; some
 * may be left. STATUS_REJECT: the URL is at fault. */
MUST_CHECK enum status redis_forget(struct text url, struct text app, struct error *err);

#endif
