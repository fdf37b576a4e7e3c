#include "gateway/limits.h"

#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What is counted by name: an address or a domain. Gone when the count is 0. */
struct count {
	char name[JID_DOMAIN_SIZE]; /* first: the key of the tree */
	unsigned value;
};

struct limits {
	pthread_mutex_t lock;
	unsigned all_max, strangers_max, source_max;
	unsigned all, strangers;
	void *sources, *partners;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static struct count *find(void **tree, const char *name)
{
	void *found = tfind(name, tree, compare_names);

	return found ? *(struct count **)found : NULL;
}

static bool add(void **tree, const char *name, unsigned max)
{
	struct count *c = find(tree, name);

	if (!c) {
		c = mem_new(sizeof(*c));
		strcpy(c->name, name); /* a normal form, or an address: they fit */
		tsearch(c, tree, compare_names);
	}
	if (c->value >= max) /* MAX is never 0: a new one is counted */
		return false;
	c->value++;
	return true;
}

static void subtract(void **tree, const char *name)
{
	struct count *c = find(tree, name);

	if (!c || --c->value)
		return;
	tdelete(c, tree, compare_names);
	free(c);
}

/* One source: an IPv4 address, or the 64 bits of a network of IPv6 that one customer has. */
static const char *source_name(const struct net_address *from, char out[NET_ADDRESS_TEXT])
{
	struct net_address a = *from;

	a.port = 0;
	if (a.v6)
		memset(a.ip + 8, 0, 8);
	return net_address_str(&a, out);
}

struct limits *limits_new(unsigned all, unsigned per_source)
{
	struct limits *l = mem_new(sizeof(*l));

	pthread_mutex_init(&l->lock, NULL);
	l->all_max = all;
	l->strangers_max = (all + 1) / 2;
	l->source_max = per_source;
	return l;
}

void limits_set(struct limits *l, unsigned all, unsigned per_source)
{
	pthread_mutex_lock(&l->lock);
	l->all_max = all;
	l->source_max = per_source;
	pthread_mutex_unlock(&l->lock);
}

void limits_free(struct limits *l)
{
	if (!l)
		return;
	tdestroy(l->sources, free);
	tdestroy(l->partners, free);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

bool limits_come_in(struct limits *l, const struct net_address *from)
{
	char name[NET_ADDRESS_TEXT];
	bool may;

	pthread_mutex_lock(&l->lock);
	may = l->all < l->all_max && l->strangers < l->strangers_max &&
	      add(&l->sources, source_name(from, name), l->source_max);
	l->all += may;
	l->strangers += may;
	pthread_mutex_unlock(&l->lock);
	return may;
}

void limits_known(struct limits *l, const struct net_address *from)
{
	char name[NET_ADDRESS_TEXT];

	pthread_mutex_lock(&l->lock);
	l->strangers--;
	subtract(&l->sources, source_name(from, name));
	pthread_mutex_unlock(&l->lock);
}

void limits_gone(struct limits *l, const struct net_address *from, bool known)
{
	if (!known)
		limits_known(l, from);
	pthread_mutex_lock(&l->lock);
	l->all--;
	pthread_mutex_unlock(&l->lock);
}

static const char *partner_name(const struct partner *p, const char *remote)
{
	return strcmp(p->domain, "*") ? p->domain : remote;
}

bool limits_take(struct limits *l, const struct partner *p, const char *remote, bool dialled)
{
	bool may;

	pthread_mutex_lock(&l->lock);
	may = (!dialled || l->all < l->all_max) &&
	      add(&l->partners, partner_name(p, remote), p->connection_limit);
	l->all += may && dialled;
	pthread_mutex_unlock(&l->lock);
	return may;
}

void limits_give(struct limits *l, const struct partner *p, const char *remote, bool dialled)
{
	pthread_mutex_lock(&l->lock);
	subtract(&l->partners, partner_name(p, remote));
	l->all -= dialled;
	pthread_mutex_unlock(&l->lock);
}
