#include "gateway/history.h"

#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct remembered {
	char remote[JID_DOMAIN_SIZE]; /* first: the key of the tree */
	struct attempt last[NEGOTIATION_ROLES];
	bool known[NEGOTIATION_ROLES];
	struct remembered *newer, *older;
};

struct history {
	pthread_mutex_t lock;
	void *by_remote;
	struct remembered *newest, *oldest;
	unsigned count;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static struct remembered *find(struct history *h, const char *remote)
{
	void *found = tfind(remote, &h->by_remote, compare_names);

	return found ? *(struct remembered **)found : NULL;
}

static void take_out(struct history *h, struct remembered *e)
{
	*(e->newer ? &e->newer->older : &h->newest) = e->older;
	*(e->older ? &e->older->newer : &h->oldest) = e->newer;
	e->newer = e->older = NULL;
}

static void put_first(struct history *h, struct remembered *e)
{
	e->older = h->newest;
	*(h->newest ? &h->newest->newer : &h->oldest) = e;
	h->newest = e;
}

static void forget_oldest(struct history *h)
{
	struct remembered *e = h->oldest;

	take_out(h, e);
	tdelete(e, &h->by_remote, compare_names);
	free(e);
	h->count--;
}

struct history *history_new(void)
{
	struct history *h = mem_new(sizeof(*h));

	pthread_mutex_init(&h->lock, NULL);
	return h;
}

void history_free(struct history *h)
{
	if (!h)
		return;
	tdestroy(h->by_remote, free);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

void history_add(struct history *h, const struct attempt *a)
{
	struct remembered *e;

	pthread_mutex_lock(&h->lock);
	e = find(h, a->remote);
	if (e) {
		take_out(h, e);
	} else {
		e = mem_new(sizeof(*e));
		strcpy(e->remote, a->remote);
		tsearch(e, &h->by_remote, compare_names);
		h->count++;
	}
	e->last[a->role] = *a;
	e->known[a->role] = true;
	put_first(h, e);
	if (h->count > HISTORY_DOMAINS_MAX)
		forget_oldest(h);
	pthread_mutex_unlock(&h->lock);
}

bool history_last(struct history *h, const char *remote, enum negotiation_role role,
		  struct attempt *out)
{
	struct remembered *e;
	bool known;

	pthread_mutex_lock(&h->lock);
	e = find(h, remote);
	known = e && e->known[role];
	if (known)
		*out = e->last[role];
	pthread_mutex_unlock(&h->lock);
	return known;
}
