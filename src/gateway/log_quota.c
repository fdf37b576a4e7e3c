#include "gateway/log_quota.h"

#include <stdlib.h>

#include "base/mem.h"

#define PLACES 1024

struct place {
	unsigned lines;
	uint64_t until; /* the end of its time */
};

struct log_quota {
	struct place places[PLACES];
};

struct log_quota *log_quota_new(void)
{
	return mem_new(sizeof(struct log_quota));
}

void log_quota_free(struct log_quota *q)
{
	free(q);
}

/* Of all addresses that lead there. */
static struct place *place_of(struct log_quota *q, const struct net_address *from)
{
	uint32_t h = 2166136261u; /* FNV-1a */
	size_t i;

	for (i = 0; i < (from->v6 ? 8 : 4); i++)
		h = (h ^ from->ip[i]) * 16777619u;
	return &q->places[h % PLACES];
}

enum log_quota_verdict log_quota_take(struct log_quota *q, const struct net_address *from,
				      uint64_t now)
{
	struct place *p = place_of(q, from);

	if (now >= p->until) {
		p->until = now + LOG_QUOTA_MS;
		p->lines = 0;
	}
	if (p->lines >= LOG_QUOTA_LINES)
		return LOG_QUOTA_MAY_NOT;
	return ++p->lines == LOG_QUOTA_LINES ? LOG_QUOTA_LAST : LOG_QUOTA_MAY;
}
