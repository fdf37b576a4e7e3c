#include "outside/hosts.h"

#include <stddef.h>

static bool is_equal(const struct net_address *a, const struct net_address *b)
{
	return a->port == b->port && net_address_equal_ip(a, b);
}

static struct host *find(struct hosts *h, const struct net_address *a)
{
	size_t i;

	for (i = 0; i < HOSTS_MAX; i++)
		if (h->failed[i].until && is_equal(&h->failed[i].address, a))
			return &h->failed[i];
	return NULL;
}

void hosts_failed(struct hosts *h, const struct net_address *a, uint64_t now)
{
	struct host *at = find(h, a);
	size_t i;

	if (!at) { /* a free one, or the one that would be forgotten first */
		at = &h->failed[0];
		for (i = 1; i < HOSTS_MAX; i++)
			if (h->failed[i].until < at->until)
				at = &h->failed[i];
	}
	at->address = *a;
	at->until = now + HOSTS_MS;
}

void hosts_answered(struct hosts *h, const struct net_address *a)
{
	struct host *at = find(h, a);

	if (at)
		at->until = 0;
}

bool hosts_have_failed(const struct hosts *h, const struct net_address *a, uint64_t now)
{
	size_t i;

	for (i = 0; i < HOSTS_MAX; i++)
		if (h->failed[i].until > now && is_equal(&h->failed[i].address, a))
			return true;
	return false;
}

static uint64_t hash(const char *text)
{
	uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return h;
}

void hosts_demand_tls(struct hosts *h, const char *domain, uint64_t now)
{
	struct distrusted *at = &h->distrusted[0];
	uint64_t key = hash(domain);
	size_t i;

	for (i = 0; i < HOSTS_MAX; i++) {
		struct distrusted *d = &h->distrusted[i];
		if (d->until && d->domain == key) {
			at = d;
			break;
		}
		if (d->until < at->until)
			at = d;
	}
	*at = (struct distrusted){ key, now + HOSTS_MS };
}

bool hosts_is_tls_demanded(const struct hosts *h, const char *domain, uint64_t now)
{
	uint64_t key = hash(domain);
	size_t i;

	for (i = 0; i < HOSTS_MAX; i++)
		if (h->distrusted[i].until > now && h->distrusted[i].domain == key)
			return true;
	return false;
}
