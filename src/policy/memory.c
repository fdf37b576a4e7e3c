#include "policy/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct entry {
	char *domain; /* owned */
	struct memory_facts facts;
};

struct memory {
	struct entry *entries; /* owned, sorted by domain */
	size_t count, room;
};

struct memory *memory_new(void)
{
	return mem_new(sizeof(struct memory));
}

void memory_free(struct memory *m)
{
	size_t i;

	if (!m)
		return;
	for (i = 0; i < m->count; i++)
		free(m->entries[i].domain);
	free(m->entries);
	free(m);
}

/* Where DOMAIN is, or belongs. */
static size_t place(const struct memory *m, const char *domain, bool *found)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(m->entries[middle].domain, domain) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = low < m->count && !strcmp(m->entries[low].domain, domain);
	return low;
}

void memory_set(struct memory *m, const char *domain, const struct memory_facts *facts)
{
	bool found;
	size_t at = place(m, domain, &found);

	if (!found) {
		if (m->count == m->room) {
			m->room = m->room ? 2 * m->room : 64;
			m->entries = mem_grow(m->entries, m->room * sizeof(*m->entries));
		}
		memmove(m->entries + at + 1, m->entries + at,
			(m->count - at) * sizeof(*m->entries));
		m->entries[at].domain = mem_strdup(domain);
		m->count++;
	}
	m->entries[at].facts = *facts;
}

void memory_forget(struct memory *m, const char *domain)
{
	bool found;
	size_t at = place(m, domain, &found);

	if (!found)
		return;
	free(m->entries[at].domain);
	m->count--;
	memmove(m->entries + at, m->entries + at + 1, (m->count - at) * sizeof(*m->entries));
}

const struct memory_side *memory_find(const struct memory *m, const char *domain, unsigned side)
{
	bool found;
	size_t at;

	if (!m)
		return NULL;
	at = place(m, domain, &found);
	return found ? &m->entries[at].facts.sides[side] : NULL;
}
