/*
 * log_quota: how many lines of the log each address gets that nobody has authenticated.
 *
 * A fixed table: who brings many addresses shares its places. Belongs to one worker's thread.
 */
#ifndef GATEWAY_LOG_QUOTA_H
#define GATEWAY_LOG_QUOTA_H

#include <stdint.h>

#include "net/address.h"

#define LOG_QUOTA_LINES 50 /* of one address, in */
#define LOG_QUOTA_MS 10000

enum log_quota_verdict {
	LOG_QUOTA_MAY,
	LOG_QUOTA_LAST, /* it may; no more after it until the time is over */
	LOG_QUOTA_MAY_NOT
};

struct log_quota;

struct log_quota *log_quota_new(void);
void log_quota_free(struct log_quota *q); /* NULL is allowed */
/* One line about FROM; NOW in milliseconds. Of IPv6 the network of 64 bits counts. */
enum log_quota_verdict log_quota_take(struct log_quota *q, const struct net_address *from,
				      uint64_t now);

#endif
