/*
 * hosts: what is remembered of failures for some minutes: addresses that did not answer, so that others are tried before them,
 * and domains with which direct TLS failed, so that nothing is tried in clear.
 *
 * A few hundred of each at most; the oldest is forgotten first. An address is put last, never ruled out. Zeroed it is empty.
 * One per worker, its thread; time is loop_now's.
 */
#ifndef OUTSIDE_HOSTS_H
#define OUTSIDE_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"

#define HOSTS_MAX 256
#define HOSTS_MS 300000 /* for how long it is remembered */

struct hosts {
	struct host {
		struct net_address address;
		uint64_t until; /* 0 = free */
	} failed[HOSTS_MAX];
	struct distrusted {
		uint64_t domain; /* a hash: that two share one only means more TLS */
		uint64_t until;
	} distrusted[HOSTS_MAX];
};

void hosts_failed(struct hosts *h, const struct net_address *a, uint64_t now);
void hosts_answered(struct hosts *h, const struct net_address *a);
bool hosts_have_failed(const struct hosts *h, const struct net_address *a, uint64_t now);

void hosts_demand_tls(struct hosts *h, const char *domain, uint64_t now);
bool hosts_is_tls_demanded(const struct hosts *h, const char *domain, uint64_t now);

#endif
