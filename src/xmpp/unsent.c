#include "xmpp/unsent.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_FIRST 16
#define SIZE_KEPT 64 /* by an idle stream */

void unsent_fini(struct unsent *u)
{
	struct stanza *stanza;

	while ((stanza = unsent_take(u)))
		stanza_put(stanza);
	free(u->items);
	u->items = NULL;
	u->size = 0;
}

/* Room for one more behind the last. */
static bool make_room(struct unsent *u)
{
	struct unsent_item *items = u->items;
	unsigned size = u->size ? u->size * 2 : SIZE_FIRST;

	if (u->first + u->count < u->size)
		return true;
	if (u->first >= u->size / 2 && u->first) {
		memmove(items, items + u->first, u->count * sizeof(*items));
		u->first = 0;
		return true;
	}
	items = realloc(items, size * sizeof(*items));
	if (!items)
		return false;
	u->items = items;
	u->size = size;
	return true;
}

bool unsent_add(struct unsent *u, struct stanza *stanza, uint64_t end)
{
	if (!make_room(u))
		return false;
	u->items[u->first + u->count++] = (struct unsent_item){ stanza_get(stanza), end };
	return true;
}

static void empty(struct unsent *u)
{
	u->first = 0;
	if (u->size <= SIZE_KEPT)
		return;
	free(u->items);
	u->items = NULL;
	u->size = 0;
}

unsigned unsent_taken(struct unsent *u, uint64_t taken)
{
	unsigned n = 0;

	while (u->count && u->items[u->first].end <= taken) {
		stanza_put(u->items[u->first++].stanza);
		u->count--;
		n++;
	}
	if (!u->count)
		empty(u);
	return n;
}

struct stanza *unsent_take(struct unsent *u)
{
	if (!u->count)
		return NULL;
	u->count--;
	return u->items[u->first++].stanza;
}
