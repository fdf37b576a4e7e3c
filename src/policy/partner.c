#include "policy/partner.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Every name and pattern ("*.x" as ".x"), sorted, so that a look-up is one binary search a label. */
struct entry {
	const char *key; /* borrowed from its partner */
	const struct partner *partner;
	enum partner_match match;
	const char *pattern;
};

struct partner_index {
	struct entry *entries; /* owned */
	size_t count;
	const struct partner *wildcard;
	unsigned methods; /* METHOD_BIT of those that some row permits */
};

const char *pin_mode_str(enum pin_mode mode)
{
	static const char *const names[] = {
		[PIN_OFF] = "off",
		[PIN_OBSERVE] = "observe",
		[PIN_ENFORCE] = "enforce",
	};
	return names[mode];
}

const char *partner_match_str(enum partner_match match)
{
	static const char *const names[] = {
		[PARTNER_NONE] = "none",
		[PARTNER_EXACT] = "domain",
		[PARTNER_ADDITIONAL] = "additional domain",
		[PARTNER_SUFFIX] = "suffix",
		[PARTNER_WILDCARD] = "everyone else",
	};
	return names[match];
}

const char *partner_dane_str(enum partner_dane dane)
{
	static const char *const names[] = {
		[PARTNER_DANE_OFF] = "off",
		[PARTNER_DANE_OPPORTUNISTIC] = "opportunistic",
		[PARTNER_DANE_REQUIRED] = "required",
	};
	return names[dane];
}

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int rc = strcmp(x->key, y->key);

	if (!rc)
		rc = (int)x->match - (int)y->match;
	/* of two that name it alike the first in the file: qsort itself keeps no order */
	return rc ? rc : (x->partner > y->partner) - (x->partner < y->partner);
}

static void add(struct partner_index *index, const struct partner *partner, const char *pattern,
		enum partner_match match)
{
	struct entry *e = &index->entries[index->count++];
	bool suffix = !strncmp(pattern, "*.", 2);

	e->key = suffix ? pattern + 1 : pattern;
	e->partner = partner;
	e->match = suffix ? PARTNER_SUFFIX : match;
	e->pattern = pattern;
}

void policy_finish(struct policy *p)
{
	struct partner_index *index = mem_new(sizeof(*index));
	size_t i, k, count = 0;

	for (i = 0; i < p->partner_count; i++)
		count += 1 + p->partners[i].additional_count;
	index->entries = mem_new(count * sizeof(*index->entries));
	for (i = 0; i < p->partner_count; i++) {
		const struct partner *partner = &p->partners[i];
		index->methods |= partner->row->methods;
		if (!strcmp(partner->domain, "*"))
			index->wildcard = partner;
		else
			add(index, partner, partner->domain, PARTNER_EXACT);
		for (k = 0; k < partner->additional_count; k++)
			add(index, partner, partner->additional_domains[k], PARTNER_ADDITIONAL);
	}
	qsort(index->entries, index->count, sizeof(*index->entries), compare);
	p->index = index;
}

static void partner_fini(struct partner *partner)
{
	size_t i;

	for (i = 0; i < partner->additional_count; i++)
		free(partner->additional_domains[i]);
	free(partner->additional_domains);
	free(partner->domain);
	free(partner->proxy_fqdn);
	free(partner->description);
	free(partner->file);
}

void policy_fini(struct policy *p)
{
	size_t i;

	for (i = 0; i < p->partner_count; i++)
		partner_fini(&p->partners[i]);
	for (i = 0; i < p->local_count; i++)
		free(p->locals[i].domain);
	free(p->partners);
	free(p->locals);
	if (p->index)
		free(p->index->entries);
	free(p->index);
	memset(p, 0, sizeof(*p));
}

/* The first entry of that key: equal keys stand in the order of enum partner_match. */
static const struct entry *find(const struct partner_index *index, const char *key)
{
	size_t low = 0, high = index->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(index->entries[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == index->count || strcmp(index->entries[low].key, key))
		return NULL;
	return &index->entries[low];
}

bool policy_somebody_may(const struct policy *p, enum method method)
{
	return p->index->methods & METHOD_BIT(method);
}

const struct partner *policy_partner(const struct policy *p, const char *domain,
				     enum partner_match *match, const char **pattern)
{
	const struct partner_index *index = p->index;
	struct entry everyone = { "*", index->wildcard, PARTNER_WILDCARD, "*" };
	const struct entry *e = find(index, domain);
	const char *dot = strchr(domain, '.');

	/* the longest suffix first: each dot of the name begins a shorter one */
	for (; !e && dot; dot = strchr(dot + 1, '.'))
		e = find(index, dot);
	if (!e && index->wildcard)
		e = &everyone;
	if (match)
		*match = e ? e->match : PARTNER_NONE;
	if (pattern)
		*pattern = e ? e->pattern : NULL;
	return e ? e->partner : NULL;
}

const struct partner *policy_everyone(const struct policy *p)
{
	return p->index->wildcard;
}

const struct local_domain *policy_local(const struct policy *p, const char *domain)
{
	size_t i;

	for (i = 0; i < p->local_count; i++)
		if (!strcmp(p->locals[i].domain, domain))
			return &p->locals[i];
	return NULL;
}
